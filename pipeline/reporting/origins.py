"""How each result was made: stage, input hash, seed, formula and options, folded under the result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.formulas import ALPHA, ICC, Origin, origin_of
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.indirect import bootstrap_note
from pipeline.reporting.values import Block, Details, Table

Rows = list[tuple[str, str]]

SUMMARY = "How this was made"
IN_THE_TEMPLATE = ("flow", "descriptives", "loadings", "paths", "indirect", "sensitivity")
PATHS = "y = b~0~ + b~W~ (x − cluster mean of x) + b~B~ (cluster mean of x) + random intercepts + residual"
LATENT_PATHS = (
    "x = x~B~ + x~W~ for every variable of the lowest level; y~W~ = b~W~ x~W~ + residual; "
    "y~B~ = b~0~ + b~B~ x~B~ + residual"
)
LATENT_VARIABLES = "item = intercept + loading · latent variable + residual"
FLAT_PATHS = "y = b~0~ + b x + residual, all outcomes at once"
NAMES = {
    "alpha": "Alpha",
    "efa": "Exploratory analysis",
    "factor": "Factor model",
    "factor_clusters": "Clusters",
    "factor_indices": "Fit indices",
    "factor_second": "Second opinion",
    "htmt": "HTMT",
    "icc": "ICC",
    "icc_intervals": "Intervals of ICC",
    "irt": "Item responses",
    "irt_precision": "Precision",
    "wlsmv": "WLSMV",
}


def details(record: Record, shown: Collection[str]) -> dict[str, Details]:
    """What the template places: `how_` and the table that it stands under, where that is shown."""
    names = [name for name in IN_THE_TEMPLATE if name in shown]
    return {f"how_{name}": Details(SUMMARY, tuple(of_table(record, name))) for name in names}


def told_under_tables(record: Record, blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The same blocks; a table that no details follow gets its own, which the page folds under it."""
    laid = tuple(blocks)
    return tuple(
        replace(block, how=tuple(of_table(record, block.id)))
        if isinstance(block, Table) and not isinstance(after, Details)
        else block
        for block, after in zip_longest(laid, laid[1:])
    )


def of_table(record: Record, table: str) -> Rows:
    """Name and value of all that made a table; none for a table that is not known."""
    origin = origin_of(table)
    if origin is None:
        return []
    formulas = [
        (name, words)
        for formula in origin.formulas
        for name, words in (FORMULAS[formula](record) if formula in FORMULAS else [("Formula", formula)])
    ]
    options = [row for name in origin.options for row in _options(record, origin, name)]
    rows = [("Stage", origin.stage), *_inputs(record, origin.stage), _seed(record, origin.stage), *formulas]
    return [(name, words.removesuffix(".")) for name, words in (*rows, *(options or [("Options", "none")]))]


def _inputs(record: Record, stage: str) -> Rows:
    """Files with the start of their hashes; the report itself rests on those of every stage."""
    stages: Mapping[str, Any] = record.results.get("stages", {})
    told = [stages[stage]] if stage in stages else stages.values()
    found = {str(file): str(sha) for one in told for file, sha in (one.get("inputs") or {}).items()}
    return [("Input", f"{markup.literal(file)}, SHA-256 {sha[:16]}…") for file, sha in found.items()]


def _seed(record: Record, stage: str) -> tuple[str, str]:
    seed = (record.results.get("stages", {}).get(stage) or {}).get("seed")
    return ("Seed", "none: nothing is drawn at random" if seed is None else str(seed))


def _options(record: Record, origin: Origin, name: str) -> Rows:
    if name in GROUPS:
        return GROUPS[name](record)
    words = record.part(origin.stage, "options").get(name)
    shown = NAMES.get(name) or name.replace("_", " ").capitalize()
    return [(shown, markup.literal(str(words)))] if words else []


def _alpha(record: Record) -> Rows:
    return [("Formula", ALPHA)] if record.part("validate", "reliability") else []


def _icc(record: Record) -> Rows:
    return [("Formula", ICC)] if record.part("validate", "icc") else []


def _flat(record: Record) -> Rows:
    return [("Formula", FLAT_PATHS)] if record.is_clustered else []


def _latent(record: Record) -> Rows:  # noqa: ARG001
    return [("Formula", LATENT_VARIABLES)]


def _paths(record: Record) -> Rows:
    is_latent = record.part("model", "options").get("measurement") == "latent"
    return [("Formula", f"{LATENT_VARIABLES}; " * is_latent + _path_equation(record))]


