"""Run as a script by `apart`: reads one file of a statistics program and writes plain values to another.

A damaged file can crash the C library that reads it. Here it takes down this process only. The output
is a length, a JSON header, then the numeric columns as doubles, one after the other; no code travels.
Nothing of ours is imported.
"""

from __future__ import annotations

import json
import sys
from array import array
from pathlib import Path
from typing import Any

FORMATS = {"sav": "read_sav", "dta": "read_dta", "sas7bdat": "read_sas7bdat", "xpt": "read_xport"}


def main(path: str, form: str, target: str) -> None:
    """Read `path` and write it to `target`; what the library reports goes into the header as `error`."""
    import pyreadstat

    header, numbers = _read(pyreadstat, path, form)
    text = json.dumps(header).encode("ascii")
    with Path(target).open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(map(_doubles, numbers))


def _read(pyreadstat: Any, path: str, form: str) -> tuple[dict[str, Any], list[Any]]:
    read = getattr(pyreadstat, FORMATS[form])
    options: dict[str, Any] = {"disable_datetime_conversion": True}
    if form != "xpt":
        options["user_missing"] = True
    try:
        data, meta = read(path, **options)
    except UnicodeDecodeError:
        return _retry(pyreadstat, read, path, options)
    except pyreadstat.ReadstatError as error:
        if "byte sequence" in str(error):
            return _retry(pyreadstat, read, path, options)
        return {"error": str(error)}, []
    return _plain(data, meta, meta.file_encoding)


def _retry(
    pyreadstat: Any, read: Any, path: str, options: dict[str, Any]
) -> tuple[dict[str, Any], list[Any]]:
    try:
        data, meta = read(path, encoding="WINDOWS-1252", **options)
    except (pyreadstat.ReadstatError, UnicodeDecodeError) as error:
        return {"error": str(error)}, []
    header, numbers = _plain(data, meta, "WINDOWS-1252")
    return {**header, "guessed": True}, numbers


def _plain(data: Any, meta: Any, encoding: str) -> tuple[dict[str, Any], list[Any]]:
    numeric = [name for name in meta.column_names if meta.readstat_variable_types[name] != "string"]
    header = {
        "names": meta.column_names,
        "numeric": numeric,
        "rows": meta.number_rows,
        "encoding": encoding,
        "labels": meta.column_names_to_labels,
        "formats": meta.original_variable_types,
        "value_labels": {name: list(pairs.items()) for name, pairs in meta.variable_value_labels.items()},
        "missing": {
            name: [[span["lo"], span["hi"]] for span in spans] for name, spans in meta.missing_ranges.items()
        },
        "text": {name: _cells(data[name]) for name in meta.column_names if name not in set(numeric)},
        "letters": {
            name: [[i, v] for i, v in enumerate(data[name]) if isinstance(v, str)]
            for name in numeric
            if _may_hold_letters(data[name]) and any(isinstance(v, str) for v in data[name])
        },
    }
    return header, [data[name].to_numpy() for name in numeric]


def _cells(column: Any) -> list[str | None]:
    return [cell if isinstance(cell, str) else None for cell in column.tolist()]


def _may_hold_letters(column: Any) -> bool:
    """Whether a numeric column is one of objects: only there can .a to .z stand among the numbers."""
    return column.dtype.kind not in "fiu"


def _doubles(column: Any) -> bytes:
    """A column as the bytes of doubles; what is no number is NaN."""
    if _may_hold_letters(column):
        return array("d", [_number(v) for v in column]).tobytes()
    return bytes(column.astype("float64", copy=False).tobytes())


def _number(value: Any) -> float:
    return float("nan") if value is None or isinstance(value, str) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
