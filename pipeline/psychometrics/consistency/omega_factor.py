"""Coefficient omega of a scale as it is scored, from one factor, with an interval that knows clusters.

`stages/reliabilities` heads the table of reliability with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.joint import joint
from pipeline.psychometrics.structure import Structure

if TYPE_CHECKING:
    import pandas as pd

NAME = "omega"


@dataclass(frozen=True)
class OmegaFactor:
    """Omega of the sum (or mean) of a scale's items in their own unit, its error and interval.

    `n` rows were used, in `clusters` clusters (None: rows are independent). `warnings` speak of the factor
    model that it rests on.
    """

    est: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence: float
    k: int
    n: int
    clusters: int | None
    handling: str
    warnings: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row: est, se, ci_lower, ci_upper, k, n."""
        import pandas as pd

        names = ("est", "se", "ci_lower", "ci_upper", "k", "n")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])


def omega_factor(
    items: pd.DataFrame, clusters: pd.Series | None = None, confidence: float = 0.95
) -> OmegaFactor:
    """(sum of loadings)^2 / ((sum of loadings)^2 + sum of residual variances) (McDonald, 1999).

    One factor of unit variance by maximum likelihood over every row with an answer, errors robust (MLR) and,
    given `clusters`, summed over whole clusters. Interval: the delta method on the logit of omega, which
    keeps it between 0 and 1 (Raykov & Marcoulides, 2011; Kelley & Pornprasertmanit, 2016).
    """
    if items.shape[1] < 3:
        raise PsychometricsError("omega needs three items: with two, one factor is not identified")
    data = joint(items, {NAME: [str(name) for name in items.columns]}, clusters, most_patterns=None)
    fit = data.fit(_syntax(data.structure))
    if not fit.converged:
        raise PsychometricsError("the one-factor model that omega rests on did not converge")
    row = fit.estimates[fit.estimates["op"] == ":="].iloc[0]
    est, se = float(row["est"]), float(row["se"])
    lower, upper = logit_interval(est, se, confidence)
    told = tuple(map(data.structure.in_words, fit.warnings))
    size = len(data.structure.items)
    return OmegaFactor(est, se, lower, upper, confidence, size, data.n, data.clusters, data.handling, told)


def logit_interval(est: float, se: float, confidence: float) -> tuple[float, float]:
    """Interval of a share by the delta method on its logit; undefined where it is no share."""
    from scipy.special import expit, logit
    from scipy.stats import norm

    if not (0 < est < 1 and np.isfinite(se)):
        return float("nan"), float("nan")
    reach = norm.ppf((1 + confidence) / 2) * se / (est * (1 - est))
    return float(expit(logit(est) - reach)), float(expit(logit(est) + reach))


def _syntax(structure: Structure) -> str:
    codes = structure.item_codes
    loads = " + ".join(f"l{k}*{code}" for k, code in enumerate(codes))
    residuals = [f"{code} ~~ e{k}*{code}" for k, code in enumerate(codes)]
    common = f"({' + '.join(f'l{k}' for k in range(len(codes)))})^2"
    unique = " + ".join(f"e{k}" for k in range(len(codes)))
    factor = structure.factor_codes[0]
    return "\n".join([f"{factor} =~ {loads}", *residuals, f"{NAME} := {common} / ({common} + {unique})"])
