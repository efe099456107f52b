from __future__ import annotations

import copy
from typing import Any

import pytest
import recorded

from pipeline.reporting import prose
from pipeline.reporting.markup import plain
from pipeline.reporting.prose.summary import drawable
from pipeline.reporting.record import Record
from pipeline.reporting.tables import (
    agreement,
    bounds,
    correlations,
    descriptives,
    exploratory,
    fit,
    hypotheses,
    indirect,
    loadings,
    model_fit,
    paths,
    reliability,
    validity,
)
from pipeline.reporting.validation_pictures import loadings as loadings_figure
from pipeline.reporting.values import Table


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1.172, "1.17^a^"),
        (-1.002, "−1.00^a^"),
        (1.0, "1.00"),
        (1.0 + 1e-9, "1.00"),
        (0.5, ".50"),
        (None, "—"),
    ],
)
def test_what_passes_one_is_marked(value: float | None, printed: str) -> None:
    assert bounds.marked(value, "a") == printed


def changed(study: str, stage: str, *steps: Any, **values: Any) -> Record:
    """A study with some values of one place of a stage's results changed."""
    found = recorded.results(study)
    place = found["stages"][stage]["results"]
    for step in steps:
        place = place[step]
    place |= values
    return Record(found)


def first(study: str, part: str) -> str:
    told = recorded.record(study).part("validate", part)
    return next(name for name, value in told.items() if value)


LEAD = "army-leadership"
SCALE = first(LEAD, "reliability")
LEVEL = first(LEAD, "validity")
IMPROPER = {
    "validity": (validity.table, ("validity", LEVEL, "discriminant", "extracted", 0), {"ave": 1.17}),
    "composite": (validity.table, ("validity", LEVEL, "discriminant", "extracted", 0), {"cr": 1.11}),
    "factors": (validity.pairs_table, ("validity", LEVEL, "discriminant", "pairs", 0), {"est": 1.08}),
    "omega": (reliability.table, ("reliability", SCALE, "omega"), {"est": 1.04}),
    "descriptives": (descriptives.table, ("reliability", SCALE, "omega"), {"est": 1.04}),
    "diagonal": (correlations.table, ("reliability", SCALE, "omega"), {"est": 1.04}),
    "loading": (loadings.table, ("items", SCALE, 0), {"loading": 1.31}),
}


@pytest.mark.parametrize(("make", "where", "value"), IMPROPER.values(), ids=IMPROPER)
def test_an_improper_value_is_marked_in_its_table_and_explained_below(
    make: Any, where: tuple[Any, ...], value: dict[str, float]
) -> None:
    before = make(recorded.record(LEAD))
    assert not [note for note in before.specific if bounds.IMPROPER in note]
    table = make(changed(LEAD, "validate", *where, **value))
    (note,) = (note for note in table.specific if bounds.IMPROPER in note)
    cells = [cell.text for row in table.body for cell in row.cells]
    assert [text for text in cells if note[:3] in text]
    assert "must not be interpreted" in note


def test_a_ratio_above_one_has_a_note_of_its_own() -> None:
    for make in (validity.table, validity.pairs_table):
        table = make(changed(LEAD, "validate", "validity", LEVEL, "htmt", "pairs", 0, est=1.03))
        assert table is not None
        assert table.specific == (f"^b^ {validity.RATIO}",)


def test_a_criterion_met_by_an_impossible_share_is_marked() -> None:
    where = ("validity", LEVEL, "discriminant", "fornell_larcker", 0)
    table = validity.pairs_table(changed(LEAD, "validate", *where, ave_factor=1.17, holds=True))
    assert table is not None
    assert [row.cells[-1].text for row in table.body if row.cells[-1].text.endswith("^a^")] == ["Yes^a^"]


def test_correlations_below_zero_within_clusters_are_told() -> None:
    study = "army-climate"
    found = recorded.results(study)
    agreed = next(iter(found["stages"]["validate"]["results"]["agreement"].values()))
    next(iter(agreed.values()))["icc2_lower"] = -1.15
    shares = next(iter(found["stages"]["validate"]["results"]["icc"].values()))
    next(iter(shares.values()))["icc1"] = -0.02
    for make in (agreement.table, descriptives.table):
        before, after = make(recorded.record(study)), make(Record(found))
        assert before is not None
        assert after is not None
        assert bounds.BELOW_ZERO not in str(before.general)
        assert bounds.BELOW_ZERO in str(after.general)


