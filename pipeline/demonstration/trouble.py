"""The trouble that real exports bring, planted with a record of every case.

From clean answers to the rows of a staff survey and of a client survey: people who left, declined or gave
up, rows that are nobody's, careless answers, double submissions, gaps, links that lead nowhere. `export`
hands the rows to the file formats; the record goes into truth.json, for tests to find each case again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipeline.demonstration.draws import Draws, Flags, Floats

HONEST, STRAIGHT, SPEEDING, ABANDONED = "honest", "straight_lining", "speeding", "too_few_answers"
REFUSED, PREVIEW, TEST, DUPLICATE = "no_consent", "preview", "test", "duplicate"
REFUSED_CODE, UNKNOWN_CODE = -8, -9


@dataclass(frozen=True)
class Plan:
    """How much of each trouble. Shares are of the rows or cells that could have it."""

    in_post: Mapping[int, float] = field(default_factory=lambda: {5: 0.05, 6: 0.10, 7: 0.20, 8: 0.65})
    single_staff_teams: tuple[str, ...] = ("T17", "T44")
    staff_answering: float = 0.93
    clients_answering: float = 0.85
    careless: float = 0.03
    previews: int = 2
    tests: int = 1
    staff_refused: int = 4
    staff_abandoned: int = 5
    staff_duplicates: int = 4
    staff_left_open: int = 2
    clients_refused: int = 16
    clients_abandoned: int = 24
    client_duplicates: int = 20
    blank_staff_code: float = 0.055
    staff_missing: float = 0.065
    predictors_missing: float = 0.08
    outcome_missing: float = 0.03
    missing_on_outcome: float = 0.45
    complexity_missing: float = 0.01
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"T01": ("T01", "t01 ", "Team 1")})
    turned: tuple[str, str] = ("belonging", "bl3")
    outcome: str = "functioning"


PLAN = Plan()


@dataclass(frozen=True)
class Sheet:
    """The rows of one export, in its order: `id`, links, `kind`, `seconds`, `minute`, answers.

    `kind` says what a row is; no export shows it. Answers are under `<variable>.<item>`, NaN where there
    is none, and negative for a user-missing code; they are as ticked on the form.
    """

    rows: pd.DataFrame
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """The two surveys as they come in, and the roster: teams, and how many were invited in each."""

    staff: Sheet
    clients: Sheet
    roster: pd.DataFrame


def plant(
    seed: int,
    staff: pd.DataFrame,
    clients: pd.DataFrame,
    staff_items: Sequence[str],
    client_items: Sequence[str],
) -> Planted:
    """Plant the trouble of `PLAN` in clean answers. The items are named in the order of the exports."""
    draws = Draws(seed, "losses")
    in_post = staff[_in_post(draws, staff)].reset_index(drop=True)
    served = clients[clients["staff"].isin(in_post["id"])].reset_index(drop=True)
    answering = draws.chosen(PLAN.staff_answering, len(in_post))
    coming = draws.chosen(PLAN.clients_answering, len(served))
    invited = {
        "staff_invited": in_post.groupby("team").size(),
        "clients_invited": served.groupby("team").size(),
    }
    return Planted(
        staff=_staff_sheet(Draws(seed, "staff survey"), in_post, answering, list(staff_items)),
        clients=_client_sheet(Draws(seed, "client survey"), served, coming, list(client_items)),
        roster=pd.DataFrame(invited).reset_index(),
    )


def _in_post(draws: Draws, staff: pd.DataFrame) -> Flags:
    """Who is still there when the survey opens: five to eight in a team, one in a few."""
    teams = list(dict.fromkeys(staff["team"]))
    sizes = np.array(list(PLAN.in_post))[draws.weighted(list(PLAN.in_post.values()), len(teams))]
    left = {
        team: 1 if team in PLAN.single_staff_teams else int(size)
        for team, size in zip(teams, sizes, strict=True)
    }
    rank = pd.Series(draws.uniform(len(staff))).groupby(staff["team"].to_numpy()).rank(method="first")
    return np.asarray(rank.to_numpy() <= staff["team"].map(left).to_numpy())


def _staff_sheet(draws: Draws, staff: pd.DataFrame, answering: Flags, items: list[str]) -> Sheet:
    rows = staff[answering].reset_index(drop=True)
    rows["team_typed"] = _typed(rows["team"])
    rows["kind"] = _kinds(draws, len(rows), PLAN.staff_abandoned)
    rows["minute"] = draws.whole(28 * 24 * 60, len(rows))
    rows = _spoil(draws, rows, items)
    gaps = (
        draws.flags(PLAN.staff_missing, len(rows), len(items)) & (rows["kind"] == HONEST).to_numpy()[:, None]
    )
    rows[items] = rows[items].mask(gaps)
    rows = _leave_open(rows)
    refused = _blank(staff[~answering].head(PLAN.staff_refused), items, REFUSED, draws)
    refused["team_typed"] = refused["team"]
    again = _again(draws, rows, items)
    nobody = _nobody(draws, items)
    whole = pd.concat([nobody, rows, refused, again], ignore_index=True)
    return Sheet(whole.sort_values("minute", kind="stable", ignore_index=True), tuple(items))


def _client_sheet(draws: Draws, clients: pd.DataFrame, coming: Flags, items: list[str]) -> Sheet:
    rows = clients[coming].reset_index(drop=True)
    rows["kind"] = _kinds(draws, len(rows), PLAN.clients_abandoned)
    rows["minute"] = draws.whole(28 * 24 * 60, len(rows))
    chances = _chances(rows, items)
    rows = _spoil(draws, rows, items)
    gaps = (draws.uniform(*chances.shape) < chances) & (rows["kind"] == HONEST).to_numpy()[:, None]
    codes = np.array([REFUSED_CODE, UNKNOWN_CODE, np.nan])[draws.weighted([0.3, 0.4, 0.3], *chances.shape)]
    rows[items] = np.where(gaps, codes, rows[items].to_numpy())
    rows["complexity_rating"] = rows["complexity_rating"].mask(
        draws.chosen(PLAN.complexity_missing, len(rows)), UNKNOWN_CODE
    )
    rows["staff_typed"] = rows["staff"].mask(draws.chosen(PLAN.blank_staff_code, len(rows)), "")
    refused = _blank(clients[~coming].head(PLAN.clients_refused), items, REFUSED, draws)
    refused["staff_typed"] = refused["staff"]
    copied = _pick(draws, rows, PLAN.client_duplicates)
    copied = copied.assign(kind=DUPLICATE, minute=copied["minute"] + 1 + draws.whole(600, len(copied)))
    whole = pd.concat([rows, refused, copied], ignore_index=True)
    whole = whole.sort_values("minute", kind="stable", ignore_index=True)
    return Sheet(whole, tuple(items))


def _kinds(draws: Draws, count: int, abandoned: int) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """What each row is, no row being two things: half of the careless straight-line, half speed."""
    careless = round(PLAN.careless * count)
    kinds = np.full(count, HONEST, dtype=object)
    order = draws.order(count)
    kinds[order[: careless // 2]] = STRAIGHT
    kinds[order[careless // 2 : careless]] = SPEEDING
    kinds[order[careless : careless + abandoned]] = ABANDONED
    return kinds


def _spoil(draws: Draws, rows: pd.DataFrame, items: list[str]) -> pd.DataFrame:
    """Give the careless and those who gave up the answers and times of their kind."""
    kinds, count = rows["kind"].to_numpy(), len(items)
    values = rows[items].to_numpy(dtype=np.float64)
    favourite = np.array([3, 4, 5])[draws.weighted([0.3, 0.4, 0.3], len(rows))]
    values[kinds == STRAIGHT] = favourite[kinds == STRAIGHT][:, None]
    anything = 1 + draws.whole(5, *values.shape)
    values[kinds == SPEEDING] = anything[kinds == SPEEDING]
    values[np.ix_(kinds == ABANDONED, np.arange(count) >= count // 4)] = np.nan
    pace = np.maximum(np.exp(np.log(6.5) + 0.35 * draws.normal(len(rows))), 2.8)
    pace = np.where(kinds == SPEEDING, 0.6 + draws.uniform(len(rows)), pace)
    answered = np.where(kinds == ABANDONED, count // 4, count)
    return rows.assign(seconds=np.round(pace * answered)).assign(**dict(zip(items, values.T, strict=True)))


def _chances(rows: pd.DataFrame, items: list[str]) -> Floats:
    """Chance of a gap: missing at random given the outcome's answers, more gaps where it is poor."""
    outcome = [name for name in items if name.startswith(f"{PLAN.outcome}.")]
    mean = rows[outcome].mean(axis=1)
    poor = -((mean - mean.mean()) / mean.std()).to_numpy()
    tilt = PLAN.missing_on_outcome
    predictors = PLAN.predictors_missing * np.exp(tilt * poor - tilt**2 / 2)
    columns = [np.full(len(rows), PLAN.outcome_missing) if name in outcome else predictors for name in items]
    return np.column_stack(columns)


