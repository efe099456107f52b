"""Product terms of moderated arrows as columns beside the scores, and the scale of each moderator.

`moderation` calls it. Within clusters a product is made of deviations from cluster means (of the moderator
too, where it is measured at the rows' own level), never of raw scores that are decomposed afterwards: the
deviations of a raw product from its cluster means mix interactions within, between and across levels
(Preacher, Zhang & Zyphur, 2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from pipeline.mediation.design import Design, lay_beside, links
from pipeline.mediation.errors import MediationError
from pipeline.mediation.graph import ARROW, Edge, PathGraph
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import Slope
from pipeline.mediation.rows import BETWEEN, WITHIN

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["sd", "percentile", "raw"]


@dataclass(frozen=True)
class Moderation:
    """An arrow that may depend on a moderator, and the moderator's values at which it is looked at.

    `values` are standard deviations from the mean, percentiles, or the moderator's own units. `level` is
    within, between or flat.
    """

    moderator: str
    arrow: Edge
    level: str
    values: tuple[float, ...] = (-1.0, 0.0, 1.0)
    unit: Unit = "sd"

    @property
    def product(self) -> str:
        """The name of the product term."""
        return f"{self.arrow[0]} x {self.moderator}"

    @property
    def slope(self) -> Slope:
        """The key of the product's slope."""
        return self.product, self.arrow[1], self.level


@dataclass(frozen=True)
class Scale:
    """A moderator where it enters a product, and the predictor's standard deviation there.

    `centre` is the value at which the arrow's own slope holds: the mean, or 0 where the moderator counts from
    the mean of its cluster (`by_cluster`). `observed` are its values, one a unit of the level at which it
    varies (`units`).
    """

    centre: float
    sd: float
    observed: Floats
    by_cluster: bool
    units: str
    predictor_sd: float

    def at(self, value: float, unit: Unit) -> float:
        """A declared value in the moderator's own units (quantiles of type 7)."""
        if unit == "sd":
            return self.centre + value * self.sd
        if unit == "percentile":
            return float(np.quantile(self.observed, value / 100, method="linear"))
        return value


@dataclass(frozen=True)
class Prepared:
    """Scores with product terms; `within_only` names products that are not split into levels."""

    frames: Mapping[str, pd.DataFrame]
    design: Design
    covariates: Mapping[str, tuple[str, ...]]
    within_only: frozenset[str]
    scales: Mapping[tuple[str, str, str], Scale]


def with_products(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
    moderations: Sequence[Moderation],
) -> Prepared:
    """Add each product, and the moderator itself where its outcome's equation lacks it.

    MediationError where an arrow is not on the path, a moderator lies below or follows from the outcome, or a
    product between clusters would need the part between of a variable measured within them.
    """
    found = {level: frame.copy() for level, frame in frames.items()}
    measured = dict(design.measured)
    entering = {name: tuple(covariates.get(name, ())) for name in graph.outcomes}
    scales: dict[tuple[str, str, str], Scale] = {}
    for one in moderations:
        _refuse(one, graph, design)
        level, values, scale = _product(one, graph, frames, design)
        scales[one.moderator, *one.arrow] = scale
        found[level][one.product], measured[one.product] = values, level
        target = one.arrow[1]
        known = {*graph.predictors(target), *entering[target]}
        new = [name for name in (one.moderator, one.product) if name not in known]
        entering[target] = (*entering[target], *new)
    within = frozenset(one.product for one in moderations if one.level == WITHIN)
    return Prepared(found, replace(design, measured=measured), entering, within, scales)


