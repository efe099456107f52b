"""Where simulations run: the same results whoever computes them."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from functools import partial

import pytest
from tasks import end_the_process, first_draw, threads, threads_of_process

from pipeline.compute import ComputeError, Place, generator, replicate, side_by_side
from pipeline.mediation.calibration import Trial
from pipeline.mediation.calibration.design import sample

TASK = partial(sample, Trial(teams=4, staff=2, clients=3, between=0.5))
HAS_DASK = importlib.util.find_spec("distributed") is not None


@pytest.mark.parametrize("chunk", [1, 3, 20])
def test_results_do_not_depend_on_how_the_work_is_cut_up(chunk):
    found = replicate(first_draw, 7, 11, Place(1), chunk=chunk)
    assert found == [float(generator(11, number).random()) for number in range(7)]
    assert len(set(found)) == 7


def test_more_replications_leave_the_first_ones_as_they_are():
    assert replicate(first_draw, 9, 5, Place(1))[:4] == replicate(first_draw, 4, 5, Place(1))
    assert replicate(first_draw, 4, 5, Place(1)) != replicate(first_draw, 4, 6, Place(1))


@pytest.mark.parametrize("workers", [2, 3])
def test_results_do_not_depend_on_the_number_of_workers(workers):
    told: list[int] = []
    alone = replicate(TASK, 5, 3, Place(1))
    shared = replicate(TASK, 5, 3, Place(workers), chunk=2, tell=told.append)
    assert [frame.equals(other) for frame, other in zip(alone, shared, strict=True)] == [True] * 5
    assert sorted(told) == [1, 2, 2]


def test_workers_have_one_thread_each_and_this_process_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert replicate(threads, 4, 3, Place(2), chunk=2) == ["1"] * 4
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_answer_in_order_and_take_pieces_as_they_need_them(workers):
    taken, waiting = [], []

    def pieces():
        for piece in range(12):
            taken.append(piece)
            yield piece

    def task(piece):
        time.sleep(0.01 * (piece % 3))
        return piece, threading.current_thread().name

    answers = []
    for done, answer in enumerate(side_by_side(task, pieces(), workers)):
        waiting.append(len(taken) - done)
        answers.append(answer)
    assert [number for number, _ in answers] == list(range(12))
    assert len({name for _, name in answers}) == workers
    assert max(waiting) <= workers + 1


def test_an_error_in_a_thread_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda piece: 1 // piece, [1, 0, 1], 2))


def test_a_process_among_others_uses_one_thread():
    assert replicate(threads_of_process, 2, 1, Place(2), chunk=1) == [1, 1]


def test_a_worker_that_is_ended_is_told_in_words():
    with pytest.raises(ComputeError, match="ended from outside"):
        replicate(end_the_process, 4, 1, Place(2), chunk=2)


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(ComputeError, match="at least one"):
        Place(0)
    with pytest.raises(ComputeError, match="at least one"):
        list(side_by_side(str, [1], 0))


@pytest.mark.skipif(HAS_DASK, reason="Dask is installed here: there is nothing to be told")
def test_a_cluster_without_dask_is_told_in_words():
    with pytest.raises(ComputeError, match=r"the extra \[cluster\]"):
        replicate(first_draw, 2, 1, Place(cluster="tcp://nowhere:1"))


@pytest.mark.skipif(not HAS_DASK, reason="the extra [cluster] (Dask) is not installed")
def test_a_cluster_gives_the_same_results():
    import distributed

    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        shared = replicate(TASK, 5, 3, Place(cluster=cluster.scheduler_address), chunk=2)
    alone = replicate(TASK, 5, 3, Place(1))
    assert [frame.equals(other) for frame, other in zip(alone, shared, strict=True)] == [True] * 5
