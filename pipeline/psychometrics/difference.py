"""The difference test of two nested models, with an answer where its usual scaling has none.

`invariance`, `competing` and `validity` call it.
"""

from __future__ import annotations

from pipeline import sem

MEAN_ADJUSTED = frozenset({"satorra.bentler", "yuan.bentler.mplus"})


def difference(a: sem.Fit, b: sem.Fit) -> sem.Comparison:
    """As `sem.compare`: plain, or scaled where the fits are (Satorra & Bentler, 2001; Satorra, 2000).

    Where the scaling factor of 2001 is not positive, that of Satorra & Bentler (2010). Raises sem.ModelError
    where that is not positive either (it may happen with observed information), or models are not nested.
    """
    try:
        return sem.compare(a, b)
    except sem.ModelError:
        if a.method.test not in MEAN_ADJUSTED:
            raise
        return sem.compare(a, b, "satorra.bentler.2010")
