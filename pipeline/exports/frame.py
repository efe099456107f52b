"""The columns of an export, held in little memory and given out one at a time as pandas columns.

Readers make a `Frame`, `stages/ingest` and `inspection` take columns from it. A column of answers that recur
takes one or two bytes a row; as a pandas column it takes eight and more, but only while somebody works on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.exports.cells import Coded, Packed, are_blank, narrowest, unpacked

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class PackedNumbers(NamedTuple):
    """A stretch of numbers: the different ones, and the place of each row's among them."""

    values: np.ndarray
    codes: np.ndarray


MOST_CODED = 2**16
FEW = 8
_TRIED = 4096


@dataclass(frozen=True, eq=False)
class Held:
    """A column at rest: the values row by row, or the different ones and each row's place among them.

    `values` are doubles (missing: NaN), an array of str and None, or an Arrow array of strings.
    """

    values: Any
    codes: np.ndarray | None = None

    @property
    def is_text(self) -> bool:
        """Whether the column holds text, not numbers."""
        return not hasattr(self.values, "dtype") or self.values.dtype.kind == "O"

    def rows(self) -> np.ndarray:
        """The values row by row: doubles, or str and None."""
        found = self.values if hasattr(self.values, "dtype") else _texts(self.values)
        return found if self.codes is None else found[self.codes]

    def taken(self, rows: np.ndarray) -> Held:
        """The rows that a mask marks."""
        import pyarrow as pa

        if self.codes is not None:
            return replace(self, codes=self.codes[rows])
        arrow = not hasattr(self.values, "dtype")
        return replace(self, values=self.values.filter(pa.array(rows)) if arrow else self.values[rows])

    def answered(self) -> int:
        """How many rows are not missing."""
        import pandas as pd

        if not hasattr(self.values, "dtype"):
            return len(self.values) - int(self.values.null_count)
        there = pd.notna(self.values)
        return int(there.sum() if self.codes is None else there[self.codes].sum())

    def without(self, marked: Callable[[pd.Series], np.ndarray]) -> tuple[Held, dict[Any, int]]:
        """The column with the values marked as missing, and how often each of them was there."""
        import pandas as pd

        values = self.values if hasattr(self.values, "dtype") else _texts(self.values)
        hit = marked(pd.Series(values, dtype=values.dtype))
        if not hit.any():
            return self, {}
        every = pd.Series(values, dtype=values.dtype) if self.codes is None else pd.Series(self.rows())
        counts = every[hit if self.codes is None else hit[self.codes]].value_counts().sort_index()
        left = values.copy()
        left[hit] = None if self.is_text else float("nan")
        kept = replace(self, values=left) if self.codes is not None else hold(left)
        return kept, {value: int(n) for value, n in counts.items()}

    def different(self, most: int) -> list[Any]:
        """The first different values that are not missing."""
        import pandas as pd

        if self.codes is not None:
            used = self.values[pd.unique(self.codes)]
            return [value for value in pd.unique(used).tolist() if pd.notna(value)][:most]
        for size in (most * 8, len(self.values)):
            found = self.values[:size]
            found = found if hasattr(found, "dtype") else _texts(found)
            seen = [value for value in pd.unique(found).tolist() if pd.notna(value)]
            if len(seen) >= most:
                break
        return seen[:most]


@dataclass(frozen=True, eq=False)
class Folded:
    """A column that stays packed as its file keeps it, and is unfolded each time somebody takes it."""

    is_text: bool
    unfold: Callable[[], Held]

    def rows(self) -> np.ndarray:
        """The values row by row: doubles, or str and None."""
        return self.unfold().rows()

    def taken(self, rows: np.ndarray) -> Folded:
        """The rows that a mask marks; they are chosen anew at each unfolding."""
        return replace(self, unfold=lambda: self.unfold().taken(rows))

    def answered(self) -> int:
        """How many rows are not missing."""
        return self.unfold().answered()

    def without(self, marked: Callable[[pd.Series], np.ndarray]) -> tuple[Held | Folded, dict[Any, int]]:
        """The column with the values marked as missing, held, and how often each of them was there."""
        kept, counts = self.unfold().without(marked)
        return (kept if counts else self), counts

    def different(self, most: int) -> list[Any]:
        """The first different values that are not missing."""
        return self.unfold().different(most)


Resting = Held | Folded
"""A column while nobody works on it."""


