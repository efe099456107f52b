"""Parquet: numbers, text, dates and dictionary columns; nested columns are refused.

`read_export` reads `platform: parquet` through here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.exports.export import WHOLE, Column, Export, ExportError, Part, Provenance, sha256_of
from pipeline.exports.parts import rows_not_of_part

if TYPE_CHECKING:
    import pandas as pd

LARGEST_UNPACKED = 8 * 1024**3
MOST_UNFOLDED = 500
SMALL = 256 * 1024**2


def read_parquet(path: Path, part: Part = WHOLE) -> Export:
    """Read a parquet file with flat columns."""
    table = _table(path)
    twice = len(set(table.column_names)) < len(table.column_names)
    if twice or not table.column_names:
        raise ExportError(path.name, "column names are absent or occur more than once")
    frame = _frame(table, path.name)
    skip = rows_not_of_part(frame, part, path.name)
    kept = frame[[i not in skip for i in range(len(frame))]] if skip else frame
    provenance = Provenance(
        file=path.name,
        sha256=sha256_of(path),
        platform="parquet",
        encoding="UTF-8",
        delimiter=None,
        header_rows=0,
        rows=len(kept),
    )
    columns = {str(name): Column(str(name)) for name in kept.columns}
    return Export(kept, columns, provenance, {}, elsewhere=len(skip))


def _table(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            cells = 8 * file.metadata.num_rows * file.metadata.num_columns
            whole = max(cells, sum(group.total_byte_size for group in groups))
            folded = whole > MOST_UNFOLDED * path.stat().st_size
            if whole > LARGEST_UNPACKED or (folded and whole > SMALL):
                raise ExportError(
                    path.name,
                    f"it unfolds to {whole / 1024**3:.1f} GB, more than is read of a file of its size",
                    "export the columns that the study needs",
                )
            return file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, ExportError):
            raise
        message = "cannot be read as a parquet file, it is cut short or damaged"
        raise ExportError(path.name, message, "export or copy it again") from error


def _frame(table: Any, file: str) -> pd.DataFrame:
    import pandas as pd

    index = pd.RangeIndex(1, table.num_rows + 1)
    columns: dict[str, pd.Series] = {}
    for name in map(str, table.column_names):
        columns[name] = _series(table.column(name), name, file, index)
        table = table.drop_columns([name])
    return pd.DataFrame(columns, index=index, copy=False)


def _series(column: Any, name: str, file: str, index: Any) -> pd.Series:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise ExportError(file, f"the column '{name}' holds {kind}, not one answer a row", "leave it out")
    if pa.types.is_null(kind):
        return pd.Series(float("nan"), index=index, dtype="float64")
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        values = pc.cast(column, pa.float64(), safe=False).to_numpy()
        return pd.Series(values, index=index, dtype="float64")
    if pa.types.is_decimal(kind):
        values = [None if v is None else float(v) for v in column.to_pylist()]
        return pd.Series(values, index=index, dtype="float64")
    coded = column.combine_chunks().dictionary_encode()
    told = [None if v is None or not str(v).strip() else _told(v) for v in coded.dictionary.to_pylist()]
    cells = np.array([*told, None], dtype=object)[coded.indices.fill_null(len(told)).to_numpy()]
    return pd.Series(cells, index=index, dtype=object)


def _told(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