def _again(draws: Draws, rows: pd.DataFrame, items: list[str]) -> pd.DataFrame:
    """Second submissions of the same person, days later, with a few answers changed."""
    again = _pick(draws, rows, PLAN.staff_duplicates)
    values = again[items].to_numpy()
    moved = np.where(draws.flags(0.2, *values.shape), np.where(values > 1, values - 1, values + 1), values)
    later = again["minute"] + 24 * 60 + draws.whole(3 * 24 * 60, len(again))
    return again.assign(kind=DUPLICATE, minute=later).assign(**dict(zip(items, moved.T, strict=True)))


def _nobody(draws: Draws, items: list[str]) -> pd.DataFrame:
    """Rows made by the researchers themselves before the survey opened."""
    count = PLAN.previews + PLAN.tests
    values = 1 + draws.whole(5, count, len(items))
    kinds = [PREVIEW] * PLAN.previews + [TEST] * PLAN.tests
    frame = pd.DataFrame(values.astype(np.float64), columns=items)
    names = ["xx", "S000", "test"][:count]
    return frame.assign(
        id=names,
        team="",
        team_typed=["xx", "T00", "test"][:count],
        kind=kinds,
        minute=-3 * 24 * 60 + 50 * np.arange(count),
        seconds=95.0 + 30 * np.arange(count),
    )


