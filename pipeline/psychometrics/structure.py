"""A simple-structure factor model as syntax, under names that are safe in it.

`factor` and `second_opinion` call it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Structure:
    """Which item belongs to which factor; `factor_of` holds each item's factor by number."""

    factors: tuple[str, ...]
    items: tuple[str, ...]
    factor_of: NDArray[np.intp]

    @classmethod
    def of(cls, factors: Mapping[str, Sequence[str]]) -> Structure:
        """From factor -> items."""
        items = tuple(item for group in factors.values() for item in group)
        owner = [k for k, group in enumerate(factors.values()) for _ in group]
        return cls(tuple(factors), items, np.array(owner, dtype=np.intp))

    @property
    def item_codes(self) -> list[str]:
        """Names that are safe in syntax, in the order of `items`."""
        return [f"item_{k}_" for k in range(len(self.items))]

    @property
    def factor_codes(self) -> list[str]:
        """Names that are safe in syntax, in the order of `factors`."""
        return [f"factor_{k}_" for k in range(len(self.factors))]

    @property
    def syntax(self) -> str:
        """The model in lavaan's language."""
        return "\n".join(
            f"{code} =~ {' + '.join(np.array(self.item_codes)[self.factor_of == k])}"
            for k, code in enumerate(self.factor_codes)
        )

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of factors."""
        return tuple(combinations(range(len(self.factors)), 2))

    @property
    def markers(self) -> NDArray[np.intp]:
        """For each item, the first item of its factor."""
        first = np.array([int(np.flatnonzero(self.factor_of == k)[0]) for k in range(len(self.factors))])
        return np.asarray(first[self.factor_of], dtype=np.intp)

    def coded(self, items: pd.DataFrame) -> pd.DataFrame:
        """The items under their names in the syntax."""
        return items[list(self.items)].set_axis(self.item_codes, axis=1)

    def in_words(self, text: str) -> str:
        """Put the names of items and factors back into a message."""
        names = dict(zip((*self.item_codes, *self.factor_codes), (*self.items, *self.factors), strict=True))
        return re.sub(r"(?:item|factor)_\d+_", lambda found: names.get(found[0], found[0]), text)

    def signs(self, loadings: NDArray[np.float64]) -> NDArray[np.float64]:
        """1 or -1 a factor, so that the loadings of each add up to a positive number."""
        sums = np.bincount(self.factor_of, weights=loadings)
        return np.where(sums < 0, -1.0, 1.0)
