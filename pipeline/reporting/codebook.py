"""The codebook: a page about every scale, for whoever uses the data next.

`stages/report` calls `compose_codebook` with results.json and the pictures of the report; as there, nothing
is printed that is not in results.json, and wording only where its licence lets it be shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.origins import told_under_tables
from pipeline.reporting.pictures import ANSWERS, Picture
from pipeline.reporting.prose.scales import preferred_model
from pipeline.reporting.prose.summary import SYNTHETIC
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables import published
from pipeline.reporting.tables.build import count, drop_empty_columns, header, listed, row
from pipeline.reporting.tables.instruments import adaptation_words, responses_words, scoring_words
from pipeline.reporting.tables.loadings import is_reversed, item_name
from pipeline.reporting.values import Block, Bullets, Document, Heading, Paragraph, Table

COLUMNS = ("*n*", "Missing", "*M*", "*SD*", "Skew", "Floor", "Ceiling", "*r*~item-rest~", "α if dropped", "λ")
NO_ITEMS = "Every scale of this study came as a ready score: there are no items to describe."
Found = Mapping[str, Any]


def compose_codebook(results: Mapping[str, Any], drawn: Mapping[str, Picture]) -> Document:
    """One section a scale: what it is, its items, how reliable it is, its structure, its licence."""
    record = Record(results)
    instruments: Mapping[str, Found] = record.declared.get("instruments", {})
    blocks = [block for scale, told in instruments.items() for block in _scale(record, scale, told, drawn)]
    return Document(
        title=f"Codebook: {markup.literal(str(results['title']))}",
        subtitle=f"Scales of the study {markup.literal(str(results['study']))}",
        author=None,
        date=None,
        blocks=told_under_tables(record, blocks or [Paragraph(NO_ITEMS)]),
        footer="Every number is in results.json, and made there.",
        banner=SYNTHETIC if record.synthetic else None,
    )


def _scale(record: Record, scale: str, told: Found, drawn: Mapping[str, Picture]) -> Iterator[Block]:
    yield Heading(record.label(scale), 1)
    yield Paragraph(markup.literal(str(told["construct"])))
    yield Bullets(tuple(f"{name}: {words}" for name, words in _facts(told).items() if words))
    table = items_table(record, scale)
    if table is not None:
        yield table
    if f"{ANSWERS}{scale}" in drawn:
        yield drawn[f"{ANSWERS}{scale}"].figure
    for words in (reliability_words(record, scale), structure_words(record, scale)):
        if words:
            yield Paragraph(words)


def items_table(record: Record, scale: str) -> Table | None:
    """One row an item: wording where it may be shown, distribution, missing answers, statistics."""
    items: Entries = record.part("validate", "items").get(scale) or ()
    if not items:
        return None
    turned = any(is_reversed(record, scale, str(item["item"])) for item in items)
    return drop_empty_columns(
        Table(
            id=f"items_{scale}",
            title=f"Items of {record.label(scale)}",
            header=(header("Item", *COLUMNS),),
            body=tuple(_item(record, scale, item) for item in items),
            widths=(4.2, 0.9, 0.9, 0.8, 0.8, 0.8, 0.8, 0.9, 1.0, 1.0, 0.8),
            general="Floor and ceiling: share of the lowest and of the highest possible answer. λ: "
            "standardized loading on one factor.",
            specific=("^a^ Reverse-keyed; statistics are for the item as scored.",) if turned else (),
            alt=f"Item statistics of {record.title(scale)}.",
        )
    )


def reliability_words(record: Record, scale: str) -> str:
    """Omega, alpha and the lower bounds."""
    told: Found = record.part("validate", "reliability").get(scale) or {}
    if told.get("est") is None:
        return ""
    parts = []
    omega: Found = told.get("omega") or {}
    if omega:
        ci = numbers.ci_phrase(omega["confidence"], omega["ci_lower"], omega["ci_upper"], name="omega")
        parts.append(f"omega {_short(omega['est'])}, {ci}")
    ci = numbers.ci_phrase(told["confidence"], told["ci_lower"], told["ci_upper"], name="alpha")
    parts.append(f"alpha {_short(told['est'])}, {ci}")
    bounds: Found = told.get("bounds") or {}
    if bounds:
        parts.append(
            f"Guttman’s lambda 2 {_short(bounds['lambda2'])}, lambda 4 {_short(bounds['lambda4'])} "
            f"and lambda 6 {_short(bounds['lambda6'])}"
        )
        parts.append(f"the greatest lower bound {_short(bounds['glb'])}")
        least, mean, most = bounds["split_half"]
        parts.append(f"split halves from {_short(least)} to {_short(most)} (mean {_short(mean)})")
    model: Found = record.part("validate", "irt").get(scale) or {}
    if model:
        parts.append(
            f"marginal reliability of the item response model {_short(model['marginal_reliability'])}"
        )
    return f"Reliability in this sample: {'; '.join(parts)}."


def structure_words(record: Record, scale: str) -> str:
    """How well one factor fits, which model is preferred, and how many components there are."""
    factor: Found = record.part("validate", "factor").get(scale) or {}
    sets: Found = (record.part("validate", "structure").get("scales") or {}).get(scale) or {}
    dimensions: Found = record.part("validate", "dimensionality").get(scale) or {}
    parts = []
    if factor.get("cfi") is not None:
        rmsea = numbers.statistic("rmsea", factor["rmsea"])
        parts.append(f"One factor: CFI = {numbers.bounded(factor['cfi'])}, RMSEA = {rmsea}.")
    if sets:
        parts.append(preferred_model(f"the items of {record.phrase(scale)}", sets))
    if dimensions:
        found = [f"parallel analysis {dimensions['parallel']['components']}"]
        found.append(f"minimum average partial {dimensions['map']['components']}")
        parts.append(f"Number of components: {listed(found)}.")
    beside: Found = record.part("validate", "published").get(scale) or {}
    if beside:
        parts.append(published.words(record, scale, beside))
    return " ".join(parts)


def _facts(told: Found) -> dict[str, str]:
    licence: Found = told.get("licence") or {}
    terms = markup.literal(str(licence.get("name") or ""))
    shown = "wording shown" if licence.get("wording_may_be_shipped") else "wording not shown"
    return {
        "Instrument": markup.literal(f"{told['title']}, version {told['version']}"),
        "Answered by": markup.literal(str(told.get("respondent") or "")),
        "Time in question": markup.literal(str(told.get("recall") or "")),
        "Answers": responses_words(told),
        "Score": scoring_words(told),
        "Facets": markup.literal(listed(str(title) for title in (told.get("facets") or {}).values())),
        "Source": markup.literal(str((told.get("source") or {}).get("citation") or "")),
        "Licence": f"{terms} ({shown}). {markup.literal(str(licence.get('note') or ''))}".strip(),
        "Changes": adaptation_words(told),
    }


def _item(record: Record, scale: str, item: Found) -> Any:
    name = markup.literal(item_name(record, scale, item))
    given: Mapping[str, int] = item.get("frequencies") or {}
    return row(
        name + ("^a^" if is_reversed(record, scale, str(item["item"])) else ""),
        count(item.get("n")),
        count(item.get("missing")),
        numbers.number(item.get("mean")),
        numbers.number(item.get("sd")),
        numbers.number(item.get("skew")),
        numbers.percent(item.get("floor")) if given else numbers.MISSING,
        numbers.percent(item.get("ceiling")) if given else numbers.MISSING,
        numbers.statistic("r", item.get("item_rest")),
        numbers.statistic("alpha", item.get("alpha_if_dropped")),
        numbers.number(item.get("loading")),
    )


def _short(value: float | None) -> str:
    return numbers.statistic("omega", value)
