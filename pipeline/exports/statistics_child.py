"""Run as a script by `apart`: reads one file of a statistics program and writes plain values to a folder.

A damaged file can crash the C library that reads it. Here it takes down this process only. It reads as many
rows at a time as make `CELLS` cells. Numbers and text are written as Arrow batches, what is known of the
columns as JSON; no code travels. Nothing of ours is imported.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMATS = {
    "sav": "read_sav",
    "por": "read_por",
    "dta": "read_dta",
    "sas7bdat": "read_sas7bdat",
    "xpt": "read_xport",
}
AT_ONCE = frozenset({"xpt", "por", "sas7bdat"})
"""Formats in which the library cannot leap over rows, so that reading in stretches would read them again."""
CELLS = 4_000_000
_GUESS = "WINDOWS-1252"


def main(path: str, form: str, folder: str) -> None:
    """Read `path` into `folder`; what the library reports goes into the header as `error`."""
    header = _read(path, form, Path(folder))
    (Path(folder) / "header.json").write_text(json.dumps(header), encoding="ascii")


def _read(path: str, form: str, folder: Path) -> dict[str, Any]:
    import pyreadstat

    try:
        return _copied(path, form, folder, {})
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        if isinstance(error, pyreadstat.ReadstatError) and "byte sequence" not in str(error):
            return {"error": str(error)}
    try:
        return {**_copied(path, form, folder, {"encoding": _GUESS}), "encoding": _GUESS, "guessed": True}
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        return {"error": str(error)}


def _copied(path: str, form: str, folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the values of a file; what is known of its columns."""
    import pyarrow as pa

    header: dict[str, Any] = {}
    rows = 0
    with (folder / "values.arrow").open("wb") as file:
        writer: Any = None
        for data, meta in _stretches(path, form, options):
            header = header or _header(meta)
            batch = _batch(data, header, rows)
            writer = writer or pa.ipc.new_stream(file, batch.schema)
            writer.write_batch(batch)
            rows += batch.num_rows
        if writer is not None:
            writer.close()
    return header


def _stretches(path: str, form: str, options: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The file's rows, a stretch at a time, with what the library tells of the columns."""
    import pyreadstat

    read = getattr(pyreadstat, FORMATS[form])
    options = {**options, "disable_datetime_conversion": True}
    if form not in {"xpt", "por"}:
        options["user_missing"] = True
    if form == "por":
        options = {"disable_datetime_conversion": True}
    if form in AT_ONCE:
        yield read(path, **options)
        return
    columns = len(read(path, metadataonly=True, **options)[1].column_names)
    most, start = max(CELLS // max(columns, 1), 1), 0
    while True:
        data, meta = read(path, row_offset=start, row_limit=most, **options)
        yield data, meta
        start += most
        if len(data) < most:
            return


def _header(meta: Any) -> dict[str, Any]:
    return {
        "names": meta.column_names,
        "numeric": [name for name in meta.column_names if meta.readstat_variable_types[name] != "string"],
        "encoding": meta.file_encoding,
        "labels": meta.column_names_to_labels,
        "formats": meta.original_variable_types,
        "value_labels": {name: list(pairs.items()) for name, pairs in meta.variable_value_labels.items()},
        "missing": {
            name: [[span["lo"], span["hi"]] for span in spans] for name, spans in meta.missing_ranges.items()
        },
        "letters": {},
    }


def _batch(data: Any, header: dict[str, Any], rows: int) -> Any:
    """Numbers as doubles, the rest as text; where a letter stands for a missing number goes to the header."""
    import pyarrow as pa

    numeric, arrays = set(header["numeric"]), []
    for place, name in enumerate(header["names"]):
        column = data.iloc[:, place]
        if name not in numeric:
            arrays.append(pa.array(_cells(column), pa.string()))
            continue
        arrays.append(pa.array(_doubles(column), pa.float64(), from_pandas=False))
        if _may_hold_letters(column):
            found = [[rows + i, v] for i, v in enumerate(column) if isinstance(v, str)]
            header["letters"].setdefault(name, []).extend(found)
    fields = [pa.field(str(i), one.type) for i, one in enumerate(arrays)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _cells(column: Any) -> list[str | None]:
    return [cell if isinstance(cell, str) else None for cell in column.tolist()]


def _may_hold_letters(column: Any) -> bool:
    """Whether a numeric column is one of objects: only there can .a to .z stand among the numbers."""
    return column.dtype.kind not in "fiu"


def _doubles(column: Any) -> Any:
    """A column as doubles; what is no number is NaN."""
    if _may_hold_letters(column):
        return array("d", [_number(v) for v in column])
    return column.to_numpy(dtype="float64")


def _number(value: Any) -> float:
    return float("nan") if value is None or isinstance(value, str) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
