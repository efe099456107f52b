"""Small cells: counts that could point to a person are withheld, and others so that they stay withheld.

The one place for the rule; `small_cell` of study.yaml is the threshold (0 switches it off). Stages call this
before a count by group, or by answer of a safety item, goes into their results; everything that is shown
(report, results.json, tables, figures, bundle) comes from those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.study import LoadedStudy

K = TypeVar("K")
TELLING = ("mean", "sd", "skew", "kurtosis", "min", "max", "floor", "ceiling")
"""Statistics from which the counts behind them, or a single answer, can be worked out."""


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


def group_sizes(
    everyone: Mapping[str, int], used: Iterable[str], threshold: int
) -> tuple[dict[str, int | None], int | None]:
    """Sizes of the groups that an analysis uses, and their sum; both without what gives a small group away.

    `everyone` has all groups, those that the analysis leaves out too: the number of all rows is known, so a
    small group that was left out would be the difference. Where any is withheld, so is the sum.
    """
    shown = withheld(everyone, threshold)
    sizes = {name: shown[name] for name in used}
    if None in shown.values():
        return sizes, None
    return sizes, sum(everyone[name] for name in sizes)


def cluster_sizes(told: Mapping[str, Any], threshold: int) -> dict[str, Any]:
    """Sizes of clusters (clusters, min, median, max, singletons) without those of small clusters.

    A least, middle or greatest size below the threshold is the size of a cluster that its members know; so
    is the number of clusters of one, where there are any.
    """
    small = [name for name in ("min", "median", "max") if 0 < (told[name] or 0) < threshold]
    hidden = dict.fromkeys(small)
    if threshold > 1 and told["singletons"]:
        hidden["singletons"] = None
    return {**told, **hidden}


def safety_item(study: LoadedStudy, variable: str) -> bool:
    """Whether a variable (scale.item) is an item whose answers are never shown for one person or a few."""
    scale, _, item = variable.partition(".")
    instrument = study.instruments.get(scale)
    return instrument is not None and item in instrument.safety_items


def one_by_one(study: LoadedStudy, variable: str) -> bool:
    """Whether a column may be handed on row by row: no item and no facet of a scale with a safety item.

    The answer to a safety item is the score less the other items, so all of them stay behind.
    """
    scale, _, part = variable.partition(".")
    instrument = study.instruments.get(scale)
    return not part or instrument is None or not instrument.safety_items


def guarded_item(study: LoadedStudy, scale: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """An item's row of statistics; of a safety item, without what shows the answer of a few.

    Answers, and those who gave none, are cells of one total. Where one is withheld, the statistics from
    which it could be worked out go with it.
    """
    if not safety_item(study, f"{scale}.{row['item']}"):
        return dict(row)
    cells = {**row["frequencies"], "missing": row["missing"]}
    shown = withheld(cells, study.declared.small_cell)
    if None not in shown.values():
        return dict(row)
    hidden = dict.fromkeys(name for name in TELLING if name in row)
    missing = shown.pop("missing")
    n = row["n"] if missing is not None else None
    return {**row, **hidden, "n": n, "missing": missing, "frequencies": shown}


def guarded_covariate(row: Mapping[str, Any], values: pd.Series[float], threshold: int) -> dict[str, Any]:
    """A covariate's row of statistics, without what shows a group of a few.

    The mean of a covariate with two values is the size of its groups. Of one with more, the least and the
    greatest value go where fewer people than the threshold have them.
    """
    counts = values.dropna().value_counts()
    if len(counts) <= 2:
        small = bool((counts < threshold).any())
        return {**row, **dict.fromkeys(TELLING[:6] if small else ())}
    ends = {name: counts[row[name]] for name in ("min", "max")}
    return {**row, **dict.fromkeys(name for name, n in ends.items() if n < threshold)}
