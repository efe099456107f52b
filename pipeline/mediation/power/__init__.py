"""The power that a design has for an effect of an assumed size; never at the estimate.

`stages/power` calls it.
"""

from pipeline.mediation.power.joint import (
    MOST,
    Assumed,
    joint_power,
    minimum_detectable,
    of_standardized,
    of_unstandardized,
    power_at,
    spread_evenly,
)
from pipeline.mediation.power.level import LevelModel
from pipeline.mediation.power.setting import (
    FlatSetting,
    Setting,
    TwoLevelSetting,
    flat_setting,
    two_level_setting,
)

__all__ = [
    "MOST",
    "Assumed",
    "FlatSetting",
    "LevelModel",
    "Setting",
    "TwoLevelSetting",
    "flat_setting",
    "joint_power",
    "minimum_detectable",
    "of_standardized",
    "of_unstandardized",
    "power_at",
    "spread_evenly",
    "two_level_setting",
]
