"""Small cells: counts that could point to a person are withheld, and others so that they stay withheld.

The one place for the rule; `small_cell` of study.yaml is the threshold (0 switches it off). Stages call this
before a count by group, or by answer of a safety item, goes into their results; everything that is shown
(report, results.json, tables, figures, bundle) comes from those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.study import LoadedStudy, score_range

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

K = TypeVar("K")
TELLING = ("mean", "sd", "skew", "kurtosis", "min", "max", "floor", "ceiling")
"""Statistics from which the counts behind them, or a single answer, can be worked out."""
BY_OTHERS = ("item_rest", "alpha_if_dropped")
"""Statistics of an item that tell its spread, with those of the other items."""


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


def guarded_items(study: LoadedStudy, scale: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a scale's items; with what is withheld of a safety item, the same of one more item.

    The mean of the score less those of the other items would be the mean of the safety item. The other is
    the one that differs most between people, of the same facet where there are any.
    """
    whole = [dict(row) for row in rows]
    shown = [guarded_item(study, scale, row) for row in whole]
    open_items = {row["item"]: row for row, before in zip(shown, whole, strict=True) if row == before}
    if len(open_items) == len(shown):
        return shown
    safe = set(study.instruments[scale].safety_items)
    facets = [facet.items for facet in study.instruments[scale].facets.values() if safe & set(facet.items)]
    near = [item for item in open_items if facets and item in facets[0]]
    others = [item for item in near or open_items if item not in safe]
    companion = max(others, key=lambda item: open_items[item]["sd"] or 0.0, default=None)
    return [_without_distribution(row) if row["item"] == companion else row for row in shown]


def hidden_items(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The items of which `guarded_items` withheld answers."""
    return frozenset(str(row["item"]) for row in rows if None in row["frequencies"].values())


def _without_distribution(row: Mapping[str, Any]) -> dict[str, Any]:
    hidden = dict.fromkeys(name for name in (*TELLING, *BY_OTHERS) if name in row)
    return {**row, **hidden, "frequencies": dict.fromkeys(row["frequencies"])}


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
    hidden = dict.fromkeys(name for name in (*TELLING, *BY_OTHERS) if name in row)
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
    return {**row, **_few_at_the_ends(row, counts, threshold)}


def guarded_score(
    study: LoadedStudy, scale: str, items: Collection[str], row: Mapping[str, Any], values: pd.Series[float]
) -> dict[str, Any]:
    """A score's row of statistics; with a safety item in it, without a least or greatest score of a few.

    The score of one person at an end of the scale tells how each item was answered. `items` are those of the
    score; where the safety item is the only one, the score is its answer.
    """
    instrument = study.instruments.get(scale)
    if instrument is None or not set(instrument.safety_items) & set(items):
        return dict(row)
    threshold, counts = study.declared.small_cell, values.dropna().value_counts()
    if len(items) == 1:
        shown = withheld({**counts.to_dict(), "missing": row["missing"]}, threshold)
        return {**row, **dict.fromkeys(TELLING[:6] if None in shown.values() else ())}
    return {**row, **_few_at_the_ends(row, counts, threshold)}


def _few_at_the_ends(row: Mapping[str, Any], counts: pd.Series[int], threshold: int) -> dict[str, None]:
    return dict.fromkeys(name for name in ("min", "max") if counts.get(row[name], 0) < threshold)


def blunted(study: LoadedStudy, scale: str, values: Floats) -> Floats:
    """The values of a scale with a safety item with those of a few at either end moved to the next ones.

    What is shown of their range then tells no score of a few. Other scales stay as they are.
    """
    import numpy as np

    instrument, few = study.instruments.get(scale), study.declared.small_cell - 1
    if instrument is None or not instrument.safety_items or few < 1:
        return values
    ordered = np.sort(values)
    if len(ordered) <= 2 * few:
        return np.full_like(values, np.median(values))
    return np.clip(values, ordered[few], ordered[-few - 1])


def near_ends(study: LoadedStudy, scale: str, scores: pd.Series[float]) -> tuple[int, int] | None:
    """How many scores rule out an answer to a safety item: so near the lowest, so near the highest.

    With items from A to B in sum and a safety item of width w, a sum under A + w rules out its highest
    answers, one over B - w its lowest. None where the scale has no safety item, or no stated answers.
    """
    instrument = study.instruments.get(scale)
    ends = score_range(instrument) if instrument is not None and instrument.safety_items else None
    if instrument is None or ends is None:
        return None
    bounds = [(min(codes), max(codes)) for codes in map(instrument.responses, instrument.item_ids)]
    widest = max(max(codes) - min(codes) for codes in map(instrument.responses, instrument.safety_items))
    step = widest / sum(high - low for low, high in bounds) * (ends[1] - ends[0])
    close = 1e-9 * (ends[1] - ends[0])
    return int((scores < ends[0] + step - close).sum()), int((scores > ends[1] - step + close).sum())
