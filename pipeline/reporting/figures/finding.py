"""What one hypothesis came to, small enough to stand beside its words: estimate and interval around zero.

No relation is always in the middle and what was expected to the right; the shaded band holds what would be
too small to matter. The shape of the dot tells the verdict where there is no colour. `summary_pictures` calls
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting.figures.canvas import BLUE, INK, PALE, SOFT, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FURTHEST = 12.0
LEAST = 1.8
WIDTH, HEIGHT = 2.75, 0.78
SIZE = 7.6
RUST = "#a8442a"
LOOKS = {
    "supported": (BLUE, "o", BLUE),
    "not supported": (RUST, "s", RUST),
    "inconclusive": (SOFT, "o", "white"),
}
ENDS = ("other way round", "as expected")
MIDDLE, BAND = "no relation", "too small to matter"


@dataclass(frozen=True)
class Judged:
    """Estimate and limits, positive as expected, and the verdict.

    In units of the smallest effect of interest where there `is_banded` by one, else in any unit.
    """

    est: float
    ci_lower: float
    ci_upper: float
    verdict: str
    is_banded: bool = True


def draw_finding(found: Judged) -> Plot:
    """Draw one bar with its dot; what lies beyond twelve units ends in an arrowhead."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        reach = min(FURTHEST, max(LEAST, abs(found.ci_lower), abs(found.ci_upper))) * 1.06
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-1, 1)
        if found.is_banded:
            axes.axvspan(-1, 1, color=PALE, linewidth=0)
            axes.set_title(BAND, fontsize=SIZE, fontweight="normal", color=SOFT, loc="center", pad=2)
        axes.axvline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
        _bar(axes, found)
        _words(axes)

    return plotted(WIDTH, HEIGHT, draw)


def _bar(axes: Axes, found: Judged) -> None:
    colour, shape, face = LOOKS.get(found.verdict, LOOKS["inconclusive"])
    low, high = (max(-FURTHEST, min(FURTHEST, end)) for end in (found.ci_lower, found.ci_upper))
    axes.plot([low, high], [0, 0], color=colour, linewidth=3, solid_capstyle="butt")
    for end, kept, head in ((found.ci_lower, low, "<"), (found.ci_upper, high, ">")):
        if end != kept:
            axes.plot([kept], [0], marker=head, color=colour, markersize=6, clip_on=False)
    if abs(found.est) <= FURTHEST:
        axes.plot([found.est], [0], marker=shape, color=colour, markerfacecolor=face, markersize=6.5)


def _words(axes: Axes) -> None:
    """The axis in words: its two ends and its middle."""
    for name in ("left", "bottom"):
        axes.spines[name].set_visible(False)
    axes.axhline(-1, color=SOFT, linewidth=0.9)
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.set_xticks([0], [MIDDLE], fontsize=SIZE, color=INK)
    for place, words, side in ((0.0, f"← {ENDS[0]}", "left"), (1.0, f"{ENDS[1]} →", "right")):
        axes.annotate(
            words,
            (place, 0),
            xycoords="axes fraction",
            xytext=(0, -4),
            textcoords="offset points",
            ha=side,
            va="top",
            fontsize=SIZE,
            color=SOFT,
        )
