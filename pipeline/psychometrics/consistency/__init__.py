"""How reliable a scale's sum is, beyond alpha: omega, lower bounds, split halves, bootstrap intervals."""

from pipeline.psychometrics.consistency.alpha_bootstrap import AlphaBootstrap, alpha_interval
from pipeline.psychometrics.consistency.greatest_lower_bound import GreatestLowerBound, glb
from pipeline.psychometrics.consistency.lower_bounds import LowerBounds, guttman
from pipeline.psychometrics.consistency.omega import (
    OmegaHierarchical,
    OmegaTotal,
    omega_hierarchical,
    omega_total,
)
from pipeline.psychometrics.consistency.omega_bootstrap import OmegaBootstrap, omega_interval
from pipeline.psychometrics.consistency.split_half import SplitHalf, split_half

__all__ = [
    "AlphaBootstrap",
    "GreatestLowerBound",
    "LowerBounds",
    "OmegaBootstrap",
    "OmegaHierarchical",
    "OmegaTotal",
    "SplitHalf",
    "alpha_interval",
    "glb",
    "guttman",
    "omega_hierarchical",
    "omega_interval",
    "omega_total",
    "split_half",
]
