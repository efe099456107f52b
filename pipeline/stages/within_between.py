"""Where the relations along the path come from, groups or persons, as validate.json holds it.

`stages/validate` calls `within_and_between` beside the agreement within groups.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import scored
from pipeline.stages.attempts import Told
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

FIFTEEN_DEGREES = math.pi / 12
OPTIONS = {
    "waba": "within and between analysis (Dansereau et al., 1984) of the arrows of the path "
    "whose ends are measured on the same rows, over the units of the next level above, complete rows; a "
    "variable is of groups where the within eta's angle exceeds the between eta's by 15 degrees, of "
    "persons within groups where it falls short by 15 degrees, else of both",
}


def within_and_between(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], told: Told
) -> list[dict[str, Any]]:
    """One entry an arrow of the path whose ends share rows that lie in units."""
    found, names = [], scored.scored_names(study)
    for source, target in study.edges:
        level = names.get(source)
        if level is None or names.get(target) != level:
            continue
        for upper in scored.linked(study, frames, level)[:1]:
            make = partial(_of, frames[level], source, target, upper)
            one = told.attempt(f"within and between analysis over {upper}", f"{source} -> {target}", make)
            found += [one] if one is not None else []
    return found


def _of(frame: pd.DataFrame, source: str, target: str, upper: str) -> dict[str, Any]:
    from pipeline.psychometrics import waba

    found = asdict(waba(frame[source], frame[target], frame[upper]))
    return (
        {"x": source, "y": target, "level": upper}
        | found
        | {
            "entity_x": _entity(found["angle_x"]),
            "entity_y": _entity(found["angle_y"]),
        }
    )


def _entity(angle: float) -> str:
    """What varies: groups as wholes, persons within them, or both."""
    if angle > FIFTEEN_DEGREES:
        return "groups"
    return "within groups" if angle < -FIFTEEN_DEGREES else "both"
