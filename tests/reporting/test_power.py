"""Power in the report: the table's rows and dashes, and the sentences that say what silence is worth."""

from __future__ import annotations

from typing import Any

import pytest
import recorded

from pipeline.reporting import markup
from pipeline.reporting.prose.absent import reasons
from pipeline.reporting.prose.power import power
from pipeline.reporting.prose.references import cited, references
from pipeline.reporting.record import Record
from pipeline.reporting.tables.power import power_words, table


def changed(study: str = "army-climate", **part: Any) -> Record:
    found = recorded.results(study)
    found["stages"]["model"]["results"]["power"] |= part
    return Record(found)


def cells(record: Record) -> list[list[str]]:
    made = table(record)
    assert made is not None
    return [[markup.plain(cell.text) for cell in row.cells] for row in made.body]


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0.0042, "< .01"), (0.08, ".08"), (0.7996, ".80"), (0.996, "> .99"), (1.0, "> .99")],
)
def test_how_power_is_printed(value, printed):
    assert power_words(value) == printed


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_one_row_an_effect_and_size(study):
    record = recorded.record(study)
    rows = record.part("model", "power")["rows"]
    levels = {row["level"] for row in rows} if record.is_clustered else set()
    assert len(cells(record)) == len(rows) + len(levels)


def test_a_row_tells_size_source_power_and_least_effect():
    group, row = cells(recorded.record("army-climate"))[2:4]
    assert group == ["Between companies"]
    assert row[:2] == ["Leader support → Co-worker cohesion → Well-being", "Smallest of interest, H2"]
    assert row[2:] == ["0.020", "0.028", ".08", "0.112", "0.134"]


def test_published_sources_are_cited_and_listed():
    record = recorded.record("army-climate")
    assert cells(record)[4][1] == "Guerrero et al., 2017"
    assert any(text.startswith("Guerrero, E. G.") for text in references(cited(record, [])))


def test_an_effect_without_a_size_has_dashes():
    row = next(one for one in cells(recorded.record("demo")) if one[1:2] == ["—"])
    assert row[2:5] == ["—", "—", "—"]


def test_low_power_is_said_in_words():
    text = power(recorded.record("army-climate"))
    assert "practically 1" in text[1]
    assert "The usual standard is .80" in text[2]
    assert "standard" not in text[1]


def test_why_there_is_none():
    record = changed(rows=[], why_not="a variance between clusters is zero")
    assert table(record) is None
    assert power(record) == []
    assert "a variance between clusters is zero" in reasons(record)["power"]
