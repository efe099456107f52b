"""Studies, instruments and ingested frames made by hand, for tests of single stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.instrument import Instrument
from pipeline.stages.artefacts import Workspace, write_frame
from pipeline.study import LoadedStudy, Study


def instrument(
    name: str,
    items: int = 3,
    reverse: Sequence[int] = (),
    printed_reversed: Sequence[int] = (),
    codes: Sequence[int] = (1, 2, 3, 4, 5),
    facets: Mapping[str, Sequence[int]] | None = None,
    scoring: Mapping[str, Any] | None = None,
) -> Instrument:
    """An instrument whose items are named after its first letter."""
    ids = [f"{name[0]}{number}" for number in range(1, items + 1)]
    rule = {"rule": "mean", "minimum_answered": 0.5, "higher_means": name} | dict(scoring or {})
    parts = {
        part: {"title": part.title(), "items": [ids[n - 1] for n in ns]}
        for part, ns in (facets or {}).items()
    }
    return Instrument.model_validate(
        {
            "id": name,
            "version": "1.0",
            "language": "en",
            "title": name.title(),
            "construct": name,
            "respondent": "client",
            "recall": None,
            "source": {"citation": "made for a test"},
            "licence": {
                "name": "CC0-1.0",
                "holder": "none",
                "wording_may_be_shipped": True,
                "may_be_changed": True,
            },
            "response_sets": {"codes": {code: f"label {code}" for code in codes}},
            "items": [
                {
                    "id": item,
                    "number": number,
                    "text": f"Item {number} of {name}",
                    "reverse": number in reverse,
                    "printed_reversed": number in printed_reversed,
                }
                for number, item in enumerate(ids, 1)
            ],
            "facets": parts,
            "scoring": rule,
        }
    )


def study(
    scales: Mapping[str, Mapping[str, Any]],
    exports: Mapping[str, Mapping[str, Any]],
    levels: Mapping[str, Mapping[str, Any]],
    instruments: Mapping[str, Instrument],
    edges: Sequence[tuple[str, str]] = (),
    **more: Any,
) -> LoadedStudy:
    """A loaded study; a scale's columns default to its item ids in capitals."""
    told = Study.model_validate(
        {
            "title": "A study made for a test",
            "levels": levels,
            "exports": {
                name: {"file": f"exports/{name}.csv", "platform": "csv", "id": "id"} | dict(export)
                for name, export in exports.items()
            },
            "scales": {
                name: ({} if "score" in scale else {"instrument": name, "columns": "{ID}"}) | dict(scale)
                for name, scale in scales.items()
            },
            "path": "\n".join(f"{cause} -> {effect}" for cause, effect in edges) or "a -> b",
            **more,
        }
    )
    return LoadedStudy("made", told, instruments, tuple(edges))


def rows(answers: Mapping[str, Sequence[Any]], **around: Any) -> pd.DataFrame:
    """An ingested frame: the answers, and what ingest puts before them (`id=` and `link_team=` by name)."""
    size = len(next(iter(answers.values()))) if answers else len(next(iter(around.values())))
    frame = {
        "_row": range(1, size + 1),
        "_id": around.pop("id", [f"P{number}" for number in range(1, size + 1)]),
        **{f"_{name}": ids for name, ids in around.items() if name.startswith("link_")},
        "_consent": around.get("consent", [None] * size),
        "_preview": around.get("preview", [False] * size),
        "_started": [None] * size,
        "_finished": [None] * size,
        "_seconds": around.get("seconds", [float("nan")] * size),
    }
    return pd.DataFrame(
        frame
        | {name: [float("nan") if a is None else float(a) for a in each] for name, each in answers.items()}
    )


def workspace(root: Path, stage: str, frames: Mapping[str, pd.DataFrame]) -> Workspace:
    """Write ingested (or also screened) frames below `root`."""
    made = Workspace(root, "made")
    for folder in {"ingest": ("ingest",), "screen": ("ingest", "screen")}[stage]:
        for name, frame in frames.items():
            write_frame(made.build / folder / f"{name}.parquet", frame)
    return made
