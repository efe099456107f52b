"""Run as a script by `apart`: reads one file of a statistics program and writes plain values to its output.

A damaged file can crash the C library that reads it, and one made to do harm can unfold to more than there
is memory. Here that takes down this process only, which can have no more memory than it is told. It reads as
many rows at a time as make `CELLS` cells, of a large file a part. Numbers and text are written as Arrow
batches, what is known of the columns as JSON; no code travels. Nothing of ours is imported.
"""

from __future__ import annotations

import json
import os
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMATS = {
    "sav": "read_sav",
    "dta": "read_dta",
    "sas7bdat": "read_sas7bdat",
    "xpt": "read_xport",
}
CELLS = 4_000_000
PARTS = {"xpt": 3}
"""In how many parts at most a format is read, others in `MOST_PARTS`: to leap over rows takes time in it."""
MOST_PARTS = 16
ROWS, STRETCH = 65536, 16 * 1024**2
"""Of a column of text, so many rows or letters go into one message."""
_GUESS = "WINDOWS-1252"
_NO_MEMORY = "Unable to allocate memory"
"""What ReadStat says where it gets no memory."""


def main(path: str, form: str, most: str, catalogue: str = "") -> None:
    """Write the values of `path`, then what is known of its columns, or as `error` what the library says.

    `most` is how many bytes of memory this process may take, 0 for as many as it needs.
    """
    _limit(int(most))
    try:
        header = _read(path, form, catalogue)
    except MemoryError:
        header = {"error": _NO_MEMORY}
    if str(header.get("error", "")).startswith(_NO_MEMORY):
        header = {"memory": True}
    _send("header", json.dumps(header).encode("ascii"))


def _limit(most: int) -> None:
    """Have the system refuse this process more memory, where it does that; Windows does not."""
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if most and (hard == resource.RLIM_INFINITY or most < hard):
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _send(kind: str, content: Any) -> None:
    """Write a message: its kind in eight letters, its length, itself."""
    sys.stdout.buffer.write(kind.ljust(8).encode("ascii") + len(content).to_bytes(8, "little"))
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _read(path: str, form: str, catalogue: str) -> dict[str, Any]:
    import pyreadstat

    try:
        return _with_labels(_copied(path, form, {}), catalogue)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        if isinstance(error, pyreadstat.ReadstatError) and "byte sequence" not in str(error):
            return {"error": str(error)}
    _send("again", b"")
    try:
        found = _with_labels(_copied(path, form, {"encoding": _GUESS}), catalogue)
        return {**found, "encoding": _GUESS, "guessed": True}
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        return {"error": str(error)}


def _with_labels(header: dict[str, Any], catalogue: str) -> dict[str, Any]:
    """The header with the value labels of a catalogue, by the format that each column names."""
    import pyreadstat

    if not catalogue:
        return header
    sets = pyreadstat.read_sas7bcat(catalogue)[1].value_labels
    labels = {name: list(sets[given].items()) for name, given in header["sets"].items() if given in sets}
    return {**header, "value_labels": {**header["value_labels"], **labels}}


def _copied(path: str, form: str, options: dict[str, Any]) -> dict[str, Any]:
    """Write the values of a file; what is known of its columns."""
    header: dict[str, Any] = {}
    rows = 0
    for data, meta in _stretches(path, form, options):
        header = header or _header(meta)
        for place, name in enumerate(header["names"]):
            for cells in _arrays(name, data.iloc[:, place], header, rows):
                _send("column", _message(place, cells))
        rows += len(data)
        del data
    return header


def _stretches(path: str, form: str, options: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The file's rows, a stretch at a time, with what the library tells of the columns."""
    import pyreadstat

    read = getattr(pyreadstat, FORMATS[form])
    options = {**options, "disable_datetime_conversion": True}
    if form != "xpt":
        options["user_missing"] = True
    most, start = _rows_at_a_time(read(path, metadataonly=True, **options)[1], path, form), 0
    while True:
        found = read(path, row_offset=start, row_limit=most, **options)
        rows = len(found[0])
        yield found
        found = None
        start += most
        if rows < most:
            return


def _rows_at_a_time(meta: Any, path: str, form: str) -> int:
    """How many rows to read at a time; a file that does not say how many it has is as long as it is wide."""
    size, width = Path(path).stat().st_size, sum(meta.variable_storage_width.values())
    rows = min(int(meta.number_rows or size // max(width, 1)), size)
    return max(CELLS // max(len(meta.column_names), 1), rows // PARTS.get(form, MOST_PARTS) + 1)


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
        "sets": meta.variable_to_label,
        "letters": {},
    }


def _message(place: int, cells: Any) -> Any:
    """A stretch of a column with the column's place, as an Arrow stream."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_arrays([cells], names=[str(place)])
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue()


def _arrays(name: str, column: Any, header: dict[str, Any], rows: int) -> Iterator[Any]:
    """Numbers as doubles, the rest as text; where a letter stands for a missing number goes to the header."""
    import pyarrow as pa

    if name not in header["numeric"]:
        texts = _cells(column)
        at_once = max(min(ROWS, STRETCH // max(map(_length, texts), default=1)), 1)
        for start in range(0, max(len(texts), 1), at_once):
            yield pa.array(texts[start : start + at_once], pa.string())
        return
    if _may_hold_letters(column):
        found = [[rows + i, v] for i, v in enumerate(column) if isinstance(v, str)]
        header["letters"].setdefault(name, []).extend(found)
    yield pa.array(_doubles(column), pa.float64(), from_pandas=False)


def _length(text: str | None) -> int:
    return len(text) if text else 1


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