def _path_equation(record: Record) -> str:
    if not record.is_clustered:
        return FLAT_PATHS
    return LATENT_PATHS if record.part("model", "options").get("means") == "latent" else PATHS


def _screening(record: Record) -> Rows:
    rules: Mapping[str, Any] = record.part("screen", "rules")
    return [
        (markup.literal(reason[:1].upper() + reason[1:]), markup.literal(str(told.get("rule"))))
        for reason, told in rules.items()
        if told.get("on")
    ]


def _model(record: Record) -> Rows:
    options, labels = record.part("model", "options"), record.part("model", "labels")
    told = [
        ("Estimation", _methods(record)),
        ("Measurement", markup.literal(str(labels.get("measurement") or "—"))),
        ("Standardized", markup.literal(str(labels.get("standardized") or "—"))),
        ("Rows left out", _left_out(record)),
        ("Missing answers", markup.literal(str(options.get("missing") or "—"))),
        ("Second opinion", _sentence(record)),
    ]
    return [(name, words) for name, words in told if words != numbers.MISSING]


def _intervals(record: Record) -> Rows:
    options, labels = record.part("model", "options"), record.part("model", "labels")
    told = [
        ("Intervals", markup.literal(str(labels.get("intervals") or numbers.MISSING))),
        ("Draws", numbers.count(options.get("draws"))),
        ("Bootstrap", bootstrap_note(record) or numbers.MISSING),
        ("Confidence", numbers.confidence(record.confidence)),
    ]
    return [(name, words) for name, words in told if words != numbers.MISSING]


def _confounding(record: Record) -> Rows:
    options: Mapping[str, Any] = record.part("model", "sensitivity").get("options") or {}
    if not options:
        return []
    grid = ", ".join(numbers.bounded(rho) for rho in options["grid"])
    draws = numbers.count(options.get("draws"))
    return [("Method", markup.literal(str(options["method"]))), ("Grid", grid), ("Draws", draws)]


def _design(record: Record) -> Rows:
    found: Mapping[str, Any] = record.part("model", "power")
    told = [
        ("Confidence", numbers.confidence(found["confidence"])),
        ("Target", numbers.bounded(found["target"])),
    ]
    return [*told, ("Largest slope tried", numbers.bounded(found["most"]))]


def _left_out(record: Record) -> str:
    equations: Mapping[str, Any] = record.part("model", "equations")
    told = {
        record.label(outcome): _reasons(record, equation["left_out"])
        for outcome, equation in equations.items()
        if equation.get("left_out")
    }
    return _by_outcome(told)


def _by_outcome(told: Mapping[str, str]) -> str:
    """Words of each outcome; where several share the same, these once."""
    shared = {words: listed(name for name, own in told.items() if own == words) for words in told.values()}
    return "; ".join(f"{names}: {words}" for words, names in shared.items()) or numbers.MISSING


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
    return _methods_of(record, equations)


def _methods_of(record: Record, equations: Mapping[str, Any]) -> str:
    told = {
        record.label(outcome): markup.literal(str(equation["method"]))
        for outcome, equation in equations.items()
        if equation.get("method")
    }
    return _by_outcome(told)


def _beside(record: Record) -> Rows:
    """How the flat model was estimated."""
    words = _methods_of(record, record.part("model", "flat").get("equations") or {})
    return [("Flat model", words)] if words != numbers.MISSING else []


def _undecomposed(record: Record) -> Rows:
    models: Entries = record.part("model", "undecomposed") or ()
    words = _methods_of(record, {str(one["outcome"]): one["equation"] for one in models if one.get("paths")})
    return [("Estimation", words)]


def _sentence(record: Record) -> str:
    return markup.literal(str(record.part("model", "second_opinion").get("sentence") or numbers.MISSING))


FORMULAS: Mapping[str, Callable[[Record], Rows]] = {
    "alpha_formula": _alpha,
    "icc_formula": _icc,
    "flat_formula": _flat,
    "latent_formula": _latent,
    "path_formula": _paths,
}
GROUPS: Mapping[str, Callable[[Record], Rows]] = {
    "rules": _screening,
    "estimation": _model,
    "intervals": _intervals,
    "confounding": _confounding,
    "design": _design,
    "flat_estimation": _beside,
    "undecomposed": _undecomposed,
}
