"""Where everything of a path diagram stands: variables in columns by role, arrows in lanes, labels apart.

A variable's column is the longest route that leads to it, so that predictors stand left, the outcome
right and a serial chain in one row. An arrow to the next column is straight; one that would run through
another variable takes a lane of its own above or below. Geometry only; `diagram` draws it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.reporting.figures.svg import Box, text_width, wrapped

Edge = tuple[str, str]
Point = tuple[float, float]

TITLE_SIZE = 17.0
LABEL_SIZE = 16.0
NODE_WIDTH = 132.0
NODE_PAD = 12.0
ROW_GAP = 54.0
LANE = 34.0
PORT = 17.0
DRAWING_WIDTH = 1040.0
GAPS = (94.0, 210.0)
MARGIN = 14.0
SWEEPS = 6


@dataclass(frozen=True)
class Line:
    """One arrow: its corners, its label and the label's place."""

    edge: Edge
    points: tuple[Point, ...]
    label: str
    label_box: Box
    above: bool


@dataclass(frozen=True)
class Layout:
    """Places of one panel, from its own upper left corner."""

    boxes: Mapping[str, Box]
    lines: tuple[Line, ...]
    width: float
    height: float


def columns(edges: Sequence[Edge]) -> dict[str, int]:
    """Column of each variable: the length of the longest route that ends in it."""
    depth = dict.fromkeys((name for edge in edges for name in edge), 0)
    for _ in depth:
        for source, target in edges:
            depth[target] = max(depth[target], depth[source] + 1)
    return depth


def lay_out(
    depth: Mapping[str, int], edges: Sequence[Edge], labels: Mapping[Edge, str], titles: Mapping[str, str]
) -> Layout:
    """Place the variables of these arrows in their columns, then the arrows, then the labels."""
    present = [name for name in depth if any(name in edge for edge in edges)]
    boxes = _boxes(depth, present, titles)
    straight = [edge for edge in edges if _is_free(edge, boxes)]
    lanes = _lanes([edge for edge in edges if edge not in straight], boxes, depth)
    routes = {edge: _straight(edge, boxes, straight) for edge in straight} | _lane_routes(lanes, boxes)
    ordered = {edge: routes[edge] for edge in edges}
    placed = _labelled(ordered, labels, boxes)
    return _shifted(boxes, placed, _drawing_width(depth))


def node_height(titles: Sequence[str]) -> float:
    """Height that holds the longest of the titles and a line for R²."""
    most = max(len(title_lines(title)) for title in titles)
    return most * 1.2 * TITLE_SIZE + 20 + 2 * NODE_PAD


def title_lines(title: str) -> list[str]:
    """A variable's title as it is broken in its box."""
    return wrapped(title, TITLE_SIZE, NODE_WIDTH - 10, bold=True)


def _gap(depth: Mapping[str, int]) -> float:
    count = max(depth.values()) + 1
    room = (DRAWING_WIDTH - 2 * MARGIN - count * NODE_WIDTH) / max(count - 1, 1)
    return min(max(room, GAPS[0]), GAPS[1])


def _drawing_width(depth: Mapping[str, int]) -> float:
    count = max(depth.values()) + 1
    return 2 * MARGIN + count * NODE_WIDTH + (count - 1) * _gap(depth)


def _boxes(depth: Mapping[str, int], present: Sequence[str], titles: Mapping[str, str]) -> dict[str, Box]:
    height = node_height([titles[name] for name in depth])
    step = height + ROW_GAP
    boxes = {}
    for name in present:
        column = [other for other in present if depth[other] == depth[name]]
        y = step * (column.index(name) - (len(column) - 1) / 2) - height / 2
        boxes[name] = Box(MARGIN + depth[name] * (NODE_WIDTH + _gap(depth)), y, NODE_WIDTH, height)
    lone = _lone_mediator(depth, present)
    if lone:
        boxes[lone] = Box(boxes[lone].x, boxes[lone].y - 0.75 * step, NODE_WIDTH, height)
    return boxes


def _lone_mediator(depth: Mapping[str, int], present: Sequence[str]) -> str | None:
    """The mediator of a three-variable model: it stands above, as in every textbook."""
    middle = [name for name in present if depth[name] == 1]
    return middle[0] if len(present) == 3 and len(middle) == 1 and max(depth.values()) == 2 else None


