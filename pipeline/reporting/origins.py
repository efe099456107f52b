"""How each result was made: stage, input hash, seed, options and formula, folded under the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.indirect import bootstrap_note
from pipeline.reporting.values import Details

SUMMARY = "How this was made"
ALPHA = "α = k / (k − 1) · (1 − sum of item variances / variance of the sum) (Cronbach, 1951)"
ICC = "ICC(1) = (MSB − MSW) / (MSB + (k − 1) MSW); ICC(2) = (MSB − MSW) / MSB (Bliese, 2000)"
PATHS = "y = b~0~ + b~W~ (x − cluster mean of x) + b~B~ (cluster mean of x) + random intercepts + residual"
LATENT_PATHS = (
    "x = x~B~ + x~W~ for every variable of the lowest level; y~W~ = b~W~ x~W~ + residual; "
    "y~B~ = b~0~ + b~B~ x~B~ + residual"
)
LATENT_VARIABLES = "item = intercept + loading · latent variable + residual; "
FLAT_PATHS = "y = b~0~ + b x + residual, all outcomes at once"
PRODUCT = "indirect effect = product of the slopes along its route; total = direct + indirect"
CONFOUNDED = (
    "b(ρ) = b − ρ / √(1 − ρ²) · √(residual variance of the outcome / residual variance of the mediator) "
    "(Imai et al., 2010)"
)


def details(record: Record) -> dict[str, Details]:
    """Details by name: `how_` and the result that they stand under."""
    path_formula = _path_formula(record)
    made = {
        "how_flow": _details(record, "screen", _screening(record)),
        "how_descriptives": _details(record, "validate", _validation(record)),
        "how_loadings": _details(record, "validate", _factor(record)),
        "how_paths": _details(record, "model", [("Formula", path_formula), *_model(record)]),
        "how_indirect": _details(record, "model", [("Formula", PRODUCT), *_intervals(record)]),
        "how_sensitivity": _details(record, "model", _confounding(record)),
    }
    return {name: found for name, found in made.items() if found is not None}


def _path_formula(record: Record) -> str:
    is_latent = record.part("model", "options").get("measurement") == "latent"
    return f"{LATENT_VARIABLES if is_latent else ''}{_path_equation(record)}"


def _path_equation(record: Record) -> str:
    if not record.is_clustered:
        return FLAT_PATHS
    return LATENT_PATHS if record.part("model", "options").get("means") == "latent" else PATHS


def _details(record: Record, stage: str, rows: list[tuple[str, str]]) -> Details | None:
    told: Mapping[str, Any] = record.results.get("stages", {}).get(stage) or {}
    if not told.get("results") or not rows:
        return None
    inputs = [
        ("Input", f"{markup.literal(str(file))}, SHA-256 {str(sha)[:16]}…")
        for file, sha in (told.get("inputs") or {}).items()
    ]
    seed = [("Seed", str(told["seed"]))] if told.get("seed") is not None else []
    return Details(SUMMARY, (("Stage", stage), *inputs, *seed, *rows))


def _screening(record: Record) -> list[tuple[str, str]]:
    rules: Mapping[str, Any] = record.part("screen", "rules")
    return [
        (markup.literal(reason[:1].upper() + reason[1:]), markup.literal(str(told.get("rule"))))
        for reason, told in rules.items()
        if told.get("on")
    ]


def _validation(record: Record) -> list[tuple[str, str]]:
    options = record.part("validate", "options")
    rows = []
    if record.part("validate", "reliability"):
        rows += [("Formula", ALPHA), ("Alpha", _option(options, "alpha"))]
    if record.part("validate", "icc"):
        rows += [("Formula", ICC), ("ICC", _option(options, "icc"))]
    if not record.part("validate", "correlations"):
        return rows
    return [*rows, ("Correlations", _option(options, "correlations"))]


def _factor(record: Record) -> list[tuple[str, str]]:
    options = record.part("validate", "options")
    if not record.part("validate", "factor"):
        return []
    told = {
        "Factor model": "factor",
        "Clusters": "factor_clusters",
        "Fit indices": "factor_indices",
        "Estimator": "estimator",
        "WLSMV": "wlsmv",
        "Indices to read": "indices_to_read",
        "Disagreement": "disagreement",
        "Second opinion": "factor_second",
    }
    return [(name, _option(options, key)) for name, key in told.items() if options.get(key)]


def _model(record: Record) -> list[tuple[str, str]]:
    options, labels = record.part("model", "options"), record.part("model", "labels")
    told = [
        ("Estimation", _methods(record)),
        ("Measurement", markup.literal(str(labels.get("measurement") or "—"))),
        ("Standardized", markup.literal(str(labels.get("standardized") or "—"))),
        ("Rows left out", _left_out(record)),
        ("Missing answers", markup.literal(str(options.get("missing") or "—"))),
        ("Second opinion", _option(record.part("model", "second_opinion"), "sentence")),
    ]
    return [(name, words) for name, words in told if words != numbers.MISSING]


def _intervals(record: Record) -> list[tuple[str, str]]:
    options, labels = record.part("model", "options"), record.part("model", "labels")
    told = [
        ("Intervals", markup.literal(str(labels.get("intervals") or numbers.MISSING))),
        ("Draws", numbers.count(options.get("draws"))),
        ("Bootstrap", bootstrap_note(record) or numbers.MISSING),
        ("Confidence", numbers.confidence(record.confidence)),
    ]
    return [(name, words) for name, words in told if words != numbers.MISSING]


def _confounding(record: Record) -> list[tuple[str, str]]:
    found: Mapping[str, Any] = record.part("model", "sensitivity")
    options = found.get("options") or {}
    if not found.get("rows"):
        return []
    grid = ", ".join(numbers.bounded(rho) for rho in options["grid"])
    told = [("Formula", CONFOUNDED), ("Method", markup.literal(str(options["method"]))), ("Grid", grid)]
    return [*told, ("Draws", numbers.count(options.get("draws")))]


def _left_out(record: Record) -> str:
    equations: Mapping[str, Any] = record.part("model", "equations")
    told = [
        f"{record.label(outcome)}: {_reasons(record, equation['left_out'])}"
        for outcome, equation in equations.items()
        if equation.get("left_out")
    ]
    return "; ".join(told) or numbers.MISSING


def _reasons(record: Record, counts: Mapping[str, Any]) -> str:
    """Reasons with counts; the variable after a colon is named by its title."""
    told = []
    for reason, n in counts.items():
        what, colon, variable = reason.partition(": ")
        words = f"{what} to {record.phrase(variable)}" if colon else markup.literal(what)
        told.append(f"{words} ({numbers.count(n)})")
    return ", ".join(told)


def _methods(record: Record) -> str:
    equations: Mapping[str, Any] = record.part("model", "equations")
    told = [
        f"{record.label(outcome)}: {markup.literal(str(equation['method']))}"
        for outcome, equation in equations.items()
        if equation.get("method")
    ]
    return "; ".join(told) or numbers.MISSING


def _option(options: Mapping[str, Any], name: str) -> str:
    return markup.literal(str(options.get(name) or numbers.MISSING))
