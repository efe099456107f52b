"""Measurement invariance: over groups step by step, partial where a step fails, and over waves."""

from pipeline.psychometrics.invariance.ladder import Invariance, Step, invariance
from pipeline.psychometrics.invariance.waves import over_waves

__all__ = ["Invariance", "Step", "invariance", "over_waves"]
