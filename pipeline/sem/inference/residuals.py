"""Residual moments, their z-values and a summary (Hausman, 1978; Ogasawara, 2001; Maydeu-Olivares, 2017).

With W the information about the moments, Delta their derivatives and ACOV their sampling covariance,
    acov(residuals) = Q ACOV Q',  Q = I - Delta (Delta' W Delta)^-1 Delta' W.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sem.arrays import Array, unvech, vech, vech_index
from pipeline.sem.data import Rows
from pipeline.sem.errors import ModelError
from pipeline.sem.estimate.normal import Normal
from pipeline.sem.estimate.quadratic import Quadratic
from pipeline.sem.estimate.solve import Solution
from pipeline.sem.inference.information import information, inverse, row_shares, weights_of
from pipeline.sem.inference.saturated_test import saturated_lines, saturated_moments
from pipeline.sem.inference.scores import cross_products, moment_scores
from pipeline.sem.measures.collect import group_residuals
from pipeline.sem.measures.residual_based import bentler, bollen
from pipeline.sem.options import Method
from pipeline.sem.ordinal.residuals import ordinal_residual_acov, ordinal_residuals
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.ordinal.statistics import Kinds
from pipeline.sem.ordinal.tables import pair_index
from pipeline.sem.structure.derivatives import jacobian

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("raw", "cor.bentler", "cor.bollen")
_ZERO = 1e-4


@dataclass(frozen=True)
class Residuals:
    """Residuals of one group with their z-values; `summary` holds the (unbiased) SRMR with errors."""

    kind: str
    cov: pd.DataFrame
    cov_z: pd.DataFrame | None
    mean: pd.Series[float] | None
    mean_z: pd.Series[float] | None
    summary: dict[str, float]


def residuals(solution: Solution, method: Method, rows: Rows | None, kind: str, g: int) -> Residuals:
    """Return the residuals of a group; z-values are missing where the saturated information is singular."""
    import pandas as pd

    if kind not in KINDS:
        raise ModelError(f"residuals of kind '{kind}' are not known; choose one of {', '.join(KINDS)}")
    if isinstance(solution.sample, OrdinalSample):
        return _ordinal(solution, solution.sample.parts[g].kinds, method, kind, g=g)
    group, names = group_residuals(solution)[g], list(solution.table.observed)
    cov, mean = {"raw": (group.S - group.sigma, group.mean - group.mu), "cor.bentler": bentler(group)}.get(
        kind, (bollen(group)[0], bentler(group)[1])
    )
    means = solution.table.meanstructure
    acov = _scaled(solution, _residual_acov(solution, method, rows, g), kind, g)
    p = len(names)
    z_cov = z_mean = None
    summary: dict[str, float] = {}
    if acov is not None:
        first = p if means else 0
        z = _z(np.concatenate([mean, vech(cov)]) if means else vech(cov), acov)
        z_cov = pd.DataFrame(unvech(z[first:]), names, names)
        z_mean = pd.Series(z[:p], names) if means else None
        summary = root_mean_square(
            vech(cov), acov[first:, first:], len(vech(cov)) - p * (kind == "cor.bollen")
        )
    return Residuals(
        kind,
        pd.DataFrame(cov, names, names),
        z_cov,
        pd.Series(mean, names) if means else None,
        z_mean,
        summary,
    )


def _ordinal(solution: Solution, kinds: Kinds, method: Method, kind: str, *, g: int) -> Residuals:
    """Residual thresholds stand in the place of means; covariates are conditioned on."""
    import pandas as pd

    own = ordinal_residuals(solution, g)
    cov = {"raw": own.raw, "cor.bentler": own.bentler}.get(kind, own.bollen)
    names, first = list(kinds.variables), pair_index(len(kinds.variables))
    mean = pd.Series(own.levels, kinds.names[: len(own.levels)])
    if (method.discrepancy == "ULS" and method.errors == "standard") or not kinds.plain:
        return Residuals(kind, pd.DataFrame(cov, names, names), None, mean, None, {})
    acov = ordinal_residual_acov(solution, information(solution, "expected"), g)
    count = len(own.levels)
    z = np.zeros_like(cov)
    z[first] = _z(cov[first], acov[count:, count:])
    summary = root_mean_square(
        cov[first], acov[count:, count:], len(first[0]) + len(cov) * (kind != "cor.bollen")
    )
    z_mean = pd.Series(_z(own.levels, acov[:count, :count]), mean.index)
    return Residuals(
        kind, pd.DataFrame(cov, names, names), pd.DataFrame(z + z.T, names, names), mean, z_mean, summary
    )


def _z(values: Array, acov: Array) -> Array:
    """Residuals that are zero by construction have no sampling error: they are returned as they are."""
    variances = np.diag(acov)
    with np.errstate(invalid="ignore"):
        errors = np.where(np.abs(values) < _ZERO, 1.0, np.sqrt(variances))
        return values / errors


def _residual_acov(solution: Solution, method: Method, rows: Rows | None, g: int) -> Array | None:
    if method.discrepancy in {"ULS", "DWLS"}:
        return None
    share = row_shares(solution)
    groups = range(len(share))
    W = [moment_information(solution, method, rows, h, structured=True) for h in groups]
    deltas = [jacobian(lines, solution.table.meanstructure) for lines in solution.state.lines]
    whole = solution.problem.stack([f * d.T @ w @ d for f, d, w in zip(share, deltas, W, strict=True)])
    try:
        bread = inverse(solution, whole)
        own = np.linalg.inv(moment_information(solution, method, rows, g, structured=False))
    except np.linalg.LinAlgError:
        return None
    if method.errors != "standard":
        own = own @ _cross(solution, method, rows, g, structured=False) @ own
    part = solution.problem.layout.parts[g]
    Q = np.eye(len(own)) - share[g] * deltas[g] @ bread[part, part] @ deltas[g].T @ W[g]
    out: Array = Q @ own @ Q.T / solution.sample.counts[g]
    return out


def moment_information(
    solution: Solution, method: Method, rows: Rows | None, g: int, structured: bool
) -> Array:
    """Return the information of one row, at the model's or at the saturated moments."""
    discrepancy = solution.problem.discrepancies[g]
    if isinstance(discrepancy, Quadratic):
        return discrepancy.V
    assert isinstance(discrepancy, Normal)
    if method.information == "first.order":
        return _cross(solution, method, rows, g, structured)
    sigma, mu = _moments(solution, g, structured)
    lines = saturated_lines(len(mu), solution.table.meanstructure)
    point = discrepancy.at_moments(sigma, mu)
    return point.curvature(lines) if method.information == "observed" else point.fisher(lines)


