"""The path diagram: roles left to right, nothing on top of anything, sign and significance without colour."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.reporting.figures import layout
from pipeline.reporting.figures.diagram import Panel, Path, draw_diagram, lay_out_panel
from pipeline.reporting.figures.layout import Layout

NAMES = "abcdefg"
TITLES = {name: f"Variable {name} with a longer title" for name in NAMES}
CHAIN = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]
GRAPHS = {
    "mediation": [("a", "b"), ("b", "c"), ("a", "c")],
    "chain of five": CHAIN,
    "chain with direct paths": [*CHAIN, ("a", "c"), ("a", "e"), ("c", "e")],
    "every path of five": list(combinations("abcde", 2)),
    "parallel mediators": [
        ("a", "b"),
        ("a", "c"),
        ("a", "d"),
        ("b", "e"),
        ("c", "e"),
        ("d", "e"),
        ("a", "e"),
    ],
    "two by two by two": [
        *((x, m) for x in "ab" for m in "cd"),
        *((m, y) for m in "cd" for y in "ef"),
        ("a", "f"),
    ],
    "one path": [("a", "b")],
}


def panel(edges: list[tuple[str, str]]) -> Panel:
    return Panel("Between staff", tuple(Path(source, target, -0.234, 0.0001) for source, target in edges))


def placed(edges: list[tuple[str, str]]) -> Layout:
    return lay_out_panel(panel(edges), layout.columns(edges), TITLES)


def assert_nothing_overlaps(places: Layout) -> None:
    labels = [line.label_box for line in places.lines]
    boxes = list(places.boxes.values())
    assert not [pair for pair in combinations(labels, 2) if pair[0].overlaps(pair[1])]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert not [(label, box) for label in labels for box in boxes if label.overlaps(box)]
    for box in [*labels, *boxes]:
        assert box.x >= 0
        assert box.right <= places.width
        assert box.y >= -0.01
        assert box.bottom <= places.height + 0.01


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
def test_nothing_overlaps(edges: list[tuple[str, str]]) -> None:
    assert_nothing_overlaps(placed(edges))


@pytest.mark.parametrize("edges", GRAPHS.values(), ids=GRAPHS)
def test_arrows_run_from_left_to_right(edges: list[tuple[str, str]]) -> None:
    boxes = placed(edges).boxes
    assert all(boxes[source].right < boxes[target].x for source, target in edges)


@pytest.mark.parametrize("name", ["chain of five", "chain with direct paths", "every path of five"])
def test_a_serial_chain_stands_in_one_row_and_no_arrow_runs_through_a_box(name: str) -> None:
    places = placed(GRAPHS[name])
    assert len({box.y for box in places.boxes.values()}) == 1
    for line in places.lines:
        others = [box.grown(-1) for variable, box in places.boxes.items() if variable not in line.edge]
        assert not any(layout.crosses(box, line.points) for box in others)


def test_the_mediator_of_three_stands_above() -> None:
    boxes = placed(GRAPHS["mediation"]).boxes
    assert boxes["b"].y < boxes["a"].y == boxes["c"].y


@settings(max_examples=30, deadline=None)
@given(st.sets(st.sampled_from(list(combinations(NAMES[:6], 2))), min_size=1, max_size=9))
@example({("a", "c"), ("a", "e"), ("a", "f"), ("b", "e"), ("d", "f")})
@example({("a", "e"), ("a", "f"), ("b", "e"), ("c", "f"), ("d", "f")})
def test_labels_never_overlap_in_any_small_graph(edges: set[tuple[str, str]]) -> None:
    labels = [line.label_box for line in placed(sorted(edges)).lines]
    assert not [pair for pair in combinations(labels, 2) if pair[0].overlaps(pair[1])]


def drawn(*paths: Path, standardized: bool = True) -> str:
    return draw_diagram(
        [Panel("Within staff", paths)], TITLES, standardized=standardized, alt="A diagram"
    ).svg


def test_sign_stars_and_dashes_say_what_colour_says() -> None:
    clear = drawn(Path("a", "b", -0.42, 0.0002))
    assert "−0.42***" in clear
    assert "stroke-dasharray" not in clear
    unclear = drawn(Path("a", "b", 0.03, 0.2))
    assert ">0.03<" in unclear
    assert "stroke-dasharray" in unclear


def test_width_follows_size_where_standardized() -> None:
    def width(value: float, standardized: bool) -> float:
        found = re.search(
            r'fill="none"[^>]*stroke-width="([\d.]+)"',
            drawn(Path("a", "b", value, 0.001), standardized=standardized),
        )
        assert found
        return float(found[1])

    assert width(0.6, True) > width(0.2, True) == width(-0.2, True)
    assert width(0.6, False) == width(0.2, False)


def test_r_squared_stands_in_the_box_where_it_is_known() -> None:
    with_r2 = Panel("Between", (Path("a", "b", 0.3, 0.01),), {"b": 0.18})
    assert "R² = .18" in draw_diagram([with_r2], TITLES, standardized=True, alt="x").svg


def test_a_variable_keeps_its_column_in_both_panels() -> None:
    depth = layout.columns(CHAIN)
    between, within = (
        lay_out_panel(panel(CHAIN), depth, TITLES),
        lay_out_panel(panel(CHAIN[2:]), depth, TITLES),
    )
    assert set(within.boxes) == set("cde")
    assert all(within.boxes[name].x == between.boxes[name].x for name in within.boxes)


def test_the_drawing_is_well_formed_and_takes_nothing_from_outside() -> None:
    titles = TITLES | {"a": '<script>alert("x")</script> & \x00=1+1'}
    svg = draw_diagram([panel(CHAIN)], titles, standardized=True, alt='"><b>').svg
    root = ET.fromstring(svg)
    assert not {element.tag.rpartition("}")[2] for element in root.iter()} & {
        "script",
        "style",
        "image",
        "use",
    }
    assert "href" not in svg
    assert "url(" not in svg
    assert not [element for element in root.iter() if "id" in element.attrib]


def test_equal_input_gives_equal_bytes() -> None:
    one, two = (draw_diagram([panel(CHAIN)], TITLES, standardized=True, alt="x") for _ in range(2))
    assert one.svg == two.svg
    assert one.png() == two.png()
    assert one.png().startswith(b"\x89PNG")


def test_latent_variables_are_round_and_observed_ones_are_not() -> None:
    paths = (Path("a", "b", 0.5, 0.01),)
    titles = {"a": "First", "b": "Second"}
    drawn = [
        draw_diagram(
            (Panel("Within", paths, latent=frozenset(latent)),), titles, standardized=True, alt="x"
        ).svg
        for latent in ((), ("a",), ("a", "b"))
    ]
    assert [svg.count('rx="4') for svg in drawn] == [2, 1, 0]
