"""Answers against a response set: numbers, labels in every spelling, codes for no answer, conflicts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exports import Code, Column
from pipeline.stages.answers import code_answers, plain

AGREE = {1: "Strongly disagree", 2: "Disagree", 3: "Neither", 4: "Agree", 5: "Strongly agree"}
NO, LABEL, SPELLED = None, "label", "label, spelled otherwise"

READ: dict[str, tuple[object, float | None, str | None]] = {
    "a value": (4.0, 4, NO),
    "a label": ("Agree", 4, LABEL),
    "case": ("strongly AGREE", 5, SPELLED),
    "space around": (" Strongly agree ", 5, SPELLED),
    "space that does not break": ("Strongly\u00a0agree", 5, SPELLED),
    "two spaces": ("Strongly  agree", 5, SPELLED),
    "full width": ("Ａｇｒｅｅ", 4, SPELLED),
    "number as text": ("5", 5, "number as text"),
    "padded number": ("05", 5, "number as text"),
    "number with point": (" 4.0 ", 4, "number as text"),
    "number - label": ("5 - Strongly agree", 5, "number and label"),
    "number – label": ("5 – strongly agree", 5, "number and label"),
    "number. label": ("2. Disagree", 2, "number and label"),
    "number = label": ("1=Strongly disagree", 1, "number and label"),
    "(number) label": ("(3) Neither", 3, "number and label"),
    "number label": ("4 Agree", 4, "number and label"),
    "label (number)": ("Agree (4)", 4, "number and label"),
    "letter. label": ("b. Agree", 4, "letter and label"),
    "(letter) label": ("(c) Neither", 3, "letter and label"),
    "letter of no label": ("b. Agree a bit", None, NO),
    "number of another label": ("1 - Strongly agree", None, NO),
    "outside": (7.0, None, NO),
    "between values": (2.5, None, NO),
    "another word": ("Agree a bit", None, NO),
    "part of a label": ("Strongly", None, NO),
    "a formula": ("=1+1", None, NO),
    "html": ("<b>Agree</b>", None, NO),
    "not finite": ("inf", None, NO),
}


@pytest.mark.parametrize(("answer", "value", "rule"), READ.values(), ids=READ)
def test_one_answer(answer: object, value: float | None, rule: str | None) -> None:
    coded = code_answers(pd.Series([answer, None, answer], dtype=object), Column("q"), AGREE)
    expected = math.nan if value is None else float(value)
    assert coded.values == pytest.approx([expected, math.nan, expected], nan_ok=True)
    told = answer if isinstance(answer, str) else None
    assert [(r.rule, r.answer, r.value, r.n) for r in coded.recodings] == (
        [(rule, told, value, 2)] if rule else []
    )
    assert coded.outside == (((0, answer), (2, answer)) if value is None else ())


MISSING: dict[str, tuple[list[object], Sequence[Code], dict[str, int]]] = {
    "numeric codes": ([-99.0, 1.0, -98.0, -99.0], (-99, -98), {"-99": 2, "-98": 1}),
    "code as text": (["-99", "Agree"], (-99,), {"-99": 1}),
    "text code": (["prefer not to say ", "Agree"], ("Prefer not to say",), {"Prefer not to say": 1}),
    "words for none": (["NA", "Agree", "n/a"], ("n/a",), {"NA": 1, "n/a": 1}),
}


@pytest.mark.parametrize(("answers", "codes", "counts"), MISSING.values(), ids=MISSING)
def test_codes_for_no_answer_are_counted(
    answers: list[object], codes: Sequence[Code], counts: dict[str, int]
) -> None:
    kind = object if any(isinstance(answer, str) for answer in answers) else float
    coded = code_answers(pd.Series(answers, dtype=kind), Column("q"), AGREE, codes)
    assert coded.missing == counts
    assert coded.outside == ()
    assert sum(math.isnan(value) for value in coded.values) == sum(counts.values())


REVERSED = {float(6 - value): label for value, label in AGREE.items()}
FROM_ZERO = {float(value - 1): label.upper() for value, label in AGREE.items()}


@pytest.mark.parametrize(
    ("labels", "answers", "expected"),
    [
        (REVERSED, [1.0, 5.0, 3.0, math.nan], [5.0, 1.0, 3.0, math.nan]),
        (FROM_ZERO, [0.0, 4.0, 2.0], [1.0, 5.0, 3.0]),
        ({float(v): t for v, t in AGREE.items()}, [1.0, 5.0], [1.0, 5.0]),
        ({1.0: "Strongly disagree", 5.0: "Strongly agree"}, [1.0, 3.0], [1.0, 3.0]),
        ({1.0: "one", 5.0: "five"}, [1.0, 5.0], [1.0, 5.0]),
    ],
    ids=["reversed", "from zero", "same", "ends only", "other labels"],
)
def test_codes_are_read_by_the_labels_of_the_file(
    labels: dict[float, str], answers: list[float], expected: list[float]
) -> None:
    coded = code_answers(pd.Series(answers), Column("q", value_labels=labels), AGREE)
    assert coded.values == pytest.approx(expected, nan_ok=True)
    changed = {one for one, other in zip(answers, expected, strict=True) if one != other and one == one}
    assert {float(recoding.answer) for recoding in coded.recodings} == changed
    assert coded.conflict is None


def test_labels_of_the_file_that_do_not_settle_every_code_are_a_conflict() -> None:
    labels = {1.0: "Strongly agree", 5.0: "Strongly disagree"}
    coded = code_answers(pd.Series([1.0, 3.0]), Column("q", value_labels=labels), AGREE)
    assert coded.conflict is not None
    assert "labels 1 'Strongly agree', the instrument 5" in coded.conflict


def test_codes_that_the_platform_has_turned_are_left_alone() -> None:
    column = Column("q", value_labels=REVERSED)
    coded = code_answers(pd.Series([1.0, 4.0]), column, AGREE, turned=True)
    assert (coded.values.tolist(), coded.conflict) == ([1.0, 4.0], None)


def test_labels_cannot_have_been_turned() -> None:
    coded = code_answers(pd.Series(["Agree"], dtype=object), Column("q"), AGREE, turned=True)
    assert coded.conflict is not None
    assert "already_reversed" in coded.conflict


def test_a_label_that_two_values_share_names_neither() -> None:
    coded = code_answers(pd.Series(["same", "1"], dtype=object), Column("q"), {1: "Same", 2: "same "})
    assert coded.outside == ((0, "same"),)


@pytest.mark.parametrize(
    ("answers", "outside"),
    [([1.5, -3.0, math.nan], 0), (["1.5", " 2"], 0), (["low", "2"], 1)],
    ids=["numbers", "numbers as text", "text"],
)
def test_without_a_response_set_any_number_will_do(answers: list[object], outside: int) -> None:
    kind = float if isinstance(answers[0], float) else object
    coded = code_answers(pd.Series(answers, dtype=kind), Column("q"), None)
    assert len(coded.outside) == outside


@given(st.lists(st.one_of(st.none(), st.text(max_size=30), st.sampled_from([*AGREE.values(), "5", "-99"]))))
def test_every_answer_is_a_value_missing_or_outside(answers: list[str | None]) -> None:
    coded = code_answers(pd.Series(answers, dtype=object), Column("q"), AGREE, (-99,))
    valued = sum(not math.isnan(value) for value in coded.values)
    gaps = sum(answer is None for answer in answers)
    assert valued + sum(coded.missing.values()) + len(coded.outside) + gaps == len(answers)
    assert {value for value in coded.values if not math.isnan(value)} <= set(map(float, AGREE))


@pytest.mark.parametrize(("one", "other"), [("Don’t know", "don't  KNOW"), ("1–2", "1-2"), (" a\n", "A")])
def test_plain_spelling(one: str, other: str) -> None:
    assert plain(one) == plain(other)
