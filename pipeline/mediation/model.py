"""A fitted path model: one row a slope, one `Equation` an outcome.

`decomposed`, `latent_means` and `flat` make it; `effects` and the stages read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.errors import MediationError
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.mixed import SecondOpinion
from pipeline.mediation.model_fit import ModelFit
from pipeline.mediation.rows import FLAT, Rows, Term

if TYPE_CHECKING:
    import pandas as pd

    from pipeline import sem
    from pipeline.sem.twolevel.result import TwoLevelFit

Slope = tuple[str, str, str]
MANIFEST_MEANS = "manifest means: attenuated where clusters measure imprecisely"
LATENT_MEANS = "latent means: corrected for the error with which clusters are measured by their members"
LATENT_VARIABLES = "latent variables: corrected for the error of their items"
LATENT_VARIABLES_BETWEEN = (
    "latent variables between clusters: corrected for the error of their items and for the error with which "
    "clusters are measured by their members"
)
COMPLETE = "complete: no answers missing"
FLAT_IGNORES = "flat (single-level): ignores clusters"


@dataclass(frozen=True)
class Equation:
    """One outcome: what it was fitted on and how the fit went.

    `level` is the level of the rows; `clusters` counts the units that carry a random intercept, nearest level
    first; `variances` (with "residual") and `icc` (their shares, given the predictors) follow the same order.
    With latent means `variances` are the residual ones within and between, `icc` is the outcome's share
    between.
    `slopes` are (predictor, within | between | flat), in the order of `estimates` and `cov`. `freedom` is the
    residual degrees of freedom of least squares, None with random intercepts or full information (errors are
    then large-sample). `r2` is the share of variance explained by level, where it is known.
    """

    outcome: str
    level: str
    method: str
    n: int
    clusters: Mapping[str, int]
    left_out: Mapping[str, int]
    slopes: tuple[tuple[str, str], ...]
    estimates: Floats
    cov: Floats
    intercept: float
    freedom: int | None
    variances: Mapping[str, float]
    icc: Mapping[str, float]
    logl: float
    converged: bool
    second: SecondOpinion | None
    warnings: tuple[str, ...]
    r2: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Largest difference of slopes between two programs on the same `n` rows, or why there is none."""

    program: str | None
    n: int | None = None
    largest_difference_estimates: float | None = None
    reason: str | None = None


@dataclass(frozen=True, eq=False)
class Refit:
    """What a bootstrap of the model needs: its fit, and the name of every slope in it.

    `units` holds, by level, what `fit.bootstrap` takes as the unit of each row; None stands for the rows, or
    the clusters, themselves. `default` is the level whose units are drawn unless another one is asked for.
    """

    fit: sem.Fit | TwoLevelFit
    names: Mapping[Slope, str]
    units: Mapping[str, Any]
    default: str


@dataclass(frozen=True)
class PathModel:
    """Slopes of all equations.

    `frame`: outcome, predictor, level, role (path or covariate), est, se, z, df, pvalue, ci_lower, ci_upper,
    cluster_mean (the predictor is an observed cluster mean), beta. z is est / se; with least squares p and
    interval are from t on df degrees of freedom, otherwise from the normal. beta is est times the standard
    deviation of the predictor over that of the outcome, both at the slope's level: pooled within clusters for
    within, of manifest cluster means for between; implied by the model for flat and with latent means.
    `joint` is the covariance of all slopes where one model holds them, by (predictor, outcome, level);
    without it equations are independent. `second` compares the whole with another program; `notes` are what
    a model of the whole path warns of, `unit` is the level that its errors are robust to; `fit` says how well
    it reproduces what it was fitted to, None where equations were fitted one by one. With `full_information`
    rows that lack some answers count with those that they have. `refit` is what the bootstrap needs; None
    where equations are fitted one by one.
    """

    kind: str
    frame: pd.DataFrame
    equations: Mapping[str, Equation]
    confidence: float
    joint: pd.DataFrame | None = None
    second: Comparison | None = None
    notes: tuple[str, ...] = ()
    unit: str | None = None
    fit: ModelFit | None = None
    full_information: bool = False
    refit: Refit | None = None

    def cov(self, outcome: str) -> pd.DataFrame:
        """Covariance matrix of an equation's slopes, named by (predictor, level)."""
        import pandas as pd

        if outcome not in self.equations:
            raise MediationError(f"'{outcome}' is no outcome of this model")
        equation = self.equations[outcome]
        index = pd.MultiIndex.from_tuples(equation.slopes, names=["predictor", "level"])
        return pd.DataFrame(equation.cov, index=index, columns=index)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the model and every equation warn of, once each."""
        own = (text for one in self.equations.values() for text in one.warnings)
        return tuple(dict.fromkeys([*self.notes, *own]))

    @property
    def missing(self) -> str:
        """What became of rows that lack answers: listwise, fiml, or that there are none."""
        reasons = [reason for one in self.equations.values() for reason in one.left_out]
        if self.full_information:
            return "fiml"
        return "listwise" if any(reason.startswith("no answer") for reason in reasons) else COMPLETE

    @property
    def single_level(self) -> bool:
        """Whether slopes are of one level, clusters ignored or absent."""
        return all(level == FLAT for one in self.equations.values() for _, level in one.slopes)

    def slopes(self) -> dict[Slope, dict[str, Any]]:
        """The rows of the frame by (predictor, outcome, level)."""
        rows: list[dict[str, Any]] = self.frame.to_dict("records")  # type: ignore[assignment]
        return {(row["predictor"], row["outcome"], row["level"]): row for row in rows}


def assemble(
    kind: str,
    fitted: Mapping[str, tuple[Rows, Equation]],
    confidence: float,
    *,
    joint: pd.DataFrame | None = None,
    second: Comparison | None = None,
    fit: ModelFit | None = None,
    full_information: bool = False,
    refit: Refit | None = None,
) -> PathModel:
    """Lay the equations out as one table."""
    import pandas as pd

    rows = [
        _row(data, equation, index, confidence)
        for data, equation in fitted.values()
        for index in range(len(equation.slopes))
    ]
    equations = {outcome: equation for outcome, (_, equation) in fitted.items()}
    return PathModel(
        kind,
        pd.DataFrame(rows),
        equations,
        confidence,
        joint,
        second,
        fit=fit,
        full_information=full_information,
        refit=refit,
    )


def _row(data: Rows, equation: Equation, index: int, confidence: float) -> dict[str, object]:
    term: Term = data.terms[index]
    est, se = float(equation.estimates[index]), float(np.sqrt(equation.cov[index, index]))
    critical, tail = reference(est / se, equation.freedom, confidence)
    return {
        "outcome": equation.outcome,
        "predictor": term.predictor,
        "level": term.level,
        "role": term.role,
        "est": est,
        "se": se,
        "z": est / se,
        "df": equation.freedom,
        "pvalue": tail,
        "ci_lower": est - critical * se,
        "ci_upper": est + critical * se,
        "cluster_mean": term.cluster_mean,
        "beta": est * term.spread / data.spreads[term.level],
    }


def reference(z: float, freedom: int | None, confidence: float) -> tuple[float, float]:
    """Critical value and two-sided p."""
    from scipy import stats

    reference = stats.norm() if freedom is None else stats.t(freedom)
    return float(reference.ppf((1 + confidence) / 2)), float(2 * reference.sf(abs(z)))
