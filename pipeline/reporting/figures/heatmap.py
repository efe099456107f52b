"""Correlations as a heat map: within clusters below the diagonal, between clusters above it.

Every cell prints its number, so that the colour is never needed to read it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.reporting import numbers
from pipeline.reporting.figures import svg
from pipeline.reporting.figures.canvas import INK, Plot, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 6.5
Matrix = Sequence[Sequence[float | None]]


def draw_heatmap(titles: Sequence[str], lower: Matrix, upper: Matrix | None) -> Plot:
    """Draw the lower triangle of one matrix and, where given, the upper triangle of the other."""
    size = len(titles)
    values = [[_value(i, j, lower, upper) for j in range(size)] for i in range(size)]

    def draw(figure: Figure) -> None:
        import numpy as np

        axes = figure.subplots()
        filled = np.array([[np.nan if v is None else v for v in row] for row in values])
        image = axes.imshow(filled, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
        bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02, ticks=[-1, -0.5, 0, 0.5, 1])
        bar.ax.set_yticklabels([numbers.bounded(tick, 1) if tick else "0" for tick in (-1, -0.5, 0, 0.5, 1)])
        bar.set_label("Correlation")
        bar.outline.set_visible(False)
        _print_values(axes, values)
        _name_axes(axes, titles)

    return plotted(WIDEST * width_of(size), 0.42 * size + 0.9, draw)


def width_of(size: int) -> float:
    """Share of the text's width: a small matrix is a small picture."""
    return min(1.0, 0.5 + 0.07 * size)


def _value(i: int, j: int, lower: Matrix, upper: Matrix | None) -> float | None:
    if i == j:
        return None
    if i > j:
        return lower[i][j]
    return upper[i][j] if upper is not None else None


def _print_values(axes: Axes, values: Sequence[Sequence[float | None]]) -> None:
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            if value is not None:
                colour = "white" if abs(value) > 0.6 else INK
                words = numbers.statistic("r", value)
                axes.text(j, i, words, ha="center", va="center", fontsize=9, color=colour)
            elif i == j:
                axes.text(j, i, numbers.MISSING, ha="center", va="center", fontsize=9)


def _name_axes(axes: Axes, titles: Sequence[str]) -> None:
    places = range(len(titles))
    named = [f"{i + 1}. {' '.join(svg.wrapped(title, 10, 190, most=1))}" for i, title in enumerate(titles)]
    axes.set_yticks(list(places), labels=named, fontsize=9.5, color=INK)
    axes.set_xticks(list(places), labels=[str(i + 1) for i in places], fontsize=9.5, color=INK)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