def _refuse(one: Moderation, graph: PathGraph, design: Design) -> None:
    told, (source, target) = ARROW.join(one.arrow), one.arrow
    if one.arrow not in graph.edges:
        raise MediationError(f"'{told}' is no arrow of the path, so '{one.moderator}' cannot moderate it")
    if one.moderator in one.arrow:
        raise MediationError(f"'{one.moderator}' is an end of '{told}' and cannot moderate it")
    if one.moderator not in design.measured:
        raise MediationError(f"nothing measures the moderator '{one.moderator}'")
    if one.moderator in graph.variables and graph.routes(target, one.moderator):
        raise MediationError(
            f"'{one.moderator}' follows from '{target}' on the path and cannot moderate what leads to it"
        )
    lowest = design.lowest(graph)
    if one.level == WITHIN and {design.measured[source], design.measured[target]} != {lowest}:
        raise MediationError(
            f"'{told}' has no slope within clusters: both ends must be measured at the level {lowest}"
        )
    if one.level == BETWEEN and lowest in {design.measured[source], design.measured[one.moderator]}:
        raise MediationError(
            f"a product between clusters needs '{source}' and '{one.moderator}' measured above the {lowest}: "
            f"the means of rows hold error, and their product more of it; moderate the slope within instead"
        )


def _product(
    one: Moderation, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> tuple[str, pd.Series, Scale]:
    """The level of the product's rows, its values, and the moderator's scale."""
    ends = (one.arrow[0], one.moderator)
    rows = design.lowest(graph)
    if one.level == BETWEEN:
        rows = min((design.measured[name] for name in ends), key=design.levels.index)
    x, w = (lay_beside(rows, ends, frames, design)[name].astype(float) for name in ends)
    if one.level != WITHIN:
        scale = _whole_scale(one, frames, design, float(x.std(ddof=1)))
        return rows, (x - x.mean()) * (w - scale.centre), scale
    clusters = links(rows, frames, design).iloc[:, 0]
    x, deviation = _centred(x, clusters), _centred(w, clusters)
    if design.measured[one.moderator] == rows:
        return rows, x * deviation, _cluster_scale(one, deviation, clusters, x, rows)
    scale = _whole_scale(one, frames, design, _pooled(x, clusters))
    return rows, x * (w - scale.centre), scale


def _centred(x: pd.Series, clusters: pd.Series) -> pd.Series:
    return x - x.groupby(clusters, sort=False).transform("mean")


def _whole_scale(
    one: Moderation, frames: Mapping[str, pd.DataFrame], design: Design, predictor_sd: float
) -> Scale:
    """The scale of a moderator that counts from its mean over the units that it is measured on."""
    level = design.measured[one.moderator]
    own = frames[level][one.moderator].astype(float).dropna()
    _refuse_constant(one, own)
    return Scale(
        centre=float(own.mean()),
        sd=float(own.std(ddof=1)),
        observed=np.asarray(own, dtype=float),
        by_cluster=False,
        units=level,
        predictor_sd=predictor_sd,
    )


def _cluster_scale(
    one: Moderation, deviation: pd.Series, clusters: pd.Series, x: pd.Series, rows: str
) -> Scale:
    """The scale of a moderator that counts from the mean of its cluster."""
    _refuse_constant(one, deviation)
    return Scale(
        centre=0.0,
        sd=_pooled(deviation, clusters),
        observed=np.asarray(deviation.dropna(), dtype=float),
        by_cluster=True,
        units=rows,
        predictor_sd=_pooled(x, clusters),
    )


def _pooled(deviation: pd.Series, clusters: pd.Series) -> float:
    """Standard deviation within clusters: squares over rows less clusters."""
    known = deviation.notna()
    freedom = int(known.sum()) - int(clusters[known].nunique())
    return float(np.sqrt((deviation[known] ** 2).sum() / max(freedom, 1)))


def _refuse_constant(one: Moderation, values: pd.Series) -> None:
    known = values.dropna()
    if known.empty or float(known.std(ddof=0)) <= 1e-9 * max(1.0, float(known.abs().max())):
        where = " within any cluster" if one.level == WITHIN else ""
        raise MediationError(
            f"the moderator '{one.moderator}' does not differ{where}: it can moderate nothing"
        )
