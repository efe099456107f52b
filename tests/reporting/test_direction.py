"""Stretches of right-to-left letters within a sentence, and what would be drawn along with them."""

from __future__ import annotations

import pytest

from pipeline.reporting import direction

STRETCHES = {
    "words": ("by دعم الفريق was", ["دعم الفريق"]),
    "bracket of its own": ("by دعم (٢٠٢٤), then", ["دعم (٢٠٢٤)"]),
    "bracket of the sentence": ("by (دعم) then", ["دعم"]),
    "route": ("دعم → ثقة → calm", ["دعم", "ثقة"]),
    "none": ("warmth → calm", []),
}
MARKED = {
    "digits after": ("for دعم, .17 for calm", "for دعم\u200e, .17 for calm"),
    "digits after a bracket": ("for دعم (٢٠٢٤), .17", "for دعم (٢٠٢٤)\u200e, .17"),
    "arrow to the next name": ("دعم → ثقة", "دعم\u200e → ثقة"),
    "letters after": ("by دعم was .17", "by دعم was .17"),
    "nothing after": ("دعم", "دعم"),
    "no such letter": ("calm, .17", "calm, .17"),
}


@pytest.mark.parametrize(("text", "turned"), STRETCHES.values(), ids=STRETCHES)
def test_a_text_is_cut_where_its_direction_turns(text: str, turned: list[str]) -> None:
    pieces = list(direction.stretches(text))
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, is_turned in pieces if is_turned] == turned


@pytest.mark.parametrize(("text", "expected"), MARKED.values(), ids=MARKED)
def test_what_has_no_direction_is_kept_from_being_drawn_along(text: str, expected: str) -> None:
    assert direction.marked(text) == expected
    assert direction.marked(expected) == expected
