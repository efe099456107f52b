"""Effects held against each other: routes, the share that is mediated, between against within.

`effects` calls each function; the rows go beside the effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.mediation.evidence import Evidence
from pipeline.mediation.model import Slope
from pipeline.mediation.quantities import DIRECT, SPECIFIC, TOTAL, TOTAL_INDIRECT, Effect, pairs_of
from pipeline.mediation.rows import BETWEEN, WITHIN

if TYPE_CHECKING:
    import pandas as pd

OPPOSITE = (
    "the direct and the indirect effect have opposite signs, so that the indirect effect is no share of "
    "their sum"
)
NO_TOTAL = "the interval of the total effect holds zero: a share of what may be nothing says nothing"


def contrasts(effects: Sequence[Effect], evidence: Evidence) -> pd.DataFrame:
    """Differences between specific indirect effects that share source, target and level.

    Columns: first, second (routes), source, target, level, est, se (delta), and those of the intervals
    (Preacher & Hayes, 2008). Beyond eight routes between two variables none are formed.
    """
    import pandas as pd

    rows = []
    for first, second in pairs_of(effects):
        difference = first.minus(second)
        ends = {"first": first.name, "second": second.name, "source": first.source, "target": first.target}
        rows.append(ends | {"level": first.level} | _difference(difference, evidence))
    names = ["first", "second", "source", "target", "level", "est", "se", *evidence.columns]
    return pd.DataFrame(rows, columns=names)


def contextual_indirect(effects: Sequence[Effect], evidence: Evidence) -> pd.DataFrame:
    """Indirect effects between minus those within, of every route (or sum) that exists at both levels.

    Columns: route, source, target, kind, est, se (delta), and those of the intervals.
    """
    import pandas as pd

    within = {(one.name, one.kind): one for one in effects if one.level == WITHIN}
    rows = []
    for one in effects:
        own = within.get((one.name, one.kind))
        if one.level != BETWEEN or own is None or one.kind not in {SPECIFIC, TOTAL_INDIRECT}:
            continue
        ends = {"route": one.name, "source": one.source, "target": one.target, "kind": one.kind}
        rows.append(ends | _difference(one.minus(own), evidence))
    names = ["route", "source", "target", "kind", "est", "se", *evidence.columns]
    return pd.DataFrame(rows, columns=names)


def proportions(effects: Sequence[Effect], evidence: Evidence) -> pd.DataFrame:
    """Share of a total effect that is indirect, by level, or why it has no meaning.

    Columns: source, target, level, est, reason and those of the intervals, without p (a share is not tested
    against zero). No share is given where direct and indirect effect have opposite signs, or the interval of
    the total effect holds zero (MacKinnon, 2008, 4.6); where the path has no direct arrow the share is one
    by construction and there is no row.
    """
    import pandas as pd

    kinds = {(one.source, one.target, one.level, one.kind): one for one in effects}
    rows = []
    for (source, target, level, kind), direct in kinds.items():
        if kind == DIRECT:
            indirect, total = (kinds[source, target, level, other] for other in (TOTAL_INDIRECT, TOTAL))
            ends = {"source": source, "target": target, "level": level}
            rows.append(ends | _share(direct, indirect, total, evidence))
    names = [name for name in evidence.columns if not name.startswith("pvalue")]
    return pd.DataFrame(rows, columns=["source", "target", "level", "est", "reason", *names])


def _difference(difference: Effect, evidence: Evidence) -> dict[str, Any]:
    own = {"est": float(difference.combine(evidence.estimates)), "se": evidence.delta(difference)}
    return own | evidence.intervals(difference.combine)


def _share(direct: Effect, indirect: Effect, total: Effect, evidence: Evidence) -> dict[str, Any]:
    reason = _no_share(direct, indirect, total, evidence)
    if reason:
        return dict.fromkeys(evidence.columns) | {"est": None, "reason": reason}

    def share(values: Mapping[Slope, Any]) -> Any:
        return indirect.combine(values) / total.combine(values)

    est = float(share(evidence.estimates))
    return {"est": est, "reason": None} | evidence.intervals(share)


def _no_share(direct: Effect, indirect: Effect, total: Effect, evidence: Evidence) -> str | None:
    estimates = evidence.estimates
    if direct.combine(estimates) * indirect.combine(estimates) < 0:
        return OPPOSITE
    whole = evidence.intervals(total.combine)
    return NO_TOTAL if whole["ci_lower"] <= 0 <= whole["ci_upper"] else None
