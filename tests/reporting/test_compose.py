"""The whole document comes from results.json alone: every number in it can be found there."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import recorded

from pipeline.reporting import markup, numbering
from pipeline.reporting.compose import compose_report
from pipeline.reporting.record import Record
from pipeline.reporting.source import TemplateError
from pipeline.reporting.values import Details, Document, Figure, Heading, Notice, Paragraph, Row, Table
from pipeline.stages.report import OWN_TEMPLATE, compose

NUMBER = re.compile(r"(?<![\w.])[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?!\w|\.\d)")
SETTLED = {0.05, 0.01, 0.001, 0.9, 0.1, 95.0, 90.0, 1.0, 2.0, 3.0, 0.0}
CITED = re.compile(r"\([^()]*\b(?:19|20)\d\d[a-z]?[^()]*\)|\b(?:19|20)\d\d\b|ICC\(\d\)|SHA-256[^…]*…")


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.reporting.compose.pictures", recorded.drawn_once)


def leaves(value: Any) -> Iterator[float | str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)
    elif isinstance(value, str):
        yield value


class Known:
    """The numbers of some results, alone and within their strings."""

    def __init__(self, results: dict[str, Any]) -> None:
        found = list(leaves(results))
        texts = " ".join(leaf for leaf in found if isinstance(leaf, str))
        values = [leaf for leaf in found if isinstance(leaf, float)]
        self.values = sorted([*values, *(100 * value for value in values if 0 < value <= 1)])
        self.words = set(NUMBER.findall(texts))

    def has(self, printed: str) -> bool:
        if printed in self.words:
            return True
        text = printed.replace("−", "-").replace(",", "")
        value, decimals = float(text), len(text.partition(".")[2])
        slack = 0.5 * 10**-decimals * (1 + 1e-6) + 1e-9
        place = bisect_left(self.values, value - slack)
        return place < len(self.values) and self.values[place] <= value + slack


def printed_cells(table: Table) -> Iterator[str]:
    for number, row in enumerate(table.body, start=1):
        for cell in row.cells:
            text = markup.plain(cell.text)
            if table.id == "correlations":
                text = re.sub(rf"^{number}\. ", "", text)
            if text.startswith(("< ", "> ")):
                continue
            yield from NUMBER.findall(text)


def unknown_in_tables(found: Document, known: Known) -> list[tuple[str, str]]:
    tables = [block for block in found.blocks if isinstance(block, Table)]
    return [(table.id, text) for table in tables for text in printed_cells(table) if not known.has(text)]


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_every_number_in_a_table_is_in_the_results(study: str) -> None:
    found = recorded.document(study)
    assert sum(1 for block in found.blocks if isinstance(block, Table) for _ in printed_cells(block)) > 50
    assert unknown_in_tables(found, Known(recorded.results(study))) == []


def test_a_number_that_is_not_in_the_results_is_found_out() -> None:
    found = recorded.document("army-climate")
    table = next(block for block in found.blocks if isinstance(block, Table) and block.id == "paths")
    wrong = Row(
        (table.body[1].cells[0], replace(table.body[1].cells[1], text="0.73"), *table.body[1].cells[2:])
    )
    tampered = replace(found, blocks=(replace(table, body=(wrong,)),))
    assert unknown_in_tables(tampered, Known(recorded.results("army-climate"))) == [("paths", "0.73")]


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_every_number_in_the_text_is_in_the_results(study: str) -> None:
    known = Known(recorded.results(study))
    found = recorded.document(study)
    told = [
        block
        for block in found.blocks
        if isinstance(block, Paragraph | Notice | Details | Table) and not getattr(block, "hanging", False)
    ]
    texts = [text for block in told for text in _words(block)]
    strange = [
        (printed, text[:80])
        for text in texts
        for printed in NUMBER.findall(CITED.sub("", text))
        if not known.has(printed) and abs(float(printed.replace("−", "-").replace(",", ""))) not in SETTLED
    ]
    assert strange == []


def _words(block: Paragraph | Notice | Details | Table) -> Iterator[str]:
    if isinstance(block, Table):
        yield from (markup.plain(text) for text in (block.general or "", *block.specific))
        yield from (markup.plain(value) for name, value in block.how if name not in {"Input", "Formula"})
    elif isinstance(block, Details):
        yield from (markup.plain(value) for name, value in block.rows if "Input" not in name)
    else:
        yield markup.plain(block.text)


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_the_document_can_be_set(study: str) -> None:
    found = recorded.document(study)
    labels = numbering.label(found)
    assert {"flow", "paths", "indirect", "diagram", "files"} <= set(labels)
    headings = [block for block in found.blocks if isinstance(block, Heading)]
    following = [
        found.blocks[i + 1] for i, block in enumerate(found.blocks[:-1]) if isinstance(block, Heading)
    ]
    assert len(headings) == len(following)
    for heading, after in zip(headings, following, strict=True):
        assert not isinstance(after, Heading) or after.level > heading.level, heading.text
    assert all(figure.alt for figure in found.blocks if isinstance(figure, Figure))


def test_results_stand_under_what_made_them() -> None:
    made = [block for block in recorded.document("demo").blocks if isinstance(block, Details)]
    told = {dict(block.rows)["Stage"] for block in made}
    assert told == {"screen", "validate", "model"}
    model = dict(made[-1].rows)
    assert model["Seed"] == "20261123"
    assert model["Draws"] == "20,000"
    assert "SHA-256" in model["Input"]


@pytest.mark.parametrize(
    ("study", "stage", "part", "sentence"),
    [
        ("army-climate", "model", "hypotheses", "No hypotheses were declared"),
        ("army-climate", "model", "indirect", "no route through a mediator"),
        ("army-climate", "model", "contextual", "no slopes to compare"),
        ("demo", "validate", "items", "has not been run"),
        ("demo", "screen", "exports", "has not been run"),
        ("plain", "screen", "rules", "there is nothing to link"),
        ("army-climate", "screen", "rules", "no answer was recoded".capitalize()),
        ("plain", "screen", "rules", "All scales came as ready scores"),
    ],
)
def test_what_is_missing_is_explained(study: str, stage: str, part: str, sentence: str) -> None:
    results = recorded.results(study)
    results["stages"][stage]["results"].pop(part)
    found = compose(results)
    assert any(isinstance(block, Paragraph) and sentence in block.text for block in found.blocks)
    assert all(block.body for block in found.blocks if isinstance(block, Table))


def test_a_study_with_nothing_run_still_says_what_it_is() -> None:
    results = recorded.results("demo") | {"stages": {}, "derived": {}}
    found = compose(results)
    assert markup.plain(found.title) == "Support for Staff, Alliance, Belonging and Client Outcomes"
    assert not [block for block in found.blocks if isinstance(block, Figure)]


def test_a_template_can_be_adapted_and_told_what_is_wrong() -> None:
    results = recorded.results("army-climate")
    own = '# Mine\n\n{{ sentences.paths[0] }}\n\n{{ table("paths") }}\n\nSee [@paths].\n'
    found = compose_report(results, own).document
    assert [type(block) for block in found.blocks] == [Heading, Paragraph, Table, Paragraph]
    with pytest.raises(TemplateError, match="did you mean"):
        compose_report(results, '{{ table("pahts") }}')


HOSTILE = "<script>x</script> =1+1 *b* {{ 7*7 }} {% raw %} [@paths] \u202e"


def test_hostile_names_come_out_as_typed() -> None:
    results = recorded.results("demo")
    results["title"] = results["declared"]["question"] = results["declared"]["design"] = HOSTILE
    results["declared"]["variables"]["alliance"]["title"] = HOSTILE
    results["declared"]["levels"][0] |= {"title": HOSTILE, "plural": HOSTILE}
    found = compose(results)
    numbering.label(found)
    assert markup.plain(found.title) == HOSTILE
    assert "{{ 7*7 }}" in " ".join(markup.plain(text) for _, text in numbering.texts(found))


def test_the_template_names_only_blocks_that_exist() -> None:
    named = set(re.findall(r'block\("(\w+)"\)', OWN_TEMPLATE.read_text(encoding="utf-8")))
    assert "text_paths" in named
    for study in recorded.STUDIES:
        compose_report(
            recorded.results(study), "\n\n".join(f'{{{{ block("{name}") }}}}' for name in named - {"text_x"})
        )


def test_equal_results_make_equal_documents() -> None:
    assert compose(recorded.results("army-climate")) == recorded.document("army-climate")


def test_a_record_names_levels_in_words() -> None:
    record = Record(recorded.results("army-climate"))
    assert (record.one("company"), record.many("company")) == ("company", "companies")
    assert record.level_words("between") == "Between companies"
    assert (record.lowest, record.cluster, record.is_clustered) == ("soldier", "company", True)
    plain = recorded.record("plain")
    assert (plain.cluster, plain.is_clustered, plain.level_words("flat")) == (None, False, "Single-level")
