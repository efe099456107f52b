"""The rows that one equation is fitted on: complete, linked to their clusters, split within and between.

`decomposed`, `latent_rows` and `flat` call it; what it leaves out it counts.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.mediation.design import Design, lay_beside, links, listed
from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.likelihood import Codes, Floats

if TYPE_CHECKING:
    import pandas as pd

WITHIN, BETWEEN, FLAT, MIXED = "within", "between", "flat", "mixed"
Missing = Literal["listwise", "fiml"]


@dataclass(frozen=True)
class Term:
    """One column of an equation. `spread` is its standard deviation at its own level.

    `cluster_mean` says that its values are observed means of a cluster's rows.
    """

    predictor: str
    level: str
    role: str
    values: Floats
    spread: float
    cluster_mean: bool = False


@dataclass(frozen=True)
class Rows:
    """What one equation is fitted on: complete rows, clusters as codes (nearest level first).

    `left_out` counts rows without an answer or a cluster; `spreads` holds the outcome's standard deviation
    by level; `notes` say which levels carry no random intercept, and why.
    """

    outcome: str
    level: str
    y: Floats
    terms: tuple[Term, ...]
    groups: Mapping[str, Codes]
    left_out: Mapping[str, int]
    spreads: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def matrix(self) -> Floats:
        """Intercept and terms."""
        return np.column_stack([np.ones(len(self.y)), *(term.values for term in self.terms)])

    @property
    def clusters(self) -> dict[str, int]:
        """Units a level."""
        return {level: int(codes.max()) + 1 for level, codes in self.groups.items()}


def decomposed_rows(
    outcome: str,
    *,
    predictors: Sequence[str],
    covariates: Sequence[str],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    split: bool,
) -> Rows:
    """Rows of the outcome's own level, with their clusters.

    With `split` (the outcome lies at the model's lowest level), a predictor measured there enters twice: as
    deviation from the mean of its nearest cluster (within) and as that mean (between), both over the rows
    complete for this equation, so that the two do not overlap. A predictor from a higher level is between.
    Without `split` the rows are clusters of the model, and every slope is between.
    """
    level = design.measured[outcome]
    names = [*predictors, *covariates]
    roles = dict.fromkeys(covariates, "covariate") | dict.fromkeys(predictors, "path")
    table, ids = lay_beside(level, [outcome, *names], frames, design), links(level, frames, design)
    alive, left_out = _complete(table, ids)
    groups, notes = _groups(ids[alive], level, split)
    values = _values(table[alive], outcome, level)
    y = values.pop(outcome)
    if split:
        nearest = next(iter(groups))
        own = {name for name in names if design.measured[name] == level}
        _refuse_copied(outcome, y, groups[nearest], nearest)
        terms = _split(values, own, roles, groups[nearest], (outcome, nearest))
        spreads = _spreads(y, groups[nearest])
    else:
        below = {
            name for name in names if design.levels.index(design.measured[name]) < design.levels.index(level)
        }
        terms = _whole(values, roles, BETWEEN, below)
        spreads = {BETWEEN: float(y.std(ddof=1))}
    rows = Rows(outcome, level, y, tuple(terms), groups, left_out, spreads, notes)
    _refuse_unidentified(rows)
    return rows


def flat_table(
    graph: PathGraph,
    covariates: Mapping[str, Sequence[str]],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    missing: Missing,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows of the lowest level with every variable copied down, and how many were left out, by reason.

    Listwise, a row has every variable. With full information it has every variable that nothing explains, and
    an outcome: the former are fixed, so that a row without them says nothing.
    """
    entering = dict.fromkeys(name for names in covariates.values() for name in names)
    names = list(dict.fromkeys([*graph.variables, *entering]))
    table = lay_beside(design.lowest(graph), names, frames, design)
    if missing == "listwise":
        alive, left_out = _complete(table, table[[]])
        return table[alive], left_out
    alive, left_out = _complete(table[[name for name in names if name not in graph.outcomes]], table[[]])
    told = alive & table[list(graph.outcomes)].notna().any(axis=1).to_numpy()
    silent = int((alive & ~told).sum())
    return table[told], left_out | ({"no answer to any outcome": silent} if silent else {})


def flat_rows(
    outcome: str, predictors: Sequence[str], covariates: Sequence[str], table: pd.DataFrame, level: str
) -> Rows:
    """Rows of a table that are complete for one equation, clusters ignored."""
    roles = dict.fromkeys(covariates, "covariate") | dict.fromkeys(predictors, "path")
    own = table[[outcome, *predictors, *covariates]]
    alive, left_out = _complete(own, own[[]])
    values = _values(own[alive], outcome, level)
    y = values.pop(outcome)
    terms = _whole(values, roles, FLAT)
    rows = Rows(outcome, level, y, tuple(terms), {}, left_out, {FLAT: float(y.std(ddof=1))}, ())
    _refuse_unidentified(rows)
    return rows


def linked_rows(
    table: pd.DataFrame, ids: pd.DataFrame, level: str, *, listwise: bool
) -> tuple[NDArray[np.bool_], dict[str, int], dict[str, Codes], tuple[str, ...]]:
    """Rows that a model of the whole path uses, what others lack, codes of the levels above, and notes.

    Listwise a row has every variable; otherwise at least one that is its own answer.
    """
    alive, left_out = _complete(table, ids) if listwise else _answered(table, ids)
    groups, notes = _groups(ids[alive], level, split=True)
    return alive, left_out, groups, notes


def answering_rows(table: pd.DataFrame, *, listwise: bool) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Rows that a single-level model of the whole path uses, and what others lack."""
    nothing = table[[]]
    return _complete(table, nothing) if listwise else _answered(table, nothing)


def _answered(table: pd.DataFrame, ids: pd.DataFrame) -> tuple[NDArray[np.bool_], dict[str, int]]:
    alive, left_out = _complete(ids, ids)
    told = alive & table.notna().any(axis=1).to_numpy()
    silent = int((alive & ~told).sum())
    return told, left_out | ({"no answer at all": silent} if silent else {})


def refuse_unusable(
    table: pd.DataFrame, own: Container[str], codes: Codes, where: tuple[str, str], outcome: str
) -> None:
    """Refuse variables that do not vary, or, of the lowest level, not within clusters (`where`: levels)."""
    for name, x in _values(table, outcome, where[0]).items():
        if name in own:
            _refuse_copied(name, x, codes, where[1])


def _groups(ids: pd.DataFrame, level: str, split: bool) -> tuple[dict[str, Codes], tuple[str, ...]]:
    """Codes of the levels that carry a random intercept, and why others do not."""
    groups: dict[str, Codes] = {}
    notes = []
    for upper in ids.columns:
        codes = _codes(ids[upper])
        trouble = _unusable(codes, str(upper), level, groups)
        if trouble is None:
            groups[str(upper)] = codes
        elif split and not groups:
            raise MediationError(trouble)
        else:
            notes.append(trouble)
    if split and not groups:
        raise MediationError(f"the rows of the level {level} are in no clusters: nothing to split")
    return groups, tuple(notes)


def _complete(table: pd.DataFrame, ids: pd.DataFrame) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which rows have every value and cluster; the others counted by the first thing that they lack."""
    lacking = {f"no {upper}": ids[upper].isna() for upper in ids.columns}
    lacking |= {f"no answer: {name}": table[name].isna() for name in table.columns}
    alive = np.ones(len(table), dtype=bool)
    left_out = {}
    for reason, absent in lacking.items():
        gone = alive & absent.to_numpy()
        if gone.any():
            left_out[reason] = int(gone.sum())
        alive &= ~gone
    if not alive.any():
        told = "; ".join(f"{reason} ({n})" for reason, n in left_out.items())
        raise MediationError(f"no row is complete for the equation of '{table.columns[0]}': {told}")
    return alive, left_out


def _codes(ids: pd.Series) -> Codes:
    """Clusters numbered by first appearance."""
    import pandas as pd

    return np.asarray(pd.factorize(ids)[0], dtype=np.intp)


def _unusable(codes: Codes, upper: str, level: str, below: Mapping[str, Codes]) -> str | None:
    """Why a level cannot carry a random intercept, or None; a tree that is no tree is refused."""
    units, rows = int(codes.max()) + 1, len(codes)
    if units < 2:
        return f"all {rows} rows of the level {level} lie in one {upper}: nothing to compare between"
    if units == rows:
        return (
            f"every {upper} has a single row of the level {level}: within and between cannot be told "
            f"apart; check the column that holds the {upper}'s id"
        )
    for lower, inner in below.items():
        pairs = len(np.unique(inner.astype(np.int64) * units + codes))
        inside = int(inner.max()) + 1
        if pairs > inside:
            raise MediationError(
                f"{pairs - inside} of the level {lower} appear in more than one {upper}: "
                f"check the columns that hold the ids"
            )
        if inside == units:
            return f"every {upper} has a single {lower}: the levels cannot be told apart, {upper} is left out"
    return None


def _refuse_copied(name: str, x: Floats, codes: Codes, cluster: str) -> None:
    if not _varies(x - _means(x, codes)[codes], x):
        raise MediationError(
            f"'{name}' does not differ within any {cluster}: was it measured once a {cluster} and copied to "
            f"the rows? Declare it at that level"
        )


def _whole(
    values: Mapping[str, Floats], roles: Mapping[str, str], level: str, means: Container[str] = ()
) -> list[Term]:
    return [
        Term(name, level, roles[name], x, float(x.std(ddof=1)), name in means) for name, x in values.items()
    ]


def _split(
    values: Mapping[str, Floats],
    own: set[str],
    roles: Mapping[str, str],
    codes: Codes,
    where: tuple[str, str],
) -> list[Term]:
    """Within and between parts of each predictor."""
    within, between = [], []
    for name, x in values.items():
        means = _means(x, codes)
        if name in own:
            deviation = x - means[codes]
            _refuse_copied(name, x, codes, where[1])
            within.append(Term(name, WITHIN, roles[name], deviation, _pooled(deviation, codes)))
        if not _varies(means, x):
            raise MediationError(
                f"the means of '{name}' are the same in every {where[1]}, so it has no slope between on "
                f"'{where[0]}': was it centred beforehand? Give the scores as they are"
            )
        between.append(Term(name, BETWEEN, roles[name], means[codes], float(means.std(ddof=1)), name in own))
    return within + between


def _spreads(y: Floats, codes: Codes) -> dict[str, float]:
    means = _means(y, codes)
    return {WITHIN: _pooled(y - means[codes], codes), BETWEEN: float(means.std(ddof=1))}


def _means(x: Floats, codes: Codes) -> Floats:
    return np.bincount(codes, weights=x) / np.bincount(codes)


def _pooled(deviation: Floats, codes: Codes) -> float:
    """Standard deviation within clusters: squares over rows minus clusters."""
    return float(np.sqrt((deviation**2).sum() / (len(codes) - codes.max() - 1)))


def _varies(part: Floats, whole: Floats) -> bool:
    return bool(part.std() > 1e-9 * max(float(whole.std()), float(np.abs(whole).max())))


def _values(table: pd.DataFrame, outcome: str, level: str) -> dict[str, Floats]:
    """Columns as numbers; one that does not vary is refused."""
    values = {str(name): table[name].to_numpy(float) for name in table.columns}
    for name, x in values.items():
        if not np.all(np.isfinite(x)):
            raise MediationError(f"'{name}' holds values that are not finite numbers")
        if not _varies(x, x):
            raise MediationError(
                f"'{name}' is the same ({x[0]:g}) in all {len(x)} rows of the level {level} that are "
                f"complete for the equation of '{outcome}': it can explain nothing and nothing can explain "
                f"it; check its column and its scoring"
            )
    return values


def _refuse_unidentified(rows: Rows) -> None:
    for level, (units, what) in _units(rows).items():
        slopes = sum(term.level == level for term in rows.terms)
        if units < slopes + 2:
            raise MediationError(
                f"the equation of '{rows.outcome}' has {slopes} slopes ({level}) and only {units} {what} to "
                f"estimate them: take arrows out of the path, or collect more"
            )
    table = rows.matrix[:, 1:] - rows.matrix[:, 1:].mean(axis=0)
    if np.linalg.svd(table / np.linalg.norm(table, axis=0), compute_uv=False)[-1] < 1e-7:
        names = listed(dict.fromkeys(term.predictor for term in rows.terms))
        raise MediationError(
            f"the predictors of '{rows.outcome}' ({names}) are linear combinations of each other: their "
            f"slopes cannot be told apart; leave one out"
        )
    residual = rows.y - rows.matrix @ np.linalg.lstsq(rows.matrix, rows.y, rcond=None)[0]
    if not _varies(residual, rows.y):
        raise MediationError(
            f"'{rows.outcome}' is an exact function of its predictors: is the same column declared twice?"
        )


def _units(rows: Rows) -> dict[str, tuple[int, str]]:
    """How many independent units each kind of slope rests on."""
    if WITHIN not in rows.spreads:
        return {level: (len(rows.y), f"rows of the level {rows.level}") for level in rows.spreads}
    nearest, clusters = next(iter(rows.clusters.items()))
    return {
        WITHIN: (len(rows.y) - clusters, f"rows of the level {rows.level} beyond one a {nearest}"),
        BETWEEN: (clusters, f"units of the level {nearest}"),
    }
