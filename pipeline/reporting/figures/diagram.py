"""The path diagram: one panel a level, standardized or raw coefficients on the arrows.

Sign is a minus, significance is stars and an unbroken line, size is the line's width: colour repeats what
is already there. Called by the report with values that are in results.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.reporting import numbers
from pipeline.reporting.figures import layout, svg
from pipeline.reporting.figures.layout import Edge, Layout, Line
from pipeline.reporting.figures.svg import Box, Drawing


@dataclass(frozen=True)
class Path:
    """One arrow: what is printed on it and how sure it is."""

    source: str
    target: str
    value: float | None
    pvalue: float | None


@dataclass(frozen=True)
class Panel:
    """The arrows of one level, under a heading.

    `r2` holds shares of variance explained, where known; `latent` names variables that are drawn round.
    """

    title: str
    paths: tuple[Path, ...]
    r2: Mapping[str, float] = field(default_factory=dict)
    latent: frozenset[str] = frozenset()


GROUND = "#fafbfc"
HEAD = 40.0
FOOT = 16.0
BETWEEN_PANELS = 18.0
BOX_RADIUS = 4


def draw_diagram(
    panels: Sequence[Panel], titles: Mapping[str, str], *, standardized: bool, alt: str
) -> Drawing:
    """Draw the panels under each other; a variable stands in the same column in each."""
    depth = layout.columns([(path.source, path.target) for panel in panels for path in panel.paths])
    elements: list[str] = []
    y = width = 0.0
    for panel in panels:
        places = lay_out_panel(panel, depth, titles)
        width, height = places.width, places.height + HEAD + FOOT
        frame = Box(0.75, y + 0.75, width - 1.5, height - 1.5)
        elements += _panel(panel, places, titles, frame, standardized)
        y += height + BETWEEN_PANELS
    return svg.drawing(elements, width, y - BETWEEN_PANELS, alt)


def lay_out_panel(panel: Panel, depth: Mapping[str, int], titles: Mapping[str, str]) -> Layout:
    """Places of a panel's variables, arrows and labels."""
    labels = {(path.source, path.target): _label(path) for path in panel.paths}
    return layout.lay_out(depth, list(labels), labels, titles)


def _label(path: Path) -> str:
    return numbers.number(path.value) + numbers.stars(path.pvalue)


def _panel(
    panel: Panel, places: Layout, titles: Mapping[str, str], frame: Box, standardized: bool
) -> list[str]:
    paths = {(path.source, path.target): path for path in panel.paths}
    parts = [svg.rectangle(frame, fill=GROUND, stroke="#d5dbe1", width=1, radius=6)]
    parts.append(svg.text(panel.title, 16, frame.y + 20, 17, bold=True, anchor="start", colour=svg.SOFT))
    parts.append(f'<g transform="translate(0 {svg.coordinate(frame.y + HEAD)})">')
    for line in places.lines:
        parts += _arrow(line, paths[line.edge], titles, standardized)
    for line in places.lines:
        parts += _label_text(line, paths[line.edge])
    for name, box in places.boxes.items():
        radius = box.height / 2 if name in panel.latent else BOX_RADIUS
        parts += _node(box, titles[name], panel.r2.get(name), radius)
    return [*parts, "</g>"]


def _arrow(line: Line, path: Path, titles: Mapping[str, str], standardized: bool) -> list[str]:
    width = 1.4 + 5 * min(abs(path.value or 0.0), 1.0) if standardized and _is_clear(path) else 1.6
    said = f"{_spoken(line.edge, titles)}: {line.label}, {numbers.p_phrase(path.pvalue).replace('*', '')}"
    drawn = svg.arrow(list(line.points), _colour(path), width, dashed=not _is_clear(path))
    return ["<g>", f"<title>{svg.escaped(said)}</title>", drawn, "</g>"]


def _label_text(line: Line, path: Path) -> list[str]:
    x, y = line.label_box.center
    ground = "" if line.above else svg.rectangle(line.label_box, fill=GROUND, stroke="none", width=0)
    colour = _colour(path) if _is_clear(path) else svg.SOFT
    words = svg.text(line.label, x, y, layout.LABEL_SIZE, bold=_is_clear(path), colour=colour)
    return [ground, words] if ground else [words]


def _node(box: Box, title: str, r2: float | None, radius: float) -> list[str]:
    x, y = box.center
    words = layout.title_lines(title)
    shape = svg.rectangle(box, fill=svg.PALE, radius=radius)
    if r2 is None:
        return [shape, *svg.lines(words, x, y, layout.TITLE_SIZE, bold=True)]
    note = svg.text(f"R² = {numbers.statistic('r2', r2)}", x, box.bottom - 16, 15, colour=svg.SOFT)
    return [shape, *svg.lines(words, x, y - 10, layout.TITLE_SIZE, bold=True), note]


def _is_clear(path: Path) -> bool:
    return path.pvalue is not None and path.pvalue < 0.05


def _colour(path: Path) -> str:
    if not _is_clear(path):
        return svg.GREY
    return svg.RED if (path.value or 0.0) < 0 else svg.BLUE


def _spoken(edge: Edge, titles: Mapping[str, str]) -> str:
    return f"{titles[edge[0]]} → {titles[edge[1]]}"
