"""Why a table or figure is not there: one sentence each, so that nothing vanishes without a word."""

from __future__ import annotations

from pipeline.reporting import markup
from pipeline.reporting.record import Record
from pipeline.reporting.tables import fit

NOT_RUN = "The results hold nothing for this section: the stage that makes it has not been run."


def reasons(record: Record) -> dict[str, str]:
    """By id of a table or figure, the sentence that stands in its place."""
    ready = _ready(record)
    no_clusters = f"The study has one level, {record.many(record.levels[0])}: there is nothing to link."
    found = {
        "flow": NOT_RUN,
        "descriptives": NOT_RUN,
        "paths": NOT_RUN,
        "indirect": "The path has no route through a mediator, so there are no indirect effects to report.",
        "sensitivity": _no_sensitivity(record),
        "hypotheses": "No hypotheses were declared, so none is judged here.",
        "loadings": ready,
        "fit": fit.untested(record),
        "changes": "No answer was recoded or declared missing by a code, and no id was corrected.",
        "power": _no_power(record),
        "contextual": "No path has a slope at both levels, so there are no slopes to compare.",
    }
    if len(record.levels) == 1:
        found["unlinked"] = no_clusters
    return {name: words for name, words in found.items() if words}


def _no_sensitivity(record: Record) -> str:
    """Nothing where the stage itself says why, which the section prints."""
    if record.part("model", "sensitivity").get("notes"):
        return ""
    return "There is no indirect effect whose sensitivity was worked out."


def _no_power(record: Record) -> str:
    reason = record.part("model", "power").get("why_not")
    if reason is None:
        return NOT_RUN
    return f"Power could not be worked out: {markup.literal(str(reason))}."


def _ready(record: Record) -> str:
    variables = record.declared.get("variables", {}).values()
    if any(variable.get("kind") == "items" for variable in variables):
        return NOT_RUN
    return (
        "All scales came as ready scores: there are no items, so item statistics, loadings, and reliability "
        "cannot be reported."
    )
