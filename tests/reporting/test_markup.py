from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reporting.markup import Marked, Run, clean, literal, parse, plain, references

RUNS = {
    "plain": [Run("plain")],
    "*M* = 3.17": [Run("M", italic=True), Run(" = 3.17")],
    "**bold *both*** x": [Run("bold ", bold=True), Run("both", bold=True, italic=True), Run(" x")],
    "***x***": [Run("x", bold=True, italic=True)],
    "*it **both***": [Run("it ", italic=True), Run("both", bold=True, italic=True)],
    "χ^2^(12)": [Run("χ"), Run("2", sup=True), Run("(12)")],
    "b~1~": [Run("b"), Run("1", sub=True)],
    "*R*^2^": [Run("R", italic=True), Run("2", sup=True)],
    "see [@tbl:one].": [Run("see "), Run("", ref="tbl:one"), Run(".")],
    "[**a** b](https://x.org/?q=1)": [
        Run("a", bold=True, href="https://x.org/?q=1"),
        Run(" b", href="https://x.org/?q=1"),
    ],
    r"\*x\* \[@a\] \\": [Run(r"*x* [@a] \ "[:-1])],
}

LITERAL_AS_THEY_ARE = [
    ".44***",
    ".44***, .32***",
    "* p < .05. ** p < .01. *** p < .001.",
    "2 * 3 * 4",
    "y ~ x + z ~ w",
    "a ^ b ^ c",
    "x^a b^",
    "[x](javascript:alert(1))",
    "[x](data:text/html,y)",
    "[x](ftp://y)",
    "[@]",
    "*",
    "****",
    "**open",
    "snake_case_name",
    "a*b",
]


@pytest.mark.parametrize("text", RUNS)
def test_markup_becomes_runs(text):
    assert list(parse(text)) == RUNS[text]


@pytest.mark.parametrize("text", LITERAL_AS_THEY_ARE)
def test_markers_that_do_not_pair_are_text(text):
    assert parse(text) == (Run(text),)


def test_probability_note_keeps_its_asterisks():
    runs = parse("* *p* < .05. *** *p* < .001.")
    assert [(run.text, run.italic) for run in runs] == [
        ("* ", False),
        ("p", True),
        (" < .05. *** ", False),
        ("p", True),
        (" < .001.", False),
    ]


def test_runs_hold_nothing_that_a_format_cannot():
    assert parse("a\x00 *b\nc*\ud800") == (Run("a "), Run("b c", italic=True))


def test_references_come_in_order():
    assert references("[@a], **[@b]** and \\[@c\\]") == ("a", "b")


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a\nb\tc\r\nd", "a b c d"),
        ("a\x00\x08b", "ab"),
        ("a\ud800\ufffeb", "ab"),
        ("\u202eab\u2069", "\u202eab\u2069"),
    ],
)
def test_literal_drops_only_what_no_format_can_hold(given_text, expected):
    assert plain(literal(given_text)) == expected


@given(st.text())
def test_any_text_survives_literal(text):
    assert parse(literal(text)) == ((Run(clean(text)),) if clean(text) else ())


@given(st.text(alphabet="*^~[]@\\() ab.1", max_size=60))
def test_any_markup_parses_and_no_two_neighbours_are_alike(text):
    runs = parse(text)
    for left, right in pairwise(runs):
        assert left.ref or right.ref or replace(left, text="") != replace(right, text="")
    assert all(run.text or run.ref for run in runs)


@given(st.text())
def test_clean_text_is_xml_and_one_line(text):
    cleaned = clean(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    assert len(cleaned.splitlines()) <= 1


def test_markup_of_hostile_length_is_read_quickly():
    text = "*a **b ^c ~d [e](f " * 3000
    assert plain(text).startswith("*a **b")


def test_marked_text_stays_marked_when_stripped():
    assert isinstance(Marked(" *x* ").strip(), Marked)
