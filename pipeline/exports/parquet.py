"""Parquet: numbers, text, dates and dictionary columns; nested columns are refused.

`read_export` reads `platform: parquet` through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.exports.cells import packed_strings
from pipeline.exports.export import WHOLE, Column, Export, ExportError, Part, Provenance, sha256_of
from pipeline.exports.frame import Frame, Held, hold, hold_numbers, joined_texts
from pipeline.exports.parts import rows_not_of_part

if TYPE_CHECKING:
    import numpy as np

LARGEST_UNPACKED = 8 * 1024**3
MOST_UNFOLDED = 500
SMALL = 256 * 1024**2
ROWS = 65536


def read_parquet(path: Path, part: Part = WHOLE) -> Export:
    """Read a parquet file with flat columns, one column at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            _check_size(file, path)
            frame = _frame(file, path.name)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, ExportError):
            raise
        message = "cannot be read as a parquet file, it is cut short or damaged"
        raise ExportError(path.name, message, "export or copy it again") from error
    skip = rows_not_of_part(frame, part, path.name)
    kept = frame.taken(_others(skip, len(frame))) if skip else frame
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform="parquet",
        encoding="UTF-8",
        delimiter=None,
        header_rows=0,
        rows=len(kept),
    )
    return Export(kept, {name: Column(name) for name in kept.columns}, provenance, {}, elsewhere=len(skip))


def decoded_size(path: Path) -> int:
    """Bytes of a file's values once they are unpacked, by what the file says of itself."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            return _decoded(file)
    except (pa.ArrowException, OSError, ValueError):
        return 0


def _decoded(file: Any) -> int:
    """The sum over groups of rows of what is unpacked, or of eight bytes a cell where that is more.

    The columns of a group are not asked: of a damaged file that ends the process (pyarrow 26).
    """
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    return sum(max(group.total_byte_size, 8 * group.num_rows * group.num_columns) for group in groups)


def _check_size(file: Any, path: Path) -> None:
    whole = _decoded(file)
    folded = whole > MOST_UNFOLDED * path.stat().st_size
    if whole > LARGEST_UNPACKED or (folded and whole > SMALL):
        raise ExportError(
            path.name,
            f"it unfolds to {whole / 1024**3:.1f} GB, more than is read of a file of its size",
            "export the columns that the study needs",
        )


def _others(skip: frozenset[int], rows: int) -> np.ndarray:
    import numpy as np

    mask = np.ones(rows, dtype=bool)
    mask[list(skip)] = False
    return mask


def _frame(file: Any, name: str) -> Frame:
    import pandas as pd

    schema, rows = file.schema_arrow, file.metadata.num_rows
    names = list(map(str, schema.names))
    if len(set(names)) < len(names) or not names:
        raise ExportError(name, "column names are absent or occur more than once")
    for column, kind in zip(names, schema.types, strict=True):
        if _is_no_answer(kind):
            raise ExportError(
                name, f"the column '{column}' holds {kind}, not one answer a row", "leave it out"
            )
    held = {column: _held(file.read(columns=[column]).column(0)) for column in names}
    return Frame(pd.RangeIndex(1, rows + 1), held)


def _is_no_answer(kind: Any) -> bool:
    """Whether a type holds several values a row, or bytes."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _held(column: Any) -> Held:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_null(kind):
        return Held(np.full(len(column), np.nan))
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return hold_numbers(pc.cast(column, pa.float64(), safe=False).to_numpy())
    if pa.types.is_decimal(kind):
        values = [np.nan if value is None else float(value) for value in column.to_pylist()]
        return hold_numbers(np.array(values, "float64"))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return joined_texts([packed_strings(piece) for piece in _strings(column)])
    coded = column.combine_chunks().dictionary_encode()
    told = [None if v is None or not str(v).strip() else _told(v) for v in coded.dictionary.to_pylist()]
    cells = np.array([*told, None], dtype=object)[coded.indices.fill_null(len(told)).to_numpy()]
    return hold(cells)


def _strings(column: Any) -> Iterator[Any]:
    """A column of text, a stretch of rows at a time, what is missing blank."""
    import pyarrow as pa

    for start in range(0, len(column), ROWS):
        yield column.slice(start, ROWS).cast(pa.string()).fill_null("").combine_chunks()


def _told(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
