"""What the plots hold: marks, lines, names and the reach of their axes, from numbers that are known."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pipeline.reporting import validation_pictures
from pipeline.reporting.figures import (
    canvas,
    confounding,
    density,
    finding,
    forest,
    heatmap,
    likert,
    patterns,
    scree,
    slopes,
    surface,
)

SCREE = scree.Scree(
    "Support", "1 component", (3.1, 0.6, 0.5, 0.4), (1.1, 1.0, 1.0, 0.9), (1.2, 1.1, 1.0, 1.0)
)
LOADINGS = forest.Forest("Support", (0.62, 0.71, 0.80), (0.5, 0.6, 0.7), (0.7, 0.8, 0.9), ("s1", "s2", "s3"))
MEANS = forest.Forest("Support", (2.0, 3.0, 4.0), (1.5, 2.5, 3.5), (2.5, 3.5, 4.5), line=3.1)
PAIR = slopes.Pair("a → b", (0.3, 0.1, 0.5), (-0.2, -0.8, 0.4))
HULL = ((-1.0, -1.0), (2.0, -1.0), (2.0, 1.0), (-1.0, 1.0))
SURFACE = surface.Contours("Within staff", 0.5, (1.0, 0.0, 0.0, 0.0, 0.0), HULL, 3.0)
LACKING = patterns.Patterns(
    "Clients", ("A", "B"), ((True, True), (False, True), (False, False)), ("9", "7", "5")
)
ALONG = confounding.Along(
    "a → b → c", (-0.5, 0.0, 0.5), (0.3, 0.1, -0.1), (0.2, 0.0, -0.2), (0.4, 0.2, 0.0), 0.25, None
)
CURVE = density.Curve("a → b", (-0.1, 0.1, 0.3), (0.1, 1.0, 0.1), 0.1, 0.01, 0.21)


@pytest.fixture
def axes_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Axes]]:
    """Let a module draw, and return the axes that it drew on, laid out."""

    def made(module: ModuleType, draw: Callable[[], object]) -> list[Axes]:
        kept: list[Figure] = []

        def plotted(width: float, height: float, fill: Callable[[Figure], None]) -> None:
            figure = Figure(figsize=(width, height), layout="constrained")
            with mpl.rc_context(canvas._style()):
                fill(figure)
                figure.draw_without_rendering()
            kept.append(figure)

        monkeypatch.setattr(module, "plotted", plotted)
        draw()
        return [axes for axes in kept[0].axes if axes.axison]

    return made


def ticks(axes: Axes, way: str) -> list[str]:
    axis = getattr(axes, f"{way}axis")
    low, high = sorted(axis.get_view_interval())
    return [
        label.get_text()
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if low <= place <= high
    ]


def test_a_scree_has_a_mark_for_each_component_and_starts_at_zero(axes_of):
    one, two = axes_of(scree, lambda: scree.draw_scree([SCREE, SCREE], "Random items, 95th percentile"))
    items, limit, mean = one.get_lines()
    assert tuple(items.get_ydata()) == SCREE.observed
    assert tuple(items.get_xdata()) == (1, 2, 3, 4)
    assert (tuple(limit.get_ydata()), tuple(mean.get_ydata())) == (SCREE.limit, SCREE.mean)
    assert one.get_ylim()[0] == 0
    assert one.get_ylim()[1] > 3.1
    assert [text.get_text() for text in one.texts] == ["1 component"]
    assert two.get_title(loc="left") == "Support"
    assert [text.get_text() for text in one.figure.legends[0].get_texts()] == [
        "Items",
        "Random items, 95th percentile",
        "Random items, mean",
    ]


def test_a_forest_has_a_row_for_each_item_and_no_leading_zeros(axes_of):
    (axes,) = axes_of(
        forest, lambda: forest.draw_forest([LOADINGS], "Loading", printed=validation_pictures._short)
    )
    (marks,) = axes.get_lines()
    assert tuple(marks.get_xdata()) == LOADINGS.est
    (bars,) = [it for it in axes.collections if isinstance(it, LineCollection)]
    ends = [(line[0][0], line[1][0]) for line in bars.get_segments()]
    assert ends == list(zip(LOADINGS.ci_lower, LOADINGS.ci_upper, strict=True))
    assert ticks(axes, "y") == ["s1", "s2", "s3"]
    assert ticks(axes, "x") == [".6", ".8"]
    low, high = axes.get_xlim()
    assert low <= 0.5
    assert high >= 0.9


def test_a_caterpillar_names_nobody_and_shows_the_mean_of_all(axes_of):
    (axes,) = axes_of(forest, lambda: forest.draw_forest([MEANS], "Mean of the cluster"))
    marks, grand = axes.get_lines()
    assert tuple(marks.get_xdata()) == MEANS.est
    assert tuple(marks.get_ydata()) == (0, 1, 2)
    assert axes.yaxis_inverted()
    assert set(grand.get_xdata()) == {3.1}
    assert ticks(axes, "y") == []


def test_slopes_share_axes_that_hold_every_limit(axes_of):
    found = axes_of(slopes, lambda: slopes.draw_slopes([PAIR, PAIR], ("Within", "Between"), "Across", "Up"))
    assert len(found) == 2
    within, between = found[0].get_lines()
    assert tuple(within.get_ydata()) == (-0.3, 0.3)
    assert tuple(between.get_ydata()) == (0.2, -0.2)
    assert [axes.get_ylim() for axes in found] == [pytest.approx((-0.84, 0.84))] * 2
    assert ticks(found[0], "x") == ["−1", "0", "1"]
    assert len(found[0].collections) == 2


def test_patterns_have_a_cell_for_each_score_and_say_which_is_lacking(axes_of):
    (axes,) = axes_of(patterns, lambda: patterns.draw_patterns([LACKING]))
    assert len(axes.patches) == 6
    said = [(text.get_position(), text.get_text()) for text in axes.texts]
    assert said == [((0.5, 1), "lacking"), ((0.5, 2), "lacking"), ((1.5, 2), "lacking")]
    assert ticks(axes, "y") == ["9", "7", "5"]
    assert ticks(axes, "x") == ["A", "B"]


def test_levels_of_patterns_have_rows_of_equal_height(axes_of):
    short = patterns.Patterns("Staff", ("A", "B"), LACKING.present[:2], ("9", "5"))
    found = axes_of(patterns, lambda: patterns.draw_patterns([LACKING, short]))
    heights = [axes.get_position().height / count for axes, count in zip(found, (3, 2), strict=True)]
    assert heights[0] == pytest.approx(heights[1], rel=0.02)


def test_a_surface_is_cut_to_the_area_with_data_and_crossed_by_both_lines(axes_of):
    axes, bar = axes_of(surface, lambda: surface.draw_surfaces([SURFACE], "X", "Y", "Z"))
    (hull,) = axes.patches
    assert {tuple(corner) for corner in hull.get_xy()} == {(x + 3, y + 3) for x, y in HULL}
    agreement, disagreement = axes.get_lines()
    assert np.allclose(agreement.get_xdata(), agreement.get_ydata())
    assert np.allclose(np.add(disagreement.get_xdata(), disagreement.get_ydata()), 6.0)
    assert axes.get_aspect() == 1.0
    assert (axes.get_xlabel(), axes.get_ylabel(), bar.get_ylabel()) == ("X", "Y", "Z")
    levels = axes.collections[0].levels
    assert levels[0] <= 0.5 - 2.0 + 1e-9
    assert levels[-1] >= 0.5 + 2.0 - 1e-9


def test_a_correlation_has_no_leading_zero_on_its_axis(axes_of):
    (axes,) = axes_of(confounding, lambda: confounding.draw_confounding([ALONG], "Correlation"))
    assert "0" in ticks(axes, "x")
    assert not [words for words in ticks(axes, "x") if words.lstrip("−").startswith("0.")]
    assert axes.get_xlabel() == "zero at .25"
    marks = [line for line in axes.get_lines() if line.get_marker() == "o"]
    assert [tuple(line.get_xdata()) for line in marks] == [(0.25,)]


def test_a_heat_map_prints_each_correlation_once(axes_of):
    lower = [[1, 0, 0], [0.2, 1, 0], [-0.7, 0.4, 1]]
    axes, bar = axes_of(heatmap, lambda: heatmap.draw_heatmap(["A", "B", "C"], lower, None))
    assert [text.get_text() for text in axes.texts] == ["—", ".20", "—", "−.70", ".40", "—"]
    assert ticks(bar, "y") == ["−1.0", "−.5", "0", ".5", "1.0"]
    assert ticks(axes, "y") == ["1. A", "2. B", "3. C"]


def test_a_density_holds_zero_and_prints_what_it_shows(axes_of):
    (axes,) = axes_of(density, lambda: density.draw_densities([CURVE], "Effect", 2))
    assert axes.get_xlabel() == "0.10 [0.01, 0.21]"
    assert axes.get_xlim()[0] < -0.1
    assert 0.0 in {line.get_xdata()[0] for line in axes.get_lines()}


def test_answers_add_up_and_names_stand_left(axes_of):
    items = [likert.Item("I can count on help", {1: 10, 2: 20, 3: 40, 4: 20, 5: 10})] * 3
    names = {1.0: "Never", 2.0: "Rarely", 3.0: "Sometimes", 4.0: "Often", 5.0: "Always"}
    (axes,) = axes_of(likert, lambda: likert.draw_likert(items, names))
    widths = [patch.get_width() for patch in axes.patches]
    assert len(widths) == 15
    assert sum(widths) == pytest.approx(3.0)
    assert [text.get_text() for text in axes.texts[:5]] == ["10", "20", "40", "20", "10"]
    assert axes.patches[2].get_x() == pytest.approx(-0.2)
    assert {label.get_horizontalalignment() for label in axes.get_yticklabels()} == {"left"}
    left = min(label.get_window_extent().x0 for label in axes.get_yticklabels())
    assert left >= 0
    right = max(label.get_window_extent().x1 for label in axes.get_yticklabels())
    assert right < axes.get_window_extent().x0


FOUND = {
    "supported": (finding.Judged(1.2, 0.4, 2.0, "supported"), (0.4, 2.0), [("o", 1.2)]),
    "runs on": (
        finding.Judged(3.0, -40.0, 60.0, "inconclusive"),
        (-12.0, 12.0),
        [("<", -12.0), (">", 12.0), ("o", 3.0)],
    ),
    "other way": (finding.Judged(-3.0, -4.0, -2.0, "not supported"), (-4.0, -2.0), [("s", -3.0)]),
    "no band": (finding.Judged(0.3, 0.1, 1.0, "supported", is_banded=False), (0.1, 1.0), [("o", 0.3)]),
}


@pytest.mark.parametrize(("found", "bar", "marks"), FOUND.values(), ids=FOUND)
def test_a_finding_has_no_relation_in_its_middle_and_ends_in_an_arrow_where_it_runs_on(
    axes_of, found: finding.Judged, bar: tuple[float, float], marks: list[tuple[str, float]]
):
    (axes,) = axes_of(finding, lambda: finding.draw_finding(found))
    (line,) = [line for line in axes.get_lines() if line.get_linewidth() == 3]
    assert tuple(line.get_xdata()) == bar
    drawn = [(one.get_marker(), one.get_xdata()[0]) for one in axes.get_lines() if one.get_marker() in "os<>"]
    assert drawn == marks
    low, high = axes.get_xlim()
    assert low == -high
    assert [(one.get_x(), one.get_width()) for one in axes.patches] == [(-1, 2)] * found.is_banded
    assert axes.get_title() == ("too small to matter" if found.is_banded else "")
    words = [*axes.texts, *axes.get_xticklabels()]
    assert [text.get_text() for text in words] == ["← other way round", "as expected →", "no relation"]
    left, right, middle = (text.get_window_extent() for text in words)
    assert 0 <= left.x0 < left.x1 < middle.x0 < middle.x1 < right.x0 < right.x1 <= axes.figure.bbox.x1


def test_the_dot_tells_the_verdict_without_colour():
    looks = {(shape, face == "white") for _, shape, face in finding.LOOKS.values()}
    assert len(looks) == len(finding.LOOKS)
