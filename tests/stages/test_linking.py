from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import made
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.linking import Linked, LinkingError, Noun, Table, gather, link

NOUNS = {
    "client": Noun("client", "clients"),
    "staff": Noun("staff member", "staff"),
    "team": Noun("team", "teams"),
    "agency": Noun("agency", "agencies"),
}
N = None


def clients(staff: Sequence[str | None], **more: Any) -> Table:
    size = len(staff)
    return Table("clients", "survey", made.rows({"calm": [3] * size}, link_staff=list(staff), **more))


def staff(ids: Sequence[str], team: Sequence[str | None], **more: Any) -> Table:
    frame = made.rows({"support": [4] * len(ids)}, id=list(ids), link_team=list(team), **more)
    return Table("staff_survey", "survey", frame)


def roster(ids: Sequence[str | None], name: str = "roster", **links: Sequence[str | None]) -> Table:
    return Table(
        name, "roster", made.rows({}, id=list(ids), **{name: list(one) for name, one in links.items()})
    )


def linked(
    tables: Mapping[str, Sequence[Table]],
    levels: Sequence[str] = ("client", "staff", "team"),
    received: Mapping[str, set[str]] | None = None,
) -> Linked:
    units = [
        gather(
            level,
            tables.get(level, ()),
            levels[place + 1 :],
            frozenset((received or {}).get(level, ())),
            lowest=place == 0,
        )
        for place, level in enumerate(levels)
    ]
    return link(units, NOUNS)


def column(frame: pd.DataFrame, name: str) -> list[str | None]:
    return [None if value is None or value != value else value for value in frame[name]]


THREE = {
    "client": [clients(["S1", "S1", "S2", N, "S9", "S3", "S4"])],
    "staff": [staff(["S1", "S2", "S4"], ["T1", "T2", N])],
    "team": [roster(["T1", "T2", "T3"])],
}


def test_clients_get_the_ids_of_staff_and_teams_by_following_links() -> None:
    found = linked(THREE, received={"staff": {"S1", "S2", "S3", "S4"}})
    client = found.frames["client"]
    assert list(client.columns) == ["id", "staff", "team", "calm", "_seconds"]
    assert column(client, "staff") == ["S1", "S1", "S2", N, N, N, "S4"]
    assert column(client, "team") == ["T1", "T1", "T2", N, N, N, N]
    assert column(found.frames["staff"], "team") == ["T1", "T2", N]
    assert list(found.frames["team"]["id"]) == ["T1", "T2", "T3"]


def test_each_unlinked_row_has_a_reason() -> None:
    told = linked(THREE, received={"staff": {"S1", "S2", "S3", "S4"}}).results
    assert told["client"]["linked"]["staff"]["linked"] == 4
    assert told["client"]["linked"]["staff"]["unlinked"] == [
        {"reason": "the staff member was excluded by screening", "n": 1},
        {"reason": "id not among the staff who answered", "n": 1},
        {"reason": "no id given", "n": 1},
    ]
    assert told["client"]["linked"]["team"]["unlinked"] == [
        {"reason": "not linked to a staff member", "n": 3},
        {"reason": "the staff member is not linked to a team", "n": 1},
    ]
    assert told["staff"]["linked"]["team"]["unlinked"] == [{"reason": "no id given", "n": 1}]


def test_cluster_sizes() -> None:
    sizes = linked(THREE).results["client"]["cluster_sizes"]
    assert sizes["staff"] == {"clusters": 3, "min": 1, "median": 1.0, "max": 2, "singletons": 2}
    assert sizes["team"] == {"clusters": 2, "min": 1, "median": 1.5, "max": 2, "singletons": 1}


