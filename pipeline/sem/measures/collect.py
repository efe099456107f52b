"""All fit measures of a solution, under lavaan's names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pipeline.sem.arrays import vech
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.estimate.weights import Given, Weights, weigh
from pipeline.sem.inference.saturated_test import free_moments, saturated_lines
from pipeline.sem.inference.scaling import ScaledTest
from pipeline.sem.measures import absolute, goodness, incremental, likelihood, rmsea
from pipeline.sem.measures.residual_based import GroupResiduals, root_mean_squares
from pipeline.sem.options import Method
from pipeline.sem.ordinal.residuals import ordinal_root_mean_squares
from pipeline.sem.ordinal.sample import OrdinalSample


@dataclass(frozen=True)
class Corrected:
    """Statistics and scaling factors behind the robust indices, of the model and of its baseline.

    `own_interval`: whether the interval of RMSEA takes c too, not the factor of a shifted test.
    """

    x2: float
    c: float
    x2_scaled: float
    x2_null: float
    c_null: float
    own_interval: bool = False


class Test(Protocol):
    """A chi-square and, where there is one, its scaled test."""

    @property
    def statistic(self) -> float:
        """The chi-square."""
        ...

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        ...

    @property
    def scaled(self) -> ScaledTest | None:
        """The scaled test."""
        ...


@dataclass(frozen=True)
class Tested:
    """A solution with its chi-square and, where there is one, its scaled test."""

    solution: Solution
    statistic: float
    scaled: ScaledTest | None

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.solution.df


def all_measures(
    model: Tested, baseline: Tested, method: Method, robust: Corrected | None
) -> dict[str, float]:
    """Return every fit measure."""
    solution = model.solution
    out: dict[str, float] = {"npar": solution.npar, "fmin": fmin(solution)}
    out |= tests_of("", model, method) | tests_of("baseline.", baseline, method)
    out |= incremental_indices(model, baseline, robust)
    if method.discrepancy == "ML":
        out |= _likelihood(solution)
    out["ntotal"] = solution.sample.total
    if model.scaled is not None and not math.isnan(model.scaled.factor_h1):
        out |= {"scaling.factor.h1": model.scaled.factor_h1, "scaling.factor.h0": model.scaled.factor_h0}
    size, groups = solution.sample.size, len(solution.sample.groups)
    out |= approximation(model, robust, size, groups) | _residuals(solution) | _others(model)
    return out


def fmin(solution: Solution) -> float:
    """Return the discrepancy as lavaan reports it: groups weighted by rows, least squares by n - 1 over n."""
    if isinstance(solution.problem.discrepancies[0], Quadratic):
        return solution.state.value * solution.sample.size / solution.sample.total
    return _mean_discrepancy(solution)


def _mean_discrepancy(solution: Solution) -> float:
    points = zip(solution.sample.weight_shares, solution.state.points, strict=True)
    return float(sum(share * point.value for share, point in points))


def tests_of(prefix: str, tested: Test, method: Method) -> dict[str, float]:
    """Return a chi-square, its scaled version and their p-values."""
    from scipy.special import chdtrc

    x2, df = tested.statistic, tested.df
    plain = method.discrepancy != "ULS"
    pvalue = (float(chdtrc(df, x2)) if df else math.nan) if plain else math.nan
    out: dict[str, float] = {f"{prefix}chisq": x2, f"{prefix}df": df, f"{prefix}pvalue": pvalue}
    if tested.scaled is not None:
        scaled = tested.scaled
        out |= {
            f"{prefix}chisq.scaled": scaled.statistic,
            f"{prefix}df.scaled": scaled.df,
            f"{prefix}pvalue.scaled": scaled.pvalue if scaled.df else math.nan,
            f"{prefix}chisq.scaling.factor": scaled.factor,
        }
        if scaled.name == "scaled.shifted" and not prefix:
            out["chisq.shift.parameters"] = scaled.shift
    return out


def incremental_indices(model: Test, baseline: Test, robust: Corrected | None) -> dict[str, float]:
    """Return CFI, TLI and their relatives, plain, scaled and robust."""
    plain = (model.statistic, float(model.df), baseline.statistic, float(baseline.df))
    out = _relatives(plain, "")
    if model.scaled is not None and baseline.scaled is not None:
        scaled = (model.scaled.statistic, model.scaled.df, baseline.scaled.statistic, baseline.scaled.df)
        out |= _relatives(scaled, ".scaled")
    if robust is not None:
        factors = {"c": robust.c, "c_null": robust.c_null} if model.df else {}
        arguments = (robust.x2, float(model.df), robust.x2_null, float(baseline.df))
        out |= {
            "cfi.robust": incremental.cfi(*arguments, **factors),
            "tli.robust": incremental.tli(*arguments, **factors),
        }
        out |= {"nnfi.robust": out["tli.robust"], "rni.robust": incremental.rni(*arguments, **factors)}
    return out


def _relatives(four: tuple[float, float, float, float], suffix: str) -> dict[str, float]:
    x2, df, x2_null, _ = four
    return {
        f"cfi{suffix}": incremental.cfi(*four),
        f"tli{suffix}": incremental.tli(*four),
        f"nnfi{suffix}": incremental.tli(*four),
        f"rfi{suffix}": incremental.rfi(*four),
        f"nfi{suffix}": incremental.nfi(*four),
        f"pnfi{suffix}": incremental.pnfi(*four),
        f"ifi{suffix}": incremental.ifi(x2, df, x2_null),
        f"rni{suffix}": incremental.rni(*four),
    }


def loglik(solution: Solution) -> tuple[float, float]:
    """Return the log-likelihoods of the model and of the saturated one, given fixed exogenous variables."""
    sample, x = solution.sample, solution.exogenous
    saturated = 0.0
    for group, mu, sigma in zip(sample.groups, sample.means, sample.covariances, strict=True):
        own = group.covariances * (group.count / (group.count - 1)) if sample.unbiased else group.covariances
        saturated += likelihood.saturated_loglik(
            group.masks, group.weights, group.means, own, mu=mu, sigma=sigma
        )
        if x:
            saturated -= likelihood.saturated_loglik(
                group.masks[:, x],
                group.weights,
                group.means[:, x],
                own[:, x][:, :, x],
                mu=mu[x],
                sigma=sigma[np.ix_(x, x)],
            )
    return saturated - sample.total * _mean_discrepancy(solution), saturated


def _likelihood(solution: Solution) -> dict[str, float]:
    own, saturated = loglik(solution)
    out = {"logl": own, "unrestricted.logl": saturated}
    return out | likelihood.criteria(own, solution.npar, solution.sample.total)


def approximation(model: Test, robust: Corrected | None, n: float, groups: int) -> dict[str, float]:
    """Return RMSEA with its interval and tests, plain, scaled and robust."""
    df, scaled = float(model.df), model.scaled
    out = {"rmsea": rmsea.rmsea(model.statistic, df, n, groups)}
    out |= _rmsea_inference(model.statistic, df, n, groups, 1.0, suffix="")
    out |= {"rmsea.ci.level": 0.90, "rmsea.close.h0": 0.05, "rmsea.notclose.h0": 0.08}
    if scaled is not None:
        shifted = scaled.name == "scaled.shifted"
        x2, own_df = (scaled.statistic, df) if shifted else (model.statistic, scaled.trace)
        out["rmsea.scaled"] = rmsea.rmsea(x2, own_df, n, groups)
        out |= _rmsea_inference(x2, own_df, n, groups, 1.0, suffix=".scaled")
    if robust is not None:
        out["rmsea.robust"] = rmsea.rmsea(robust.x2, df, n, groups, robust.c)
        shifted = scaled is not None and scaled.name == "scaled.shifted" and not robust.own_interval
        c = scaled.factor if scaled is not None and shifted else robust.c
        out |= _rmsea_inference(robust.x2_scaled, df, n, groups, c, suffix=".robust")
    return out


def _rmsea_inference(
    x2: float, df: float, n: float, groups: int, c: float, *, suffix: str
) -> dict[str, float]:
    lower, upper = rmsea.interval(x2, df, n, groups, c)
    return {
        f"rmsea.ci.lower{suffix}": lower,
        f"rmsea.ci.upper{suffix}": upper,
        f"rmsea.pvalue{suffix}": rmsea.close_fit(x2, df, n, groups, c),
        f"rmsea.notclose.pvalue{suffix}": rmsea.not_close_fit(x2, df, n, groups, c),
    }


def group_residuals(solution: Solution) -> list[GroupResiduals]:
    """Return sample and implied moments of every group in the user's units."""
    scale = solution.observed_scale
    outer = np.outer(scale, scale)
    sample, out = solution.sample, []
    for S, mean, implied in zip(sample.covariances, sample.means, solution.state.implied, strict=True):
        mu = implied.mu * scale if solution.table.meanstructure else mean
        out.append(GroupResiduals(S, implied.sigma * outer, mean, mu))
    return out


