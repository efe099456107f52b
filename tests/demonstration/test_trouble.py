"""The planted trouble: as much as was planned, in the rows that the record names, and nothing else."""

from __future__ import annotations

import csv
import io
import re

import numpy as np
import pandas as pd
import pytest
from shipped_forms import shipped

from pipeline.demonstration import trouble, truth
from pipeline.demonstration.qualtrics import META, staff_survey
from pipeline.demonstration.roster import team_roster
from pipeline.demonstration.study import Demonstration, Layout, make
from pipeline.demonstration.trouble import PLAN

LAYOUT = Layout(
    "staff_code", "team_code", "consent", "CLIENT", "STAFF", "CONSENT", "SECONDS", "COMPLEXITY", "team"
)
COUNTS = {
    "staff": {"preview": 2, "test": 1, "no_consent": 4, "duplicate": 4, "too_few_answers": 5},
    "clients": {"no_consent": 16, "duplicate": 20, "too_few_answers": 24},
}


@pytest.fixture(scope="module")
def made() -> Demonstration:
    return make(truth.SEED, shipped())


def sheet_of(made: Demonstration, export: str) -> trouble.Sheet:
    return made.planted.staff if export == "staff" else made.planted.clients


@pytest.mark.parametrize(
    ("export", "kind", "count"),
    [(export, kind, count) for export, kinds in COUNTS.items() for kind, count in kinds.items()],
)
def test_trouble_is_planted_as_planned_and_recorded_by_row(
    made: Demonstration, export: str, kind: str, count: int
) -> None:
    told = made.truth["exports"][export][kind]
    rows = sheet_of(made, export).rows
    assert told["n"] == len(told["rows"]) == count
    assert (rows.iloc[[row - 1 for row in told["rows"]]]["kind"] == kind).all()
    assert int((rows["kind"] == kind).sum()) == count


@pytest.mark.parametrize("export", ["staff", "clients"])
def test_three_in_a_hundred_are_careless(made: Demonstration, export: str) -> None:
    told = made.truth["exports"][export]
    careless = told["straight_lining"]["n"] + told["speeding"]["n"]
    assert careless / told["people"] == pytest.approx(0.03, abs=0.002)


@pytest.mark.parametrize("export", ["staff", "clients"])
def test_only_the_careless_straight_line_or_speed(made: Demonstration, export: str) -> None:
    sheet = sheet_of(made, export)
    answers = sheet.rows[list(sheet.answers)]
    alike = (answers.nunique(axis=1) == 1) & answers.notna().all(axis=1)
    finished = sheet.rows["kind"].isin(
        [trouble.HONEST, trouble.STRAIGHT, trouble.SPEEDING, trouble.DUPLICATE]
    )
    pace = sheet.rows["seconds"] / len(sheet.answers)
    assert (alike == (sheet.rows["kind"] == trouble.STRAIGHT)).all()
    assert ((pace < 2) & finished).equals(sheet.rows["kind"] == trouble.SPEEDING)
    assert made.truth["exports"][export]["longest_honest_run"] < 18 < len(sheet.answers)


@pytest.mark.parametrize("export", ["staff", "clients"])
def test_six_to_eight_in_a_hundred_answers_are_missing(made: Demonstration, export: str) -> None:
    assert 0.06 <= made.truth["exports"][export]["item_missing"]["share"] <= 0.08


def test_clients_leave_more_gaps_where_functioning_is_poor(made: Demonstration) -> None:
    rows = made.planted.clients.rows
    honest = rows[rows["kind"] == trouble.HONEST]
    outcome = honest.filter(like="functioning.")
    outcome = outcome.where(outcome > 0)
    poor = outcome.mean(axis=1) < outcome.mean(axis=1).median()
    predictors = honest.filter(regex=r"^(alliance|belonging|autonomy)\.")
    gaps = (predictors.isna() | (predictors < 0)).mean(axis=1)
    assert gaps[poor].mean() > 1.3 * gaps[~poor].mean()
    own = (outcome.isna()).mean(axis=1)
    assert own[poor].mean() == pytest.approx(own[~poor].mean(), abs=0.01)