def _straight(edge: Edge, boxes: Mapping[str, Box], peers: Sequence[Edge]) -> tuple[Point, ...]:
    """From the right side of one box to the left side of the other; arrows that share a side stand apart."""
    source, target = boxes[edge[0]], boxes[edge[1]]
    leaving = sorted((e for e in peers if e[0] == edge[0]), key=lambda e: boxes[e[1]].center[1])
    arriving = sorted((e for e in peers if e[1] == edge[1]), key=lambda e: boxes[e[0]].center[1])
    return (
        (source.right, source.center[1] + _apart(leaving.index(edge), len(leaving), source.height)),
        (target.x, target.center[1] + _apart(arriving.index(edge), len(arriving), target.height)),
    )


def _apart(index: int, count: int, room: float) -> float:
    return min(PORT, (room - 30) / max(count - 1, 1)) * (index - (count - 1) / 2)


def _is_free(edge: Edge, boxes: Mapping[str, Box]) -> bool:
    others = [box.grown(14) for name, box in boxes.items() if name not in edge]
    route = _straight(edge, boxes, [edge])
    return not any(crosses(box, route) for box in others)


@dataclass(frozen=True)
class _Lane:
    edge: Edge
    up: bool
    number: int


def _lanes(edges: Sequence[Edge], boxes: Mapping[str, Box], depth: Mapping[str, int]) -> list[_Lane]:
    """Give each arrow the side where it crosses the fewest others, then a height; short ones lie lowest."""
    span = {edge: (depth[edge[0]], depth[edge[1]]) for edge in edges}
    chosen: dict[Edge, bool] = {}
    for edge in sorted(edges, key=lambda e: (span[e][0] - span[e][1], span[e][0])):
        chosen[edge] = min((True, False), key=lambda up: _cost(edge, up, chosen, span, boxes))
    lanes: list[_Lane] = []
    for edge in sorted(edges, key=lambda e: (span[e][1] - span[e][0], span[e][0])):
        taken = [
            lane.number for lane in lanes if lane.up == chosen[edge] and _overlap(span[edge], span[lane.edge])
        ]
        lanes.append(_Lane(edge, chosen[edge], 1 + max(taken, default=0)))
    return lanes


def _cost(
    edge: Edge,
    up: bool,
    chosen: Mapping[Edge, bool],
    span: Mapping[Edge, tuple[int, int]],
    boxes: Mapping[str, Box],
) -> tuple[int, int]:
    (a, b), peers = span[edge], [other for other, side in chosen.items() if side == up]
    crossings = sum(1 for c, d in (span[o] for o in peers) if a < c < b < d or c < a < d < b)
    hidden = sum(_is_hidden(name, up, boxes) for name in edge)
    return crossings + hidden, sum(1 for o in peers if _overlap(span[edge], span[o]))


def _is_hidden(name: str, up: bool, boxes: Mapping[str, Box]) -> bool:
    """Whether another box of the column stands between this one and its lanes."""
    here = boxes[name]
    return any(box.x == here.x and (box.y < here.y if up else box.y > here.y) for box in boxes.values())


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _lane_routes(lanes: Sequence[_Lane], boxes: Mapping[str, Box]) -> dict[Edge, tuple[Point, ...]]:
    top = min((box.y for box in boxes.values()), default=0.0)
    bottom = max((box.bottom for box in boxes.values()), default=0.0)
    routes = {}
    for lane in lanes:
        y = top - lane.number * LANE if lane.up else bottom + lane.number * LANE
        start, end = (_end(lane, name, lanes, boxes, y) for name in lane.edge)
        routes[lane.edge] = (*start, *reversed(end))
    return routes


def _end(
    lane: _Lane, name: str, lanes: Sequence[_Lane], boxes: Mapping[str, Box], y: float
) -> tuple[Point, ...]:
    """The corners from a box to its lane: over its edge, or beside it where another box is in the way."""
    box, leaving = boxes[name], name == lane.edge[0]
    if _is_hidden(name, lane.up, boxes):
        side, x = (box.right, box.right + PORT) if leaving else (box.x, box.x - 1.6 * PORT)
        height = box.y + 20 if lane.up else box.bottom - 20
        return (side, height), (x, height), (x, y)
    x = _port(lane, name, lanes, box)
    return (x, box.y if lane.up else box.bottom), (x, y)


