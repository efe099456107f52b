"""sem.fit: read the syntax, build the table, take the moments, estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, overload

from pipeline.sem.data import Moments, Rows
from pipeline.sem.data.sample import Sample, summarise
from pipeline.sem.errors import DataError, ModelError
from pipeline.sem.estimate.identification import check_identified
from pipeline.sem.estimate.solve import Solution, admissible_start, optimise, prepare, starting_point
from pipeline.sem.options import Method, choose, choose_ordinal
from pipeline.sem.ordinal.coding import coded, covariates_told, numbered, ordered_items
from pipeline.sem.ordinal.sample import ordinal_sample, sample_of_tables
from pipeline.sem.ordinal.streamed import ItemTables
from pipeline.sem.result import Fit
from pipeline.sem.structure.constraints import nonlinear_constraints
from pipeline.sem.syntax import Model, parse
from pipeline.sem.table import ParameterTable, build_table
from pipeline.sem.table.build import Rules, variables_of
from pipeline.sem.table.roles import find_roles
from pipeline.sem.twolevel.fitting import choose as choose_two_level
from pipeline.sem.twolevel.fitting import fit_two_level
from pipeline.sem.twolevel.result import TwoLevelFit

if TYPE_CHECKING:
    import pandas as pd


class Options(TypedDict, total=False):
    """The options of fit besides cluster, which decides what it returns."""

    estimator: str
    missing: str
    ordered: Sequence[str] | bool
    group: str | None
    group_equal: Sequence[str]
    group_partial: Sequence[str]
    robust_unit: str | None
    sampling_weights: str | None
    std_lv: bool
    meanstructure: bool | None
    fixed_x: bool | None
    likelihood: str
    information: str | None
    parameterization: str
    bounds: str


@overload
def fit(
    model: str,
    data: pd.DataFrame | str | Path | Moments | ItemTables,
    *,
    cluster: None = None,
    **options: Unpack[Options],
) -> Fit: ...


@overload
def fit(
    model: str,
    data: pd.DataFrame | str | Path | Moments | ItemTables,
    *,
    cluster: str | None,
    **options: Unpack[Options],
) -> Fit | TwoLevelFit: ...


def fit(
    model: str,
    data: pd.DataFrame | str | Path | Moments | ItemTables,
    *,
    estimator: str = "ML",
    missing: str = "listwise",
    ordered: Sequence[str] | bool = (),
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    cluster: str | None = None,
    robust_unit: str | None = None,
    sampling_weights: str | None = None,
    std_lv: bool = False,
    meanstructure: bool | None = None,
    fixed_x: bool | None = None,
    likelihood: str = "normal",
    information: str | None = None,
    parameterization: str = "delta",
    bounds: str = "none",
) -> Fit | TwoLevelFit:
    """Fit a structural equation model written in lavaan's syntax; defaults are those of lavaan 0.6.

    `level:` blocks with cluster= make a two-level model; bounds="between" keeps between variances >= 0.
    `ItemTables` hold ordered items alone, and how missing answers were counted.
    """
    parsed = parse(model)
    if isinstance(data, ItemTables):
        _check_tables(parsed, data, group)
        _check_scope(parsed, robust_unit, parameterization, bounds)
        _check_plain(sampling_weights, cluster, likelihood)
        rules = _ordinal_rules(std_lv, group_equal, group_partial, parameterization, fixed_x=False)
        return _fit_tables(parsed, data, choose_ordinal(estimator, data.missing, information), rules)
    if parsed.levels:
        unit = _check_two_level(cluster, sampling_weights, fixed_x)
        _check_no_ordered(parsed, ordered)
        return fit_two_level(
            parsed, _frame(data, [*variables_of(parsed), *(n for n in (group, unit, robust_unit) if n)]),
            choose_two_level(estimator, missing, likelihood, information),
            Rules(std_lv, True, False, tuple(group_equal), tuple(group_partial)),
            cluster=unit, group=group, robust_unit=robust_unit, bounds=bounds,
            source=None if isinstance(data, Moments) else data,
        )  # fmt: skip
    _check_scope(parsed, robust_unit, parameterization, bounds)
    items = ordered_items(parsed, ordered, fixed_x is None or fixed_x)
    if items:
        fixed = fixed_x is None or fixed_x
        rules = _ordinal_rules(std_lv, group_equal, group_partial, parameterization, fixed_x=fixed)
        method = choose_ordinal(estimator, missing, information)
        _check_plain(sampling_weights, cluster, likelihood)
        told = covariates_told(parsed, ordered, items)
        return _fit_ordinal(parsed, data, method, rules=rules, items=items, group=group, told=told)
    method = choose(
        estimator, missing=missing, likelihood=likelihood, information=information,
        weighted=sampling_weights is not None, clustered=cluster is not None,
    )  # fmt: skip
    taken = _take(data, variables_of(parsed), group, sampling_weights, cluster)
    means = bool(meanstructure) or missing == "fiml" or cluster is not None
    rules = Rules(std_lv, means, _fixed(method, fixed_x), tuple(group_equal), tuple(group_partial))
    return _fit_continuous(parsed, taken, method, rules, None if isinstance(data, Moments) else data)


def _fit_continuous(
    parsed: Model,
    taken: Rows | Moments,
    method: Method,
    rules: Rules,
    source: pd.DataFrame | str | Path | None,
) -> Fit:
    """Fit a single-level model of continuous variables to rows or moments."""
    missing = method.missing
    table = build_table(parsed, [g.label for g in taken.groups], rules)
    required = table.exogenous if missing == "fiml" else ()
    used = taken.usable(missing, required) if isinstance(taken, Rows) else taken.answering(required)
    rows, moments = (used, used.moments()) if isinstance(used, Rows) else (None, used)
    return Fit(estimate(table, moments, method, rows), method, rows, source)


def estimate(table: ParameterTable, moments: Moments, method: Method, rows: Rows | None) -> Solution:
    """Check that a table is identified, and estimate it."""
    return _solve(table, summarise(moments.select(table.observed), method), method, rows)


def _solve(table: ParameterTable, sample: Sample, method: Method, rows: Rows | None) -> Solution:
    problem, scale, factor = prepare(table, sample, method, rows)
    start = starting_point(table, sample, scale)
    state = problem.defined_at(problem.reduction.reduce(start))
    if nonlinear_constraints(table, factor) is None:
        check_identified(problem, table, state)
    state = state or admissible_start(problem, start)
    return Solution(table, sample, optimise(state, table, start, factor), scale, factor)


def _fit_ordinal(
    model: Model,
    data: pd.DataFrame | str | Path | Moments,
    method: Method,
    *,
    rules: Rules,
    items: Sequence[str],
    group: str | None,
    told: Sequence[str],
) -> Fit:
    """Fit a model with ordered items: tables of pairs, then weighted least squares."""
    if isinstance(data, Moments):
        raise DataError(
            "ordered items need the rows of the data: means and covariances do not hold their tables"
        )
    names = variables_of(model)
    frame = numbered(_frame(data, [*names, *([group] if group else [])]), items)
    rows = Rows.of(frame, names, group=group)
    required = find_roles(model.formulas).exogenous_observed if rules.fixed_x else ()
    rows, thresholds = coded(rows.usable(method.missing, required), items)
    labels = [own.label for own in rows.groups]
    table = build_table(model, labels, replace(rules, thresholds=thresholds))
    sample = ordinal_sample(rows, table, told)
    return Fit(_solve(table, sample, method, rows), method, rows)


def _ordinal_rules(
    std_lv: bool, equal: Sequence[str], partial: Sequence[str], parameterization: str, *, fixed_x: bool
) -> Rules:
    return Rules(std_lv, True, fixed_x, tuple(equal), tuple(partial), (), parameterization)


def _fit_tables(model: Model, data: ItemTables, method: Method, rules: Rules) -> Fit:
    """Fit a model to counted rows."""
    data = data.select(variables_of(model))
    thresholds = tuple((name, len(own) - 1) for name, own in zip(data.variables, data.answers, strict=True))
    labels = [own.label for own in data.groups]
    table = build_table(model, labels, replace(rules, thresholds=thresholds))
    sample = sample_of_tables(data.select(table.observed), table)
    return Fit(_solve(table, sample, method, None), method, None)


def _check_tables(model: Model, data: ItemTables, group: str | None) -> None:
    if model.levels:
        raise DataError("'level:' blocks need the rows of the data; tables hold no clusters")
    if group != data.group:
        raise ModelError(f"the tables were counted with group={data.group!r}; give the same to fit")


def _check_plain(weights: str | None, cluster: str | None, likelihood: str) -> None:
    if weights is not None or cluster is not None:
        raise ModelError(
            "sampling weights and clusters of ordered items are not estimated; use MLR without ordered="
        )
    if likelihood != "normal":
        raise ModelError("likelihood= belongs to maximum likelihood; leave it out for ordered items")


def _check_scope(model: Model, unit: str | None, parameterization: str, bounds: str) -> None:
    if model.blocks:
        raise ModelError("'group:' blocks are not estimated yet; use group= and c(a, b)* modifiers")
    if unit is not None:
        raise ModelError("robust_unit= belongs to two-level models; use cluster= for a single-level one")
    if bounds != "none":
        raise ModelError(
            "bounds= belongs to two-level models; a single-level one tells of negative variances in warnings"
        )
    if parameterization not in {"delta", "theta"}:
        raise ModelError(f"parameterization='{parameterization}' is not known; choose 'delta' or 'theta'")


def _check_two_level(cluster: str | None, weights: str | None, fixed_x: bool | None) -> str:
    if cluster is None:
        raise ModelError(
            "'level:' blocks make a two-level model: name the column of the clusters, as cluster='team'"
        )
    if weights is not None:
        raise ModelError("sampling weights are not estimated in two-level models")
    if fixed_x:
        raise ModelError(
            "two-level models never fix covariates at the sample: the between part of a covariate is not "
            "observed, and fixing it is not maximum likelihood; leave fixed_x out"
        )
    return cluster


def _check_no_ordered(model: Model, ordered: Sequence[str] | bool) -> None:
    if ordered is True or (not isinstance(ordered, bool) and len(ordered)):
        raise ModelError("ordered items are not estimated in two-level models; MLR treats them as continuous")
    if any(f.operator in {"|", "~*~"} for f in model.formulas):
        raise ModelError(
            "thresholds (|) and scales (~*~) belong to ordered items, which two-level models do not have"
        )


def _fixed(method: Method, fixed_x: bool | None) -> bool:
    """Whether exogenous variables are fixed at the sample: by default with maximum likelihood (lavaan)."""
    likelihood = method.discrepancy == "ML"
    if fixed_x and not likelihood:
        raise ModelError(
            f"fixed_x=True needs maximum likelihood; with {method.name} covariates are estimated too"
        )
    return likelihood if fixed_x is None else fixed_x


def _take(
    data: pd.DataFrame | str | Path | Moments,
    names: Sequence[str],
    group: str | None,
    weights: str | None,
    cluster: str | None,
) -> Rows | Moments:
    """Return the rows of the model's variables, or their moments where the data are no more than that."""
    if isinstance(data, Moments):
        if weights or cluster:
            raise DataError(
                "clusters and weights need the rows of the data (weighted Moments carry their weights)"
            )
        return data.select(names)
    wanted = [*names, *(name for name in (group, weights, cluster) if name)]
    return Rows.of(_frame(data, wanted), names, group=group, weights=weights, cluster=cluster)


def _frame(data: pd.DataFrame | str | Path | Moments, names: Sequence[str]) -> pd.DataFrame:
    """Return the data as a frame."""
    if isinstance(data, Moments):
        raise DataError(
            "this model needs the rows of the data (clusters, tables of ordered items), not Moments"
        )
    return _read(data, names) if isinstance(data, str | Path) else data


def _read(path: str | Path, names: Sequence[str]) -> pd.DataFrame:
    """Read the columns that the model needs; all of them if one is missing, to say which."""
    import pandas as pd

    try:
        return pd.read_parquet(path, columns=list(dict.fromkeys(names)))
    except ValueError:
        return pd.read_parquet(path)
    except OSError as error:
        raise DataError(f"cannot read '{path}': {error}") from error
