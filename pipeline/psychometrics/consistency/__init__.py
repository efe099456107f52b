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
from pipeline.psychometrics.consistency.omega_categorical import OmegaCategorical, omega_categorical
from pipeline.psychometrics.consistency.omega_factor import OmegaFactor, omega_factor
from pipeline.psychometrics.consistency.omega_higher import OmegaHigher, omega_higher
from pipeline.psychometrics.consistency.omega_twolevel import OmegaTwoLevel, omega_two_level
from pipeline.psychometrics.consistency.split_half import SplitHalf, split_half

__all__ = [
    "AlphaBootstrap",
    "GreatestLowerBound",
    "LowerBounds",
    "OmegaBootstrap",
    "OmegaCategorical",
    "OmegaFactor",
    "OmegaHierarchical",
    "OmegaHigher",
    "OmegaTotal",
    "OmegaTwoLevel",
    "SplitHalf",
    "alpha_interval",
    "glb",
    "guttman",
    "omega_categorical",
    "omega_factor",
    "omega_hierarchical",
    "omega_higher",
    "omega_interval",
    "omega_total",
    "omega_two_level",
    "split_half",
]
