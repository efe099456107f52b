"""SPSS files: codes and labels, user-missing codes counted, dates, and files that crash the C library."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from pipeline.exports import Export, ExportError, read_export

FRAME = pd.DataFrame(
    {
        "item": [1.0, 2.0, -99.0, -98.0, None, -99.0],
        "span": [5.0, 0.0, -999.0, -1.0, 0.0, None],
        "word": ["x", "Z", " ", "é", "Z", "y"],
        "day": [dt.date(2024, 1, 2)] * 5 + [None],
        "moment": [dt.datetime(2024, 1, 2, 3, 4, 5)] * 5 + [None],
    }
)
LABELS = {"item": {1: "Disagree", -99: "Refused"}, "word": {"Z": "left out"}}
MISSING = {"item": [-99, -98], "span": [{"lo": -999, "hi": 0}], "word": ["Z"]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path / "a.sav")


def save(path: Path, **options: object) -> Path:
    pyreadstat.write_sav(
        FRAME,
        str(path),
        column_labels=["<b>How?</b>", "=1+1", "W", "D", "M"],
        variable_value_labels=LABELS,
        missing_ranges=MISSING,
        **options,
    )
    return path


def test_user_missing_codes_are_counted_by_code(path: Path) -> None:
    export = read_export(path, "spss")
    assert export.missing_counts == {
        "item": {"-99": 2, "-98": 1},
        "span": {"-999": 1, "-1": 1, "0": 2},
        "word": {"Z": 2},
    }
    assert export.frame["item"].dropna().tolist() == [1.0, 2.0]
    assert export.frame["span"].dropna().tolist() == [5.0]
    assert export.frame["word"].tolist() == ["x", None, None, "é", None, "y"]


def test_codebook_is_kept_verbatim(path: Path) -> None:
    columns = read_export(path, "spss").columns
    assert (columns["item"].label, columns["span"].label) == ("<b>How?</b>", "=1+1")
    assert columns["item"].value_labels == {1.0: "Disagree", -99.0: "Refused"}
    assert columns["word"].value_labels == {"Z": "left out"}
    assert columns["item"].missing == (-99.0, -98.0)
    assert columns["span"].missing == ((-999.0, 0.0),)


def test_dates_become_iso_text(path: Path) -> None:
    frame = read_export(path, "spss").frame
    assert frame["day"].tolist() == ["2024-01-02"] * 5 + [None]
    assert frame["moment"].tolist() == ["2024-01-02T03:04:05"] * 5 + [None]
    assert frame.index.tolist() == [1, 2, 3, 4, 5, 6]


def test_compressed_files_read_alike(tmp_path: Path, path: Path) -> None:
    packed = read_export(save(tmp_path / "a.zsav", compress=True), "spss")
    pd.testing.assert_frame_equal(packed.frame.table(), read_export(path, "spss").frame.table())


def test_provenance_of_an_spss_file(path: Path) -> None:
    origin = read_export(path, "spss").provenance
    assert (origin.platform, origin.encoding, origin.delimiter, origin.header_rows, origin.rows) == (
        "spss",
        "UTF-8",
        None,
        0,
        6,
    )


def test_a_file_from_qualtrics_has_its_roles(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Status": [0.0], "Finished": [1.0], "Duration__in_seconds_": [60.0], "Q1": [3.0]})
    pyreadstat.write_sav(frame, str(tmp_path / "q.sav"))
    export: Export = read_export(tmp_path / "q.sav", "spss")
    assert export.role("seconds") == export.columns["Duration__in_seconds_"]
    assert export.role("status") == export.columns["Status"]


@pytest.mark.parametrize("share", [0.01, 0.2, 0.6, 0.95])
def test_a_file_cut_short_is_told(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: max(8, int(len(whole) * share))])
    with pytest.raises(
        ExportError, match=r"a\.sav: cannot be read as an SPSS file, it is cut short or damaged"
    ):
        read_export(path, "spss")


@pytest.mark.parametrize("content", [b"$FL2" + b"\0" * 400, b"$FL3" + b"x" * 400, b"\0\1\2\3" * 100])
def test_bytes_that_are_no_spss_file_are_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.sav").write_bytes(content)
    with pytest.raises(ExportError, match="cut short or damaged"):
        read_export(tmp_path / "a.sav", "spss")


def test_a_file_that_crashes_the_library_is_told(path: Path) -> None:
    content = bytearray(path.read_bytes())
    place = content.index(b"\x04\x00\x00\x00\x01\x00\x00\x00", 176)
    content[place + 8 : place + 12] = b"\xff\xff\xff\x5f"
    path.write_bytes(content)
    with pytest.raises(ExportError, match="cut short or damaged"):
        read_export(path, "spss")
