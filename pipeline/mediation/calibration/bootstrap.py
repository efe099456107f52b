"""Bootstrap of teams for the two-level model of `analysis`, in closed form.

All staff have equally many clients there and the model is saturated at both levels, so that its maximum
likelihood estimate needs no search: with W the pooled within covariances and P the covariances of
(support, mean alliance, mean outcome) over staff, the between covariances are P less W / n in the part of
the means (Muthén, 1990). A test holds it against the two-level bootstrap of the estimation core, which
searches; here that would take most of an hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.calibration.design import ALLIANCE, OUTCOME, STAFF, SUPPORT, TEAM
from pipeline.mediation.likelihood import Floats

if TYPE_CHECKING:
    import pandas as pd


def indirect_draws(frame: pd.DataFrame, resamples: int, generator: np.random.Generator) -> Floats:
    """The indirect effect between staff in resamples of whole teams."""
    teams = int(frame[TEAM].max()) + 1
    chosen = generator.integers(teams, size=(resamples, teams)) + teams * np.arange(resamples)[:, None]
    counts = np.bincount(chosen.ravel(), minlength=resamples * teams).reshape(resamples, teams)
    return indirect_of(frame, counts.astype(float))


def indirect_of(frame: pd.DataFrame, counts: Floats) -> Floats:
    """The indirect effect between staff where each team stands as often as counted (resamples x teams)."""
    names = [SUPPORT, ALLIANCE, OUTCOME]
    teams, units = int(frame[TEAM].max()) + 1, int(frame[STAFF].max()) + 1
    clients = len(frame) // units
    rows = frame[names].to_numpy(float).reshape(teams, units // teams, clients, 3)
    means = rows.mean(axis=2)
    away = rows - means[:, :, None]
    within = _weighted(np.einsum("tsci,tscj->tij", away, away), counts) / (units * (clients - 1))
    squares = _weighted(np.einsum("tsi,tsj->tij", means, means), counts) / units
    centre = counts @ means.sum(axis=1) / units
    between = squares - centre[:, :, None] * centre[:, None, :] - within / clients
    x, a, y = between[:, 0, 0], between[:, 0, 1], between[:, 0, 2]
    b = (between[:, 1, 2] * x - a * y) / (between[:, 1, 1] * x - a**2)
    out: Floats = a / x * b
    return out


def _weighted(matrices: Floats, counts: Floats) -> Floats:
    flat = counts @ matrices.reshape(len(matrices), -1)
    out: Floats = flat.reshape(len(counts), *matrices.shape[1:])
    return out