def _residuals(solution: Solution) -> dict[str, float]:
    shares = solution.sample.weight_shares
    if isinstance(solution.sample, OrdinalSample):
        own = [ordinal_root_mean_squares(solution, g) for g in range(len(shares))]
        return {name: float(sum(f * g[name] for f, g in zip(shares, own, strict=True))) for name in own[0]}
    groups = [root_mean_squares(group, solution.table.meanstructure) for group in group_residuals(solution)]
    out = {name: float(sum(f * g[name] for f, g in zip(shares, groups, strict=True))) for name in groups[0]}
    return {"srmr": out["srmr_bentler"]} | out


def _others(model: Tested) -> dict[str, float]:
    solution, x2, df = model.solution, model.statistic, model.df
    n = solution.sample.size
    p = len(solution.table.observed)
    moments = (p * (p + 1) // 2 + (p if solution.table.meanstructure else 0)) * len(solution.sample.groups)
    if isinstance(solution.sample, OrdinalSample):
        moments = solution.table.number_of_moments
    fit = _gfi(solution)
    out = {"gfi": fit, "agfi": goodness.agfi(fit, moments, df), "pgfi": goodness.pgfi(fit, moments, df)}
    out |= {"cn_05": absolute.critical_n(x2, df, n, 0.05), "cn_01": absolute.critical_n(x2, df, n, 0.01)}
    out |= {"mfi": absolute.mfi(x2, df, n), "ecvi": absolute.ecvi(x2, solution.npar, n)}
    return out | (
        {"wrmr": math.sqrt(x2 / (moments / len(solution.sample.groups)))}
        if isinstance(solution.sample, OrdinalSample)
        else {}
    )


def _gfi(solution: Solution) -> float:
    shares = solution.sample.weight_shares
    return float(shares @ np.array([_gfi_of_group(solution, g) for g in range(len(shares))]))


def _gfi_of_group(solution: Solution, g: int) -> float:
    """Compare observed with implied moments, pairwise ones where answers are missing, as lavaan does."""
    group, discrepancy = group_residuals(solution)[g], solution.problem.discrepancies[g]
    if isinstance(solution.sample, OrdinalSample):
        assert isinstance(discrepancy, Quadratic)
        s = discrepancy.moments
        return 1 - 2 * solution.state.points[g].value / float(s @ weigh(discrepancy.V, s))
    means, own = solution.table.meanstructure, solution.sample.groups[g]
    S, mean = group.S, group.mean
    if not own.complete:
        S, mean = own.pairwise(), own.pooled()[0]
    if isinstance(discrepancy, Normal) and not solution.exogenous:
        masks, shares = discrepancy.masks, discrepancy.fractions
        return goodness.gfi_normal(
            S, group.sigma, mean, group.mu, meanstructure=means, masks=masks, fractions=shares
        )
    scale = solution.observed_scale
    unit = np.outer(scale, scale)
    observed, implied = vech(S / unit), vech(group.sigma / unit)
    if means:
        observed, implied = (
            np.concatenate([m / scale, v]) for m, v in ((mean, observed), (group.mu, implied))
        )
    weights = moment_weights(solution, g)
    return goodness.gfi_weighted(observed, observed - implied, weights)


def moment_weights(solution: Solution, g: int) -> Weights:
    """Return the weights of a group's moments; those of fixed exogenous variables count nothing."""
    discrepancy = solution.problem.discrepancies[g]
    if isinstance(discrepancy, Quadratic):
        return discrepancy.weights
    assert isinstance(discrepancy, Normal)
    implied, means = solution.state.implied[g], solution.table.meanstructure
    V = discrepancy.at(implied).fisher(saturated_lines(len(implied.mu), means))
    keep = free_moments(solution)
    return Given(V * np.outer(keep, keep), means)
