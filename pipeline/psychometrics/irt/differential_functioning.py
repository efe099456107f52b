"""Differential item functioning: does an item favour a group at the same standing on the scale?

The validate stage calls `dif` for the groupings of a study, and `mantel_haenszel` for items with two
answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.irt.cumulative_logit import Expansion, expand, start_intercepts
from pipeline.psychometrics.irt.groupings import ordered_labels

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Match = Literal["total", "rest"]


@dataclass(frozen=True)
class DifferentialFunctioning:
    """Ordinal logistic regression of each item on the matching score, the group, and their product.

    `frame`, by item: n, logl_match, logl_group, logl_product; lr_uniform, df_uniform, p_uniform (group
    added), lr_nonuniform, p_nonuniform (product added), lr_total, df_total, p_total (both) and p_holm (over
    items); r2_match, r2_group, r2_product (Nagelkerke) and r2_change; mcfadden_* likewise; effect and
    effect_se, the coefficient of the group (two groups only) and size: negligible, moderate or large.
    """

    match: Match
    groups: tuple[object, ...]
    frame: pd.DataFrame


def dif(items: pd.DataFrame, groups: pd.Series, match: Match = "total") -> DifferentialFunctioning:
    """Ordinal logistic regression (Zumbo, 1999), proportional odds, of complete rows with a group.

    match: the sum of all items, or of the others (rest). The first group in order is the reference.
    Effect size: change of Nagelkerke's R^2 from match to product; negligible below .035, large from .07
    (Jodoin & Gierl, 2001). Own Newton steps to the maximum: the same kernel as the graded response model.
    """
    import pandas as pd

    if match not in ("total", "rest"):
        raise PsychometricsError(f"match is 'total' or 'rest', not '{match}'")
    known = (items.notna().all(axis="columns") & groups.notna()).to_numpy()
    used, member = items[known], groups[known]
    labels = ordered_labels(member)
    if len(labels) < 2:
        raise PsychometricsError(f"{len(labels)} groups have complete rows: at least 2 are needed")
    dummies = np.column_stack([np.asarray(member == label, dtype=np.float64) for label in labels[1:]])
    total = used.sum(axis="columns").to_numpy(float)
    rows = {}
    for name in used.columns:
        score = total - used[name].to_numpy(float) if match == "rest" else total
        rows[str(name)] = _item(str(name), used[name].to_numpy(float), score, dummies)
    frame = pd.DataFrame.from_dict(rows, orient="index")
    frame.insert(list(frame.columns).index("p_total") + 1, "p_holm", _holm(frame["p_total"].to_numpy()))
    return DifferentialFunctioning(match, labels, frame)


def _item(name: str, answers: Floats, score: Floats, dummies: Floats) -> dict[str, object]:
    from scipy.stats import chi2

    values, codes = np.unique(answers, return_inverse=True)
    if len(values) < 2:
        raise PsychometricsError(f"every row gives the same answer to {name}: leave it out")
    counts = (codes[:, None] == np.arange(len(values))).astype(float)
    spread = score.std()
    if not spread > 0:
        raise PsychometricsError("the matching score does not vary")
    standing = ((score - score.mean()) / spread)[:, None]
    designs = (standing, np.hstack([standing, dummies]), np.hstack([standing, dummies, standing * dummies]))
    fits = [_fit(name, design, counts) for design in designs]
    logl, df = np.array([found.value for found in fits]), dummies.shape[1]
    shares = counts.mean(axis=0)
    none, n = float(counts.sum(axis=0) @ np.log(shares)), len(answers)
    r2 = (1 - np.exp(2 * (none - logl) / n)) / (1 - np.exp(2 * none / n))
    mcfadden = 1 - logl / none
    uniform, nonuniform = 2 * (logl[1] - logl[0]), 2 * (logl[2] - logl[1])
    row: dict[str, object] = {"n": n}
    row |= dict(zip(("logl_match", "logl_group", "logl_product"), logl, strict=True))
    row |= {"lr_uniform": uniform, "df_uniform": df, "p_uniform": float(chi2.sf(uniform, df))}
    row |= {"lr_nonuniform": nonuniform, "p_nonuniform": float(chi2.sf(nonuniform, df))}
    row |= {"lr_total": uniform + nonuniform, "df_total": 2 * df}
    row |= {"p_total": float(chi2.sf(uniform + nonuniform, 2 * df))}
    row |= dict(zip(("r2_match", "r2_group", "r2_product"), r2, strict=True))
    row |= dict(zip(("mcfadden_match", "mcfadden_group", "mcfadden_product"), mcfadden, strict=True))
    change = float(r2[2] - r2[0])
    return row | {"r2_change": change} | _effect(fits[1], len(values), df) | {"size": _size(change)}


@dataclass(frozen=True)
class _Fit:
    value: float
    estimates: Floats
    hessian: Floats


def _fit(name: str, design: Floats, counts: Floats, most: int = 100) -> _Fit:
    """Newton steps, halved where they would fall; the log-likelihood is concave (Pratt, 1981)."""
    cuts = counts.shape[1] - 1
    values = np.concatenate([start_intercepts(counts.sum(axis=0)), np.zeros(design.shape[1])])

    def at(tried: Floats) -> Expansion:
        return expand(tried[:cuts], tried[cuts:], design, counts)

    found = at(values)
    for _ in range(most):
        step = np.linalg.lstsq(-found.hessian, found.gradient, rcond=None)[0]
        if float(step @ found.gradient) < 1e-12:
            return _Fit(found.value, values, found.hessian)
        size = 1.0
        while size > 1e-8:
            tried = values + size * step
            if np.all(np.diff(tried[:cuts]) < 0) and at(tried).value >= found.value:
                break
            size /= 2
        values = values + size * step
        found = at(values)
    raise PsychometricsError(
        f"item {name}: the regression did not converge; a group gives nothing but one answer, or the "
        f"matching score decides the answer"
    )


def _effect(fit: _Fit, categories: int, df: int) -> dict[str, object]:
    if df > 1:
        return {"effect": np.nan, "effect_se": np.nan}
    cov = np.linalg.pinv(-fit.hessian)
    return {"effect": float(fit.estimates[-1]), "effect_se": float(np.sqrt(cov[categories, categories]))}


def _size(change: float) -> str:
    return "negligible" if change < 0.035 else "moderate" if change < 0.07 else "large"


def _holm(p: Floats) -> Floats:
    """Holm's (1979) step-down adjustment."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