def test_about_twelve_in_a_hundred_clients_are_not_linked(made: Demonstration) -> None:
    told = made.truth["exports"]["clients"]
    assert told["unlinked"]["share"] == pytest.approx(0.12, abs=0.01)
    surveyed = made.planted.staff.rows.query("kind not in ['no_consent', 'preview', 'test']")["id"]
    people = made.planted.clients.rows.query("kind != 'no_consent'").drop_duplicates("id")
    blank = people["staff_typed"] == ""
    assert blank.sum() == told["unlinked"]["blank_staff_code"]
    assert (~blank & ~people["staff_typed"].isin(surveyed)).sum() == told["unlinked"]["staff_not_surveyed"]


def test_teams_and_case_loads_are_unequal_and_two_teams_have_one_staff_member(made: Demonstration) -> None:
    told = made.truth["exports"]
    assert told["staff"]["teams_with_one_staff_member"] == ["T17", "T44"]
    assert len(told["staff"]["team_sizes"]) > 3
    assert len(told["clients"]["clients_per_staff"]) > 3


def test_one_team_code_is_typed_three_ways(made: Demonstration) -> None:
    typed = made.truth["exports"]["staff"]["team_codes_typed"]["T01"]
    assert set(typed) == {"T01", "t01 ", "Team 1"}
    rows = made.planted.staff.rows
    assert sum(typed.values()) == int((rows["team"] == "T01").sum())
    others = rows[(rows["team"] != "T01") & ~rows["kind"].isin(["preview", "test"])]
    assert (others["team"] == others["team_typed"]).all()


def test_nobody_is_in_two_kinds_of_trouble_and_duplicates_follow_their_originals(made: Demonstration) -> None:
    for sheet in (made.planted.staff, made.planted.clients):
        rows = sheet.rows
        again = rows[rows["kind"] == trouble.DUPLICATE]
        for place, row in again.iterrows():
            first = rows.index[(rows["id"] == row["id"]) & (rows["kind"] == trouble.HONEST)]
            assert len(first) == 1
            assert first[0] < place
        assert rows[rows["kind"] != trouble.DUPLICATE]["id"].is_unique


def test_another_seed_brings_other_answers_and_as_much_trouble() -> None:
    other = make(7, shipped())
    assert other.truth["exports"]["staff"]["duplicate"]["n"] == PLAN.staff_duplicates
    assert other.truth["exports"]["clients"]["unlinked"]["share"] == pytest.approx(0.12, abs=0.01)


def test_the_staff_survey_has_the_shape_of_its_platform(made: Demonstration) -> None:
    text = staff_survey(truth.SEED, made.planted.staff, made.staff_forms, LAYOUT)
    names, questions, imports, *rows = list(csv.reader(io.StringIO(text)))
    assert names[: len(META)] == [name for name, _, _ in META]
    assert names[len(META) : len(META) + 3] == ["consent", "staff_code", "team_code"]
    assert questions[len(META)].startswith("SYNTHETIC DATA")
    assert all(
        re.fullmatch(r'\{"ImportId":"[^"]+"(,"timeZone":"America/New_York")?\}', cell) for cell in imports
    )
    assert len(rows) == len(made.planted.staff.rows)
    assert {len(row) for row in rows} == {len(names)}
    assert len({row[names.index("ResponseId")] for row in rows}) == len(rows)
    assert {row[names.index("Status")] for row in rows} == {"0", "1", "2"}
    addresses = {row[names.index("IPAddress")] for row in rows}
    assert all(address == "" or address.startswith("192.0.2.") for address in addresses)
    items = names[len(META) + 3 :]
    assert sorted(items) == sorted(column for form in made.staff_forms for column in form.columns)
    assert items != [column for form in made.staff_forms for column in form.columns]


def test_the_roster_names_every_team_and_who_was_invited(made: Demonstration) -> None:
    roster = pd.read_csv(io.StringIO(team_roster(made.planted.roster, LAYOUT)))
    assert list(roster) == ["team", "staff_invited", "clients_invited"]
    assert len(roster) == truth.TEAMS
    assert roster["staff_invited"].sum() == made.truth["exports"]["teams"]["staff_invited"]
    answered = made.truth["exports"]["staff"]["people"]
    assert answered == round(PLAN.staff_answering * roster["staff_invited"].sum())
    assert np.array_equal(roster["clients_invited"], 8 * roster["staff_invited"])
