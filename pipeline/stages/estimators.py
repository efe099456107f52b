"""Both estimators of a factor model as validate.json holds them: which is read, why, and the other beside it.

`stages/factors` calls it for each model of a scale, `stages/measurement_models` for all scales together.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.psychometrics import BothEstimators, FactorModel, FitMeasures

OPTIONS = {
    "estimator": "auto takes WLSMV where an item has fewer than five answers in use or a skew above 1 in "
    "size, and there are at least 200 rows and at most a quarter of empty cells in the tables of two items; "
    "else MLR (Rhemtulla et al., 2012; Muthén & Kaplan, 1985; Flora & Curran, 2004; Savalei, 2011). The "
    "other one's numbers stand beside it",
    "wlsmv": "polychoric correlations, diagonally weighted least squares, mean- and variance-adjusted test "
    "(Muthén et al., 1997; Asparouhov & Muthén, 2010); robust CFI, TLI and RMSEA (Savalei, 2021); missing "
    "answers pairwise, which assumes that they are missing completely at random; clusters ignored",
    "indices_to_read": "robust: they estimate what maximum likelihood would give, for which cut-offs were "
    "made; `scaled` ones are made from the scaled chi-square, `plain` ones are uncorrected. Plain and scaled "
    "indices of WLSMV look better by the same cut-offs (Xia & Yang, 2019)",
    "disagreement": "a CFI on the other side of .90 or .95, an RMSEA or SRMR of .08, a p of .05, a loading "
    "of .40, or a loading of the other sign",
}


def beside(found: BothEstimators) -> dict[str, Any]:
    """The choice, the other estimator's key numbers, and where the two disagree."""
    return {
        "choice": asdict(found.choice),
        **_loading_range(found.model),
        "beside": None if found.other is None else key_numbers(found.other),
        "beside_reason": found.reason,
        "disagreements": [asdict(one) for one in found.disagreements],
    }


def key_numbers(model: FactorModel) -> dict[str, Any]:
    """What is told of a model that stands beside another: rows, fit and the range of its loadings."""
    return {
        "estimator": model.estimator,
        "missing_answers": model.handling,
        "clusters": model.clusters,
        "n": model.n,
        **fit_columns(model),
        **_loading_range(model),
        "converged": model.converged,
        "admissible": model.admissible,
        "warnings": list(model.warnings),
    }


def _loading_range(model: FactorModel) -> dict[str, float]:
    loadings = model.frame["std"]
    return {"loading_lowest": float(loadings.min()), "loading_highest": float(loadings.max())}


def fit_columns(model: FactorModel) -> dict[str, Any]:
    """The column to read, which it is, and the other columns."""
    columns = {"read": model.read, "plain": _measures(model.plain), "scaled": _measures(model.scaled)}
    return _measures(model.fit) | columns


def _measures(fit: FitMeasures | None) -> dict[str, Any]:
    from pipeline.psychometrics import FitMeasures

    return asdict(fit) if fit else dict.fromkeys(FitMeasures.__dataclass_fields__)