@pytest.mark.parametrize(
    ("sources", "reason"),
    [
        ([staff(["S1"], ["T1"])], "id not among the staff who answered"),
        ([staff(["S1"], ["T1"]), roster(["S1"])], "id not among the staff who answered or on the roster"),
        ([roster(["S1"])], "id not on the roster of staff"),
    ],
)
def test_an_unknown_id_is_told_by_what_is_known(sources: list[Table], reason: str) -> None:
    told = linked({"client": [clients(["S1", "S7"])], "staff": sources}, ("client", "staff"))
    assert told.results["client"]["linked"]["staff"]["unlinked"] == [{"reason": reason, "n": 1}]


def test_a_unit_of_the_roster_exists_without_scores() -> None:
    tables = {
        "client": [clients(["S1", "S2", "S2"])],
        "staff": [
            roster(["S2", "S1", "S3", N, "S3"], link_team=["T1", "T1", "T2", "T1", "T3"]),
            staff(["S1"], [N]),
        ],
        "team": [],
    }
    found = linked(tables, received={"staff": {"S1", "S2"}})
    frame = found.frames["staff"]
    assert list(frame["id"]) == ["S1", "S2", "S3"]
    assert frame["support"].tolist() == pytest.approx([4, math.nan, math.nan], nan_ok=True)
    assert column(frame, "team") == ["T1", "T1", "T2"]
    told = found.results["staff"]
    assert told["roster"] == {"listed": 3, "answered": 1, "answered_unlisted": 0}
    assert (told["rows"], told["answered"]) == (3, 1)
    assert told["cluster_sizes"]["team"]["clusters"] == 1
    to_staff = found.results["client"]["linked"]["staff"]
    assert (to_staff["linked"], to_staff["linked_to_unit_without_answers"]) == (3, 2)


def test_a_roster_of_the_lowest_level_adds_links_but_no_rows() -> None:
    tables = {
        "client": [clients([N, "S1"], id=["C1", "C2"]), roster(["C1", "C3"], link_staff=["S2", "S2"])],
        "staff": [staff(["S1", "S2"], ["T1", "T1"])],
    }
    found = linked(tables)
    assert column(found.frames["client"], "staff") == ["S2", "S1"]
    assert found.results["client"]["roster"] == {"listed": 2, "answered": 1, "answered_unlisted": 1}


def test_a_level_without_an_export_has_the_units_that_others_name() -> None:
    table = Table(
        "survey", "survey", made.rows({"calm": [1] * 5}, id=[N] * 5, link_team=["B", "A", "B", N, "C"])
    )
    found = linked({"client": [table]}, ("client", "team"))
    assert list(found.frames["team"].columns) == ["id", "_seconds"]
    assert list(found.frames["team"]["id"]) == ["B", "A", "C"]
    assert list(found.frames["client"]["id"]) == ["1", "2", "3", "4", "5"]
    assert found.results["client"]["linked"]["team"]["unlinked"] == [{"reason": "no id given", "n": 1}]
    assert found.results["team"]["source"] == "links"


def test_what_rows_say_of_a_middle_level_links_it_upwards() -> None:
    frame = made.rows({"calm": [1] * 4}, link_staff=["S1", "S1", "S2", N], link_team=["T1", "T2", "T2", "T2"])
    found = linked({"client": [Table("clients", "survey", frame)]})
    assert column(found.frames["staff"], "team") == ["T1", "T2"]
    assert column(found.frames["client"], "team") == ["T1", "T1", "T2", "T2"]
    assert found.results["staff"]["linked"]["team"]["contradicted"] == 1
    assert found.results["client"]["linked"]["team"]["contradicted"] == 1


def test_two_exports_of_a_level_meet_by_id() -> None:
    first = Table(
        "first", "survey", made.rows({"calm": [1, 2, 3]}, id=["A", "B", N], link_staff=["S1", N, "S1"])
    )
    later = Table(
        "later", "survey", made.rows({"thriving": [5, 6, 7]}, id=["B", "C", N], link_staff=["S2", "S2", N])
    )
    found = linked({"client": [first, later]}, ("client", "staff"))
    frame = found.frames["client"]
    assert list(frame["id"]) == ["A", "B", "first row 3", "C", "later row 3"]
    assert frame["calm"].tolist() == pytest.approx([1, 2, 3, math.nan, math.nan], nan_ok=True)
    assert frame["thriving"].tolist() == pytest.approx([math.nan, 5, math.nan, 6, 7], nan_ok=True)
    assert column(frame, "staff") == ["S1", "S2", "S1", "S2", N]
    assert found.results["client"]["answered"] == 5


