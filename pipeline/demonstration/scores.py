"""True scores of a demonstration study: the generating model of `truth`, without measurement error.

`items` turns them into answers; calibrations of intervals use them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.demonstration import truth
from pipeline.demonstration.draws import Draws, Floats
from pipeline.demonstration.truth import Stratum

STAFF_RATED = tuple(name for name, shares in truth.SHARES.items() if not shares.client)
CLIENT_RATED = tuple(name for name, shares in truth.SHARES.items() if shares.client)


@dataclass(frozen=True)
class Scores:
    """True scores before losses.

    `staff`: id, team, the staff-rated scores. `clients`: id, staff, team, the client-rated scores,
    `complexity` (standardized) and `complexity_rating` (1 to 5). `parts`: for each of team, staff and
    client the parts of every variable, one row a unit, in the order of the frames.
    """

    staff: pd.DataFrame
    clients: pd.DataFrame
    parts: Mapping[Stratum, pd.DataFrame]


def simulate_scores(
    seed: int,
    teams: int = truth.TEAMS,
    staff_per_team: int = truth.STAFF_PER_TEAM,
    clients_per_staff: int = truth.CLIENTS_PER_STAFF,
) -> Scores:
    """Draw true scores; each has mean 0 and variance 1, in the shares of `truth.SHARES`."""
    staff_count = teams * staff_per_team
    client_count = staff_count * clients_per_staff
    complexity = _complexity(seed, client_count)
    parts: dict[Stratum, pd.DataFrame] = {
        "team": _parts(seed, "team", teams),
        "staff": _parts(seed, "staff", staff_count),
        "client": _parts(seed, "client", client_count, complexity["complexity"].to_numpy()),
    }
    staff = pd.DataFrame({"id": _ids("S", staff_count), "team": np.repeat(_ids("T", teams), staff_per_team)})
    clients = pd.DataFrame({"id": _ids("C", client_count)})
    clients[["staff", "team"]] = staff.loc[_repeat(staff_count, clients_per_staff)].to_numpy()
    shared = parts["team"].to_numpy()[_repeat(teams, staff_per_team)] + parts["staff"].to_numpy()
    whole = shared[_repeat(staff_count, clients_per_staff)] + parts["client"].to_numpy()
    columns = list(truth.SHARES)
    return Scores(
        staff=staff.join(pd.DataFrame(shared, columns=columns)[list(STAFF_RATED)]),
        clients=clients.join(pd.DataFrame(whole, columns=columns)[list(CLIENT_RATED)]).join(complexity),
        parts=parts,
    )


def _parts(seed: int, stratum: Stratum, count: int, complexity: Floats | None = None) -> pd.DataFrame:
    """One part of every variable, predictors before outcomes."""
    draws = Draws(seed, f"parts of {stratum}")
    parts: dict[str, Floats] = {}
    for name in truth.SHARES:
        value = np.sqrt(max(truth.residual(name, stratum), 0.0)) * draws.normal(count)
        for path in truth.predictors(name):
            value = value + truth.slope(path, stratum) * parts[path.predictor]
        if name == "functioning" and complexity is not None:
            value = value + truth.moderation() * parts["belonging"] * complexity
        parts[name] = value
    return pd.DataFrame(parts)


def _complexity(seed: int, count: int) -> pd.DataFrame:
    ratings = np.array(list(truth.COMPLEXITY))
    drawn = ratings[Draws(seed, "complexity").weighted(list(truth.COMPLEXITY.values()), count)]
    mean, deviation = truth.complexity_scale()
    return pd.DataFrame({"complexity": (drawn - mean) / deviation, "complexity_rating": drawn})


def _repeat(count: int, times: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.repeat(np.arange(count), times)


def _ids(letter: str, count: int) -> list[str]:
    width = max(2, len(str(count)))
    return [f"{letter}{number:0{width}d}" for number in range(1, count + 1)]
