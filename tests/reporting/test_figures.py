"""Pictures: from results to ink, with an alternative text, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from itertools import combinations, pairwise

import numpy as np
import pytest
import recorded
from matplotlib.transforms import Bbox
from PIL import Image

from pipeline.reporting import lettering, pictures
from pipeline.reporting.figures import canvas, svg, titles
from pipeline.reporting.figures.confounding import Along, draw_confounding
from pipeline.reporting.figures.density import Curve, draw_densities
from pipeline.reporting.figures.flow import Band, Loss, boxes_of, draw_flow
from pipeline.reporting.figures.forest import Forest, draw_forest
from pipeline.reporting.figures.heatmap import draw_heatmap
from pipeline.reporting.figures.likert import Item, draw_likert, shares
from pipeline.reporting.figures.scree import Scree, draw_scree
from pipeline.reporting.figures.slopes import Pair, draw_slopes

FLOW = [
    Band((("Teams", "60 listed"),), ()),
    Band(
        (
            ("Clients", "2,946 records received"),
            ("Kept after screening", "n = 2,799"),
            ("Linked", "n = 2,358"),
        ),
        (
            Loss(
                "Excluded",
                147,
                (("No consent", 16), ("A reason that is much longer than a line can be", 131)),
            ),
            Loss("Not linked", 441, (("No id", 441),)),
        ),
    ),
]
CURVE = Curve(
    "Between staff: a → b → c",
    tuple(np.linspace(-0.1, 0.3, 41)),
    tuple(np.exp(-((np.linspace(-0.1, 0.3, 41) - 0.1) ** 2) / 0.005)),
    0.1,
    0.01,
    0.21,
)
ITEMS = [Item("I can count on help", {1: 5, 2: 10, 3: 20, 4: 40, 5: 25}), Item("Nobody answered", {})]
RESPONSES = {1.0: "Never", 2.0: "Rarely", 3.0: "Sometimes", 4.0: "Often", 5.0: "Always"}


def is_picture(png: bytes, width: int = 900) -> bool:
    """Not one colour, and large enough for print."""
    image = Image.open(BytesIO(png)).convert("L")
    return image.width >= width and len(set(image.resize((60, 60)).tobytes())) > 3


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_every_study_gets_its_pictures(study: str) -> None:
    made = pictures.pictures(recorded.record(study))
    own = {"moderation_figure", "congruence_figure"} if study == "demo" else set()
    own |= {"scree", "information"} if study in {"demo", "army-leadership"} else set()
    own |= set() if study == "plain" else {"slopes_figure"}
    own |= {f"finding_{number}" for number, _ in enumerate(recorded.record(study).hypotheses, 1)}
    assert set(made) == {"flow_figure", "diagram", "densities", "confounding", "heatmap"} | own
    for name, picture in made.items():
        assert picture.figure.id == name
        assert len(picture.figure.alt) > 20
        assert 0 < picture.figure.width <= 1
        assert is_picture(picture.figure.png, 600 if name.startswith("finding_") else 900)
        assert picture.svg.lstrip().startswith(("<svg", "<?xml"))


def test_the_flow_says_what_the_results_say() -> None:
    drawn = pictures.flow(recorded.record("demo"))
    assert drawn is not None
    for words in ("2,946 records received", "n = 2,799", "n = 2,358", ">441<", ">147<", "60 listed"):
        assert words in drawn.svg


def test_the_diagram_has_a_panel_for_each_level_and_no_within_path_of_a_staff_variable() -> None:
    drawn = pictures.diagram(recorded.record("demo"))
    assert drawn is not None
    within = drawn.figure.alt.partition("Within staff:")[2]
    assert "Between staff:" in drawn.figure.alt
    assert "Perceived Leader Support" not in within
    assert "Case complexity" not in drawn.figure.alt


def test_a_failed_equation_has_no_numbers_and_no_curves() -> None:
    found = recorded.results("army-climate")
    found["stages"]["model"]["results"]["equations"]["wellbeing"]["converged"] = False
    made = pictures.pictures(recorded.Record(found))
    assert "densities" not in made
    assert "0.71***" in made["diagram"].svg
    assert "0.78***" not in made["diagram"].svg
    assert made["diagram"].svg.count("R² = ") == 2


@pytest.mark.parametrize(
    ("stage", "parts", "gone"),
    [
        ("screen", (), "flow_figure"),
        ("model", (), "diagram"),
        ("model", ("densities",), "densities"),
        ("validate", ("correlations",), "heatmap"),
    ],
)
def test_a_picture_without_results_is_left_out(stage: str, parts: tuple[str, ...], gone: str) -> None:
    assert gone not in pictures.pictures(recorded.without("army-climate", stage, *parts))


def test_answers_are_drawn_where_their_frequencies_are_known() -> None:
    found = recorded.results("demo")
    for item in found["stages"]["validate"]["results"]["items"]["leader_support"]:
        item["frequencies"] = {"1": 10, "2": 30, "3": 80, "4": 120, "5": 60}
    made = pictures.likert(recorded.Record(found))
    assert [picture.figure.id for picture in made] == ["answers_leader_support"]
    assert is_picture(made[0].figure.png)


def test_boxes_of_the_flow_stand_apart_within_the_picture() -> None:
    for band in FLOW:
        boxes = boxes_of(band)
        assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
        assert all(box.x >= 0 and box.right <= draw_flow(FLOW, [], "x").width for box in boxes)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_densities([CURVE, CURVE, CURVE], "Indirect effect"),
        lambda: draw_heatmap(["A", "B", "C"], [[1, 0.2, -0.7]] * 3, [[1, 0.2, None]] * 3),
        lambda: draw_likert(ITEMS, RESPONSES),
    ],
    ids=["densities", "heatmap", "likert"],
)
def test_plots_repeat_to_the_byte(draw: object) -> None:
    one, two = draw(), draw()  # type: ignore[operator]
    assert isinstance(one, canvas.Plot)
    assert one == two
    assert is_picture(one.png)
    assert "<dc:date>" not in one.svg


def test_the_flow_repeats_to_the_byte() -> None:
    one, two = (draw_flow(FLOW, ["Analysed", "2,140 clients"], "Flow") for _ in range(2))
    assert (one.svg, one.png()) == (two.svg, two.png())


def test_shares_add_up_and_nobody_is_no_answer() -> None:
    assert shares(ITEMS[0].counts, sorted(RESPONSES)) == [0.05, 0.1, 0.2, 0.4, 0.25]
    assert shares({}, [1.0, 2.0]) == [0.0, 0.0]


def test_a_text_that_is_cut_still_fits() -> None:
    cut = svg.wrapped(
        "Sense of Belonging in Programme, Neighbourhood, Family and Wider Life", 17, 122, bold=True
    )
    assert len(cut) == 4
    assert cut[-1].endswith("…")
    assert max(svg.text_width(line, 17, bold=True) for line in cut) <= 122


@pytest.mark.parametrize("words", ["Ένα μακρύ όνομα κλίμακας", "支持领导", "مقياس الدعم", "x" * 80])
def test_text_of_any_script_is_broken_to_fit(words: str) -> None:
    assert all(svg.text_width(line, 16) <= 121 for line in svg.wrapped(words, 16, 120, most=9))
    assert svg.drawing([svg.text(words, 100, 20, 16)], 400, 40, words).png().startswith(b"\x89PNG")


LONG = "Perceived support of the immediate supervisor in the most recent quarter of the programme"
NAMES = {
    "short": ("Support", "Belonging"),
    "long": (LONG, LONG),
    "one word": ("Donaudampfschifffahrtselektrizitätenhauptbetriebswerk" * 2, "Team"),
    "scripts": ("دعم الفريق والثقة المتبادلة بين الأعضاء", "团队支持与相互信任以及对组织的归属感和认同"),
}
SLOPE = (0.1, 0.0, 0.2)
PANELS = {
    "slopes": lambda route: draw_slopes([Pair(route, SLOPE, SLOPE)] * 4, (route, route), "x", "y"),
    "densities": lambda route: draw_densities([replace(CURVE, title=route)] * 3, "Effect"),
    "confounding": lambda route: draw_confounding(
        [Along(route, (-0.5, 0.5), (0.1, 0.2), (0.0, 0.1), (0.2, 0.3), None, None)] * 3, "Correlation"
    ),
    "loadings": lambda route: draw_forest(
        [Forest(route, (0.5, 0.6), (0.4, 0.5), (0.6, 0.7), ("a", route))] * 4, "Loading"
    ),
    "scree": lambda route: draw_scree([Scree(route, (2.0, 0.5), (1.2, 0.9), (1.1, 0.8), "1")] * 4, "95%"),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("panels", PANELS.values(), ids=PANELS)
def test_titles_neither_squeeze_their_panels_nor_run_over_others(panels, names, monkeypatch) -> None:
    monkeypatch.setattr(canvas, "_lend_faces", _stopped)
    with pytest.raises(DrawnError) as told:
        panels(" → ".join(names))
    (figure,) = told.value.args
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.axison]
    boxes = [axes.get_tightbbox().transformed(figure.dpi_scale_trans.inverted()) for axes in shown]
    assert all(axes.get_position().width * figure.get_figwidth() > 0.95 for axes in shown)
    assert all(axes.get_position().height * figure.get_figheight() > 0.6 for axes in shown)
    assert all(box.x0 > -0.05 and box.x1 < figure.get_figwidth() + 0.1 for box in boxes)
    assert not [pair for pair in combinations(boxes, 2) if Bbox.intersection(*pair) and _area(*pair) > 0.03]


ANSWERS = {
    "short answers": {1.0: "Never", 2.0: "Often", 3.0: "Always"},
    "an answer a line": {value: f"{LONG} {value}" for value in (1.0, 2.0, 3.0, 4.0, 5.0)},
}


@pytest.mark.parametrize("responses", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("count", [1, 3, 12])
def test_names_of_items_never_overlap(count, responses, monkeypatch) -> None:
    monkeypatch.setattr(canvas, "_lend_faces", _stopped)
    items = [Item(f"{k}. {LONG}", dict.fromkeys(responses, 7)) for k in range(1, count + 1)]
    with pytest.raises(DrawnError) as told:
        draw_likert(items, responses)
    (figure,) = told.value.args
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert len(boxes) == count
    assert all(below.y1 < above.y0 for above, below in pairwise(boxes))


class DrawnError(Exception):
    """A figure is laid out, and is not to be written."""


def _stopped(figure) -> None:
    raise DrawnError(figure)


def _area(one: Bbox, other: Bbox) -> float:
    shared = Bbox.intersection(one, other)
    return 0.0 if shared is None else float(shared.width * shared.height)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_a_route_keeps_each_name_and_its_arrow_within_the_width(names) -> None:
    lines = titles.folded(" → ".join(names), 120)
    assert all(svg.text_width(line.replace("\u200e", ""), 9.5, bold=True) <= 121 for line in lines)
    assert "".join(lines).count("→") == 1
    assert len(lines) <= 2 * len(names)


def test_figures_borrow_faces_for_letters_that_the_shipped_ones_lack(monkeypatch) -> None:
    monkeypatch.setattr(lettering, "_files", lambda: {"Lent": "lent.ttf", "Noto Sans SC": "noto.ttf"})
    monkeypatch.setattr(lettering, "_characters", {"lent.ttf": {"团", "ᚠ"}, "noto.ttf": {"团"}}.get)
    assert lettering.families(lettering.strange("a团ᚠक")) == (("Noto Sans SC", "Lent"), {"क"})
    assert lettering.families(lettering.strange("Ελληνικά العربية")) == ((), frozenset())
    assert lettering.warning("a团ᚠ") is None
    assert "U+0915 (Devanagari)" in str(lettering.warning("क"))