def test_a_difference_between_survey_and_roster_is_counted_and_the_survey_stands() -> None:
    tables = {
        "client": [clients(["S1", "S2"])],
        "staff": [staff(["S1", "S2"], ["T1", "T1"]), roster(["S1", "S2"], link_team=["T2", "T1"])],
        "team": [roster(["T1", "T2"], "teams")],
    }
    found = linked(tables)
    assert column(found.frames["staff"], "team") == ["T1", "T1"]
    assert found.results["staff"]["linked"]["team"]["contradicted"] == 1


def test_rows_without_an_id_never_take_the_place_of_a_unit() -> None:
    frame = made.rows({"support": [1, 2]}, id=[N, "1"], link_team=["T1", "T2"])
    tables = {"client": [clients(["1", "1"])], "staff": [Table("staff_survey", "survey", frame)]}
    found = linked(tables)
    assert list(found.frames["staff"]["id"]) == ["staff_survey row 1", "1"]
    assert column(found.frames["client"], "team") == ["T2", "T2"]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (
            {"client": [clients(["S1"])], "staff": [staff(["S1", "S1"], ["T1", "T2"])]},
            "1 ids occur more than once",
        ),
        (
            {
                "client": [
                    clients(["S1"]),
                    Table("later", "survey", made.rows({"x": [1, 2]}, id=["P1", "P1"])),
                ]
            },
            "export 'later' cannot be joined",
        ),
    ],
)
def test_ambiguous_ids_are_refused_without_naming_them(tables: dict[str, list[Table]], said: str) -> None:
    with pytest.raises(LinkingError, match=said) as caught:
        linked(tables)
    assert "S1" not in str(caught.value)
    assert "P1" not in str(caught.value)


def test_repeated_ids_at_the_lowest_level_are_only_rows() -> None:
    found = linked({"client": [clients(["S1", "S1"], id=["C", "C"])]}, ("client", "staff"))
    assert list(found.frames["client"]["id"]) == ["C", "C"]


@pytest.mark.parametrize("levels", [("client",), ("client", "staff", "team", "agency")])
def test_any_number_of_levels(levels: tuple[str, ...]) -> None:
    links = {f"link_{level}": [f"{level}1", f"{level}1", f"{level}2"] for level in levels[1:]}
    frame = made.rows({"calm": [1, 2, 3]}, **links)
    found = linked({"client": [Table("clients", "survey", frame)]}, levels)
    assert list(found.frames) == list(levels)
    assert list(found.frames["client"].columns) == ["id", *levels[1:], "calm", "_seconds"]
    assert all(entry["linked"] == 3 for entry in found.results["client"]["linked"].values())


IDS = st.lists(st.sampled_from([None, "S1", "S2", "S3", "S4"]), max_size=12)


@settings(max_examples=25, deadline=None)
@given(IDS, st.lists(st.sampled_from([None, "T1", "T2", "T9"]), min_size=2, max_size=2))
def test_every_row_is_linked_or_has_a_reason(given_staff: list[str | None], teams: list[str | None]) -> None:
    tables = {
        "client": [clients(given_staff)],
        "staff": [staff(["S1", "S2"], teams)],
        "team": [roster(["T1", "T2"])],
    }
    found = linked(tables, received={"staff": {"S1", "S2", "S3"}})
    for level, frame in found.frames.items():
        for upper, told in found.results[level]["linked"].items():
            assert told["linked"] == frame[upper].notna().sum()
            assert told["linked"] + sum(entry["n"] for entry in told["unlinked"]) == len(frame)
            assert set(frame[upper].dropna()) <= set(found.frames[upper]["id"])
