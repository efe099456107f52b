"""Which order of blocks fills pages, on paper that a few lines of arithmetic lay out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.reporting.pagination import Arrangement, Piece, Spot, Spots, arranged
from pipeline.reporting.pdf import PAPER

TOP = 90.0
SPACE = 12.0
KINDS = {"C": "chapter", "H": "heading", "t": "text", "T": "table", "F": "figure", "W": "table"}


def pieces(words: str) -> list[Piece]:
    """`T300` is a table 300 points tall, `W` a wide one, `t` text, `F` a figure, `H` and `C` headings."""
    found, section = [], 0
    for word in words.split():
        section += word[0] in "HC"
        tall = float(word[1:] or 20)
        picture = tall - 60 if word[0] == "F" else 0.0
        found.append(Piece(KINDS[word[0]], word[0] == "W", tall, section, picture))  # type: ignore[arg-type]
    return found


def paper(found: Sequence[Piece], now: Arrangement) -> Spots:
    """Set blocks under each other: text runs over pages, tables and figures only where they are split."""
    told: dict[int, tuple[Spot, Spot]] = {}
    page, at, was_wide = 1, TOP, False
    for number in now.order:
        piece = found[number]
        tall = piece.height - piece.picture * (1 - now.size(number))
        runs_over = piece.kind == "text" or number in now.split
        turned = piece.wide != was_wide or (piece.wide and at > TOP)
        if turned or number in now.fresh or (not runs_over and at + tall > PAPER.bottom):
            page, at = (page + 1, TOP) if at > TOP else (page, at)
        start = (page, at)
        at += tall
        while at > PAPER.bottom:
            page, at = page + 1, TOP + at - PAPER.bottom
        told[number] = (start, (page, at))
        at, was_wide = at + SPACE, piece.wide
    return {
        number: spots for number, spots in told.items() if found[number].kind not in {"chapter", "heading"}
    }


def order(words: str) -> str:
    found = pieces(words)
    named = words.split()
    return " ".join(named[number] for number in arranged(found, lambda now: paper(found, now), PAPER).order)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("C t300 T200 t100", "C t300 T200 t100"),
        ("C t300 T400 t200 t60", "C t300 t200 t60 T400"),
        ("C t300 T400 t200 t120 t90", "C t300 t200 t120 T400 t90"),
        ("C t300 T400 H t100 t90 H t90", "C t300 H t100 t90 T400 H t90"),
        ("C t300 T400 C t100", "C t300 T400 C t100"),
        ("C t300 W200 t100 t120 t90", "C t300 t100 t120 W200 t90"),
        ("C t300 T400 F200 t20", "C t300 t20 F200 T400"),
        ("C t300 T400 T200", "C t300 T400 T200"),
        ("C t300 T400 H T100 t50", "C t300 T400 H T100 t50"),
        ("C t300 H T400 H t50", "C t300 H T400 H t50"),
        ("C t300 H T400 t90 H t50", "C t300 H t90 H t50 T400"),
    ],
    ids=[
        "what fits stays",
        "text fills the page",
        "the last of it runs over",
        "a heading comes with its text",
        "nothing leaves its chapter",
        "before a wide table only what fits",
        "a figure passes a table",
        "a table passes no table",
        "a heading without text stays",
        "no heading is left bare",
        "text under it comes, and then the next heading",
    ],
)
def test_text_goes_ahead_of_what_does_not_fit(words: str, expected: str) -> None:
    assert order(words) == expected


def test_text_stays_within_two_sections() -> None:
    assert order("C t300 T400 H t20 H t20 H t20 H t20") == "C t300 H t20 H t20 T400 H t20 H t20"


def test_a_table_that_leaves_a_hole_may_run_over_pages() -> None:
    found = pieces("C t300 T500 C t50")
    assert arranged(found, lambda now: paper(found, now), PAPER).split == {2}
    small = pieces("C t500 T300 C t50")
    assert arranged(small, lambda now: paper(small, now), PAPER).split == frozenset()


@pytest.mark.parametrize(
    ("words", "shrunk"),
    [("C t300 F330 C t50", True), ("C t300 F500 C t50", False), ("C t300 F280 C t50", False)],
    ids=["a little too tall", "far too tall", "fits"],
)
def test_a_figure_shrinks_a_little_to_fit(words: str, shrunk: bool) -> None:
    found = pieces(words)
    now = arranged(found, lambda it: paper(found, it), PAPER)
    assert (now.size(2) < 1) == shrunk
    assert 0.75 <= now.size(2) <= 1
    assert paper(found, now)[2][0][0] == (2 if words.split()[2] == "F500" else 1)


def test_a_long_table_does_not_start_at_the_foot() -> None:
    found = pieces("C t560 T900 t40")

    def places(now: Arrangement) -> Spots:
        return paper(found, Arrangement(now.order, now.split | {2}, now.fresh))

    now = arranged(found, places, PAPER)
    assert now.fresh == {2}
    assert places(now)[2][0] == (2, TOP)
