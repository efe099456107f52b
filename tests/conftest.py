"""What every test can ask for: reference numbers and data from tests/reference."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline import compute

for name, threads in compute.ONE_THREAD.items():
    os.environ.setdefault(name, threads)

import pandas as pd  # noqa: E402 - the linear algebra reads its threads when it is first imported

REFERENCE = Path(__file__).parent / "reference"


@cache
def load_reference(name: str) -> dict[str, Any]:
    """The numbers of `tests/reference/<name>.json`."""
    numbers: dict[str, Any] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    return numbers


@cache
def load_data(name: str) -> pd.DataFrame:
    """The data of `tests/reference/data/<name>.csv`."""
    return pd.read_csv(REFERENCE / "data" / f"{name}.csv")


@pytest.fixture(scope="session")
def reference() -> Callable[[str], dict[str, Any]]:
    return load_reference


@pytest.fixture(scope="session")
def data() -> Callable[[str], pd.DataFrame]:
    return lambda name: load_data(name).copy()
