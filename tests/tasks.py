"""Tasks for simulations in tests: in a module of their own, where other processes find them."""

from __future__ import annotations

import os

import numpy as np

from pipeline.compute import threads_here


def first_draw(generator: np.random.Generator) -> float:
    return float(generator.random())


def threads(generator: np.random.Generator) -> str | None:
    """How many threads this process was told to use."""
    del generator
    return os.environ.get("OMP_NUM_THREADS")


def end_the_process(generator: np.random.Generator) -> None:
    del generator
    os._exit(3)


def threads_of_process(generator: np.random.Generator) -> int:
    """How many threads a simulation would use in this process."""
    del generator
    return threads_here()
