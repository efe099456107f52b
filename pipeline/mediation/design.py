"""At which level each variable of the path is measured, and how values of one level reach another.

`rows` and the fitting functions call it. A frame belongs to a level: it has an `id`, a column for each
level above that holds the id of the unit it lies in, and the variables measured there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import PathGraph

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Design:
    """Levels, lowest first, and the level of each variable."""

    levels: tuple[str, ...]
    measured: Mapping[str, str]

    def above(self, level: str) -> tuple[str, ...]:
        """The levels above, nearest first."""
        return self.levels[self.levels.index(level) + 1 :]

    def lowest(self, graph: PathGraph) -> str:
        """The lowest level at which the path has a variable: the rows of the model."""
        unknown = [name for name in graph.variables if name not in self.measured]
        if unknown:
            raise MediationError(
                f"the path names {listed(unknown)}, which nothing measures; measured are "
                f"{listed(self.measured)}: correct the path or add the scale"
            )
        return min((self.measured[name] for name in graph.variables), key=self.levels.index)


def lay_beside(
    level: str, names: Iterable[str], frames: Mapping[str, pd.DataFrame], design: Design
) -> pd.DataFrame:
    """Variables of any level beside the rows of one: copied down from above, averaged up from below."""
    import pandas as pd

    return pd.DataFrame({name: _variable(name, level, frames, design) for name in names})


def links(level: str, frames: Mapping[str, pd.DataFrame], design: Design) -> pd.DataFrame:
    """For each row of a level, the id of the unit of each higher level that it lies in, where known."""
    frame = _frame(level, frames)
    known = [upper for upper in design.above(level) if upper in frame.columns]
    return frame[[upper for upper in known if frame[upper].notna().any()]]


def _variable(name: str, level: str, frames: Mapping[str, pd.DataFrame], design: Design) -> pd.Series:
    own = design.measured.get(name)
    if own is None:
        raise MediationError(f"nothing measures '{name}': correct the path or add the scale")
    source, frame = _frame(own, frames), _frame(level, frames)
    if name not in source.columns:
        raise MediationError(f"'{name}' is not among the scores at the level {own}")
    if own == level:
        return source[name]
    if design.levels.index(own) > design.levels.index(level):
        _need_link(level, own, frame)
        if source["id"].duplicated().any():
            raise MediationError(f"two rows of the level {own} have the same id: its values cannot be joined")
        if not frame[own].isin(source["id"]).any():
            raise MediationError(
                f"no {own} that the rows of the level {level} name has a row at the level {own}: check the "
                f"columns that hold the {own}'s id"
            )
        return frame[own].map(source.set_index("id")[name])
    _need_link(own, level, source)
    return frame["id"].map(source.groupby(level, sort=False)[name].mean())


def _need_link(lower: str, upper: str, frame: pd.DataFrame) -> None:
    if upper not in frame.columns:
        raise MediationError(
            f"the rows of the level {lower} do not say to which {upper} they belong: declare the column "
            f"that holds it under `links`"
        )


def _frame(level: str, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    if level not in frames:
        raise MediationError(f"there are no scores at the level {level}")
    return frames[level]


def listed(names: Iterable[str]) -> str:
    """Names in quotes, for messages."""
    return ", ".join(f"'{name}'" for name in names)
