"""Parquet: held as its file packs it, unfolded by column and a stretch of rows at a time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.exports import ExportError, Part, machine, parquet, read_export
from pipeline.exports.frame import Folded

ROWS = 250
COLUMNS: dict[str, tuple[list[object], list[object]]] = {
    "number": ([i / 7 for i in range(ROWS)], [i / 7 for i in range(ROWS)]),
    "whole": (
        [i % 5 if i % 9 else None for i in range(ROWS)],
        [i % 5 if i % 9 else None for i in range(ROWS)],
    ),
    "id": ([f"R_{i}" for i in range(ROWS)], [f"R_{i}" for i in range(ROWS)]),
    "team": (
        [f"T{i % 4}" if i % 5 else " " for i in range(ROWS)],
        [f"T{i % 4}" if i % 5 else None for i in range(ROWS)],
    ),
    "price": ([Decimal(i) / 4 for i in range(ROWS)], [i / 4 for i in range(ROWS)]),
    "day": (
        [dt.date(2026, 1, 1 + i % 28) if i % 3 else None for i in range(ROWS)],
        [f"2026-01-{1 + i % 28:02}" if i % 3 else None for i in range(ROWS)],
    ),
    "nothing": ([None] * ROWS, [None] * ROWS),
}


def written(folder: Path, table: pa.Table, **how: object) -> Path:
    pq.write_table(table, folder / "a.parquet", **how)
    return folder / "a.parquet"


def cells(column: pd.Series) -> list[object]:
    return [None if pd.isna(cell) else cell for cell in column.tolist()]


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("as_dictionary", [False, True])
def test_columns_are_put_together_from_stretches_and_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, as_dictionary: bool
) -> None:
    given, expected = COLUMNS[name]
    values = pa.array(given)
    if as_dictionary and name != "nothing":
        values = values.dictionary_encode()
    path = written(tmp_path, pa.table({name: values, f"{name}.b": values}), row_group_size=60)
    monkeypatch.setattr(parquet, "ROWS", 7)
    frame = read_export(path, "parquet").frame
    assert cells(frame[name]) == cells(frame[f"{name}.b"]) == expected
    assert frame.is_text(name) is any(isinstance(cell, str) for cell in expected)


def test_a_dot_in_a_name_leads_to_no_other_column(tmp_path: Path) -> None:
    frame = read_export(written(tmp_path, pa.table({"a.b": [1.0], "a": [2.0]})), "parquet").frame
    assert (frame["a"].tolist(), frame["a.b"].tolist()) == ([2.0], [1.0])


def test_the_file_is_held_packed_and_may_change_later(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"a": np.arange(9.0), "t": [f"x{i}" for i in range(9)]}))
    export = read_export(path, "parquet", part=Part(rows={"t": "x5"}))
    path.write_bytes(b"something else")
    assert all(isinstance(column, Folded) for column in export.frame.held.values())
    assert (export.frame["a"].tolist(), export.frame["t"].tolist()) == ([5.0], ["x5"])
    assert export.elsewhere == 8


def long_texts(folder: Path, different: int, rows: int) -> Path:
    """A small file in which long texts stand once and recur in every row."""
    texts = pa.array([f"{i}" + "x" * 1_000_000 for i in range(different)])
    places = pa.array(np.arange(rows) % different, pa.int32())
    column = pa.DictionaryArray.from_arrays(places, texts)
    return written(folder, pa.table({"a": column}), compression="zstd", dictionary_pagesize_limit=2**30)


def test_long_texts_that_recur_are_refused_by_what_they_unfold_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = long_texts(tmp_path, 2, 500_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(machine, "free_memory", lambda: 2 * 1024**3)
    with pytest.raises(ExportError, match=r"a\.parquet: reading it takes more memory than the 1\.5 GB"):
        read_export(path, "parquet")


def test_long_texts_that_recur_are_unfolded_a_few_rows_at_a_time(tmp_path: Path) -> None:
    texts = read_export(long_texts(tmp_path, 2, 200), "parquet").frame["a"]
    assert [text[0] for text in texts[:4]] == ["0", "1", "0", "1"]
    assert set(texts.str.len()) == {1_000_001}


def test_more_values_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, pa.table({f"a{i}": np.ones(1000) for i in range(10)}))
    monkeypatch.setattr(parquet, "MOST_VALUES", 9999)
    with pytest.raises(ExportError, match=r"it holds 10,000 values, more than the 9,999 that are read"):
        read_export(path, "parquet")


def test_a_constant_column_of_many_rows_is_no_bomb(tmp_path: Path) -> None:
    path = written(tmp_path, pa.table({"a": np.ones(5_000_000), "b": np.ones(5_000_000)}), compression="zstd")
    assert path.stat().st_size < 5_000_000 * 16 / 500
    assert len(read_export(path, "parquet").frame) == 5_000_000


def test_a_column_that_lacks_rows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, pa.table({"a": np.ones(10)}))
    batches = pq.ParquetFile.iter_batches
    monkeypatch.setattr(
        pq.ParquetFile, "iter_batches", lambda *given, **how: list(batches(*given, **how))[:0]
    )
    with pytest.raises(ExportError, match="cut short or damaged"):
        read_export(path, "parquet")
