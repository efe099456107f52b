"""The hypothesised path as written: chains of names joined by arrows, each name with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pipeline.declaration import Node, Place, Problem

ARROW = "->"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Step:
    """A name in a chain and where it stands."""

    name: str
    place: Place


def edges_of(text: str) -> tuple[tuple[str, str], ...]:
    """The arrows of a path, in order of appearance, each once."""
    chains = [_names(line) for line in text.splitlines()]
    return tuple(dict.fromkeys(edge for chain in chains for edge in pairwise(chain)))


def chains(path: Node) -> list[tuple[Step, ...]]:
    """The chains of the path, a line each, with the place of each name."""
    found = []
    for at, line in enumerate((path.text or "").splitlines()):
        names = _names(line)
        if names:
            found.append(tuple(Step(name, place) for name, place in _placed(path, at, names)))
    return found


def malformed(path: Node) -> Iterator[Problem]:
    """Lines that are not chains of names."""
    if path.text is not None and not edges_of(path.text):
        folded = "begin with `path: |`, so that lines stay lines"
        hint = folded if ARROW in path.text else "such as: leader_support -> alliance -> outcome"
        yield path.problem("the path has no arrow", hint)
    for chain in chains(path):
        for step in chain:
            if not _NAME.fullmatch(step.name):
                hint = "one chain a line below `path: |`, names joined by ->"
                yield path.document.at(step.place, f"'{step.name}' is not the name of a scale", hint)
        if len(chain) == 1 and _NAME.fullmatch(chain[0].name) and edges_of(path.text or ""):
            yield path.document.at(chain[0].place, f"'{chain[0].name}' stands alone: an arrow is missing")


def circle(edges: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Names along a circle of arrows, the first one again at the end; empty where there is none."""
    left = list(edges)
    while True:
        reached = {target for _, target in left}
        inner = [(source, target) for source, target in left if source in reached]
        if len(inner) == len(left):
            break
        left = inner
    if not left:
        return ()
    trail = [left[0][0]]
    while trail.count(trail[-1]) < 2:
        trail.append(next(source for source, target in left if target == trail[-1]))
    return tuple(reversed(trail[trail.index(trail[-1]) :]))


def routes(edges: tuple[tuple[str, str], ...], source: str, target: str) -> Iterator[tuple[str, ...]]:
    """Every directed route from source to target over arrows without a circle."""
    for start, end in edges:
        if start == source and end == target:
            yield (start, end)
        elif start == source:
            for rest in routes(edges, end, target):
                yield (start, *rest)


def _names(line: str) -> list[str]:
    """The names of a line; what follows a # is a remark."""
    chain = line.partition("#")[0].strip()
    return [name.strip() for name in chain.split(ARROW)] if chain else []


def _placed(path: Node, at: int, names: list[str]) -> Iterator[tuple[str, Place]]:
    """Where the names of the line `at` stand in the file."""
    lines, (line, column) = path.document.lines, path.document.place(path.path)
    block = lines[line - 1][column - 1 : column] in ("|", ">")
    row = line + at + block
    written = lines[row - 1] if row <= len(lines) else ""
    start = 0 if at or block else column - 1
    for name in names:
        found = written.find(name, start) if name else -1
        yield name, ((row, found + 1) if found >= 0 else (line, column))
        start = max(start, found + len(name))
