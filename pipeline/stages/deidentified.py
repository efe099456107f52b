"""Scored rows without what identifies anybody: ids replaced, times dropped, and how alike the rows are.

`stages/bundle` writes them, `stages/unbundle` reads them back as the frames that validate and model read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages.small_cells import near_ends, one_by_one
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

TIMES = "_seconds"


def without_ids(study: LoadedStudy, frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Number the units of each level by first appearance, and leave out how long anybody took.

    Of a scale with a safety item only the score is left: its answer is the score less the other items.
    """
    numbers = {level: _numbers(study, frames, level) for level in study.levels}
    renamed = {level: _renamed(study, frame, level, numbers) for level, frame in frames.items()}
    return {
        level: frame[[name for name in frame if one_by_one(study, str(name))]]
        for level, frame in renamed.items()
    }


def left_out(study: LoadedStudy, level: str) -> list[str]:
    """The columns of a scored level that a bundle leaves out, because of a safety item beside them."""
    scales = [name for name in study.instruments if study.level_of(name) == level]
    parts = [
        f"{scale}.{part}"
        for scale in scales
        if study.declared.scales[scale].score is None
        for part in (*study.columns(scale), *study.instruments[scale].facets)
    ]
    return [name for name in parts if not one_by_one(study, name)]


def write_rows(frame: pd.DataFrame, path: Path) -> None:
    """Write rows as CSV with every digit; equal rows give equal bytes."""
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def read_rows(study: LoadedStudy, level: str, path: Path) -> pd.DataFrame:
    """Read rows back as the score stage leaves them; ValueError where they are not such rows."""
    import pandas as pd

    ids = ["id", *study.above(level)]
    text = pd.read_csv(path, dtype="str", encoding="utf-8", keep_default_na=False)
    lacking = [name for name in ids if name not in text]
    if lacking:
        raise ValueError(f"the columns {', '.join(lacking)} are missing")
    columns = {
        str(name): text[name].mask(text[name] == "") if name in ids else _numeric(text[name]) for name in text
    }
    empty = dict.fromkeys((*left_out(study, level), TIMES), float("nan"))
    return pd.DataFrame({**columns, **empty}, index=text.index)


def quasi_identifiers(study: LoadedStudy) -> tuple[str, ...]:
    """The columns by which somebody could be recognised: as declared, else every covariate."""
    declared = study.declared.share.quasi_identifiers
    return tuple(study.declared.covariates) if declared is None else declared


def anonymity(study: LoadedStudy, rows: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """How many rows of each level share their quasi-identifiers: k-anonymity (Sweeney, 2002).

    k is the size of the smallest group of rows that are alike in all quasi-identifiers, of their own level
    and of those above: once by these alone, once with the unit above that they belong to, which a colleague
    knows. A missing value counts as a value.
    """
    return [
        _alike(study, rows, level, with_unit)
        for level in study.levels
        for with_unit in ([False, True] if study.above(level) else [False])
    ]


def safety_scores(study: LoadedStudy, rows: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Scores that tell something of the answer to a safety item, by scale: how many at either end.

    StudyError where they are those of a few people and the study does not say that they may be handed on.
    """
    found = []
    for scale in study.instruments:
        level = study.level_of(scale)
        ends = near_ends(study, scale, rows[level][scale]) if scale in rows[level] else None
        if ends is None:
            continue
        if any(0 < n < study.declared.small_cell for n in ends) and not study.declared.share.safety_scores:
            raise _telling(study, scale)
        found.append({"scale": scale, "near_lowest": ends[0], "near_highest": ends[1]})
    return found


def _telling(study: LoadedStudy, scale: str) -> StudyError:
    return StudyError.of(
        f"data/{study.id}/study.yaml",
        f"fewer than {study.declared.small_cell} people have a score of '{scale}' so near its lowest or "
        "highest that it tells something of their answer to a safety item; such rows are not handed on",
        "write `share: {data: false}`; or, where those who answer for people's protection have agreed, "
        "`safety_scores: true` under `share`",
    )


def _numeric(cells: pd.Series[str]) -> list[float]:
    """Numbers to the last digit; an empty cell is missing."""
    return [float(cell) if cell else float("nan") for cell in cells]


def _alike(
    study: LoadedStudy, rows: Mapping[str, pd.DataFrame], level: str, with_unit: bool
) -> dict[str, Any]:
    names = [
        one for one in quasi_identifiers(study) if _level_of(study, one) in study.levels[_at(study, level) :]
    ]
    merged = _with_levels_above(study, rows, level)
    keys = [*names, *(study.above(level)[:1] if with_unit else ())]
    sizes = merged.groupby(keys, dropna=False, sort=False).size() if keys else None
    least = study.declared.small_cell
    return {
        "level": level,
        "quasi_identifiers": names,
        "unit_above": study.above(level)[0] if with_unit else None,
        "rows": len(merged),
        "k": int(sizes.min()) if sizes is not None and len(sizes) else len(merged),
        "small_cell": least,
        "rows_in_smaller_groups": int(sizes[sizes < least].sum()) if sizes is not None else 0,
    }


def _at(study: LoadedStudy, level: str) -> int:
    return study.levels.index(level)


def _level_of(study: LoadedStudy, name: str) -> str:
    """The level of a scale, covariate, item or facet score."""
    return study.level_of(name.partition(".")[0])


def _with_levels_above(study: LoadedStudy, rows: Mapping[str, pd.DataFrame], level: str) -> pd.DataFrame:
    merged = rows[level]
    for upper in study.above(level):
        units = rows[upper][~rows[upper]["id"].duplicated()].set_index("id")
        merged = merged.join(units[[name for name in units if name not in merged]], on=upper)
    return merged


def _numbers(study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str) -> dict[str, str]:
    """Id -> its number among the ids of a level: those of its own rows first, then others that rows name."""
    below = [frames[lower][level] for lower in study.levels[: _at(study, level)]]
    ids = dict.fromkeys(str(each) for column in (frames[level]["id"], *below) for each in column.dropna())
    width = len(str(len(ids)))
    return {name: f"{level}-{number:0{width}}" for number, name in enumerate(ids, 1)}


def _renamed(
    study: LoadedStudy, frame: pd.DataFrame, level: str, numbers: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    columns: Sequence[tuple[str, str]] = [("id", level), *((upper, upper) for upper in study.above(level))]
    changed = {name: frame[name].map(dict(numbers[of])) for name, of in columns}
    return frame.assign(**changed).drop(columns=TIMES)
