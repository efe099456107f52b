"""The rows, clusters and syntax that models of the whole path with latent parts are fitted on.

`latent_means` and `latent_variables` call it. Variables of the lowest level are split by the model into a
part within and a part between clusters; variables of the next level stand between only, copied down to the
rows. A variable with `Indicators` enters as a factor behind its items, at each of its levels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design, lay_beside, links, listed
from pipeline.mediation.errors import MediationError, NotEstimable
from pipeline.mediation.graph import Edge, PathGraph
from pipeline.mediation.latent_syntax import Block, Indicators, Names, blocks_of, single_block, write
from pipeline.mediation.likelihood import Codes, Floats
from pipeline.mediation.rows import answering_rows, linked_rows, refuse_unusable
from pipeline.sem.wording import bounded, p_phrase

if TYPE_CHECKING:
    import pandas as pd

CLUSTER, UNIT = "cluster", "unit"
# A covariate whose variance between clusters has a p of at least this (F test) enters within them only.
TELLS_APART = 0.05
# Errors are not made robust to a level with fewer units: they would rest on next to nothing.
FEWEST_UNITS = 10


@dataclass(frozen=True)
class LatentRows:
    """What the model is fitted on.

    `frame` has a column a token, `cluster` and, where a level lies above the model's two, `unit`.
    `indicators` are the items behind variables that are latent. `clusters` counts units by level, nearest
    first, and is empty where there is a single level; `left_out` counts rows by what they lack, `unused` the
    rows of the clusters' own level without a row below that is used.
    """

    lowest: str
    frame: pd.DataFrame
    blocks: tuple[Block, ...]
    names: Names
    roles: Mapping[Edge, str]
    clusters: Mapping[str, int]
    unit: str | None
    left_out: Mapping[str, int]
    unused: Mapping[str, int]
    notes: tuple[str, ...]
    indicators: Mapping[str, Indicators] = field(default_factory=dict)

    @property
    def syntax(self) -> str:
        """The model."""
        return write(self.blocks, self.names, self.indicators)

    @property
    def cluster(self) -> str:
        """The level whose units are the clusters; empty where there is a single level."""
        return next(iter(self.clusters), "")


def latent_rows(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
    indicators: Mapping[str, Indicators] | None = None,
    *,
    listwise: bool,
    within_only: frozenset[str] = frozenset(),
) -> LatentRows:
    """Rows of the lowest level of the path, with the clusters that they lie in.

    `within_only` are covariates that have no part between: products of deviations from cluster means.
    """
    lowest = design.lowest(graph)
    entering, names = _entering(graph, covariates)
    _refuse_outcomes_above(graph, design, lowest)
    behind = {name: one for name, one in (indicators or {}).items() if name in names}
    table, ids = _table(lowest, names, frames, design, behind), links(lowest, frames, design)
    own = {name for name in names if design.measured[name] == lowest}
    alive, left_out, groups, notes = linked_rows(table, ids, lowest, listwise=listwise)
    table, ids = table[alive], ids[alive]
    cluster, codes = next(iter(groups.items()))
    if listwise:
        refuse_unusable(table, set(_columns(own, behind)), codes, (lowest, cluster), graph.outcomes[-1])
    split = [edge for edge in entering if edge[0] not in within_only]
    flat_between, told = _within_only(table, split, own, groups)
    blocks = blocks_of(graph.edges, entering, own, flat_between | within_only)
    tokens = Names.of(blocks, behind)
    frame = table.rename(columns=tokens.token).assign(**{CLUSTER: codes})
    unit, unit_notes = _unit(groups)
    if unit is not None:
        frame[UNIT] = groups[unit]
    return LatentRows(
        lowest=lowest,
        frame=frame.reset_index(drop=True),
        blocks=blocks,
        names=tokens,
        roles=dict.fromkeys(entering, "covariate") | dict.fromkeys(graph.edges, "path"),
        clusters={level: int(one.max()) + 1 for level, one in groups.items()},
        unit=unit,
        left_out=_by_scale(left_out, behind),
        unused=_unused(ids, frames, cluster),
        notes=(*notes, *told, *unit_notes),
        indicators=behind,
    )


def single_level_rows(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
    indicators: Mapping[str, Indicators],
    *,
    listwise: bool,
) -> LatentRows:
    """Rows of the lowest level of the path, clusters ignored or absent."""
    lowest = design.lowest(graph)
    entering, names = _entering(graph, covariates)
    behind = {name: one for name, one in indicators.items() if name in names}
    table = _table(lowest, names, frames, design, behind)
    alive, left_out = answering_rows(table, listwise=listwise)
    blocks = single_block(graph.edges, entering)
    tokens = Names.of(blocks, behind)
    return LatentRows(
        lowest=lowest,
        frame=table[alive].rename(columns=tokens.token).reset_index(drop=True),
        blocks=blocks,
        names=tokens,
        roles=dict.fromkeys(entering, "covariate") | dict.fromkeys(graph.edges, "path"),
        clusters={},
        unit=None,
        left_out=_by_scale(left_out, behind),
        unused={},
        notes=(),
        indicators=behind,
    )


def _entering(graph: PathGraph, covariates: Mapping[str, Sequence[str]]) -> tuple[list[Edge], list[str]]:
    """Arrows of covariates, and all variables of the model."""
    entering = [(name, outcome) for outcome in graph.outcomes for name in covariates.get(outcome, ()) if name]
    return entering, list(dict.fromkeys([*graph.variables, *(name for name, _ in entering)]))


def _table(
    lowest: str,
    names: Sequence[str],
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    behind: Mapping[str, Indicators],
) -> pd.DataFrame:
    """Scores, or the items behind them, beside the rows of the lowest level."""
    items = {item: design.measured[name] for name, one in behind.items() for item in one.items}
    whole = Design(design.levels, {**design.measured, **items})
    return lay_beside(lowest, _columns(names, behind), frames, whole)


def _columns(names: Iterable[str], behind: Mapping[str, Indicators]) -> list[str]:
    return [column for name in names for column in (behind[name].items if name in behind else (name,))]


def _by_scale(left_out: Mapping[str, int], behind: Mapping[str, Indicators]) -> dict[str, int]:
    """Rows left out counted by the scale that they did not answer, not by its item."""
    scale = {f"no answer: {item}": f"no answer: {name}" for name, one in behind.items() for item in one.items}
    found: dict[str, int] = {}
    for reason, n in left_out.items():
        key = scale.get(reason, reason)
        found[key] = found.get(key, 0) + n
    return found


def _refuse_outcomes_above(graph: PathGraph, design: Design, lowest: str) -> None:
    above = design.above(lowest)
    if not above:
        raise MediationError(f"no level lies above {lowest}: there are no clusters, fit the flat model")
    far = [name for name in graph.outcomes if design.measured[name] in above[1:]]
    if far:
        raise NotEstimable(
            f"{listed(far)} lies more than one level above the {lowest}: a two-level model has no place for "
            f"it as an outcome"
        )


def _within_only(
    table: pd.DataFrame,
    entering: Sequence[Edge],
    own: set[str],
    groups: Mapping[str, Codes],
) -> tuple[set[str], list[str]]:
    """Covariates of the rows whose clusters differ no more than chance would have it, and the sentences."""
    cluster, codes = next(iter(groups.items()))
    found, told = set(), []
    for name in dict.fromkeys(source for source, _ in entering if source in own):
        reached = [target for source, target in entering if source == name]
        share, pvalue = _share_between(table[name].to_numpy(float), codes)
        if pvalue < TELLS_APART or not own.issuperset(reached):
            continue
        found.add(name)
        told.append(
            f"the covariate '{name}' enters within {cluster} only: its variance between them cannot be told "
            f"from zero (ICC {bounded(share, 3)}, {p_phrase(pvalue)}), so that a slope between would rest "
            "on nothing"
        )
    return found, told


def _share_between(x: Floats, codes: Codes) -> tuple[float, float]:
    """ICC(1) and the p of its F test (one-way analysis of variance)."""
    from scipy.stats import f

    known = ~np.isnan(x)
    x, codes = x[known], np.unique(codes[known], return_inverse=True)[1]
    sizes = np.bincount(codes)
    means = np.bincount(codes, weights=x) / sizes
    units, n = len(sizes), len(x)
    between = float(sizes @ (means - x.mean()) ** 2) / (units - 1)
    within = float(((x - means[codes]) ** 2).sum()) / (n - units)
    size = (n - float(sizes @ sizes) / n) / (units - 1)
    share = (between - within) / (between + (size - 1) * within)
    return share, float(f.sf(between / within, units - 1, n - units))


def _unit(groups: Mapping[str, Codes]) -> tuple[str | None, list[str]]:
    """The highest level above the clusters with enough units for robust errors."""
    told: list[str] = []
    for level, codes in reversed(list(groups.items())[1:]):
        units = int(codes.max()) + 1
        if units >= FEWEST_UNITS:
            return level, told
        told.append(f"errors are not made robust to the level {level}: it has only {units} units")
    return None, told


def _unused(ids: pd.DataFrame, frames: Mapping[str, pd.DataFrame], cluster: str) -> dict[str, int]:
    """How many rows of the clusters' own level have no row below that is used."""
    if cluster not in frames:
        return {}
    return {cluster: int((~frames[cluster]["id"].isin(ids[cluster])).sum())}
