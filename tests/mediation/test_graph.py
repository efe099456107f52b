"""The path as a graph: order, routes, and what is refused."""

from __future__ import annotations

import pytest

from pipeline.mediation import MediationError, PathGraph
from pipeline.mediation.graph import arrows, label

CHAIN = (("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("a", "d"))


def test_outcomes_come_after_their_causes():
    graph = PathGraph.of([("c", "d"), ("b", "c"), ("a", "b")])
    assert graph.outcomes == ("b", "c", "d")
    assert graph.variables == ("c", "d", "b", "a")
    assert (graph.sources, graph.sinks) == (("a",), ("d",))


def test_predictors_and_repeated_arrows():
    graph = PathGraph.of([*CHAIN, ("a", "b")])
    assert graph.edges == CHAIN
    assert graph.predictors("c") == ("b", "a")
    assert graph.predictors("a") == ()


@pytest.mark.parametrize(
    ("source", "target", "routes"),
    [
        ("a", "d", ["a -> b -> c -> d", "a -> c -> d", "a -> d"]),
        ("b", "d", ["b -> c -> d"]),
        ("a", "b", ["a -> b"]),
        ("d", "a", []),
    ],
)
def test_every_route_is_found_longest_first(source, target, routes):
    assert [label(route) for route in PathGraph.of(CHAIN).routes(source, target)] == routes


def test_arrows_of_a_route():
    assert arrows(("a", "b", "c")) == (("a", "b"), ("b", "c"))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([], "no arrows"),
        ([("a", "a")], "circle: a -> a"),
        ([("a", "b"), ("b", "c"), ("c", "b")], r"circle: (b -> c -> b|c -> b -> c)"),
        (
            [("x", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "y")],
            "runs in a circle: .* -> .* -> .* -> ",
        ),
    ],
)
def test_what_is_no_path_is_refused(edges, message):
    with pytest.raises(MediationError, match=message):
        PathGraph.of(edges)
