"""Columns that identify people, by header and by contents; and the codes that must not be taken for them."""

from __future__ import annotations

import time

import pandas as pd
import pytest

from pipeline.exports import (
    Column,
    Export,
    Provenance,
    holds_identifiers,
    mark_identifiers,
    never_an_answer,
)
from pipeline.exports.frame import Frame
from pipeline.exports.identifiers import is_identifier


def held(columns: dict[str, list[object]]) -> Frame:
    rows = len(next(iter(columns.values())))
    kinds = {name: object if isinstance(cells[0], str) else float for name, cells in columns.items()}
    typed = {name: pd.Series(cells, dtype=kinds[name]) for name, cells in columns.items()}
    return Frame.of(typed, pd.RangeIndex(1, rows + 1))


ORIGIN = Provenance("f.csv", "0" * 64, "csv", "utf-8", ",", 1, 2)

HEADERS = {
    "IPAddress": True,
    "RecipientEmail": True,
    "RecipientFirstName": True,
    "ExternalReference": True,
    "LocationLatitude": True,
    "ipaddr": True,
    "Email Address": True,
    "Your e-mail": True,
    "client_email": True,
    "Home phone": True,
    "first_name": True,
    "Client name": True,
    "Name": True,
    "date_of_birth": True,
    "deviceid": True,
    "ZIP": True,
    "team_name": False,
    "staff_code": False,
    "Q1": False,
    "LS_1": False,
    "tip_1": False,
}


@pytest.mark.parametrize(("header", "expected"), HEADERS.items(), ids=HEADERS)
def test_by_header(header: str, expected: bool) -> None:
    export = Export(held({header: [1.0, 2.0]}), {header: Column(header)}, ORIGIN, {})
    assert (mark_identifiers(export).columns[header].kind == "identifier") is expected


CONTENTS = {
    "someone@example.org": True,
    "192.0.2.17": True,
    "2001:db8::1": True,
    "fe80:0:0:0:1:2:3:4": True,
    "+44 20 7946 0958": True,
    "(555) 123-4567": True,
    "555-123-4567": True,
    "020 7946 0958": True,
    "2024-03-01": False,
    "2024-03-01 09:30:00": False,
    "09:30:15": False,
    "01/02/2024": False,
    "T01": False,
    "12-34-567": False,
    "5 - Strongly agree": False,
    "3.5": False,
    "me @ work": False,
}


@pytest.mark.parametrize(("text", "expected"), CONTENTS.items(), ids=CONTENTS)
def test_by_contents(text: str, expected: bool) -> None:
    assert is_identifier(text) is expected
    export = Export(held({"Q9": [text, None]}), {"Q9": Column("Q9")}, ORIGIN, {})
    assert (mark_identifiers(export).columns["Q9"].kind == "identifier") is expected


def test_a_platforms_own_columns_are_not_identifiers() -> None:
    column = Column("Name", role="status", kind="meta")
    export = Export(held({"Name": [1.0]}), {"Name": column}, ORIGIN, {})
    assert mark_identifiers(export).columns["Name"].kind == "meta"


@pytest.mark.parametrize(
    ("header", "expected"), [("IPAddress", True), ("RecipientEmail", True), ("phone", False)]
)
def test_headers_that_no_answer_can_have(header: str, expected: bool) -> None:
    assert never_an_answer(header) is expected


NAMES = ["Ann Smith", "Bob van Dyk", "Dr. Eve O'Hara", "José García"]
COLUMNS = {
    "names": (NAMES, True),
    "names that recur": ([f"Ann{c} Smith" for c in "abcdefghijklmno"] * 8, True),
    "labels in capitals": (["Strongly Agree", "Strongly Disagree", "Neither Nor"] * 4, False),
    "days of birth": (["1950-03-01", "1987-12-31", "2001-07-09"], True),
    "days of one year": (["2024-03-01", "2024-12-31", "2023-07-09"], False),
    "places": (["51.5007, -0.1246", "52.2053 0.1218 12.5 3"], True),
    "devices": (["00:1B:44:11:3A:B7", "collect:Ab12Cd34Ef"], True),
    "text with addresses": (["write to me: a@b.org", "ring 555-123-4567 after six"], True),
    "text": (["I liked it", "It was too long for me"], False),
}


@pytest.mark.parametrize(("cells", "expected"), COLUMNS.values(), ids=COLUMNS)
def test_columns_by_what_is_in_them(cells: list[str], expected: bool) -> None:
    frame = pd.DataFrame({"Q9": pd.Series(cells, dtype=object)})
    assert holds_identifiers(frame["Q9"]) is expected


@pytest.mark.parametrize("text", ["x" * 1_000_000, "@" * 1_000_000, "a@" * 500_000, "1" * 1_000_000])
def test_a_very_long_text_is_searched_in_a_moment(text: str) -> None:
    began = time.process_time()
    assert not holds_identifiers(pd.Series([text, "Tea", "Coffee"], dtype=object))
    assert time.process_time() - began < 5
