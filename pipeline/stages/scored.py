"""What the score stage left, as validate and model read it: frames by level, scales and their items.

Both stages call it; it reads nothing but `score/<level>.parquet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, read_frame
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Block:
    """Items that are scored together: a whole scale, or one of its facets."""

    scale: str
    facet: str | None
    level: str
    items: tuple[str, ...]

    @property
    def score(self) -> str:
        """The column of its score."""
        return self.scale if self.facet is None else f"{self.scale}.{self.facet}"

    def answers(self, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """Keyed answers, one column an item, named by the item."""
        names = {f"{self.scale}.{item}": item for item in self.items}
        return frames[self.level][list(names)].rename(columns=names)


def frame_paths(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The scored frames, lowest level first."""
    return tuple(workspace.build / "score" / f"{level}.parquet" for level in study.levels)


def read_frames(study: LoadedStudy, workspace: Workspace) -> dict[str, pd.DataFrame]:
    """The scored frames by level; StudyError where the study has not been scored."""
    paths = frame_paths(study, workspace)
    if not all(path.exists() for path in paths):
        raise StudyError.of(
            f"data/{study.id}", "the study has no scores yet", f"make report STUDY={study.id} makes them"
        )
    return dict(zip(study.levels, map(read_frame, paths), strict=True))


def has_total(study: LoadedStudy, scale: str) -> bool:
    """Whether the scale itself has a score, and not its facets alone."""
    where = study.declared.scales[scale]
    ready = where.score is not None or where.facet is not None
    return ready or study.instruments[scale].scoring.total


def whole(study: LoadedStudy, scale: str) -> Block:
    """All items of a scale; none where it is a ready score."""
    return Block(scale, None, study.level_of(scale), tuple(study.columns(scale)))


def facets(study: LoadedStudy, scale: str) -> tuple[Block, ...]:
    """The facets that have scores of their own."""
    where = study.declared.scales[scale]
    if where.columns is None or where.facet is not None:
        return ()
    named = study.instruments[scale].facets
    return tuple(Block(scale, name, study.level_of(scale), facet.items) for name, facet in named.items())


def partition(study: LoadedStudy, scale: str) -> dict[str, tuple[str, ...]]:
    """Facet -> items where at least two facets share out all items of a scale without overlap; else empty."""
    parts = {part.facet or "": part.items for part in facets(study, scale)}
    items = [item for group in parts.values() for item in group]
    whole_scale = set(study.columns(scale))
    return parts if len(parts) > 1 and len(items) == len(set(items)) and set(items) == whole_scale else {}


def scored_names(study: LoadedStudy) -> dict[str, str]:
    """Every score and its level: scales in the order of the study, those without a total left out."""
    return {scale: study.level_of(scale) for scale in study.declared.scales if has_total(study, scale)}


def linked(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str) -> list[str]:
    """Levels above whose units the rows of a level name, nearest first."""
    frame = frames[level]
    return [upper for upper in study.above(level) if upper in frame.columns and frame[upper].notna().any()]
