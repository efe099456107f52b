"""An interaction: lines at values of a moderator beside the slope over the moderator's whole range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import BLUE, INK, PALE, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("dashed", "solid", "dotted", "dashdot")


@dataclass(frozen=True)
class Interaction:
    """What is drawn: lines with names, the slope's curve, bounds of the region, and words for the axes."""

    names: tuple[str, ...]
    lines: Sequence[Mapping[str, Any]]
    curve: Mapping[str, Sequence[float]]
    bounds: tuple[float, ...]
    x: str
    y: str
    moderator: str
    slope: str


def draw_interaction(one: Interaction) -> Plot:
    """Draw simple slopes with their bands, and the Johnson-Neyman plot."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        _lines(left, one)
        _region(right, one)

    return plotted(6.5, 3.2, draw)


def _lines(axes: Axes, one: Interaction) -> None:
    for k, (name, line) in enumerate(zip(one.names, one.lines, strict=True)):
        axes.fill_between(line["x"], line["lower"], line["upper"], color=PALE, alpha=0.4, linewidth=0)
        style = STYLES[k % len(STYLES)]
        axes.plot(line["x"], line["y"], color=BLUE, linewidth=1.6, linestyle=style, label=name)
    axes.set_title("Simple slopes", fontsize=9.5)
    axes.set_xlabel("\n".join(svg.wrapped(one.x, 9, 185)), fontsize=9)
    axes.set_ylabel("\n".join(svg.wrapped(one.y, 9, 158)), fontsize=9)
    axes.legend(
        title="\n".join(svg.wrapped(one.moderator, 9, 123)),
        fontsize=8,
        title_fontsize=8,
        frameon=False,
        loc="upper left",
    )
    axes.tick_params(labelsize=8.5)


def _region(axes: Axes, one: Interaction) -> None:
    at = one.curve["at"]
    axes.fill_between(at, one.curve["ci_lower"], one.curve["ci_upper"], color=PALE, alpha=0.6, linewidth=0)
    axes.plot(at, one.curve["est"], color=BLUE, linewidth=1.6)
    axes.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    for bound in one.bounds:
        axes.axvline(bound, color=SOFT, linewidth=1.0, linestyle="dotted")
    axes.set_title("Slope over the moderator", fontsize=9.5)
    axes.set_xlabel("\n".join(svg.wrapped(one.moderator, 9, 185)), fontsize=9)
    axes.set_ylabel("\n".join(svg.wrapped(one.slope, 9, 158)), fontsize=9)
    axes.tick_params(labelsize=8.5)
