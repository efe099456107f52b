"""Plain delimited text as people save it: encodings, delimiters, ragged rows, numbers that are codes."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.exports import ExportError, read_export
from pipeline.exports import rows as rows_module
from pipeline.exports.rows import Rows


def saved(folder: Path, content: bytes, name: str = "answers.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(folder: Path, content: bytes) -> dict[str, list[object]]:
    frame = read_export(saved(folder, content), "csv").frame
    return {str(name): frame[name].tolist() for name in frame}


def same(one: object, other: object) -> bool:
    return one == other or (
        isinstance(one, float) and isinstance(other, float) and one != one and other != other
    )


NAN = math.nan
READ = {
    "plain": (b"a,b\n1,x\n2,y\n", {"a": [1.0, 2.0], "b": ["x", "y"]}),
    "windows line ends": (b"a,b\r\n1,x\r\n", {"a": [1.0], "b": ["x"]}),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,x\n", {"a": [1.0], "b": ["x"]}),
    "windows-1252": ("a,b\n1,café\n".encode("cp1252"), {"a": [1.0], "b": ["café"]}),
    "utf-16 with tabs": ("a\tb\n1\tcafé\n".encode("utf-16"), {"a": [1.0], "b": ["café"]}),
    "utf-16 without a mark": ("a,b\n1,x\n".encode("utf-16-le"), {"a": [1.0], "b": ["x"]}),
    "semicolons, decimal comma": (
        b"a;b;c\n1,5;2;x,y\n3;4;z\n",
        {"a": [1.5, 3.0], "b": [2.0, 4.0], "c": ["x,y", "z"]},
    ),
    "comma is no decimal between commas": (b'a,b\n"1,2",1\n"3",2\n', {"a": ["1,2", "3"], "b": [1.0, 2.0]}),
    "sep line": (b"sep=;\na;b\n1;2\n", {"a": [1.0], "b": [2.0]}),
    "space in headers": ("\u00a0a , b\u00a0c\n1,2\n".encode(), {"a": [1.0], "b c": [2.0]}),
    "line break in quotes": (b'a,b\n1,"x\ny"\n', {"a": [1.0], "b": ["x\ny"]}),
    "text is kept as it is": (b'a\n" Agree "\nagree\n', {"a": [" Agree ", "agree"]}),
    "blank is missing": (b'a,b\n," "\n1,x\n , \n2,y\n', {"a": [1.0, 2.0], "b": ["x", "y"]}),
    "gaps": (b"a,b\n,x\n1,\n", {"a": [NAN, 1.0], "b": ["x", None]}),
    "leading zeros are codes": (b"a,b\n007,1\n012,2\n", {"a": ["007", "012"], "b": [1.0, 2.0]}),
    "too long for a number": (b"a\n1234567890123456789\n", {"a": ["1234567890123456789"]}),
    "shortened by a spreadsheet": (b"a\n1.33764E+10\n", {"a": ["1.33764E+10"]}),
    "exponents": (b"a\n1e-3\n2\n", {"a": [0.001, 2.0]}),
    "numbers among labels stay text": (b"a\n5\n5 - Agree\n", {"a": ["5", "5 - Agree"]}),
    "a formula is text": (b"a\n=1+1\n@SUM(A1)\n", {"a": ["=1+1", "@SUM(A1)"]}),
    "infinity is text": (b"a\ninf\n1e999\n", {"a": ["inf", "1e999"]}),
    "trailing delimiter": (b"a,b,\n1,2,\n3,4,\n", {"a": [1.0, 3.0], "b": [2.0, 4.0]}),
    "a column without a name": (b",a\nx,1\n", {"(column 1)": ["x"], "a": [1.0]}),
    "one column": (b"a\n1\n2\n", {"a": [1.0, 2.0]}),
    "no rows": (b"a,b\n", {"a": [], "b": []}),
}


@pytest.mark.parametrize(("content", "expected"), READ.values(), ids=READ)
def test_columns_are_read_as_written(
    tmp_path: Path, content: bytes, expected: dict[str, list[object]]
) -> None:
    found = read(tmp_path, content)
    assert list(found) == list(expected)
    assert all(
        same(one, other) for name in expected for one, other in zip(found[name], expected[name], strict=True)
    )


REFUSED = {
    "duplicate headers": (b"a,b,a\n1,2,3\n", ["answers.csv", "'a' in columns 1, 3", "rename"]),
    "short row": (b"a,b\n1,2\n3\n4,5\n", ["row 2 (line 3) has 1", "2 fields"]),
    "long row": (b"a,b\n1,2,3\n", ["row 1 (line 2) has 3"]),
    "many ragged rows": (b"a,b\n" + b"1\n" * 25, ["row 10 (line 11)", "and 15 more"]),
    "open quotation mark": (b'a,b\n1,"x\n2,y\n', ["line 2", "quotation mark"]),
    "only blank lines": (b"\n\n \n", ["blank lines"]),
    "empty": (b"", ["empty"]),
    "no names": (b",,\n1,2,3\n", ["no column names"]),
    "control characters": (b"a,b\n\x01\x02\x03\x00,1\n", ["not a text file"]),
    "neither encoding": (b"a\n\x81\x8d\xff\n", ["neither UTF-8"]),
    "broken utf-16": (b"\xff\xfea\x00\x00\xd8b\x00", ["not valid UTF-16"]),
}


@pytest.mark.parametrize(("content", "fragments"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: bytes, fragments: list[str]) -> None:
    with pytest.raises(ExportError) as caught:
        read_export(saved(tmp_path, content), "csv")
    assert [fragment for fragment in fragments if fragment not in str(caught.value)] == []


def test_rows_keep_their_number_past_blank_lines(tmp_path: Path) -> None:
    export = read_export(saved(tmp_path, b"a,b\n1,2\n\n,,\n3,4\n"), "csv")
    assert export.frame.index.tolist() == [1, 4]
    assert export.provenance.notes == ("2 blank rows left out",)


def test_rows_above_the_answers_are_counted_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    for content, rows in [(b"a\n1\n", 1), (b"\n\na\n1\n", 3), (b"sep=,\na\n1\n", 1)]:
        assert read_export(saved(tmp_path, content), "csv").provenance.header_rows == rows


def test_words_for_no_answer_are_counted_in_numeric_columns_only(tmp_path: Path) -> None:
    export = read_export(saved(tmp_path, b"a,b\n1,NA\nNA,x\n.,y\nNA,z\n"), "csv")
    assert export.missing_counts == {"a": {"NA": 2, ".": 1}}
    assert export.frame["a"].count() == 1
    assert export.frame["b"].tolist() == ["NA", "x", "y", "z"]


def test_missing_codes_are_counted_by_code_in_answers(tmp_path: Path) -> None:
    content = b"email,a,b\n9,-99,x\n9,9,-99\n9,1,y\n"
    export = read_export(saved(tmp_path, content), "csv", missing_codes=(-99, 9))
    assert export.missing_counts == {"a": {"-99": 1, "9": 1}, "b": {"-99": 1}}
    assert export.frame["a"].count() == 1
    assert export.frame["b"].tolist() == ["x", None, "y"]
    assert export.frame["email"].tolist() == [9.0, 9.0, 9.0]


def test_provenance_says_how_the_file_was_read(tmp_path: Path) -> None:
    origin = read_export(saved(tmp_path, "a;b\n1,5;ü\n".encode("cp1252")), "csv").provenance
    assert (origin.file, origin.encoding, origin.delimiter, origin.header_rows, origin.rows) == (
        "answers.csv",
        "cp1252",
        ";",
        1,
        1,
    )
    assert "decimal comma in: a" in origin.notes
    assert len(origin.sha256) == 64


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1).filter(
    lambda text: text.strip()
)
numbers = st.floats(-1e12, 1e12, allow_subnormal=False).map(lambda x: float(f"{x:.6g}"))


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(numbers, texts), min_size=1, max_size=20))
def test_numbers_and_text_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str]]
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(["number", "text"])
    writer.writerows([(repr(number), text) for number, text in [*rows, (1.0, "a word")]])
    path = saved(tmp_path_factory.mktemp("round"), written.getvalue().encode("utf-8"))
    frame = read_export(path, "csv").frame
    assert frame["number"].tolist() == [*(number for number, _ in rows), 1.0]
    assert frame["text"].tolist() == [*(text for _, text in rows), "a word"]


CELLS = st.text(alphabet='ab1 .,;"\n\0', max_size=3)
TABLES = st.lists(st.lists(CELLS, max_size=4), max_size=12)


@given(rows=TABLES, start=st.integers(0, 12), names=st.lists(CELLS, max_size=4))
def test_packed_rows_are_the_rows(rows: list[list[str]], start: int, names: list[str]) -> None:
    packed = Rows.of(rows)
    assert list(packed) == rows
    assert packed[start:] == rows[start:]
    assert [packed[i] for i in range(len(rows))] == rows
    assert list(packed.until(start)) == rows[:start]
    assert list(packed.under(names)) == ([names, *rows[1:]] if rows else [])
    assert packed.blank == {i for i, row in enumerate(rows) if not "".join(row).strip()}
    for number in range(packed.width):
        cells = [cell for block in packed.column(number, start) for cell in block]
        assert cells == [row[number] if number < len(row) else "" for row in rows[start:]]


def test_rows_over_several_blocks_keep_their_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rows_module, "BLOCK", 2)
    content = b"a,b\n1,x\n\n2,y\n3,\n4,z,\n ,\n5,x\n\n"
    assert read(tmp_path, content)["a"] == [1, 2, 3, 4, 5]
    assert read(tmp_path, content)["b"] == ["x", "y", None, "z", "x"]
