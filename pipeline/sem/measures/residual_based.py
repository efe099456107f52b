"""Root mean squares of residuals.

RMR and SRMR (Bentler, 1995), CRMR (Bollen, 1989), Mplus's SRMR (Asparouhov & Muthen, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array, vech


@dataclass(frozen=True)
class GroupResiduals:
    """Sample and implied moments of one group."""

    S: Array
    sigma: Array
    mean: Array
    mu: Array


def root_mean_squares(group: GroupResiduals, meanstructure: bool) -> dict[str, float]:
    """Return all variants for one group; the `_nomean` ones leave the means out."""
    p = len(group.S)
    covariance = {
        "rmr": vech(group.S - group.sigma),
        "srmr_bentler": vech(bentler(group)[0]),
        "crmr": vech(bollen(group)[0]),
        "srmr_mplus": _mplus(group),
    }
    means = {
        "rmr": group.mean - group.mu,
        "srmr_bentler": bentler(group)[1],
        "crmr": bentler(group)[1],
        "srmr_mplus": bollen(group)[1],
    }
    out = {}
    for name, values in covariance.items():
        size = len(values) - (p if name == "crmr" else 0)
        without = float(np.sqrt(values @ values / size)) if size else 0.0
        both = np.concatenate([values, means[name]])
        out[name] = float(np.sqrt(both @ both / (size + p))) if meanstructure else without
        out[f"{name}_nomean"] = without
    return out


def bentler(group: GroupResiduals) -> tuple[Array, Array]:
    """Residuals of covariances and means divided by the sample's standard deviations."""
    deviations = np.sqrt(np.diag(group.S))
    return (group.S - group.sigma) / np.outer(deviations, deviations), (group.mean - group.mu) / deviations


def bollen(group: GroupResiduals) -> tuple[Array, Array]:
    """Sample less implied correlations, and means in units of their own standard deviations."""
    own, model = np.sqrt(np.diag(group.S)), np.sqrt(np.diag(group.sigma))
    correlations = group.S / np.outer(own, own) - group.sigma / np.outer(model, model)
    return correlations, group.mean / own - group.mu / model


def _mplus(group: GroupResiduals) -> Array:
    """Correlation residuals, with relative residuals of variances on the diagonal."""
    residuals = bollen(group)[0].copy()
    np.fill_diagonal(residuals, (np.diag(group.S) - np.diag(group.sigma)) / np.diag(group.S))
    return vech(residuals)
