"""The groups over which scales are compared: declared groupings, and waves of the same instrument.

`stages/invariance` and `stages/differential` take them from here, so that both compare the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pipeline.stages import scored
from pipeline.stages.small_cells import group_sizes
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

FEWEST_ROWS, ROWS_AN_ITEM, MOST_GROUPS = 30, 5, 10


def no_groups(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], scale: str, grouping: str
) -> str | None:
    """Why a scale cannot be compared over a grouping; None where it can."""
    items = len(scored.whole(study, scale).items)
    if items < 3:
        return "fewer than three items"
    if not scored.has_total(study, scale):
        return "the scale has no score of its own"
    level, own = _level_of(study, grouping), study.level_of(scale)
    if level not in {own, *study.above(own)}:
        return "the grouping is measured below the scale"
    if grouping in study.levels and (grouping == own or grouping not in frames[own].columns):
        return "its rows do not name the units of that level"
    return None


def groups_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, grouping: str
) -> pd.Series[str]:
    """The group of each row of a level."""
    frame = frames[level]
    if grouping in study.levels or study.level_of(grouping) == level:
        values = frame[grouping]
    else:
        upper = study.level_of(grouping)
        values = frame[upper].map(frames[upper].set_index("id")[grouping])
    return values.map(_name, na_action="ignore")


def large_enough(groups: pd.Series[str], items: int) -> list[str]:
    """The groups with rows enough for a model of so many items; PsychometricsError unless there are a few."""
    from pipeline.psychometrics import PsychometricsError

    least = max(FEWEST_ROWS, ROWS_AN_ITEM * items)
    large = [str(name) for name, n in groups.value_counts(sort=False).items() if n >= least]
    if not 2 <= len(large) <= MOST_GROUPS:
        raise PsychometricsError(
            f"{len(large)} groups have {least} rows or more: from 2 to {MOST_GROUPS} are needed"
        )
    return large


def shown_sizes(
    groups: pd.Series[str], used: list[str], small_cell: int
) -> tuple[dict[str, int | None], int | None]:
    """Rows of the groups used, and of all of them; None where a small group could be worked out from them."""
    everyone = {str(name): int(n) for name, n in groups.value_counts(sort=False).items()}
    return group_sizes(everyone, used, small_cell)


def repeated(study: LoadedStudy) -> Iterator[tuple[str, list[str]]]:
    """Scales of one instrument and level, each of another wave."""
    found: dict[tuple[str, str, str | None], dict[str, str]] = {}
    for scale, where in study.declared.scales.items():
        wave = study.declared.exports[where.export].wave
        if wave and where.score is None and len(study.columns(scale)) > 2:
            key = study.instruments[scale].id, study.level_of(scale), where.facet
            found.setdefault(key, {}).setdefault(wave, scale)
    for waves in found.values():
        if len(waves) > 1:
            yield next(iter(waves.values())), list(waves.values())


def _level_of(study: LoadedStudy, grouping: str) -> str:
    return grouping if grouping in study.levels else study.level_of(grouping)


def _name(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
