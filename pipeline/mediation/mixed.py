"""One equation with random intercepts: the maximum of its likelihood, held against statsmodels MixedLM.

MixedLM's optimizers stop early without saying so on data of this kind (its default reports convergence at
an infinite log-likelihood on bh1996, and 5 units below the maximum on clients in staff in teams). So the
variance ratios are climbed by Newton steps on `NestedLikelihood` until nothing moves; MixedLM, started there,
has to find the same log-likelihood and nothing higher. How far it moves is kept as a second opinion.
`decomposed` calls this.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.mediation.likelihood import Codes, Floats, NestedLikelihood

OPTIMIZERS = ("bfgs", "cg", "powell", "nm")
AGREED = 1e-3
STATIONARY = 1e-9


@dataclass(frozen=True)
class SecondOpinion:
    """What statsmodels MixedLM, started at the maximum, answers.

    `logl_gap`: how far the log-likelihood at its answer lies below the maximum; `logl_difference`: the
    log-likelihood that it reports less the one worked out here for its answer; `shift`: the largest
    difference of a coefficient, in standard errors; `told`: its warnings.
    """

    optimizer: str
    logl_gap: float
    logl_difference: float
    shift: float
    told: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether MixedLM finds the same maximum."""
        return self.logl_gap < AGREED and abs(self.logl_difference) < AGREED


@dataclass(frozen=True)
class MixedFit:
    """Maximum of the likelihood. `variances` belong to the random intercepts, nearest level first.

    `cov` is (X'V^-1 X)^-1 at the estimated variances, as lme4 gives it; `decrement` (g'H^-1 g, in units of
    log-likelihood) says how much was left to gain when the search ended.
    """

    coefficients: Floats
    cov: Floats
    variances: tuple[float, ...]
    residual: float
    logl: float
    decrement: float
    second: SecondOpinion | None

    @property
    def converged(self) -> bool:
        """Whether nothing is left to gain."""
        return bool(np.isfinite(self.logl)) and abs(self.decrement) < STATIONARY


def fit_random_intercepts(y: Floats, X: Floats, groups: Sequence[Codes], reml: bool = False) -> MixedFit:
    """Fit y = X b + nested random intercepts + e by ML (or REML); the first column of X is the intercept."""
    scaled = _Scaled.of(y, X)
    likelihood = NestedLikelihood.of(scaled.y, scaled.X, groups, reml)
    ratios, decrement = _climb(likelihood, np.full(len(groups), 0.05))
    best: SecondOpinion | None = None
    for answer in _mixedlm(scaled, groups, likelihood, ratios):
        if likelihood.logl(answer.ratios) > likelihood.logl(ratios) + AGREED:
            ratios, decrement = _climb(likelihood, answer.ratios)
        opinion = _compare(likelihood, ratios, answer)
        best = opinion if best is None or opinion.logl_gap < best.logl_gap else best
        if best.agrees:
            break
    return scaled.restore(likelihood, ratios, decrement, best)


@dataclass(frozen=True)
class _Answer:
    optimizer: str
    ratios: Floats
    coefficients: Floats
    logl: float
    told: tuple[str, ...]


def _climb(likelihood: NestedLikelihood, start: Floats) -> tuple[Floats, float]:
    """Newton steps with halving, variances held at or above zero; returns the ratios and the decrement."""
    ratios, decrement = np.maximum(start, 0.0), np.inf
    for _ in range(200):
        step, decrement = _newton(likelihood, ratios)
        if decrement < STATIONARY / 1e3:
            break
        here = likelihood.logl(ratios)
        for halving in range(40):
            there = np.maximum(ratios + step / 2**halving, 0.0)
            if likelihood.logl(there) > here:
                break
        else:
            break
        ratios = there
    return ratios, float(decrement)


def _newton(likelihood: NestedLikelihood, ratios: Floats) -> tuple[Floats, float]:
    """The next step and what it promises; parameters held at zero by the gradient stay there."""
    gradient, step = likelihood.gradient(ratios), np.zeros_like(ratios)
    free = ~((ratios <= 0) & (gradient <= 0))
    if not free.any():
        return step, 0.0
    curvature = -likelihood.hessian(ratios)[np.ix_(free, free)]
    values, vectors = np.linalg.eigh(curvature)
    values = np.maximum(np.abs(values), 1e-8 * np.abs(values).max())
    step[free] = vectors @ ((vectors.T @ gradient[free]) / values)
    return step, float(gradient[free] @ step[free])


