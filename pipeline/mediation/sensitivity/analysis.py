"""How strong an unmeasured confounder of mediator and outcome would have to be to undo an indirect effect.

`stages/sensitivity` calls `sensitivity_to_confounding` on the model that it reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.mediation.graph import Route, label
from pipeline.mediation.model import PathModel
from pipeline.mediation.rows import FLAT
from pipeline.mediation.sensitivity.arrows import Arrow, ending
from pipeline.mediation.sensitivity.benchmark import benchmarks
from pipeline.mediation.sensitivity.curves import Curve, Draws, Zeros, along, effect, intervals, zeros
from pipeline.mediation.sensitivity.fitted import Source, residual
from pipeline.mediation.sensitivity.robustness import e_value, partial_r2, robustness_value
from pipeline.mediation.sensitivity.shift import REFITTED, Shift


@dataclass(frozen=True)
class Sensitivity:
    """`rows`: one an effect and level; `curves` by route|level.

    A row: route, mediator, outcome, level; est, ci_lower, ci_upper without residual correlation; rho_zero and
    rho_interval, the correlations at which the estimate is zero and at which the interval first holds zero
    (0: it does so without any; None: none was found); share_each, what a confounder would explain of what is
    left of mediator and outcome, in both alike, to bring rho_zero about; r2_residual and r2_total at
    rho_zero, the product of the shares that a confounder would explain of what is left, and of all, of
    mediator and outcome; how, fits, failed; misfit, by how much -2 log-likelihood is worse at rho_zero (None
    in closed form: it is the same at every correlation); benchmarks; single-level: partial_r2,
    rv, rv_alpha, e_value, e_value_limit of the mediator's slope.
    """

    rows: tuple[Mapping[str, Any], ...]
    curves: Mapping[str, Curve]
    notes: tuple[str, ...]


def sensitivity_to_confounding(
    source: Source, effects: Iterable[Mapping[str, Any]], draws: int, seed: int, confidence: float = 0.95
) -> Sensitivity:
    """Move the residual correlation of the last arrow of every specific indirect effect.

    Imai, Keele and Yamamoto (2010): a confounder that the model lacks shows as a correlation of the residuals
    of mediator and outcome, which these data cannot estimate; the model is worked out with that correlation
    held at each value of a grid. Between and within clusters have a correlation of their own each.
    Where a residual variance of the two is not above zero there is no such correlation, which is told.
    """
    how = Draws(draws, seed, confidence)
    rows: list[Mapping[str, Any]] = []
    curves: dict[str, Curve] = {}
    notes: list[str] = []
    for arrow, routes in ending(effects).items():
        without = _without_residual(source, arrow)
        if without is not None:
            notes.append(_undefined(arrow, without))
            continue
        shift = Shift(source, arrow)
        found = along(shift, routes, how)
        where = {route: zeros(shift, route, how) for route in routes}
        own = [_of_route(shift, route, where[route], how) for route in routes]
        shared = _of_arrow(shift)
        rows += [one | shared for one in own]
        curves |= {f"{label(route)}|{arrow.level}": curve for route, curve in found.items()}
        notes += [_failed(shift)] if shift.failed else []
    return Sensitivity(tuple(rows), curves, tuple(notes))


def _without_residual(source: Source, arrow: Arrow) -> str | None:
    """The first of mediator and outcome whose residual variance is not above zero."""
    values, pair = source.fitted.values, (arrow.mediator, arrow.outcome)
    return next((name for name in pair if values[residual(name, arrow.level)] <= 0), None)


def _undefined(arrow: Arrow, name: str) -> str:
    return (
        f"sensitivity to a confounder of '{arrow.mediator}' and '{arrow.outcome}' ({arrow.level}) was not "
        f"worked out: the residual variance of '{name}' is not estimated above zero there, so that no "
        f"residual correlation can be held"
    )


def _of_route(shift: Shift, route: Route, where: Zeros, draws: Draws) -> dict[str, Any]:
    arrow, main = shift.arrow, shift.found[0.0]
    lower, upper = intervals(shift, main, (route,), draws)[route]
    rho = where.estimate
    at_zero = shift.at(rho) if rho is not None and shift.how == REFITTED else None
    return {
        "route": label(route),
        **asdict(arrow),
        "est": effect(main, route, arrow.level),
        "ci_lower": lower,
        "ci_upper": upper,
        "rho_zero": rho,
        "rho_interval": where.interval,
        "share_each": None if rho is None else abs(rho),
        "r2_residual": None if rho is None else rho**2,
        "r2_total": _of_all(shift.source.model, arrow, rho),
        "misfit": None if at_zero is None else 2 * (main.logl - at_zero.logl),
    }


def _of_arrow(shift: Shift) -> dict[str, Any]:
    own = {
        "how": shift.how,
        "fits": shift.fits,
        "failed": len(shift.failed),
        "benchmarks": [asdict(one) for one in benchmarks(shift.source, shift.arrow)],
    }
    return own | (_of_slope(shift.source.model, shift.arrow) if shift.arrow.level == FLAT else {})


def _of_all(model: PathModel, arrow: Arrow, rho: float | None) -> float | None:
    """rho² (1 - R²_m) (1 - R²_y): the product form for the whole variances (Imai et al., 2010, 5.2)."""
    explained = [model.equations[name].r2.get(arrow.level) for name in (arrow.mediator, arrow.outcome)]
    if rho is None or explained[0] is None or explained[1] is None:
        return None
    return rho**2 * (1 - explained[0]) * (1 - explained[1])


def _of_slope(model: PathModel, arrow: Arrow) -> dict[str, Any]:
    """What a confounder of the mediator's slope itself would have to do, as for any regression."""
    slope = model.slopes()[arrow.mediator, arrow.outcome, arrow.level]
    equation = model.equations[arrow.outcome]
    freedom = float(equation.freedom or equation.n - len(equation.slopes) - 1)
    t, alpha = slope["est"] / slope["se"], 1 - model.confidence
    per_unit = slope["beta"] / slope["est"] if slope["est"] else 0.0
    lower, upper = slope["ci_lower"] * per_unit, slope["ci_upper"] * per_unit
    return {
        "partial_r2": partial_r2(t, freedom),
        "rv": robustness_value(t, freedom),
        "rv_alpha": robustness_value(t, freedom, alpha=alpha),
        "e_value": e_value(slope["beta"]),
        "e_value_limit": 1.0 if lower <= 0 <= upper else e_value(min(abs(lower), abs(upper))),
    }


def _failed(shift: Shift) -> str:
    arrow, n = shift.arrow, len(shift.failed)
    return (
        f"of {shift.fits} models with a residual correlation of '{arrow.mediator}' and '{arrow.outcome}' "
        f"({arrow.level}), {n} had no usable solution: {next(iter(shift.failed.values()))}"
    )