def _blank(people: pd.DataFrame, items: list[str], kind: str, draws: Draws) -> pd.DataFrame:
    """Rows of people who gave no answers."""
    minutes = draws.whole(28 * 24 * 60, len(people))
    seconds = 8.0 + draws.whole(30, len(people))
    empty = dict.fromkeys(items, np.nan)
    return people.assign(kind=kind, minute=minutes, seconds=seconds, **empty).reset_index(drop=True)


def _pick(draws: Draws, rows: pd.DataFrame, count: int) -> pd.DataFrame:
    honest = rows[rows["kind"] == HONEST].reset_index(drop=True)
    return honest.loc[draws.order(len(honest))[:count]].reset_index(drop=True)


def _leave_open(rows: pd.DataFrame) -> pd.DataFrame:
    """A few leave the survey open for days: the platform counts all of it."""
    honest = rows.index[rows["kind"] == HONEST][: PLAN.staff_left_open]
    return rows.assign(seconds=rows["seconds"] + 90_000.0 * rows.index.isin(honest))


def _typed(teams: pd.Series) -> pd.Series:
    """Team codes as people type them: each of the planted spellings in turn."""
    turn = teams.groupby(teams).cumcount()
    spellings = [
        PLAN.typed[team][position % len(PLAN.typed[team])] if team in PLAN.typed else team
        for team, position in zip(teams, turn, strict=True)
    ]
    return pd.Series(spellings, index=teams.index)