def _mixedlm(
    scaled: _Scaled, groups: Sequence[Codes], likelihood: NestedLikelihood, start: Floats
) -> Iterator[_Answer]:
    """What MixedLM answers, optimizer by optimizer; variances found at zero are left out beforehand."""
    present = start > 0
    kept = [codes for codes, there in zip(groups, present, strict=True) if there]
    if not kept:
        return
    for name in OPTIMIZERS:
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
            warnings.simplefilter("always")
            try:
                fit = _fit_mixedlm(scaled, kept, likelihood, start, name)
            except (np.linalg.LinAlgError, ValueError, OverflowError, ZeroDivisionError):
                continue
        ratios = np.zeros(len(groups))
        variances = np.append(np.asarray(fit.vcomp), np.asarray(fit.cov_re).ravel())
        ratios[present] = np.maximum(variances / fit.scale, 0.0)
        if np.all(np.isfinite(ratios)) and np.isfinite(fit.llf):
            told = tuple(dict.fromkeys(str(warning.message) for warning in caught))
            yield _Answer(name, ratios, np.asarray(fit.fe_params, dtype=float), float(fit.llf), told)


def _fit_mixedlm(
    scaled: _Scaled,
    groups: Sequence[Codes],
    likelihood: NestedLikelihood,
    start: Floats,
    optimizer: str,
) -> Any:
    from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams

    ratios = start[start > 0]
    begin = MixedLMParams.from_components(
        fe_params=np.real(likelihood.profile(start).coefficients),
        cov_re=ratios[-1:, None],
        vcomp=ratios[:-1],
    )
    model = MixedLM(
        scaled.y,
        scaled.X,
        groups=groups[-1],
        exog_re=np.ones((len(scaled.y), 1)),
        exog_vc=_components(groups),
    )
    return model.fit(reml=likelihood.reml, method=optimizer, start_params=begin)


def _components(groups: Sequence[Codes]) -> object:
    """MixedLM's description of the random intercepts below the top level; None where there are none."""
    from statsmodels.regression.mixed_linear_model import VCSpec

    if len(groups) == 1:
        return None
    members = [np.flatnonzero(groups[-1] == top) for top in range(int(groups[-1].max()) + 1)]
    matrices, columns = [], []
    for codes in groups[:-1]:
        units = [np.unique(codes[rows]) for rows in members]
        matrices.append(
            [(codes[rows][:, None] == unit).astype(float) for rows, unit in zip(members, units, strict=True)]
        )
        columns.append([[str(name) for name in unit] for unit in units])
    return VCSpec([f"level{k}" for k in range(len(groups) - 1)], columns, matrices)


def _compare(likelihood: NestedLikelihood, ratios: Floats, answer: _Answer) -> SecondOpinion:
    ours, here = likelihood.profile(ratios), likelihood.logl(answer.ratios)
    errors = np.sqrt(np.diag(ours.unscaled) * ours.residual)
    shift = float(np.max(np.abs(answer.coefficients - ours.coefficients) / errors))
    gap = max(likelihood.logl(ratios) - here, 0.0)
    return SecondOpinion(answer.optimizer, gap, answer.logl - here, shift, answer.told)


@dataclass(frozen=True)
class _Scaled:
    """Rows in standard units, in which the search does not depend on the units of measurement."""

    y: Floats
    X: Floats
    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, y: Floats, X: Floats) -> _Scaled:
        table = np.column_stack([X[:, 1:], y])
        centre, spread = table.mean(axis=0), table.std(axis=0)
        table = (table - centre) / spread
        return cls(table[:, -1], np.column_stack([np.ones(len(y)), table[:, :-1]]), centre, spread)

    def restore(
        self, likelihood: NestedLikelihood, ratios: Floats, decrement: float, second: SecondOpinion | None
    ) -> MixedFit:
        """The fit in the units of the data."""
        found = likelihood.profile(ratios)
        unit = float(self.spread[-1])
        back = np.diag(np.append(1.0, 1 / self.spread[:-1]))
        back[0, 1:] = -self.centre[:-1] / self.spread[:-1]
        coefficients = unit * (back @ found.coefficients)
        coefficients[0] += self.centre[-1]
        residual = float(found.residual) * unit**2
        free = likelihood.rows - (likelihood.columns if likelihood.reml else 0)
        logl = float(found.logl) - free * np.log(unit)
        if likelihood.reml:
            logl -= float(np.log(self.spread[:-1]).sum())
        return MixedFit(
            coefficients,
            residual * (back @ found.unscaled @ back.T),
            tuple(float(ratio) * residual for ratio in ratios),
            residual,
            float(logl),
            decrement,
            second,
        )