def _moments(solution: Solution, g: int, structured: bool) -> tuple[Array, Array]:
    sigma, mu = saturated_moments(solution, g)
    if not structured:
        return sigma, mu
    implied = solution.state.implied[g]
    return implied.sigma, implied.mu if solution.table.meanstructure else mu


def _cross(solution: Solution, method: Method, rows: Rows | None, g: int, structured: bool) -> Array:
    if rows is None:
        raise ModelError(f"z-values of residuals after '{method.name}' need the rows of the data")
    sigma, mu = _moments(solution, g, structured)
    values = rows.groups[g].values / solution.observed_scale
    return cross_products(
        moment_scores(values, sigma, mu, solution.table.meanstructure), *weights_of(rows, g)
    )


def _scaled(solution: Solution, acov: Array | None, kind: str, g: int) -> Array | None:
    """Take the covariance matrix of residuals from the internal metric to that of the kind."""
    if acov is None:
        return None
    scale = solution.observed_scale
    S = solution.sample.covariances[g]
    deviations = np.sqrt(np.diag(S))
    unit = scale if kind == "raw" else scale / deviations
    rows, columns = vech_index(len(unit))
    T = np.diag(unit[rows] * unit[columns])
    if kind == "cor.bollen":
        T = _correlation_slopes(S / np.outer(deviations, deviations)) @ T
    if solution.table.meanstructure:
        from scipy.linalg import block_diag

        T = block_diag(np.diag(unit), T)
    out: Array = T @ acov @ T.T
    return out


def _correlation_slopes(R: Array) -> Array:
    """dr_ij = ds_ij - r_ij (ds_ii + ds_jj) / 2, for covariances of standardized variables."""
    rows, columns = vech_index(len(R))
    out = np.eye(len(rows))
    diagonal = {int(i): at for at, (i, j) in enumerate(zip(rows, columns, strict=True)) if i == j}
    for at, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        out[at, diagonal[i]] -= R[i, j] / 2
        out[at, diagonal[j]] -= R[i, j] / 2
    return out


def root_mean_square(values: Array, acov: Array, size: int) -> dict[str, float]:
    """Return the root mean square, plain and unbiased, with errors and tests (Maydeu-Olivares, 2017)."""
    from scipy.special import ndtr, ndtri

    trace, squares = float(np.trace(acov)), float((acov * acov.T).sum())
    rms = float(np.sqrt(values @ values / size))
    error = np.sqrt(squares / (2 * size * trace)) if trace > 0 else np.nan
    expected = np.sqrt(trace / size) * (4 * trace**2 - squares) / (4 * trace**2)
    z = max(rms - expected, 0.0) / error
    total, form = float(values @ values), float(values @ acov @ values)
    k = 1 - (squares + 2 * form) / (4 * total**2)
    unbiased = np.sqrt(max(total - trace, 0.0) / size) / k
    spread = np.sqrt((squares + 2 * form) / (2 * size * total)) / abs(k)
    bound = float(ndtri(0.95)) * spread
    close = (unbiased - 0.05) / spread
    return {
        "srmr": rms,
        "srmr.se": float(error),
        "srmr.exactfit.z": float(z),
        "srmr.exactfit.pvalue": float(ndtr(-z)),
        "usrmr": float(unbiased),
        "usrmr.se": float(spread),
        "usrmr.ci.lower": float(unbiased - bound),
        "usrmr.ci.upper": float(unbiased + bound),
        "usrmr.closefit.h0.value": 0.05,
        "usrmr.closefit.z": float(close),
        "usrmr.closefit.pvalue": float(ndtr(-close)),
    }
