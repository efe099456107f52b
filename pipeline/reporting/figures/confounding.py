"""An indirect effect along the residual correlation of mediator and outcome: one small panel an effect.

The curves come from the model stage (Imai, Keele & Yamamoto, 2010); here they are only drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.reporting import numbers
from pipeline.reporting.figures import titles
from pipeline.reporting.figures.canvas import BLUE, INK, SOFT, Plot, filled, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_WIDTH = 180.0


@dataclass(frozen=True)
class Along:
    """One effect: estimate and limits by correlation, where they are known, and where they meet zero."""

    title: str
    rho: tuple[float, ...]
    est: tuple[float, ...]
    ci_lower: tuple[float, ...]
    ci_upper: tuple[float, ...]
    zero: float | None
    interval_zero: float | None


def draw_confounding(effects: Sequence[Along], axis: str) -> Plot:
    """Draw the effects in two columns; lines stand at no effect and at no correlation."""
    rows = (len(effects) + 1) // 2 if len(effects) > 1 else 1
    across = min(len(effects), 2)

    def draw(figure: Figure) -> None:
        for cell, effect in filled(figure.subplots(rows, across, squeeze=False), effects):
            _panel(cell, effect)
        figure.supxlabel(axis, fontsize=10, color=SOFT)

    most = max(len(_title(effect)) for effect in effects) - 1
    return plotted(6.5 if across > 1 else 4.6, (2.2 + 0.17 * most) * rows + 0.35, draw)


def _title(effect: Along) -> list[str]:
    return titles.folded(effect.title, TITLE_WIDTH)


def _panel(axes: Axes, effect: Along) -> None:
    axes.fill_between(effect.rho, effect.ci_lower, effect.ci_upper, color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(effect.rho, effect.est, color=BLUE, linewidth=1.4)
    axes.axhline(0, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.axvline(0, color=SOFT, linewidth=0.6)
    low, high = min(effect.rho), max(effect.rho)
    for rho, marker in ((effect.interval_zero, "|"), (effect.zero, "o")):
        if rho is not None and low <= rho <= high:
            axes.plot([rho], [0], marker=marker, color=INK, markersize=11 if marker == "|" else 5)
    axes.set_xlim(low, high)
    axes.tick_params(labelsize=9)
    axes.locator_params(axis="both", nbins=5)
    axes.xaxis.set_major_formatter(lambda rho, _: "0" if rho == 0 else numbers.bounded(rho, 1))
    axes.set_title("\n".join(_title(effect)), fontsize=9.5)
    axes.set_xlabel(_printed(effect), fontsize=9.5, color=INK)


def _printed(effect: Along) -> str:
    zero = "none" if effect.zero is None else numbers.bounded(effect.zero)
    return f"zero at {zero}"
