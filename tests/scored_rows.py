"""Scored frames made by hand, as the score stage leaves them, for the stages after it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import made
import numpy as np
import pandas as pd

from pipeline.stages.artefacts import Workspace, write_frame
from pipeline.study import LoadedStudy

LEVELS = {"client": {"within": "staff"}, "staff": {"within": "team"}, "team": {}}
EXPORTS = {"clients": {"level": "client"}, "people": {"level": "staff"}}
SCALES = {
    "support": {"export": "people"},
    "alliance": {"export": "clients"},
    "outcome": {"export": "clients"},
}
EDGES = (("support", "alliance"), ("alliance", "outcome"))


def study(**more: Any) -> LoadedStudy:
    """Support of staff, alliance (two facets) and outcome of clients; scale scores unless told otherwise."""
    facets = {"goals": [1, 2], "bond": [3, 4]}
    instruments = {
        "support": made.instrument("support", 3),
        "alliance": made.instrument("alliance", 4, facets=facets),
        "outcome": made.instrument("outcome", 4),
    }
    settings = {"intervals": {"draws": 1000, "bootstrap": 200}, "measurement": "scores"} | more
    levels, exports = settings.pop("levels", LEVELS), settings.pop("exports", EXPORTS)
    scales, edges = settings.pop("scales", SCALES), settings.pop("edges", EDGES)
    used = {name: instruments[name] for name in scales if name in instruments and "score" not in scales[name]}
    return made.study(scales, exports, levels, used, edges, **settings)


def frames(seed: int = 4, teams: int = 20, staff: int = 5, clients: int = 5) -> dict[str, pd.DataFrame]:
    """Clients in staff in teams; items are rounded to 1..5, scores are means of items."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), staff)
    unit = np.repeat(np.arange(teams * staff), clients)
    support = 0.6 * rng.normal(size=teams)[team] + rng.normal(size=len(team))
    shared = 0.5 * support + 0.5 * rng.normal(size=teams)[team] + 0.5 * rng.normal(size=len(team))
    alliance = shared[unit] + rng.normal(size=len(unit))
    outcome = 0.6 * alliance + 0.5 * rng.normal(size=len(team))[unit] + rng.normal(size=len(unit))
    people = pd.DataFrame({"id": [f"S{k}" for k in range(len(team))], "team": [f"T{k}" for k in team]})
    client = pd.DataFrame(
        {
            "id": [f"C{k}" for k in range(len(unit))],
            "staff": [f"S{k}" for k in unit],
            "team": [f"T{k}" for k in team[unit]],
        }
    )
    below = client.join(_answers(rng, "alliance", alliance, 4)).join(_answers(rng, "outcome", outcome, 4))
    for part, items in (("goals", ("a1", "a2")), ("bond", ("a3", "a4"))):
        below[f"alliance.{part}"] = below[[f"alliance.{item}" for item in items]].mean(axis=1)
    return {
        "client": below,
        "staff": people.join(_answers(rng, "support", support, 3)),
        "team": pd.DataFrame({"id": [f"T{k}" for k in range(teams)]}),
    }


def workspace(root: Path, scored: Mapping[str, pd.DataFrame]) -> Workspace:
    """Write the frames below `root`."""
    found = Workspace(root, "made")
    for level, frame in scored.items():
        write_frame(found.build / "score" / f"{level}.parquet", frame)
    return found


def _answers(rng: np.random.Generator, scale: str, score: np.ndarray, items: int) -> pd.DataFrame:
    columns = {
        f"{scale}.{scale[0]}{number}": np.clip(
            np.round(3 + 0.8 * (score + 0.7 * rng.normal(size=len(score)))), 1, 5
        )
        for number in range(1, items + 1)
    }
    table = pd.DataFrame(columns)
    return table.assign(**{scale: table.mean(axis=1)})
