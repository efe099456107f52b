"""The estimator of factor models in the report: table and sentences follow the numbers of one real scale."""

from __future__ import annotations

import copy

import pytest
import recorded

from pipeline.reporting import markup
from pipeline.reporting.prose import estimators as prose
from pipeline.reporting.record import Record
from pipeline.reporting.tables import bounds, estimators, fit

REASON = "every item has 5 or more answers in use and none is skewed by more than 1 in size"
SCALE = {
    "estimator": "MLR", "n": 2042, "chisq": 1937.924, "df": 44, "pvalue": 0.0, "cfi": 0.7876, "tli": 0.7345,
    "rmsea": 0.16796, "srmr": 0.07939, "read": "robust", "missing_answers": "fiml",
    "loading_lowest": 0.58, "loading_highest": 0.79, "facets": None,
    "choice": {"asked": "auto", "used": "MLR", "reason": REASON},
    "beside": {
        "estimator": "WLSMV", "missing_answers": "listwise", "n": 2042, "chisq": 3915.745, "df": 44,
        "pvalue": 0.0, "cfi": 0.736, "tli": 0.67, "rmsea": 0.21196, "srmr": 0.09172, "read": "robust",
        "loading_lowest": 0.6348, "loading_highest": 0.8206,
    },
    "disagreements": [
        {"what": "srmr", "item": None, "shown": 0.07939, "other": 0.09172, "cutoff": 0.08}
    ],
}  # fmt: skip


def record(scale: dict[str, object]) -> Record:
    found = recorded.results("army-leadership")
    found["stages"]["validate"]["results"] |= {"factor": {"leadership": scale}, "measurement_model": {}}
    return Record(found)


def changed(**parts: object) -> dict[str, object]:
    return copy.deepcopy(SCALE) | parts


def test_the_table_holds_both_estimators_and_marks_the_one_to_read():
    table = estimators.table(record(SCALE))
    rows = [[markup.plain(cell.text) for cell in own.cells] for own in table.body]
    used, other = rows[1], rows[2]
    assert used[0].startswith("MLR")
    assert used[0] != "MLR"
    assert other[0] == "WLSMV"
    assert [".788" in used, ".736" in other, "0.168" in used, "0.212" in other] == [True] * 4
    assert "read the robust ones" in table.general


def test_a_loading_beyond_one_is_marked_and_explained():
    table = estimators.table(record(changed(loading_highest=1.84)))
    assert [markup.plain(own.cells[-1].text) for own in table.body[1:]] == [".58 to 1.84b", ".63 to .82"]
    assert [note for note in table.specific if bounds.IMPROPER in note] == [table.specific[1]]
    assert len(estimators.table(record(SCALE)).specific) == 1


def test_no_table_where_no_model_has_both():
    assert estimators.table(record(changed(beside=None))) is None


@pytest.mark.parametrize(
    ("asked", "words"), [("auto", "The program chose"), ("MLR", "The study declares it")]
)
def test_the_choice_and_its_reason_are_told(asked, words):
    told = prose.choices(record(changed(choice=SCALE["choice"] | {"asked": asked})))
    assert len(told) == 1
    assert words in told[0]
    assert REASON in told[0]


@pytest.mark.parametrize(
    ("apart", "words"),
    [(SCALE["disagreements"], "1 would be judged otherwise"), ([], "nothing that is concluded")],
)
def test_whether_conclusions_differ_is_told(apart, words):
    one = record(changed(disagreements=apart))
    assert words in prose.results(one).replace("one would", "1 would")
    assert len(prose.differences(one)) == len(apart)


@pytest.mark.parametrize(("missing", "told"), [("pairwise", True), ("listwise", False)])
def test_pairwise_says_what_it_assumes(missing, told):
    table = estimators.table(record(changed(beside=SCALE["beside"] | {"missing_answers": missing})))
    assert ("completely at random" in table.general) is told


@pytest.mark.parametrize(
    ("used", "words"), [("MLR", "Errors and test allow"), ("WLSMV", "Errors and test of MLR allow")]
)
def test_clusters_are_said_to_count_for_the_estimator_that_allows_for_them(used, words):
    found = recorded.results("army-leadership")
    found["stages"]["validate"]["results"]["factor"]["hostility"]["estimator"] = used
    note = fit.table(Record(found)).general
    assert f"{words} for clusters of companies." in note
