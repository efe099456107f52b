"""Small cells: counts that could point to a person are withheld, and one more so that they stay withheld.

Stages call this before a count by group, or by answer of a safety item, goes into results.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

K = TypeVar("K")


def withheld(counts: Mapping[K, int], threshold: int) -> dict[K, int | None]:
    """Counts with those from 1 to below `threshold` as None, and the complementary cell with them.

    Where only one cell is withheld, the total and the other cells would give it away: the smallest of the
    others goes too (complementary suppression; Hundepool et al., 2012).
    """
    small = [key for key, n in counts.items() if 0 < n < threshold]
    rest = [key for key, n in counts.items() if key not in small and n > 0]
    hidden = 0 if not small else sum(counts[key] for key in small)
    while small and rest and (len(small) < 2 or hidden < threshold):
        smallest = min(rest, key=lambda key: counts[key])
        rest.remove(smallest)
        small.append(smallest)
        hidden += counts[smallest]
    return {key: None if key in small else n for key, n in counts.items()}
