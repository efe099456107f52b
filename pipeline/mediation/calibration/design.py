"""The design that calibration draws samples from: clients in staff in teams, support -> alliance -> outcome.

Every variable has variance 1. Staff rate leader support x and co-worker support w (team shares .13 and .05,
correlation .42). Clients rate alliance (team .02, staff .08, client .90) and outcome (.02, .05, .93). In
standard deviations of each part:
    staff part of alliance  = .30 x + .20 w + residual
    staff part of outcome   = `between` * staff part of alliance + residual
    client part of outcome  = .28 * client part of alliance + residual
and the team parts of alliance and outcome are independent of everything. So clients of one worker who are
better allied fare better, whatever `between` is: with `between` 0 there is no mediation between staff, and
analyses that do not tell the levels apart find some. Shares, correlations and slopes are those that the
literature makes likely: alliance and outcome r = .28 (Flückiger et al., 2018), staff share of outcome .05
(Johns et al., 2019), support .30 to .40 (Mor Barak et al., 2009).

Co-worker support is left out of the analyses: it is part of what makes staff differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.likelihood import Floats

if TYPE_CHECKING:
    import pandas as pd

SUPPORT, ALLIANCE, OUTCOME, STAFF, TEAM = "support", "alliance", "outcome", "staff", "team"
SUPPORT_TEAM, COWORKER_TEAM, CORRELATION = 0.13, 0.05, 0.42
ALLIANCE_SHARES, OUTCOME_SHARES = (0.02, 0.08, 0.90), (0.02, 0.05, 0.93)
LEADER, COWORKER, WITHIN = 0.30, 0.20, 0.28


@dataclass(frozen=True)
class Trial:
    """How many teams, staff a team, clients a worker, and the planted slope between staff."""

    teams: int
    staff: int
    clients: int
    between: float

    @property
    def label(self) -> str:
        """Teams x staff x clients."""
        return f"{self.teams}x{self.staff}x{self.clients}"

    @property
    def slopes(self) -> tuple[float, float]:
        """Slopes a and b (unstandardized) that a two-level model of clients in staff estimates.

        It does not tell teams from staff: its between part of alliance holds both, so that b is a little
        smaller than the planted one, and zero where that is.
        """
        team, staff, _ = ALLIANCE_SHARES
        a = np.sqrt(staff) * (LEADER + COWORKER * CORRELATION)
        shared = self.between * np.sqrt(staff * OUTCOME_SHARES[1])
        with_support = self.planted * a
        b = (shared - with_support * a) / (team + staff - a**2)
        return float(a), float(b)

    @property
    def planted(self) -> float:
        """The slope b of the staff parts themselves, unstandardized."""
        return float(self.between * np.sqrt(OUTCOME_SHARES[1] / ALLIANCE_SHARES[1]))

    @property
    def indirect(self) -> float:
        """The indirect effect between staff that a two-level model estimates."""
        a, b = self.slopes
        return a * b


def sample(trial: Trial, generator: np.random.Generator) -> pd.DataFrame:
    """Draw support, alliance and outcome of every client, with the numbers of worker and team."""
    import pandas as pd

    units = trial.teams * trial.staff
    team = np.repeat(np.arange(trial.teams), trial.staff)
    support, coworker = _supports(trial.teams, team, generator)
    left = 1 - LEADER**2 - COWORKER**2 - 2 * LEADER * COWORKER * CORRELATION
    alliance = LEADER * support + COWORKER * coworker + np.sqrt(left) * generator.standard_normal(units)
    outcome = trial.between * alliance + np.sqrt(1 - trial.between**2) * generator.standard_normal(units)
    noise = generator.standard_normal((2, units, trial.clients))
    within = WITHIN * noise[0] + np.sqrt(1 - WITHIN**2) * noise[1]
    rows = {
        SUPPORT: np.repeat(support, trial.clients),
        ALLIANCE: _whole(ALLIANCE_SHARES, generator.standard_normal(trial.teams)[team], alliance, noise[0]),
        OUTCOME: _whole(OUTCOME_SHARES, generator.standard_normal(trial.teams)[team], outcome, within),
        STAFF: np.repeat(np.arange(units), trial.clients),
        TEAM: np.repeat(team, trial.clients),
    }
    return pd.DataFrame(rows)


def _supports(
    teams: int, team: np.ndarray[tuple[int], np.dtype[np.intp]], generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Two ratings that correlate by `CORRELATION` over both parts."""
    shares = np.array([SUPPORT_TEAM, COWORKER_TEAM])
    part = CORRELATION / (np.sqrt(shares.prod()) + np.sqrt((1 - shares).prod()))
    root = np.linalg.cholesky(np.array([[1.0, part], [part, 1.0]]))
    between = (root @ generator.standard_normal((2, teams)))[:, team]
    own = root @ generator.standard_normal((2, len(team)))
    ratings = np.sqrt(shares)[:, None] * between + np.sqrt(1 - shares)[:, None] * own
    return ratings[0], ratings[1]


def _whole(shares: tuple[float, float, float], team: Floats, staff: Floats, client: Floats) -> Floats:
    above = np.sqrt(shares[0]) * team + np.sqrt(shares[1]) * staff
    out: Floats = (above[:, None] + np.sqrt(shares[2]) * client).ravel()
    return out
