"""Other models beside the main one: flat, and with manifest means where the main one has latent means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import group, header, row, sentences, spanners
from pipeline.reporting.tables.indirect import effect_words, without_repeats
from pipeline.reporting.values import Row, Table

LABEL = "Flat (single-level): ignores clusters"
SLOPE_DECIMALS = 3
BY_LEVEL = ("Within", "Between")
Model = tuple[Entries, Entries]


def table(record: Record) -> Table | None:
    """Slopes and effects of the flat model, with the estimates by level to their right."""
    flat: Mapping[str, Any] = record.part("model", "flat")
    if not record.is_clustered or not flat.get("paths"):
        return None
    ci = numbers.confidence(record.confidence)
    models, errors = _models(record), _errors(flat)
    told = tuple(errors.values())
    return Table(
        id="flat",
        title=_title(models),
        header=(
            spanners(1, (LABEL, 3 + len(told)), *((name, 2) for name in models)),
            header(
                "Path or effect", "Estimate", *errors.values(), f"{ci} CI", "*p*", *(BY_LEVEL * len(models))
            ),
        ),
        body=(
            *_paths(record, flat["paths"], models, errors),
            *_effects(record, without_repeats(flat.get("indirect") or ()), models, errors),
        ),
        widths=(3.6, 1.0, *(0.8 for _ in told), 1.6, 0.9, *((0.9, 1.0) * len(models))),
        general=_note(record),
        alt="Estimates of a single-level model that ignores clusters, beside those by level.",
    )


def _models(record: Record) -> dict[str, Model]:
    """Slopes and effects of the models by level, by the heading of their columns."""
    main = (record.slopes, record.effects)
    manifest: Mapping[str, Any] = record.part("model", "manifest")
    if not manifest.get("paths"):
        return {"By level": main}
    return {"Manifest means": (manifest["paths"], manifest.get("indirect") or ()), _main_name(record): main}


def _main_name(record: Record) -> str:
    is_latent = record.part("model", "options").get("measurement") == "latent"
    return "Latent variables" if is_latent else "Latent means"


def _title(models: Mapping[str, Model]) -> str:
    if len(models) == 1:
        return "The Flat Model Beside the Model by Level"
    return f"Flat, Manifest Means, and {list(models)[-1].title()} Side by Side"


def _errors(flat: Mapping[str, Any]) -> dict[str, str]:
    """Which standard errors there are, with the heading of their columns."""
    return {"se": "*SE*"} | ({"se_clustered": "Clustered *SE*"} if flat.get("clustered") else {})


def _paths(
    record: Record, rows: Entries, models: Mapping[str, Model], errors: Mapping[str, str]
) -> list[Row]:
    laid = [group("Paths", 4 + len(errors) + 2 * len(models))]
    for slope in rows:
        key = {name: slope[name] for name in ("outcome", "predictor")}
        words = record.route(ARROW.join((str(slope["predictor"]), str(slope["outcome"]))))
        found = [_by_level(slopes, key) for slopes, _ in models.values()]
        laid.append(_row(words, slope, found, SLOPE_DECIMALS, errors))
    return laid


def _effects(
    record: Record, rows: Entries, models: Mapping[str, Model], errors: Mapping[str, str]
) -> list[Row]:
    columns = 4 + len(errors) + 2 * len(models)
    laid = [group("Indirect, direct, and total effects", columns)] if rows else []
    for effect in rows:
        key = {name: effect.get(name) for name in ("route", "source", "target", "kind")}
        found = [_by_level(effects, key) for _, effects in models.values()]
        laid.append(_row(effect_words(record, effect), effect, found, record.effect_decimals, errors))
    return laid


def _row(
    words: str,
    flat: Mapping[str, Any],
    by_level: list[dict[str, Any]],
    decimals: int,
    errors: Mapping[str, str],
) -> Row:
    return row(
        words,
        numbers.number(flat.get("est"), decimals),
        *(numbers.number(flat.get(name), decimals) for name in errors),
        numbers.interval(flat.get("ci_lower"), flat.get("ci_upper"), decimals),
        numbers.p_value(flat.get("pvalue"), is_bound=bool(flat.get("pvalue_is_bound"))),
        *(numbers.number(one.get(level.lower()), decimals) for one in by_level for level in BY_LEVEL),
        indent=1,
    )


def _by_level(rows: Entries, key: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(r["level"]): r.get("est")
        for r in rows
        if all(r.get(name) == value for name, value in key.items())
    }


def _note(record: Record) -> str:
    told, flat = (record.part("model", "labels") or {}).get("flat"), record.part("model", "flat")
    return sentences(
        "The flat model treats every row as independent and mixes the slopes within and between clusters; "
        "its standard errors are too small where clusters differ. It is shown for comparison and is not "
        "interpreted.",
        _clustered(record, flat),
        _fitted(flat),
        _manifest(record),
        markup.literal(str(told)) if told and str(told).lower() != LABEL.lower() else None,
    )


def _clustered(record: Record, flat: Mapping[str, Any]) -> str | None:
    found: Mapping[str, Any] = flat.get("clustered") or {}
    if not found:
        return None
    units = numbers.count(found["clusters"])
    return (
        f"Clustered *SE* allows for answers that are alike within the same {record.one(found['level'])} "
        f"(sandwich errors over {units} {record.many(found['level'])}); intervals and *p* rest on the plain "
        "*SE*."
    )


def _manifest(record: Record) -> str | None:
    label = record.part("model", "labels").get("manifest")
    if not label or not record.part("model", "manifest"):
        return None
    return (
        f"{markup.literal(str(label)[:1].upper() + str(label)[1:])}. They rest on random-intercept models, "
        f"each on the rows complete for it. The columns of {_main_name(record).lower()} repeat the main "
        "model."
    )


def _fitted(flat: Mapping[str, Any]) -> str | None:
    """How it was fitted, on how many rows, and what a second program says."""
    equations: Mapping[str, Any] = flat.get("equations") or {}
    opinion = (flat.get("second_opinion") or {}).get("sentence")
    if not equations:
        return None
    rows = numbers.count(max(equation["n"] for equation in equations.values()))
    second = f" Second opinion: {markup.literal(str(opinion))}." if opinion else ""
    return f"It is one maximum likelihood path model on the {rows} rows with every variable of it.{second}"