def negative(study: str = "army-climate", outcome: str = "wellbeing", level: str = "between") -> Record:
    """A study whose model has a residual variance below zero."""
    found = recorded.results(study)
    equation = found["stages"]["model"]["results"]["equations"][outcome]
    equation["variances"] = equation["variances"] | {level: -0.4}
    return Record(found)


@pytest.mark.parametrize("make", [paths.table, indirect.table, hypotheses.table])
def test_what_rests_on_a_negative_variance_is_marked_at_its_level_only(make: Any) -> None:
    assert "Heywood" not in " ".join(make(recorded.record("army-climate")).specific)
    table = make(negative())
    (note,) = (note for note in table.specific if "Heywood" in note)
    marked = [cell.text for row in table.body for cell in row.cells if note[:3] in cell.text]
    assert 0 < len(marked) < sum(len(row.cells) > 1 for row in table.body) + 1


def test_the_prose_says_what_must_not_be_read() -> None:
    told = {name: plain(" ".join(texts)) for name, texts in map_sentences(negative()).items()}
    assert "the residual variance of well-being between companies is estimated below zero" in told["paths"]
    between = [h for h in negative().hypotheses if h["level"] == "between"]
    assert told["hypotheses"].count("the verdict must not be relied on") == len(between) > 0
    assert told["findings"].count("nothing can be read from the estimate") == len(between)
    assert "Nothing should be built on the estimate of" in told["advice"]
    assert len(drawable(negative())) == len(negative().hypotheses) - len(between)
    plainly = {name: plain(" ".join(texts)) for name, texts in map_sentences(recorded.record("demo")).items()}
    assert "improper" not in plainly["paths"] + plainly["hypotheses"]


def map_sentences(record: Record) -> dict[str, list[str]]:
    return prose.sentences(record)


def test_a_steep_slope_without_a_negative_variance_may_be_proper() -> None:
    found = recorded.results("army-climate")
    found["stages"]["model"]["results"]["paths"][0]["beta"] = 1.2
    table = paths.table(Record(found))
    assert table is not None
    assert table.specific == (f"^c^ {paths.STEEP}",)


def test_a_chi_square_below_zero_and_a_tli_above_one_are_explained() -> None:
    found = recorded.results("demo")
    told = found["stages"]["model"]["results"]["fit"]
    told["shown"] |= {"tli": 1.6}
    told["levels"] = [copy.deepcopy(one) | {"chisq": -1.1} for one in told["levels"][:1]]
    table = model_fit.table(Record(found))
    assert table is not None
    assert table.specific == (f"^a^ {model_fit.NO_CHISQ}",)
    assert model_fit.HIGH_TLI in str(table.general)


def test_letters_of_notes_run_from_a_without_a_gap() -> None:
    found = recorded.results("army-climate")
    found["stages"]["model"]["results"]["paths"][0]["beta"] = 1.2
    table = paths.table(Record(found))
    assert table is not None
    table = bounds.in_order(table)
    assert table.specific == (f"^a^ {paths.STEEP}",)
    assert [cell.text for row in table.body for cell in row.cells if "^" in cell.text] == ["1.20^a^"]
    for study in recorded.STUDIES:
        for block in recorded.document(study).blocks:
            notes = block.specific if isinstance(block, Table) else ()
            assert [note[1] for note in notes] == list("abcdefgh"[: len(notes)])


def test_a_loading_beyond_one_is_drawn_and_told() -> None:
    record = changed(
        LEAD, "validate", "items", SCALE, 0, loading=1.31, loading_lower=None, loading_upper=None
    )
    made = loadings_figure(record)
    assert made is not None
    assert "1.31" in made[0].alt
    assert "A dot beyond 1 has no interval" in str(made[0].note)


def test_no_table_of_fit_stands_where_every_model_is_just_identified() -> None:
    found = recorded.results(LEAD)
    factor = found["stages"]["validate"]["results"]["factor"]
    three = {name: told for name, told in factor.items() if told.get("no_test")}
    assert 0 < len(three) < len(factor)
    found["stages"]["validate"]["results"]["factor"] = three
    assert fit.table(Record(found)) is None
    words = plain(fit.untested(Record(found)))
    assert words.startswith("There is no table of fit for")
    assert "just identified (df = 0)" in words
    assert fit.untested(recorded.record(LEAD)) == ""
    efa = exploratory.table(recorded.record(LEAD))
    assert efa is None or not efa.specific
