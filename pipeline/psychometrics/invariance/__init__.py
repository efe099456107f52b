"""Measurement invariance: over groups step by step, partial where a step fails, over waves; effect sizes."""

from pipeline.psychometrics.invariance.effect_size import dmacs
from pipeline.psychometrics.invariance.ladder import Invariance, Step, invariance
from pipeline.psychometrics.invariance.waves import over_waves

__all__ = ["Invariance", "Step", "dmacs", "invariance", "over_waves"]
