"""Parquet: numbers, text, dates and dictionary columns; nested columns are refused.

`read_export` reads `platform: parquet` through here. The file's bytes are held as they are, packed, and a
column is unfolded, a stretch of rows at a time, whenever somebody takes it. Each is unfolded once while the
file is read, so that damage is told then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.exports.cells import packed_strings
from pipeline.exports.export import WHOLE, Column, Export, ExportError, Part, Provenance
from pipeline.exports.frame import Folded, Frame, Held, joined_texts
from pipeline.exports.machine import check_unfolded, most_memory
from pipeline.exports.parts import rows_not_of_part

if TYPE_CHECKING:
    import numpy as np

ROWS = 65536
STRETCH = 64 * 1024**2
MOST_VALUES = 10_000_000_000


def read_parquet(path: Path, part: Part = WHOLE) -> Export:
    """Read a parquet file with flat columns."""
    import pyarrow as pa

    content = pa.py_buffer(path.read_bytes())
    try:
        with _system_memory():
            frame = _frame(content, path.name)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        if isinstance(error, (ExportError, MemoryError)):
            raise
        message = "cannot be read as a parquet file, it is cut short or damaged"
        raise ExportError(path.name, message, "export or copy it again") from error
    skip = rows_not_of_part(frame, part, path.name)
    kept = frame.taken(_others(skip, len(frame))) if skip else frame
    provenance = Provenance(
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        platform="parquet",
        encoding="UTF-8",
        delimiter=None,
        header_rows=0,
        rows=len(kept),
    )
    return Export(kept, {name: Column(name) for name in kept.columns}, provenance, {}, elsewhere=len(skip))


def largest_column(path: Path) -> int:
    """Bytes that the largest column takes at most once it is unfolded, by what the file says of itself.

    The columns of a group of rows are not asked: of a damaged file that ends the process (pyarrow 26).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, memory_map=False) as file:
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            return int(sum(max(group.total_byte_size, 8 * group.num_rows) for group in groups))
    except (pa.ArrowException, OSError, ValueError, OverflowError):
        return 0


def _others(skip: frozenset[int], rows: int) -> np.ndarray:
    import numpy as np

    mask = np.ones(rows, dtype=bool)
    mask[list(skip)] = False
    return mask


def _frame(content: Any, name: str) -> Frame:
    import pandas as pd

    file = _opened(content)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    names = list(map(str, schema.names))
    if len(set(names)) < len(names) or not names:
        raise ExportError(name, "column names are absent or occur more than once")
    for column, kind in zip(names, schema.types, strict=True):
        if _is_no_answer(kind):
            raise ExportError(
                name, f"the column '{column}' holds {kind}, not one answer a row", "leave it out"
            )
    if rows * len(names) > MOST_VALUES:
        told = f"it holds {rows * len(names):,} values, more than the {MOST_VALUES:,} that are read"
        raise ExportError(name, told, "export the columns that the study needs")
    texts = [column for column, kind in zip(names, schema.types, strict=True) if _is_text(_plain(kind))]
    probe = _opened(content, texts)
    at_a_time = {column: _at_a_time(probe, column, name) for column in texts}
    held = {column: _folded(_Column(file, column, at_a_time.get(column, ROWS))) for column in names}
    return Frame(pd.RangeIndex(1, rows + 1), held)


def _opened(content: Any, as_dictionary: Sequence[str] = ()) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content), read_dictionary=list(as_dictionary) or None)


@contextmanager
def _system_memory() -> Iterator[None]:
    """Unfold in memory that the system takes back at once: Arrow's own pool keeps it."""
    import pyarrow as pa

    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def _plain(kind: Any) -> Any:
    """The type of the values, be they in a dictionary or not."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    number = types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)
    return bool(number or types.is_decimal(kind) or types.is_null(kind))


def _is_no_answer(kind: Any) -> bool:
    """Whether a type holds several values a row, or bytes."""
    import pyarrow as pa

    kind, types = _plain(kind), pa.types
    binary = types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    return bool(types.is_nested(kind) or binary)


def _at_a_time(probe: Any, column: str, file: str) -> int:
    """How many rows to unfold at a time; a text that recurs may be stored once and be very long.

    The dictionary of a group of rows is whole as soon as its first row is read.
    """
    groups = range(probe.metadata.num_row_groups)
    first = [next(_dictionaries(probe, column, 1, [group]), None) for group in groups]
    longest = max((_longest(cells.dictionary) for cells in first if cells is not None), default=0)
    if longest * ROWS <= STRETCH:
        return ROWS
    most, size = most_memory(), 0
    for cells in _dictionaries(probe, column, ROWS, None):
        size += _length(cells)
        check_unfolded(size, most, file)
    return max(STRETCH // longest, 1)


def _dictionaries(probe: Any, column: str, rows: int, groups: Sequence[int] | None) -> Iterator[Any]:
    """A column's stretches as dictionaries of texts, of a column that the probe reads so."""
    for batch in probe.iter_batches(rows, row_groups=groups, columns=[column], use_threads=False):
        yield batch.column(column)


def _longest(texts: Any) -> int:
    import pyarrow.compute as pc

    return int(pc.max(pc.binary_length(texts)).as_py() or 0)


def _length(cells: Any) -> int:
    """Bytes of the texts that the places in a dictionary stand for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.binary_length(cells.dictionary).cast(pa.int64())
    return int(pc.sum(lengths.take(cells.indices)).as_py() or 0)


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _folded(column: _Column) -> Folded:
    """A column at rest, after it was unfolded once."""
    found = column.unfolded()
    return Folded(found.is_text, column.unfolded)


@dataclass(frozen=True, eq=False)
class _Column:
    """A column of a file that is held in memory, and how many rows of it to unfold at a time."""

    file: Any
    name: str
    at_a_time: int

    def unfolded(self) -> Held:
        """Numbers as doubles, all else as text; ValueError where it lacks rows."""
        kind = _plain(self.file.schema_arrow.field(self.name).type)
        with _system_memory():
            return Held(self._doubles()) if _is_number(kind) else self._texts(written=_is_text(kind))

    def _texts(self, *, written: bool) -> Held:
        pieces = []
        for cells in self._stretches():
            texts = (cells if written else _told(cells)).cast("string").fill_null("")
            pieces.append(packed_strings(texts))
        return joined_texts(pieces)

    def _stretches(self) -> Iterator[Any]:
        """The column's cells, plain; as many as the file says it has rows."""
        import pyarrow as pa

        left = self.file.metadata.num_rows
        for batch in self.file.iter_batches(self.at_a_time, columns=[self.name], use_threads=False):
            cells = batch.column(self.name)
            left -= len(cells)
            yield cells.cast(cells.type.value_type) if pa.types.is_dictionary(cells.type) else cells
        if left:
            raise ValueError(f"{left} rows too few in '{self.name}'")

    def _doubles(self) -> np.ndarray:
        import numpy as np

        found, start = np.empty(self.file.metadata.num_rows), 0
        for cells in self._stretches():
            found[start : start + len(cells)] = _numbers(cells)
            start += len(cells)
        return found


def _numbers(cells: Any) -> Any:
    """Cells as doubles; what is missing is NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _told(cells: Any) -> Any:
    """Moments, days and the like as ISO text."""
    import pyarrow as pa

    coded = cells.dictionary_encode()
    told = [
        None if v is None else v.isoformat() if hasattr(v, "isoformat") else str(v)
        for v in coded.dictionary.to_pylist()
    ]
    return pa.array(told, pa.string()).take(coded.indices)