def _port(lane: _Lane, name: str, lanes: Sequence[_Lane], box: Box) -> float:
    """Where a lane leaves or enters a box: nested so that lanes of one box never cross each other."""
    here = [other for other in lanes if other.up == lane.up and name in other.edge]
    arriving = sorted((o for o in here if o.edge[1] == name), key=lambda o: o.number)
    leaving = sorted((o for o in here if o.edge[0] == name), key=lambda o: -o.number)
    order = [*arriving, *leaving]
    return box.center[0] + _apart(order.index(lane), len(order), box.width)


def _labelled(
    routes: Mapping[Edge, tuple[Point, ...]], labels: Mapping[Edge, str], boxes: Mapping[str, Box]
) -> tuple[Line, ...]:
    """Give each label its best place beside those that have one, then again beside all, while that helps."""
    placed: dict[Edge, Line] = {}
    order = sorted(routes, key=lambda e: len(_candidates(routes[e], labels[e])))
    for _ in range(SWEEPS):
        before = dict(placed)
        for edge in order:
            placed[edge] = _best_label(edge, labels[edge], routes, boxes, placed)
        if placed == before:
            break
    return tuple(placed[edge] for edge in routes)


def _best_label(
    edge: Edge,
    label: str,
    routes: Mapping[Edge, tuple[Point, ...]],
    boxes: Mapping[str, Box],
    placed: Mapping[Edge, Line],
) -> Line:
    others = [route for other, route in routes.items() if other != edge]
    taken = [line for other, line in placed.items() if other != edge]
    options = _candidates(routes[edge], label)
    box, above = min(options, key=lambda option: _clutter(option[0], taken, boxes, others))
    return Line(edge, routes[edge], label, box, above)


def _candidates(route: tuple[Point, ...], label: str) -> list[tuple[Box, bool]]:
    """Places for a label along its arrow, best first: above a level run, upon a slanted one."""
    runs = list(pairwise(route))
    (x0, y0), (x1, y1) = max(runs, key=lambda run: abs(run[1][0] - run[0][0]))
    width, height = text_width(label, LABEL_SIZE, bold=True) + 6, LABEL_SIZE + 4
    level = abs(y1 - y0) < 0.12 * abs(x1 - x0)
    shift = -height / 2 - 3 - 0.5 * abs(y1 - y0) * width / abs(x1 - x0) if level else 0.0
    shares = (0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.75)
    middles = [(x0 + share * (x1 - x0), y0 + share * (y1 - y0) + shift) for share in shares]
    return [(Box(x - width / 2, y - height / 2, width, height), level) for x, y in middles]


def _clutter(
    box: Box, placed: Sequence[Line], boxes: Mapping[str, Box], others: Sequence[tuple[Point, ...]]
) -> int:
    covered = sum(box.overlaps(line.label_box) for line in placed)
    covered += sum(box.overlaps(node) for node in boxes.values())
    return 100 * covered + sum(crosses(box, route) for route in others)


def crosses(box: Box, route: Sequence[Point]) -> bool:
    """Whether a line runs through a rectangle."""
    for (x0, y0), (x1, y1) in pairwise(route):
        steps = ((x0 + (x1 - x0) * i / 100, y0 + (y1 - y0) * i / 100) for i in range(101))
        if any(box.x < x < box.right and box.y < y < box.bottom for x, y in steps):
            return True
    return False


def _shifted(boxes: Mapping[str, Box], lines: Sequence[Line], width: float) -> Layout:
    """Move everything so that the panel begins at height zero."""
    tops = [box.y for box in boxes.values()] + [line.label_box.y for line in lines]
    low = [y for line in lines for _, y in line.points] + [box.bottom for box in boxes.values()]
    up = -min([*tops, *(y for line in lines for _, y in line.points)])
    moved = {name: Box(box.x, box.y + up, box.width, box.height) for name, box in boxes.items()}
    return Layout(moved, tuple(_moved(line, up) for line in lines), width, max(low) + up)


def _moved(line: Line, by: float) -> Line:
    box = line.label_box
    points = tuple((x, y + by) for x, y in line.points)
    return Line(line.edge, points, line.label, Box(box.x, box.y + by, box.width, box.height), line.above)
