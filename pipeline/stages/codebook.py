"""What every shared column holds: names, titles, wording where it may be shown, codes, range.

`stages/bundle` writes it as CSV and JSON; the metadata of the share folder are made from it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pipeline.stages.keying import Key
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of the shared rows."""

    level: str
    name: str
    kind: str
    title: str
    wording: str | None = None
    instrument: str | None = None
    reversed: bool | None = None
    minimum: float | None = None
    maximum: float | None = None
    codes: Mapping[str, str] | None = None

    @property
    def description(self) -> str:
        """The column in one sentence."""
        turned = " Codes are turned round, so that higher means more of the scale." if self.reversed else ""
        words = f"{self.title}: {self.wording or self.kind}"
        return f"{words}{'' if words.endswith(('.', '?', '!', '…')) else '.'}{turned}"


def columns(study: LoadedStudy, rows: Mapping[str, pd.DataFrame]) -> tuple[Column, ...]:
    """Every column of every level, in the order of the files."""
    return tuple(_column(study, level, str(name)) for level in study.levels for name in rows[level].columns)


def as_csv(found: Sequence[Column]) -> str:
    """One row a column; codes as `1 = Never; 2 = ...`."""
    out = io.StringIO()
    names = list(asdict(found[0]))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for one in found:
        codes = "; ".join(f"{code} = {label}" for code, label in (one.codes or {}).items())
        writer.writerow({name: _cell(value) for name, value in (asdict(one) | {"codes": codes}).items()})
    return out.getvalue()


def as_json(found: Sequence[Column]) -> str:
    """The same, with the codes as a mapping."""
    return json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False) + "\n"


def _column(study: LoadedStudy, level: str, name: str) -> Column:
    if name == "id":
        return Column(level, name, "number in place of the id", study.title(level))
    if name in study.levels:
        return Column(level, name, f"number of the {study.title(name).lower()}", study.title(name))
    scale, _, part = name.partition(".")
    if scale in study.declared.covariates:
        return Column(level, name, "covariate", study.title(scale))
    used = study.instruments.get(scale)
    if not part:
        return Column(level, name, "scale score", study.title(scale), instrument=used.id if used else None)
    if used is not None and part in used.facets:
        return Column(
            level, name, "facet score", f"{study.title(scale)}: {used.facets[part].title}", None, used.id
        )
    return _item(study, level, scale, part)


def _item(study: LoadedStudy, level: str, scale: str, name: str) -> Column:
    key = Key.of(study, scale)
    item, codes = key.instrument.item(name), key.instrument.responses(name)
    against = key.runs_against_codes(name)
    ends = min(codes) + max(codes)
    labels = {str(ends - code if against else code): label for code, label in codes.items()}
    return Column(
        level,
        f"{scale}.{name}",
        "item",
        f"{study.title(scale)}, item {item.number}",
        item.text if key.instrument.licence.wording_may_be_shipped else None,
        key.instrument.id,
        against,
        min(codes),
        max(codes),
        dict(sorted(labels.items(), key=lambda pair: float(pair[0]))),
    )


def _cell(value: object) -> object:
    """A cell that a spreadsheet does not run."""
    starts = ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if isinstance(value, str) and value.startswith(starts) else value
