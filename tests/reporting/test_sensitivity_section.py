"""The section on sensitivity: table, sentences and picture follow the numbers."""

from __future__ import annotations

import pytest
import recorded

from pipeline.reporting import markup, pictures, prose
from pipeline.reporting.record import Record
from pipeline.reporting.tables import sensitivity


def changed(study: str, **changes: object) -> Record:
    """A study whose first row of the section is changed."""
    found = recorded.results(study)
    rows = found["stages"]["model"]["results"]["sensitivity"]["rows"]
    rows[0] = rows[0] | changes
    return Record(found)


def told(record: Record) -> str:
    return markup.plain(" ".join(prose.sentences(record)["sensitivity"])).replace("\u00a0", " ")


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_the_table_has_a_row_an_effect(study: str) -> None:
    record = recorded.record(study)
    table = sensitivity.table(record)
    assert table is not None
    rows = [row for row in table.body if not row.group]
    assert len(rows) == len(record.part("model", "sensitivity")["rows"])
    assert {sum(cell.span for cell in row.cells) for row in table.body} == {len(table.widths)}


def test_robustness_values_stand_where_there_is_one_level() -> None:
    heads = {
        study: " ".join(cell.text for cell in sensitivity.table(recorded.record(study)).header[0].cells)
        for study in ("plain", "demo")
    }
    assert "RV" in heads["plain"]
    assert "RV" not in heads["demo"]


def test_a_clear_effect_is_told_in_one_sentence() -> None:
    words = told(changed("army-climate", rho_zero=0.31, rho_interval=0.12, share_each=0.31))
    assert (
        "Co-worker cohesion → Well-being within companies to vanish, an unmeasured confounder would have to "
        "leave a residual correlation of .31 between co-worker cohesion and well-being, as one that explains "
        "31% of what is left of each; its interval would hold zero already from .12 on."
    ) in words


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rho_interval": 0.0}, "no confounder is needed to call these effects into question"),
        ({"rho_zero": None, "rho_interval": None}, "met zero at no residual correlation"),
        ({"rho_interval": None}, "31% of what is left of each."),
        (
            {"benchmarks": [{"covariate": "age", "rho": 0.05}]},
            "as strong as age (.05) would leave less than that",
        ),
        ({"benchmarks": [{"covariate": "age", "rho": -0.6}]}, "would leave at least that in one case"),
    ],
)
def test_other_outcomes_are_told_as_they_are(changes: dict[str, object], sentence: str) -> None:
    known = {"rho_zero": 0.31, "rho_interval": 0.12, "share_each": 0.31}
    assert sentence in told(changed("army-climate", **(known | changes)))


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"rho_interval": 0.0}, "without any residual correlation"),
        ({"rho_zero": None, "rho_interval": None}, "Not met between −.99 and .99"),
        ({"how": "refitted", "misfit": 1.25}, "co-worker cohesion and well-being, 1.25"),
    ],
)
def test_marks_are_explained_under_the_table(changes: dict[str, object], mark: str) -> None:
    table = sensitivity.table(changed("army-climate", **changes))
    assert table is not None
    assert any(mark in markup.plain(text) for text in table.specific)


def test_notes_are_told_and_nothing_else_without_rows() -> None:
    found = recorded.results("army-climate")
    part = {"rows": [], "curves": {}, "notes": ["it was not worked out"], "options": {}}
    found["stages"]["model"]["results"]["sensitivity"] = part
    record = Record(found)
    assert told(record) == "It was not worked out."
    assert sensitivity.table(record) is None
    assert pictures.confounding(record) is None


def test_points_without_a_solution_are_left_out_of_the_picture() -> None:
    found = recorded.results("army-climate")
    curves = found["stages"]["model"]["results"]["sensitivity"]["curves"]
    for curve in curves.values():
        for name in ("est", "ci_lower", "ci_upper"):
            curve[name][0] = None
    assert pictures.confounding(Record(found)) is not None
