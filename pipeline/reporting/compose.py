"""From results to the whole document: blocks by name, sentences by section, laid out by a template.

`stages/report` calls `compose_report` with results.json as a dict and the template's text: nothing that is
printed comes from anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.reporting import checklists, markup, numbering, prose, source
from pipeline.reporting.markup import Marked
from pipeline.reporting.origins import details, told_under_tables
from pipeline.reporting.pictures import ANSWERS, Picture, pictures
from pipeline.reporting.prose import absent
from pipeline.reporting.prose.references import bibtex, cited, references
from pipeline.reporting.prose.summary import SYNTHETIC, findings, temporal_order
from pipeline.reporting.record import Record
from pipeline.reporting.tables import (
    agreement,
    bounds,
    careless,
    changes,
    competing,
    conditional,
    congruence,
    contextual,
    contrasts,
    correlations,
    descriptives,
    deviations,
    differential,
    dimensions,
    estimators,
    exploratory,
    files,
    fit,
    flat,
    flow,
    hypotheses,
    indirect,
    instruments,
    invariance,
    item_response,
    loadings,
    measured,
    missing,
    model_fit,
    noninvariance,
    paths,
    power,
    published,
    reliability,
    rivals,
    sensitivity,
    undecomposed,
    unlinked,
    validity,
    within_between,
)
from pipeline.reporting.values import Block, Bullets, Document, Figure, Illustrated, Notice, Paragraph, Table

TABLES: tuple[Callable[[Record], Table | None], ...] = (
    flow.table,
    unlinked.table,
    unlinked.sizes_table,
    instruments.table,
    descriptives.table,
    correlations.table,
    loadings.table,
    fit.table,
    estimators.table,
    paths.table,
    model_fit.table,
    indirect.table,
    contrasts.table,
    sensitivity.table,
    hypotheses.table,
    power.table,
    conditional.table,
    conditional.index_table,
    congruence.table,
    contextual.table,
    flat.table,
    undecomposed.table,
    measured.table,
    rivals.table,
    changes.table,
    deviations.table,
    reliability.table,
    agreement.table,
    agreement.indices_table,
    within_between.table,
    competing.table,
    dimensions.table,
    exploratory.table,
    validity.table,
    validity.pairs_table,
    invariance.table,
    noninvariance.table,
    differential.table,
    careless.table,
    careless.sensitivity_table,
    missing.table,
    missing.dropout_table,
    files.table,
)
PER_SCALE: Mapping[str, Callable[[Record], list[Table]]] = {
    "irt": item_response.tables,
    "published": published.tables,
}
KNOWN = (
    *("flow", "unlinked", "clusters", "instruments", "descriptives", "correlations", "loadings", "fit"),
    "estimators",
    *("paths", "model_fit", "indirect", "contrasts", "hypotheses", "power", "contextual", "flat"),
    "undecomposed",
    *(
        "measured",
        "rivals",
        "changes",
        "deviations",
        "files",
        "sensitivity",
        "confounding",
        "how_sensitivity",
    ),
    *("conditional", "moderation_index", "congruence", "moderation_figure", "congruence_figure"),
    *(
        "reliability",
        "aggregation",
        "agreement",
        "competing",
        "dimensions",
        "exploratory",
        "validity",
        "discriminant",
    ),
    *("waba", "dmacs", "dif", "irt", "published", "information"),
    *("invariance", "careless", "careless_hypotheses", "missing", "dropout"),
    *("findings", "loadings_figure", "slopes_figure", "caterpillar", "patterns", "checklists"),
    *("scree", "flow_figure", "diagram", "densities", "heatmap", "answers"),
    *("how_flow", "how_descriptives", "how_loadings", "how_paths", "how_indirect"),
)
AT_A_GLANCE = {"summary", "advice"}
LISTS = {"screening_notes": ("What screening could not see, or left to judgement:",), "warnings": ()}


@dataclass(frozen=True)
class Composed:
    """The document, its pictures with an SVG of each, and what it cites as BibTeX."""

    document: Document
    pictures: Mapping[str, Picture]
    bibliography: str


def compose_report(
    results: Mapping[str, Any], template: str, sections: Mapping[str, str] | None = None
) -> Composed:
    """Lay out a report from results.json and a template; `sections` replace blocks, `<block>.md.j2` each."""
    record = Record(results)
    drawn = pictures(record)
    placed = _tables(record) | {name: picture.figure for name, picture in drawn.items()}
    lists = {table.id: table for table in checklists.tables(record, placed)}
    sentences = prose.sentences(record)
    context = {
        "sentences": {name: [Marked(text) for text in texts] for name, texts in sentences.items()},
        "shown": [*placed, *(["answers"] if any(name.startswith(ANSWERS) for name in placed) else [])],
        "clustered": record.is_clustered,
        "results": results,
    }

    def laid(cited_works: list[str]) -> tuple[Block, ...]:
        blocks = _blocks(record, placed, sentences | {"references": cited_works})
        blocks |= {"checklists": tuple(lists.values()), **lists}
        body = source.document_in_sections(template, sections or {}, context, blocks)
        return told_under_tables(record, checklists.linked(body))

    works = cited(record, _texts(_document(record, laid([]))))
    return Composed(_document(record, laid(references(works))), drawn, bibtex(works))


def _tables(record: Record) -> dict[str, Table | Figure]:
    made = [table for table in (make(record) for make in TABLES) if table is not None]
    made += [table for make in PER_SCALE.values() for table in make(record)]
    return {table.id: bounds.in_order(table) for table in made}


def _blocks(
    record: Record, placed: Mapping[str, Table | Figure], sentences: Mapping[str, list[str]]
) -> dict[str, Block | tuple[Block, ...]]:
    """Everything that a template can place: what is shown, why it is not, details and sentences."""
    nothing: dict[str, Block | tuple[Block, ...]] = dict.fromkeys(KNOWN, ())
    answers = tuple(block for name, block in placed.items() if name.startswith(ANSWERS))
    several = {
        name: tuple(block for key, block in placed.items() if key.startswith(f"{name}_"))
        for name in PER_SCALE
    }
    return (
        nothing
        | {name: Paragraph(words) for name, words in absent.reasons(record).items()}
        | details(record, placed)
        | {
            "answers": answers,
            "findings": _findings(record, placed, sentences["findings"]),
            **several,
            **_notices(record),
        }
        | {f"text_{name}": _laid(name, texts) for name, texts in sentences.items()}
        | dict(placed)
    )


def _findings(record: Record, placed: Mapping[str, Table | Figure], texts: list[str]) -> tuple[Block, ...]:
    """What was found, each with its picture where there is one."""
    told = zip(texts, (placed.get(name) for name in findings(record)), strict=True)
    return tuple(
        Illustrated(text, drawn) if isinstance(drawn, Figure) else Paragraph(text, compact=True)
        for text, drawn in told
    )


def _laid(name: str, texts: list[str]) -> tuple[Block, ...]:
    if name in LISTS and texts:
        return (*(Paragraph(words) for words in LISTS[name]), Bullets(tuple(texts)))
    return tuple(Paragraph(text, hanging=name == "references", compact=name in AT_A_GLANCE) for text in texts)


def _notices(record: Record) -> dict[str, Block | tuple[Block, ...]]:
    order = temporal_order(record)
    return {
        "synthetic": Notice(SYNTHETIC, "warning") if record.synthetic else (),
        "temporal_order": Notice(order, "warning") if order else (),
    }


def _texts(document: Document) -> Iterator[str]:
    """Every text of the document, how its tables were made included."""
    yield from (text for _, text in numbering.texts(document))
    yield from (words for block in document.blocks if isinstance(block, Table) for _, words in block.how)


def _document(record: Record, body: tuple[Block, ...]) -> Document:
    made = record.results.get("made", {})
    libraries = ", ".join(f"{name} {version}" for name, version in made.get("libraries", {}).items())
    footer = (
        f"Made by survey-pipeline {made.get('pipeline')} with Python {made.get('python')}; {libraries}. "
        f"Every number is in results.json."
    )
    author = record.declared.get("author")
    return Document(
        title=markup.literal(str(record.results["title"])),
        subtitle=f"Measurement and mediation report: study {markup.literal(str(record.results['study']))}",
        author=markup.literal(str(author)) if author else None,
        date=None,
        blocks=body,
        footer=markup.literal(footer),
        banner=SYNTHETIC if record.synthetic else None,
    )
