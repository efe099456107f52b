"""Whether a factor model holds alike in several groups: a ladder of ever more equalities.

`stages/invariance` calls `invariance` for each scale and grouping; `waves` climbs the same steps over time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.difference import difference
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.fit import FitMeasures, plain_measures, robust_measures
from pipeline.psychometrics.invariance.effect_size import effect_sizes

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.fitting import Options

CFI_DROP, RMSEA_RISE = 0.01, 0.015
CONTINUOUS: dict[str, tuple[str, ...]] = {
    "configural": (),
    "metric": ("loadings",),
    "scalar": ("loadings", "intercepts"),
    "strict": ("loadings", "intercepts", "residuals"),
    "factor variances": ("loadings", "intercepts", "residuals", "lv.variances", "lv.covariances"),
    "factor means": ("loadings", "intercepts", "residuals", "lv.variances", "lv.covariances", "means"),
}
ORDINAL: dict[str, tuple[str, ...]] = {
    "configural": (),
    "thresholds": ("thresholds",),
    "loadings": ("thresholds", "loadings"),
    "intercepts": ("thresholds", "loadings", "intercepts"),
    "residuals": ("thresholds", "loadings", "intercepts", "residuals"),
}
SEARCHED = frozenset({"metric", "scalar"})
FEWEST_TIED = 2


@dataclass(frozen=True)
class Step:
    """One model of the ladder beside the one below it; `reason` says why it has no fit.

    `statistic`, `df`, `pvalue` are of the difference test (scaled where the estimator is robust); deltas are
    this step's index less that of the step below. `holds`: CFI falls by at most .01 and RMSEA rises by at
    most .015 (Chen, 2007, for more than 300 rows). `freed`: parameters let go to reach this step, in the
    order they were.
    """

    name: str
    equal: tuple[str, ...]
    fit: FitMeasures | None
    npar: int | None
    aic: float | None
    bic: float | None
    statistic: float | None = None
    df: int | None = None
    pvalue: float | None = None
    delta_cfi: float | None = None
    delta_rmsea: float | None = None
    delta_srmr: float | None = None
    holds: bool | None = None
    freed: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Invariance:
    """The steps, and the partial models beside those that fail.

    `reached` is the last step that holds in full. `frame`: one row a step, partial ones marked. `dmacs` is
    None for ordered answers and over waves.
    """

    estimator: str
    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    n: int
    steps: tuple[Step, ...]
    partial: tuple[Step, ...]
    effects: Callable[[], pd.DataFrame] | None = None

    @cached_property
    def dmacs(self) -> pd.DataFrame | None:
        """How large the differences of each item are (`effect_sizes`), worked out when they are asked for."""
        return None if self.effects is None else self.effects()

    @property
    def reached(self) -> str | None:
        """The last step that holds, counted from the first without a gap."""
        found = None
        for step in self.steps:
            if step.fit is None or step.holds is False:
                return found
            found = step.name
        return found

    @property
    def frame(self) -> pd.DataFrame:
        """Fit and differences, one row a step."""
        import pandas as pd

        shown, own = ("chisq", "cfi", "rmsea", "srmr"), ("npar", "statistic", "df", "pvalue")
        deltas = ("delta_cfi", "delta_rmsea", "delta_srmr")
        rows = [
            {"step": f"partial {step.name}" if step.freed else step.name}
            | {name: getattr(step.fit, name, None) for name in shown}
            | {name: getattr(step, name) for name in (*own, *deltas)}
            | {"freed": ", ".join(step.freed)}
            for step in (*self.steps, *self.partial)
        ]
        return pd.DataFrame(rows)


@dataclass(frozen=True)
class Rung:
    """A fitted model and its step."""

    step: Step
    fit: sem.Fit | None


Fitter = Callable[[tuple[str, ...], tuple[str, ...]], sem.Fit]


def invariance(
    model: str,
    data: pd.DataFrame,
    group: str,
    estimator: str = "MLR",
    *,
    cluster: str | None = None,
    missing: str = "listwise",
    categories: Mapping[str, int] | None = None,
    search: bool = True,
    steps: Sequence[str] | None = None,
) -> Invariance:
    """Climb from equal form to equal means, testing each step against the one below.

    ML, MLR: configural, metric (loadings), scalar (intercepts), strict (residual variances), factor variances
    and covariances, factor means (Meredith, 1993; Vandenberg & Lance, 2000). WLSMV, with each item's number
    of `categories`: thresholds first, then loadings, intercepts, residual variances under theta (Wu &
    Estabrook, 2016). Where the metric or the scalar step fails and `search` is on, the equality whose release
    lowers chi-square most is released, then the next, until the step holds or two items of a factor are left
    tied (Byrne, Shavelson & Muthen, 1989); every one is listed under `freed`. A list chosen by the data must
    hold in other data before much is made of it.
    """
    sizes = data[group].value_counts(sort=False, dropna=True)
    _refuse(sizes, group)
    ordinal = estimator == "WLSMV"
    ladder = ORDINAL if ordinal else CONTINUOUS
    if ordinal:
        fitter = _ordinal_fitter(model, data, group, categories or {}, len(sizes))
    else:
        options: Options = {"estimator": estimator, "missing": missing, "group": group}
        fitter = _fitter(model, data, cluster, options)
    asked = {name: equal for name, equal in ladder.items() if steps is None or name in steps}
    rungs, loose = climb(model, fitter, asked, search=search and not ordinal)
    return Invariance(
        estimator,
        tuple(str(name) for name in sizes.index),
        tuple(int(n) for n in sizes),
        int(rungs[0].fit.nobs) if rungs and rungs[0].fit else int(sizes.sum()),
        tuple(rung.step for rung in rungs),
        loose,
        None
        if ordinal or not rungs or rungs[0].fit is None
        else partial(effect_sizes, rungs[0].fit, data, group),
    )


def climb(
    model: str, fitter: Fitter, ladder: Mapping[str, tuple[str, ...]], *, search: bool
) -> tuple[list[Rung], tuple[Step, ...]]:
    """Fit the steps, lowest first, until one has none; then, if asked, partial models of those that fail.

    `fitter` takes what is equal and what is let go all the same; `model` names the loadings that may be.
    """
    rungs: list[Rung] = []
    for name, equal in ladder.items():
        rungs.append(_rung(name, equal, fitter, rungs[-1] if rungs else None, ()))
        if rungs[-1].fit is None:
            break
    return rungs, _searched(model, fitter, rungs, ladder) if search else ()


def beside(rung: Rung, below: Rung | None) -> Rung:
    """Fill in how a step differs from the one below it."""
    if below is None or rung.fit is None or below.fit is None:
        return rung
    own, other = rung.step.fit, below.step.fit
    if own is None or other is None:
        return rung
    statistic, pvalue, df, reason = None, None, rung.fit.df - below.fit.df, None
    try:
        test = difference(below.fit, rung.fit)
        statistic, pvalue, df = float(test.statistic), float(test.pvalue), int(test.df)
    except sem.ModelError as error:
        reason = str(error)
    cfi, rmsea = own.cfi - other.cfi, own.rmsea - other.rmsea
    step = replace(
        rung.step,
        statistic=statistic,
        pvalue=pvalue,
        df=df,
        reason=reason,
        delta_cfi=cfi,
        delta_rmsea=rmsea,
        delta_srmr=own.srmr - other.srmr,
        holds=bool(cfi >= -CFI_DROP and rmsea <= RMSEA_RISE),
    )
    return Rung(step, rung.fit)


def measured(name: str, equal: tuple[str, ...], fit: sem.Fit, freed: tuple[str, ...]) -> Step:
    """A step with its fit; one that did not converge has none."""
    if not fit.converged:
        return Step(name, equal, None, None, None, None, freed=freed, reason="the model did not converge")
    told = fit.measures
    scaled = told.get("chisq.scaling.factor", 0.0) > 0 and "cfi.robust" in told
    shown = robust_measures(told) if scaled else _scaled_or_plain(told)
    return Step(name, equal, shown, fit.npar, told.get("aic"), told.get("bic"), freed=freed)


def _scaled_or_plain(told: Mapping[str, float]) -> FitMeasures:
    """Without robust indices (ordered items in several groups) those of the scaled test."""
    if "chisq.scaled" not in told:
        return plain_measures(told)
    renamed = {
        name.replace(".scaled", ".robust"): value for name, value in told.items() if name.endswith(".scaled")
    }
    return robust_measures({**told, **renamed})


def _refuse(sizes: pd.Series, group: str) -> None:
    if len(sizes) < 2:
        raise PsychometricsError(f"'{group}' has a single group: there is nothing to compare")


def _fitter(model: str, data: pd.DataFrame, cluster: str | None, options: Options) -> Fitter:
    """Fits a step; factors have unit variance in the first group, so that no loading is fixed.

    Without robust errors and gaps all steps share the moments of the rows.
    """
    items = list(dict.fromkeys(item for _, item in _loads(model)))
    complete = data[[*items, options["group"]]].dropna()
    shared = options["estimator"] == "ML" and options["missing"] == "listwise" and cluster is None
    used = sem.Moments.of(complete, items, options["group"]) if shared else data

    def fitted(equal: tuple[str, ...], free: tuple[str, ...]) -> sem.Fit:
        asked = options.copy()
        asked |= {"group_equal": equal, "group_partial": free, "std_lv": True, "meanstructure": True}
        fit = sem.fit(model, used, cluster=cluster, **asked)
        assert isinstance(fit, sem.Fit)
        return fit

    return fitted


def _ordinal_fitter(
    model: str, data: pd.DataFrame, group: str, categories: Mapping[str, int], groups: int
) -> Fitter:
    from pipeline.sem.ordinal.invariance import invariance_syntax

    def fitted(equal: tuple[str, ...], free: tuple[str, ...]) -> sem.Fit:
        kind = "theta" if "residuals" in equal else "delta"
        text = invariance_syntax(model, categories, groups, equal, partial=free, parameterization=kind)
        return sem.fit(text, data, ordered=list(categories), group=group, parameterization=kind)

    return fitted


def _rung(
    name: str, equal: tuple[str, ...], fitter: Fitter, below: Rung | None, freed: tuple[str, ...]
) -> Rung:
    try:
        fit = fitter(equal, freed)
    except (sem.ModelError, sem.DataError) as error:
        return Rung(Step(name, equal, None, None, None, None, freed=freed, reason=str(error)), None)
    step = measured(name, equal, fit, freed)
    return beside(Rung(step, fit if fit.converged else None), below)


def _searched(
    model: str, fitter: Fitter, rungs: Sequence[Rung], ladder: Mapping[str, tuple[str, ...]]
) -> tuple[Step, ...]:
    """Partial models of the steps that fail, each resting on what the one before it let go."""
    found: list[Step] = []
    freed: tuple[str, ...] = ()
    below = rungs[0]
    for rung in rungs[1:]:
        name = rung.step.name
        if name not in SEARCHED or rung.fit is None:
            break
        if rung.step.holds and not freed:
            below = rung
            continue
        loose = _released(model, fitter, _rung(name, ladder[name], fitter, below, freed), below)
        found.append(loose.step)
        freed = loose.step.freed
        if loose.fit is None or not loose.step.holds:
            break
        below = loose
    return tuple(found)


def _released(model: str, fitter: Fitter, rung: Rung, below: Rung) -> Rung:
    """Release one equality after the other, the most costly first."""
    name, equal = rung.step.name, rung.step.equal
    while not rung.step.holds and rung.fit is not None:
        tried = [
            _rung(name, equal, fitter, below, (*rung.step.freed, one))
            for one in _candidates(model, name, rung.step.freed)
        ]
        better = [one for one in tried if one.fit is not None]
        if not better:
            return rung
        rung = min(better, key=lambda one: one.fit.measures["chisq"] if one.fit else float("inf"))
    return rung


def _candidates(model: str, step: str, freed: tuple[str, ...]) -> list[str]:
    """Loadings (metric) or intercepts (scalar) still tied, of factors with more than two such items."""
    loads, found = _loads(model), []
    for factor in dict.fromkeys(left for left, _ in loads):
        items = [item for left, item in loads if left == factor]
        names = [f"{factor} =~ {item}" if step == "metric" else f"{item} ~ 1" for item in items]
        tied = [name for name in names if name not in freed]
        found += tied if len(tied) > FEWEST_TIED else []
    return found


def _loads(model: str) -> list[tuple[str, str]]:
    """Factor and item of each loading."""
    return [
        (left.strip(), item.strip())
        for line in re.split(r"[\n;]", model)
        if "=~" in line
        for left, right in [line.split("=~")]
        for item in right.split("+")
    ]
