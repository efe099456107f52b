"""Files that Arrow splits: the same records as the careful way, and none that the careful way refuses."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.exports import even, read_export
from pipeline.exports.even import even_rows

CELL = st.text(alphabet='ab1 .,;"\n\r\u00a0é', max_size=4)


def written(rows: list[list[str]], quoting: int, ends: str) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting, lineterminator=ends).writerows(rows)
    return file.getvalue()


WRITTEN = st.builds(
    written,
    st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), max_size=8)),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


def records(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(FUZZ, max_examples=200)
@given(
    text=st.one_of(WRITTEN, st.text(alphabet='a,"\n\r', max_size=12)),
    piece=st.integers(1, 5),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be"]),
)
@example(text='a,"b\n\nc"\n1,2\n', piece=2, encoding="utf-8")
@example(text='a,""b\n', piece=1, encoding="utf-8")
@example(text='\n"a"\n', piece=4, encoding="utf-8")
@example(text='a\n""\n', piece=1, encoding="utf-8")
def test_what_arrow_splits_is_what_the_careful_way_splits(
    tmp_path: Path, text: str, piece: int, encoding: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding=encoding, newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(even, "PIECE", piece)
        found = even_rows(path, encoding, ",")
    if found is not None:
        assert list(found) == records(text)
        assert found.blank == {i for i, row in enumerate(records(text)) if not "".join(row).strip()}


EVEN = {
    "plain": (b"a,b\n1,x\n", True),
    "utf-16": ('a,b\n1,"é"'.encode("utf-16"), True),
    "quoted": (b'"a","b"\r\n"1","x ""y"", z"\r\n', True),
    "line break in quotes": (b'a,b\n1,"x\n\ny"\n', True),
    "byte order mark and quotes": (b'\xef\xbb\xbf"a",b\n1,x\n', True),
    "no line end at last": (b"a,b\n1,x", True),
    "short row": (b"a,b\n1\n", False),
    "blank line": (b"a,b\n\n1,x\n", False),
    "blank line above": (b"\r\na,b\n1,x\n", False),
    "quotation mark within a cell": (b'a,b\n1,x"y\n', False),
    "text after a quotation mark": (b'a,b\n1,"x" y\n', False),
    "open quotation mark": (b'a,b\n1,"x\n', False),
}


@pytest.mark.parametrize(("content", "expected"), EVEN.values(), ids=EVEN)
def test_which_files_are_even(tmp_path: Path, content: bytes, expected: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    encoding = {b"\xef": "utf-8-sig", b"\xff": "utf-16"}.get(content[:1], "utf-8")
    assert (even_rows(path, encoding, ",") is not None) is expected


def test_a_large_file_is_read_alike_in_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        [str(i % 7), f"R_{i}", "", f"{i / 8}", "05" if i == 900 else "5", " " if i % 9 else "x"]
        for i in range(1000)
    ]
    content = written([["a", "b", "c", "d", "e", "f"], *rows, [""] * 6], csv.QUOTE_MINIMAL, "\n").encode()
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    careful = tmp_path / "b.csv"
    careful.write_bytes(content + b"\n")
    monkeypatch.setattr(even, "BLOCK", 2048)
    one, other = (read_export(file, "csv") for file in (path, careful))
    assert even_rows(careful, "utf-8", ",") is None
    assert one.frame.table().equals(other.frame.table())
    assert one.frame["e"].tolist() == [row[4] for row in rows]
    assert one.frame["d"].tolist() == [i / 8 for i in range(1000)]
    assert one.provenance.notes == other.provenance.notes == ("1 blank rows left out",)