@dataclass(frozen=True, eq=False)
class Frame:
    """Columns by name over one index: the data row in the file, from 1. Its length is that of the columns."""

    index: pd.Index
    held: Mapping[str, Resting]

    @classmethod
    def of(cls, columns: Mapping[str, np.ndarray | pd.Series], index: pd.Index) -> Frame:
        """Hold columns of doubles or of text."""
        return cls(index, {name: hold(column) for name, column in columns.items()})

    def __getitem__(self, name: str) -> pd.Series:
        import pandas as pd

        values = self.held[name].rows()
        return pd.Series(values, index=self.index, dtype=values.dtype, copy=False, name=name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.held)

    def is_text(self, name: str) -> bool:
        """Whether a column holds text, not numbers."""
        return self.held[name].is_text

    def table(self, names: Sequence[str] | None = None) -> pd.DataFrame:
        """Columns beside each other, as pandas has them."""
        import pandas as pd

        wanted = self.columns if names is None else names
        return pd.DataFrame({name: self[name] for name in wanted}, index=self.index)

    def having(self, columns: Mapping[str, np.ndarray | pd.Series | Resting]) -> Frame:
        """The same frame with some columns replaced or added at the end."""
        new = {name: one if isinstance(one, Resting) else hold(one) for name, one in columns.items()}
        return replace(self, held={**self.held, **new})

    def only(self, names: Sequence[str]) -> Frame:
        """These columns alone, in this order."""
        return replace(self, held={name: self.held[name] for name in names})

    def taken(self, rows: np.ndarray) -> Frame:
        """The rows that a mask marks."""
        return Frame(self.index[rows], {name: column.taken(rows) for name, column in self.held.items()})


def hold(column: np.ndarray | pd.Series) -> Held:
    """A column of doubles, or of str and None, in the least memory that gives it back as it was."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    values = np.asarray(column) if not isinstance(column, pd.Series) else column.to_numpy()
    if values.dtype != object:
        return hold_numbers(values.astype("float64", copy=False))
    try:
        return hold_strings(pa.array(values, pa.large_string(), from_pandas=True))
    except (pa.ArrowException, UnicodeEncodeError):
        return Held(values)


def hold_numbers(values: np.ndarray) -> Held:
    """Doubles; coded where they recur."""
    import numpy as np
    import pyarrow as pa

    if len(np.unique(values[:_TRIED])) * FEW > min(len(values), _TRIED):
        return Held(values)
    found = pa.array(values).dictionary_encode()
    if len(found.dictionary) > MOST_CODED:
        return Held(values)
    codes = found.indices.to_numpy(zero_copy_only=False)
    return Held(found.dictionary.to_numpy(), codes.astype(narrowest(len(found.dictionary))))


def hold_strings(cells: Any) -> Held:
    """An Arrow array of strings; coded where they recur."""
    import numpy as np

    if len(cells[:_TRIED].unique()) * FEW > min(len(cells), _TRIED):
        return Held(cells)
    found = cells.combine_chunks() if hasattr(cells, "combine_chunks") else cells
    found = found.dictionary_encode()
    n = len(found.dictionary)
    if n >= MOST_CODED:
        return Held(cells)
    codes = found.indices.fill_null(n).to_numpy(zero_copy_only=False)
    values = np.array([*found.dictionary.to_pylist(), None], dtype=object)
    return Held(values, codes.astype(narrowest(n + 1)))


def joined_numbers(blocks: Sequence[PackedNumbers]) -> Held:
    """One column of stretches of numbers."""
    import numpy as np

    if not blocks:
        return Held(np.empty(0))
    sizes = np.cumsum([len(values) for values, _ in blocks])[:-1]
    table, places = np.unique(np.concatenate([values for values, _ in blocks]), return_inverse=True)
    rows = sum(len(codes) for _, codes in blocks)
    if len(table) > MOST_CODED or len(table) * FEW > rows:
        return Held(np.concatenate([values[codes] for values, codes in blocks]))
    found = np.split(places.astype(narrowest(len(table))), sizes)
    return Held(table, np.concatenate([own[codes] for own, (_, codes) in zip(found, blocks, strict=True)]))


def packed_numbers(cells: Any) -> PackedNumbers:
    """An Arrow array of doubles as its different values and the place of each row's among them."""
    found = cells.dictionary_encode()
    codes = found.indices.to_numpy(zero_copy_only=False)
    return PackedNumbers(found.dictionary.to_numpy(), codes.astype(narrowest(len(found.dictionary))))


def joined_texts(pieces: Sequence[Packed]) -> Held:
    """One column of stretches of text as written; blanks are missing."""
    import numpy as np
    import pyarrow as pa

    places: dict[str | None, int] = {None: 0}
    found: list[tuple[list[int], np.ndarray]] = []
    for cells in pieces:
        if not isinstance(cells, Coded) or len(places) > MOST_CODED // 2:
            return Held(pa.chunked_array([_strings(one) for one in pieces], pa.string()))
        texts = [cell if cell.strip() else None for cell in cells.values]
        found.append(([places.setdefault(text, len(places)) for text in texts], cells.codes))
    kind = narrowest(len(places))
    codes = [np.array(own, kind)[codes] for own, codes in found]
    return Held(np.array(list(places), dtype=object), np.concatenate([*codes, np.empty(0, kind)]))


def _strings(cells: Packed) -> Any:
    """A stretch of text as an Arrow array, blanks as nulls."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(cells, (Coded, str, tuple)):
        return pa.array([cell if cell.strip() else None for cell in unpacked(cells)], pa.string())
    blank = are_blank(cells)
    return pc.if_else(pa.array(blank), pa.scalar(None, pa.string()), cells) if blank.any() else cells


def _texts(cells: Any) -> np.ndarray:
    import numpy as np

    found = cells.to_numpy(zero_copy_only=False) if not hasattr(cells, "chunks") else cells.to_numpy()
    return np.asarray(found, dtype=object)
