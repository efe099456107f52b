"""The scores as people take them away: scores.csv and scores.sav.

`stages/score` calls `write_scores`: one row a unit of the lowest level, with everything of the levels
above beside it. Cells that a spreadsheet would take for a formula are made safe; the time in the header of
the .sav is overwritten, so that equal scores give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.stages.artefacts import Workspace, write_whole
from pipeline.stages.keying import Key
from pipeline.stages.small_cells import one_by_one
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
SPSS_RESERVED = {"ALL", "AND", "BY", "EQ", "GE", "GT", "LE", "LT", "NE", "NOT", "OR", "TO", "WITH"}
CREATED = slice(92, 109)
EPOCH = b"01 Jan 70" + b"00:00:00"


def write_scores(study: LoadedStudy, workspace: Workspace, frames: Mapping[str, pd.DataFrame]) -> None:
    """Write scores.csv and scores.sav; of scales with a safety item the score alone."""
    merged = merge_levels([frames[level] for level in study.levels], study.levels)
    merged = merged[[name for name in merged if one_by_one(study, str(name))]]
    write_whole(workspace.build / "scores.csv", lambda path: _write_csv(path, merged))
    write_whole(workspace.build / "scores.sav", lambda path: _write_sav(path, merged, study))


def merge_levels(frames: Iterable[pd.DataFrame], levels: Iterable[str]) -> pd.DataFrame:
    """The lowest level's rows with the columns of each higher level beside them."""
    lowest, *higher = frames
    _, *names = levels
    merged = lowest
    for name, frame in zip(names, higher, strict=True):
        unit = frame[~frame["id"].duplicated()].set_index("id")
        merged = merged.join(unit[[column for column in unit if column not in merged]], on=name)
    return merged[[*merged.columns.drop("_seconds"), "_seconds"]]


def write_still_sav(frame: pd.DataFrame, path: Path, **options: Any) -> None:
    """`pyreadstat.write_sav`, with the time of creation set to 1 January 1970."""
    import pyreadstat

    pyreadstat.write_sav(frame, str(path), **options)
    with path.open("r+b") as file:
        file.seek(CREATED.start)
        file.write(EPOCH)


def spss_names(columns: Iterable[str]) -> dict[str, str]:
    """A legal SPSS name for each column: letters first, no dots, no reserved word, no two alike."""
    names: dict[str, str] = {}
    taken = set(SPSS_RESERVED)
    for column in columns:
        base = re.sub(r"\W", "_", column, flags=re.ASCII).strip("_")
        base = (base if base[:1].isalpha() else f"v_{base}")[:60].rstrip("_")
        name, number = base, 1
        while name.upper() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.upper())
        names[column] = name
    return names


def _write_csv(path: Path, scores: pd.DataFrame) -> None:
    written = scores.copy()
    for name in scores:
        written[name] = _whole(scores[name]) if scores[name].dtype.kind == "f" else scores[name].map(_safe)
    written.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _whole(values: pd.Series[float]) -> pd.Series[Any]:
    return values.astype("Int64") if (values.dropna() % 1 == 0).all() else values


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _write_sav(path: Path, scores: pd.DataFrame, study: LoadedStudy) -> None:
    names = spss_names(scores.columns)
    text = [str(name) for name in scores if scores[name].dtype.kind != "f"]
    cells = scores.assign(**{name: scores[name].astype(object).fillna("") for name in text})
    labels, values = _labels(study), _value_labels(study)
    write_still_sav(
        cells.rename(columns=names),
        path,
        file_label=_cut(study.declared.title, 64),
        column_labels={new: _cut(labels.get(old, old), 250) for old, new in names.items()},
        variable_value_labels={names[old]: values[old] for old in names if old in values},
        variable_measure={new: _measure(old, text, values) for old, new in names.items()},
    )


def _measure(name: str, text: list[str], values: Mapping[str, object]) -> str:
    return "nominal" if name in text else "ordinal" if name in values else "scale"


def _labels(study: LoadedStudy) -> dict[str, str]:
    labels = {"id": f"{study.title(study.levels[0])}: id", "_seconds": "Seconds taken"}
    labels |= {level: f"{study.title(level)}: id" for level in study.levels[1:]}
    labels |= {name: study.title(name) for name in [*study.declared.scales, *study.declared.covariates]}
    for key in _keys(study):
        title, facets = labels[key.scale], key.instrument.facets
        labels |= {f"{key.scale}.{name}": f"{title}: {facet.title}" for name, facet in facets.items()}
        for item in (key.instrument.item(name) for name in key.items):
            turned = " (reversed)" if key.runs_against_codes(item.id) else ""
            labels[f"{key.scale}.{item.id}"] = (item.text or f"{title}: item {item.number}") + turned
    return labels


def _value_labels(study: LoadedStudy) -> dict[str, dict[float, str]]:
    return {f"{key.scale}.{name}": _keyed_labels(key, name) for key in _keys(study) for name in key.items}


def _keyed_labels(key: Key, name: str) -> dict[float, str]:
    codes = key.instrument.responses(name)
    ends = min(codes) + max(codes)
    against = key.runs_against_codes(name)
    return {float(ends - code if against else code): _cut(label, 120) for code, label in codes.items()}


def _keys(study: LoadedStudy) -> list[Key]:
    return [Key.of(study, name) for name, scale in study.declared.scales.items() if scale.score is None]


def _cut(text: str, size: int) -> str:
    return text.encode("utf-8")[:size].decode("utf-8", errors="ignore")
