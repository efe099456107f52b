"""Hostile and broken files of every kind: a message or an export, never a traceback, never a hang."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import export_files as files
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.exports import ExportError, Part, read_export
from pipeline.exports import containers as opened_by
from pipeline.exports.inspection import inspect_export

CSV = b"a,b\n1,2\n3,4\n"


def parquet(folder: Path) -> Path:
    pd.DataFrame({"a": [1.0, 2.0], "t": ["x", "y"]}).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


WHOLE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "qualtrics": (lambda f: files.save(f, files.QUALTRICS), "qualtrics"),
    "redcap": (lambda f: files.save(f, files.REDCAP), "redcap"),
    "limesurvey": (lambda f: files.save(f, files.LIMESURVEY), "limesurvey"),
    "surveymonkey": (lambda f: files.save(f, files.SURVEYMONKEY), "surveymonkey"),
    "surveymonkey book": (lambda f: files.workbook(f, {"S": files.SURVEYMONKEY}), "surveymonkey"),
    "kobo": (lambda f: files.save(f, files.KOBO, delimiter=";"), "kobo"),
    "kobo book": (lambda f: files.workbook(f, files.KOBO_SHEETS), "kobo"),
    "google": (lambda f: files.save(f, files.GOOGLE), "google_forms"),
    "microsoft": (lambda f: files.workbook(f, {"S": files.MICROSOFT}), "microsoft_forms"),
    "archive": (lambda f: files.zipped(f, {"a.csv": files.text(files.QUALTRICS)}), "qualtrics"),
    "parquet": (parquet, "parquet"),
}
BY_CHILD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "sav": (lambda f: files.statistics(f, "a.sav"), "spss"),
    "zsav": (lambda f: files.statistics(f, "a.zsav", compress=True), "spss"),
    "dta": (lambda f: files.statistics(f, "a.dta"), "stata"),
    "xpt": (lambda f: files.statistics(f, "a.xpt"), "sas"),
}


def damaged(content: bytes, cut: float, flips: list[tuple[float, int]]) -> bytes:
    """A file cut short, with some of its bytes changed."""
    broken = bytearray(content[: max(1, int(len(content) * cut))])
    for place, byte in flips:
        broken[int(place * (len(broken) - 1))] = byte
    return bytes(broken)


cuts = st.one_of(st.just(1.0), st.floats(0, 1))
flips = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=6)
FUZZ = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


def is_read_or_told(path: Path, platform: str) -> bool:
    """Read a file: whether an export came that is sound in itself, or an ExportError that names the file."""
    try:
        export = read_export(path, platform)
    except ExportError as error:
        return str(error).startswith(path.name)
    is_whole = len(export.frame) == export.provenance.rows
    return is_whole and set(export.columns) == set(export.frame.columns)


def is_inspected_or_told(path: Path) -> bool:
    """Inspect a file: whether all its rows were counted, or an ExportError names it."""
    try:
        found = inspect_export(path)
    except ExportError as error:
        return str(error).startswith(path.name)
    return found.rows == len(found.export.frame)


def broken(folder: Path, write: Callable[[Path], Path], cut: float, flips: list[tuple[float, int]]) -> Path:
    """A file as its program writes it, then damaged."""
    path = write(folder)
    path.write_bytes(damaged(path.read_bytes(), cut, flips))
    return path


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=8, **FUZZ)
@given(cut=cuts, flips=flips)
def test_a_damaged_file_is_read_or_told(
    tmp_path: Path, kind: str, cut: float, flips: list[tuple[float, int]]
) -> None:
    write, platform = WHOLE[kind]
    path = broken(tmp_path, write, cut, flips)
    assert is_read_or_told(path, platform)
    assert is_inspected_or_told(path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BY_CHILD)
@settings(max_examples=2, **FUZZ)
@given(cut=cuts, flips=flips)
def test_a_damaged_file_of_a_statistics_program_is_read_or_told(
    tmp_path: Path, kind: str, cut: float, flips: list[tuple[float, int]]
) -> None:
    write, platform = BY_CHILD[kind]
    assert is_read_or_told(broken(tmp_path, write, cut, flips), platform)


cells = st.one_of(
    st.sampled_from(
        ["", "1", "-99", "Y", "No", "Tea;", "Tea, Beer", "=1+1", "[not completed]", "03/04/2024"]
    ),
    st.text(max_size=8),
)
HEADS = {
    "qualtrics": ["ResponseId", "Status", "Finished", "Progress", "Q1_1", "Q1_2"],
    "redcap": ["record_id", "redcap_event_name", "race___1", "race___2", "base_complete", "base_timestamp"],
    "limesurvey": ["id", "submitdate", "lastpage", "Q1[SQ001]", "Q1[SQ002]", "Q1[other]"],
    "surveymonkey": ["Respondent ID", "Collector ID", "Start Date", "Q", "", ""],
    "kobo": ["_uuid", "_index", "d", "d/tea", "d/beer", "__version__"],
    "google_forms": ["Timestamp", "Q [a]", "Q [b]", "R", "R", "Email Address"],
    "microsoft_forms": ["ID", "Start time", "Completion time", "Q", "Q", "Points - Q"],
}


@pytest.mark.parametrize("platform", HEADS)
@settings(max_examples=10, **FUZZ)
@given(body=st.lists(st.lists(cells, min_size=6, max_size=6), max_size=6))
def test_any_cells_below_a_platforms_header_are_read_or_told(
    tmp_path: Path, platform: str, body: list[list[str]]
) -> None:
    path = tmp_path / "cells.csv"
    path.write_bytes(files.text([HEADS[platform], *body]).replace(b"\x00", b""))
    assert is_read_or_told(path, platform)


def bomb(folder: Path) -> Path:
    return files.zipped(folder, {"a.csv": b"a\n" + b"1\n" * 17_000_000})


def locked(folder: Path) -> Path:
    path = files.zipped(folder, {"a.csv": CSV})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    return path


def with_entities(folder: Path) -> Path:
    path = files.workbook(folder, {"S": [["a"], [1]]})
    kept = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            kept[name] = archive.read(name)
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    kept["xl/sharedStrings.xml"] = doctype + b"<sst><si><t>&e;</t></si></sst>"
    return files.zipped(folder, kept, "export.xlsx")


def with_sheet(folder: Path, sheet: bytes) -> Path:
    path = files.workbook(folder, {"S": [["a"], [1]]})
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    return files.zipped(folder, kept | {"xl/worksheets/sheet1.xml": sheet}, "export.xlsx")


SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
CELLS = b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row></sheetData>'
SHEET = b"<worksheet " + SPACE + b">" + CELLS + b"</worksheet>"
LAUGHS = (
    b"".join(b'<!ENTITY %c "%b">' % (c, b"&%c;" % (c + 1) * 10) for c in b"efghijk") + b'<!ENTITY l "ha">'
)


def entity_after_a_long_comment(folder: Path) -> Path:
    return with_sheet(folder, b"<!--" + b"x" * 2_000_000 + b"-->" + b'<!DOCTYPE x [<!ENTITY e "1">]>' + SHEET)


def entity_across_two_pieces(folder: Path) -> Path:
    comment = b"<!--" + b"x" * (1024**2 - 12) + b"-->"
    return with_sheet(folder, comment + b'<!DOCTYPE x [<!ENTITY e "1">]>' + SHEET)


def entity_in_utf16(folder: Path) -> Path:
    text = b'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY e "1">]>' + SHEET
    return with_sheet(folder, text.decode().encode("utf-16"))


HOSTILE: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "bomb": (bomb, "csv", "as archives made to do harm do"),
    "path out of the archive": (
        lambda f: files.zipped(f, {"../../evil.csv": CSV}),
        *("csv", "leads out of it"),
    ),
    "absolute path": (lambda f: files.zipped(f, {"/etc/evil.csv": CSV}), "csv", "leads out of it"),
    "drive letter": (lambda f: files.zipped(f, {"C:\\evil.csv": CSV}), "csv", "leads out of it"),
    "two data files": (lambda f: files.zipped(f, {"a.csv": CSV, "b.csv": CSV}), "csv", "2 data files"),
    "no data file": (lambda f: files.zipped(f, {"readme.md": b"x"}), "csv", "0 data files"),
    "an archive in an archive": (lambda f: files.zipped(f, {"a.zip": CSV}), "csv", "0 data files"),
    "locked": (locked, "csv", "locked with a password"),
    "XML entities": (with_entities, "xlsx", "declares XML entities"),
    "entities after a long comment": (
        entity_after_a_long_comment,
        *("xlsx", "declares XML entities"),
    ),
    "entities across two pieces": (entity_across_two_pieces, "xlsx", "declares XML entities"),
    "entities in UTF-16": (entity_in_utf16, "xlsx", "declares XML entities"),
    "entities of entities": (
        lambda f: with_sheet(f, b"<!DOCTYPE x [" + LAUGHS + b"]>" + SHEET),
        *("xlsx", "declares XML entities"),
    ),
    "a workbook that unfolds": (
        lambda f: with_sheet(f, b"<!--" + b" " * 40_000_000 + b"-->" + SHEET),
        *("xlsx", "as archives made to do harm do"),
    ),
    "many members": (lambda f: files.zipped(f, {f"{i}.txt": b"" for i in range(2500)}), "csv", "2500 files"),
    "broken book": (lambda f: files.zipped(f, {"xl/workbook.xml": b"<"}, "a.xlsx"), "xlsx", "damaged"),
}


@pytest.mark.parametrize(("write", "platform", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_with_a_message(
    tmp_path: Path, write: Callable[[Path], Path], platform: str, message: str
) -> None:
    before = set(tmp_path.parent.iterdir())
    with pytest.raises(ExportError, match=message):
        read_export(write(tmp_path), platform)
    assert set(tmp_path.parent.iterdir()) == before


def test_want_of_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import exports

    def greedy(file: Path, part: Part) -> object:
        raise MemoryError

    monkeypatch.setitem(exports.READERS, "csv", greedy)
    with pytest.raises(ExportError, match=r"export\.csv: reading it takes more memory than the machine has"):
        read_export(files.save(tmp_path, [["a"], [1]]), "csv")


def test_a_link_in_an_archive_leads_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"secret,b\n1,2\n")
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, str(secret))
    assert is_read_or_told(tmp_path / "a.zip", "csv")
    with contextlib.suppress(ExportError):
        assert "b" not in read_export(tmp_path / "a.zip", "csv").frame


def test_a_formula_is_text_and_never_worked_out(tmp_path: Path) -> None:
    path = files.save(tmp_path, [["a"], ["=cmd|' /C calc'!A0"], ["@SUM(1)"]])
    assert read_export(path, "csv").frame["a"].tolist() == ["=cmd|' /C calc'!A0", "@SUM(1)"]
    book = files.workbook(tmp_path, {"S": [["a", "b"], ["=1+1", 2]]})
    assert read_export(book, "xlsx").frame["b"].tolist() == [2.0]


def test_a_file_that_changes_while_it_is_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.save(tmp_path, [["a"], [1]])
    from pipeline import exports

    read = exports.READERS["csv"]

    def slow(file: Path, part: Part) -> object:
        export = read(file, part)
        with path.open("ab") as more:
            more.write(b"2\n")
        return export

    monkeypatch.setitem(exports.READERS, "csv", slow)
    with pytest.raises(ExportError, match="changed while it was read"):
        read_export(path, "csv")


def test_an_archive_leaves_no_copy_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened_by.tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    export = read_export(files.zipped(tmp_path, {"in/a.csv": CSV}), "csv")
    assert export.frame["a"].tolist() == [1.0, 3.0]
    assert export.provenance.file == "export.zip"
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_archive_that_holds_more_than_it_says_is_refused(tmp_path: Path) -> None:
    path = files.zipped(tmp_path, {"a.csv": CSV * 50})
    content = path.read_bytes()
    size = (len(CSV) * 50).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (5).to_bytes(4, "little")))
    with pytest.raises(ExportError, match=r"export\.zip"):
        read_export(path, "csv")
