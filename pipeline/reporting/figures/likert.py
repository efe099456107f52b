"""Answers to the items of a scale: stacked shares around the middle of the response set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures import svg, titles
from pipeline.reporting.figures.canvas import INK, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch


@dataclass(frozen=True)
class Item:
    """One item: what it is called and how often each answer was given."""

    name: str
    counts: Mapping[float, int]


def draw_likert(items: Sequence[Item], responses: Mapping[float, str]) -> Plot:
    """Draw a bar an item; an odd response set has its middle category split around zero."""
    values = sorted(responses)
    names = [titles.shortened(responses[value], LEGEND_WIDTH - KEY_WIDTH, 9) for value in values]
    ncols = titles.abreast(names, LEGEND_WIDTH, 9, KEY_WIDTH)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for row, item in enumerate(items):
            _bar(axes, row, item, values)
        _finish(axes, items, values)
        handles = [_swatch(value, values) for value in values]
        figure.legend(handles, names, loc="outside upper center", ncols=ncols, frameon=False, fontsize=9)

    keys = KEY_HEIGHT * math.ceil(len(values) / ncols)
    return plotted(6.5, _row(items) * len(items) + keys + REST, draw)


def shares(counts: Mapping[float, int], values: Sequence[float]) -> list[float]:
    """Share of each answer, in the order of the response set."""
    total = sum(counts.get(value, 0) for value in values)
    return [counts.get(value, 0) / total if total else 0.0 for value in values]


def _below(parts: Sequence[float]) -> float:
    """Share that lies left of the middle."""
    middle = len(parts) // 2
    return sum(parts[:middle]) + (parts[middle] / 2 if len(parts) % 2 else 0.0)


def _reach(parts: Sequence[float]) -> float:
    return max(_below(parts), sum(parts) - _below(parts))


def _bar(axes: Axes, row: int, item: Item, values: Sequence[float]) -> None:
    parts = shares(item.counts, values)
    left = -_below(parts)
    for i, part in enumerate(parts):
        face = _colour(i, len(values))
        axes.barh(row, part, left=left, height=0.72, color=face, edgecolor="white", linewidth=0.6)
        if part >= 0.055:
            ink = "white" if _is_dark(i, len(values)) else INK
            axes.text(
                left + part / 2, row, f"{100 * part:.0f}", ha="center", va="center", fontsize=8, color=ink
            )
        left += part


def _finish(axes: Axes, items: Sequence[Item], values: Sequence[float]) -> None:
    names = ["\n".join(lines) for lines in _names(items)]
    axes.set_yticks(range(len(items)), names, fontsize=NAME_SIZE, color=INK, ha="left")
    axes.tick_params(axis="y", pad=min(NAME_WIDTH, _widest(items)) + 6)
    axes.invert_yaxis()
    reach = max(_reach(shares(item.counts, values)) for item in items)
    ticks = [tick / 4 for tick in range(-4, 5) if abs(tick / 4) <= reach + 0.2]
    axes.set_xticks(ticks, labels=[f"{abs(100 * tick):.0f}%" for tick in ticks], fontsize=9)
    axes.set_xlim(-reach - 0.02, reach + 0.02)
    axes.axvline(0, color=SOFT, linewidth=0.8, zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _names(items: Sequence[Item]) -> list[list[str]]:
    return [svg.wrapped(item.name, NAME_SIZE, NAME_WIDTH, most=3) for item in items]


def _widest(items: Sequence[Item]) -> float:
    """Width of the longest line of the names in points."""
    return max(svg.text_width(line, NAME_SIZE) for lines in _names(items) for line in lines)


def _row(items: Sequence[Item]) -> float:
    """Height of a row in inches: as much as the longest name needs."""
    return max(ROW, 0.13 * max(len(lines) for lines in _names(items)) + 0.03)


def _swatch(value: float, values: Sequence[float]) -> Patch:
    from matplotlib.patches import Patch

    return Patch(facecolor=_colour(list(values).index(value), len(values)))


def _colour(index: int, count: int) -> tuple[float, float, float]:
    """Brown over grey to blue, both ends dark: told apart without colour vision and in print."""
    place = (len(_RAMP) - 1) * index / max(count - 1, 1)
    low = min(int(place), len(_RAMP) - 2)
    mixed = (a + (place - low) * (b - a) for a, b in zip(_RAMP[low], _RAMP[low + 1], strict=True))
    red, green, blue = mixed
    return red, green, blue


def _is_dark(index: int, count: int) -> bool:
    red, green, blue = _colour(index, count)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


ROW = 0.24
NAME_SIZE = 9.0
NAME_WIDTH = 200.0
LEGEND_WIDTH = 440.0
KEY_WIDTH = 45.0
KEY_HEIGHT = 0.19
REST = 0.76
_RAMP = ((0.60, 0.33, 0.07), (0.87, 0.76, 0.49), (0.88, 0.88, 0.88), (0.50, 0.69, 0.83), (0.11, 0.36, 0.61))
