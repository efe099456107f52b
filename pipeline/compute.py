"""Where simulations run: in this process, on all cores, or on a Dask cluster when one is named.

Work on large arrays, which numpy does beside other work, runs in threads of this process (`side_by_side`).

`sem`, `psychometrics`, `mediation` and the stages hand a task over; it knows nothing of what the task does.
A replication is seeded by its number, so that results depend neither on how many workers there are nor on
how the work is cut up.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np

A = TypeVar("A")
T = TypeVar("T")
Task = Callable[["np.random.Generator"], T]
Tell = Callable[[int], None]
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class ComputeError(ValueError):
    """The place named for simulations cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """`workers` processes on this machine (None: all cores; 1: this process), or a Dask scheduler's address.

    Workers of a cluster keep to the threads that they were started with: start them with
    OMP_NUM_THREADS=1, as the processes here are.
    """

    workers: int | None = None
    cluster: str | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ComputeError(f"{self.workers} workers: name at least one, or none for all cores")


@dataclass(frozen=True)
class _Piece:
    """Some replications of a task."""

    task: Task[Any]
    seed: int
    numbers: range

    def __call__(self) -> list[Any]:
        return [self.task(generator(self.seed, number)) for number in self.numbers]


def replicate(
    task: Task[T],
    count: int,
    seed: int,
    place: Place | None = None,
    *,
    chunk: int = 20,
    tell: Tell | None = None,
) -> list[T]:
    """Run a task `count` times, each time with a generator of its own; results in order of replications.

    `task` must be importable (a function of a module, or a `partial` of one) unless it runs in this process.
    `tell` is called with the number of replications done since it was last called.
    """
    pieces = [_Piece(task, seed, range(start, min(start + chunk, count))) for start in range(0, count, chunk)]
    place = place or Place()
    heard = tell or _silent
    if place.cluster is not None:
        parts = _on_cluster(place.cluster, pieces, heard)
    elif _workers(place) == 1 or len(pieces) == 1:
        parts = _here(pieces, heard)
    else:
        parts = _on_cores(_workers(place), pieces, heard)
    return list(chain.from_iterable(parts))


def side_by_side(task: Callable[[A], T], pieces: Iterable[A], workers: int | None = None) -> Iterator[T]:
    """Run a task on every piece in threads of this process; results in the order of the pieces.

    Worth it where the task is numpy's work on large arrays. Pieces are taken as they are needed, one more
    than there are threads, so that memory stays small.

    Args:
        task: A function that changes nothing but what it returns.
        pieces: What it is called with, in turn.
        workers: Threads; all cores where it is left out, but one in a process that was started to share
            the cores with others. Results don't depend on it.
    """
    threads = threads_here() if workers is None else workers
    if threads < 1:
        raise ComputeError(f"{threads} workers: name at least one, or none for all cores")
    if threads == 1:
        yield from map(task, pieces)
        return
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for piece in pieces:
            waiting.append(pool.submit(copy_context().run, task, piece))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def threads_here() -> int:
    """Return how many threads this process should use: all cores, but one where it is one of several."""
    return 1 if parent_process() is not None else _cores()


def generator(seed: int, number: int) -> np.random.Generator:
    """The random numbers of one replication."""
    import numpy as np

    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,))))


def _silent(done: int) -> None:
    del done


def _workers(place: Place) -> int:
    return _cores() if place.workers is None else place.workers


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(pieces: Sequence[_Piece], tell: Tell) -> list[list[Any]]:
    parts = []
    for piece in pieces:
        parts.append(piece())
        tell(len(piece.numbers))
    return parts


def _on_cores(workers: int, pieces: Sequence[_Piece], tell: Tell) -> list[list[Any]]:
    context = get_context("spawn")
    with _one_thread_each(), ProcessPoolExecutor(min(workers, len(pieces)), mp_context=context) as pool:
        futures = {pool.submit(piece): len(piece.numbers) for piece in pieces}
        try:
            for done in as_completed(futures):
                done.result()
                tell(futures[done])
        except BrokenProcessPool as error:
            raise ComputeError(
                "a worker process was ended from outside, perhaps for want of memory: run again with fewer"
            ) from error
        return [future.result() for future in futures]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that start now use one thread each for linear algebra: they read it when they start."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _on_cluster(address: str, pieces: Sequence[_Piece], tell: Tell) -> list[list[Any]]:
    try:
        import distributed
    except ImportError as error:
        raise ComputeError(
            "simulations on a cluster need Dask, which is not installed; the extra [cluster] of this "
            "package brings it"
        ) from error
    try:
        client = distributed.Client(address)
    except (OSError, ValueError) as error:
        raise ComputeError(f"no Dask scheduler answers at {address}: {error}") from error
    with client:
        futures = [client.submit(piece, pure=False) for piece in pieces]
        sizes = {future.key: len(piece.numbers) for future, piece in zip(futures, pieces, strict=True)}
        for done in distributed.as_completed(futures):
            tell(sizes[done.key])
        parts: list[list[Any]] = client.gather(futures)
        return parts
