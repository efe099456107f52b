"""Ids: one spelling, corrections, proposals, keyed hashes and where the key lies."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.stages import identity


def ids(values: list[object], level: str = "team", **corrections: str) -> identity.Ids:
    kind = float if all(isinstance(value, float) for value in values) else object
    return identity.read_ids(pd.Series(values, dtype=kind, name="code"), level, corrections)


SPELLINGS = {
    "t01 ": "T01",
    "T 01": "T 01",
    "team   1": "TEAM 1",
    "\u00a0t01\u200b": "T01",
    "Ｔ０１": "T01",
    "12.0": "12",
    "12.50": "12.50",
    "007": "007",
    " ": None,
}


@pytest.mark.parametrize(("typed", "expected"), SPELLINGS.items())
def test_one_spelling(typed: str, expected: str | None) -> None:
    assert identity.one_spelling(typed) == expected


@pytest.mark.parametrize(
    ("number", "expected"), [(12.0, "12"), (12.5, "12.5"), (-3.0, "-3"), (1e15, "1" + "0" * 15)]
)
def test_numbers_as_ids(number: float, expected: str) -> None:
    assert ids([number]).values.tolist() == [expected]


@given(st.text(max_size=20))
def test_one_spelling_is_reached_at_once(typed: str) -> None:
    once = identity.one_spelling(typed)
    assert once is None or identity.one_spelling(once) in {once, None} or re.search("[^\x00-\x7f]", typed)


def test_numbers_and_gaps() -> None:
    found = ids([1.0, float("nan"), 12.0])
    assert found.values.tolist() == ["1", None, "12"]


def test_corrections_are_counted_and_applied() -> None:
    found = ids(["T01", "team 1", " Team  1", None, "T02"], **{"Team 1": "t01", "Team 9": "T09"})
    assert found.values.tolist() == ["T01", "T01", "T01", None, "T02"]
    assert [(one.typed, one.meant, one.n) for one in found.corrections] == [
        ("TEAM 1", "T01", 2),
        ("TEAM 9", "T09", 0),
    ]


ROSTER = ["T01", "T02", "T10", "NORTH", "SOUTH"]
NEAREST = {
    "TEAM 1": ("T01",),
    "T1": ("T01",),
    "1": ("T01",),
    "TO1": ("T01",),
    "NRTH": ("NORTH",),
    "X1": (),
    "Q": (),
}


@pytest.mark.parametrize(("typed", "expected"), NEAREST.items())
def test_nearest_ids(typed: str, expected: tuple[str, ...]) -> None:
    found = identity.nearest_ids(typed, ROSTER)
    assert found == expected


def test_unmatched_ids_keep_their_rows_and_order() -> None:
    values = pd.Series(["X9", "T01", None, "TEAM 2", "X9"], index=[1, 2, 3, 5, 6], dtype=object)
    found = identity.unmatched(values, ROSTER)
    assert [(one.typed, one.rows) for one in found] == [("X9", (1, 6)), ("TEAM 2", (5,))]
    assert found[1].proposals == ("T02",)
    assert identity.unmatched(values, ROSTER, most=0)[1].proposals == ()


@pytest.mark.parametrize(("value", "count"), [("1.33764E+10", 1), ("1E+15", 1), ("T1E+1", 0), ("12", 0)])
def test_ids_shortened_by_a_spreadsheet(value: str, count: int) -> None:
    assert identity.shortened_by_a_spreadsheet(ids([value, value])) == count


def test_hashes_join_levels_and_hide_ids() -> None:
    own, link = ids(["s1", "S2 ", None], "staff"), ids(["S2", "s1"], "staff")
    hidden, other = identity.hide(own, b"k" * 32), identity.hide(link, b"k" * 32)
    assert all(re.fullmatch("[0-9a-f]{16}", value) for value in hidden[:2])
    assert hidden[2] is None
    assert other.tolist() == [hidden[1], hidden[0]]
    assert identity.hide(ids(["s1"], "client"), b"k" * 32)[0] != hidden[0]
    assert identity.hide(own, b"q" * 32)[0] != hidden[0]


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(identity.KEY_FOLDER, str(tmp_path / "keys"))
    key = identity.study_key("s", tmp_path / "repository")
    assert len(key) == 32
    assert identity.study_key("s", tmp_path / "repository") == key
    assert identity.study_key("other", tmp_path / "repository") != key
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "keys" / "s.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"SURVEY_PIPELINE_KEY_DIR": "/keys", "XDG_CONFIG_HOME": "/x"}, "/keys"),
        ({"XDG_CONFIG_HOME": "/x"}, "/x/survey-pipeline"),
        ({"HOME": "/home/me"}, "/home/me/.config/survey-pipeline"),
    ],
)
def test_where_keys_lie(environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SURVEY_PIPELINE_KEY_DIR", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert identity.key_folder() == Path(expected)


@pytest.mark.parametrize("trouble", ["inside the repository", "damaged", "no folder"])
def test_a_key_that_cannot_serve_is_told(
    trouble: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = {
        "inside the repository": tmp_path / "repository" / "keys",
        "no folder": tmp_path / "file" / "keys",
    }
    place = folder.get(trouble, tmp_path / "keys")
    monkeypatch.setenv(identity.KEY_FOLDER, str(place))
    (tmp_path / "file").write_text("")
    if trouble == "damaged":
        place.mkdir()
        (place / "s.key").write_bytes(b"short")
    says = {"inside the repository": "may not lie in the repository", "damaged": "5 bytes instead of 32"}
    with pytest.raises(StudyError, match=says.get(trouble, "cannot be read or made")):
        identity.study_key("s", tmp_path / "repository")
