"""The design that power is asked of: its units, clusters and variances, from the study's own rows.

`power_of` and `simulation` call it. The rows give nuisance parameters: how many units and clusters, how much
of each variable lies at each level, what predictors leave, how predictors go together. Slopes of the effect
whose power is asked come from outside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import Edge, PathGraph
from pipeline.mediation.latent_rows import CLUSTER, LatentRows, latent_rows
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.power.level import LevelModel
from pipeline.mediation.rows import BETWEEN, FLAT, flat_table

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.twolevel.result import TwoLevelFit


class Setting(Protocol):
    """A design with its nuisance parameters."""

    @property
    def levels(self) -> Mapping[str, LevelModel]:
        """The path at each of its levels."""
        ...

    def errors(self, level: str, model: LevelModel, edges: Sequence[Edge]) -> Floats:
        """Standard errors that some slopes would have, were this the path at that level."""
        ...

    def freedom(self, level: str, outcome: str) -> int | None:
        """Degrees of freedom of an outcome's tests; None where they are large-sample ones."""
        ...


def two_level_setting(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
) -> TwoLevelSetting:
    """The model with latent cluster means on complete rows; NotEstimable where it has no usable solution."""
    from pipeline import sem
    from pipeline.sem.errors import DataError, ModelError
    from pipeline.sem.twolevel.result import TwoLevelFit

    rows = latent_rows(graph, frames, design, covariates, listwise=True)
    try:
        fit = sem.fit(rows.syntax, rows.frame, estimator="ML", cluster=CLUSTER)
    except (DataError, ModelError, np.linalg.LinAlgError) as error:
        raise NotEstimable(rows.names.words(str(error))) from error
    assert isinstance(fit, TwoLevelFit)
    if not fit.converged:
        raise NotEstimable("the model that variances are taken from did not converge")
    setting = TwoLevelSetting(rows, fit)
    for level, model in setting.levels.items():
        if np.linalg.eigvalsh(model.covariance)[0] <= 0:
            raise NotEstimable(f"a variance {level} clusters is estimated at zero or below")
    return setting


@dataclass(frozen=True, eq=False)
class TwoLevelSetting:
    """Clusters of the study's own sizes; errors from the expected information of the two-level model."""

    rows: LatentRows
    fit: TwoLevelFit

    @cached_property
    def levels(self) -> Mapping[str, LevelModel]:
        """The path within and between."""
        return {block.level: self._level(block.number) for block in self.rows.blocks}

    def assumed(self, level: str, model: LevelModel, edges: Sequence[Edge]) -> TwoLevelFit:
        """The two-level model with the slopes of some arrows at one level as in `model`."""
        from pipeline.sem.twolevel.assumed import assume

        return assume(self.fit, {self.parameter(level, edge): model.slope(edge) for edge in edges})

    def errors(self, level: str, model: LevelModel, edges: Sequence[Edge]) -> Floats:
        """By the expected information, teams above the clusters ignored."""
        names = [self.parameter(level, edge) for edge in edges]
        cov = self.assumed(level, model, edges).vcov.loc[names, names].to_numpy(float)
        return np.sqrt(np.diag(cov))

    def freedom(self, level: str, outcome: str) -> int | None:
        """Tests are large-sample ones."""
        del level, outcome
        return None

    def parameter(self, level: str, edge: Edge) -> str:
        """The name of an arrow's slope in the model."""
        source, target = (self.rows.names.token(name) for name in edge)
        return f"{target}~{source}" + (".l2" if level == BETWEEN else "")

    def _level(self, number: int) -> LevelModel:
        implied = self.fit.implied(number)[0]
        table = self.fit.estimates
        own = table[(table["op"] == "~") & (table["level"] == number)].to_dict("records")
        words = self.rows.names.words
        edges = {(words(row["rhs"]), words(row["lhs"])): float(row["est"]) for row in own}
        names = tuple(words(name) for name in implied.index)
        return LevelModel.of(names, edges, implied.to_numpy(float))


def flat_setting(
    graph: PathGraph,
    frames: Mapping[str, pd.DataFrame],
    design: Design,
    covariates: Mapping[str, Sequence[str]],
) -> FlatSetting:
    """A design without clusters, from its complete rows."""
    entering = {name: tuple(covariates.get(name, ())) for name in graph.outcomes}
    table = flat_table(graph, entering, frames, design, "listwise")[0]
    names = tuple(str(name) for name in table.columns)
    covariance = np.cov(table.to_numpy(float), rowvar=False, ddof=0)
    predictors = {outcome: (*graph.predictors(outcome), *entering[outcome]) for outcome in graph.outcomes}
    return FlatSetting.of(len(table), names, predictors, covariance)


@dataclass(frozen=True)
class FlatSetting:
    """`n` independent rows; errors and degrees of freedom are those of least squares."""

    n: int
    model: LevelModel
    predictors: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(
        cls, n: int, names: tuple[str, ...], predictors: Mapping[str, tuple[str, ...]], covariance: Floats
    ) -> FlatSetting:
        """From covariances: slopes by least squares."""
        edges: dict[Edge, float] = {}
        for outcome, sources in predictors.items():
            places, own = [names.index(name) for name in sources], names.index(outcome)
            slopes = np.linalg.solve(covariance[np.ix_(places, places)], covariance[places, own])
            edges |= {(name, outcome): float(b) for name, b in zip(sources, slopes, strict=True)}
        return cls(n, LevelModel.of(names, edges, covariance), predictors)

    @property
    def levels(self) -> Mapping[str, LevelModel]:
        """The path at its one level."""
        return {FLAT: self.model}

    def errors(self, level: str, model: LevelModel, edges: Sequence[Edge]) -> Floats:
        """Residual variance times (n S)^-1 of the predictors; equations are independent."""
        del level
        return np.sqrt([self._variance(model, edge) for edge in edges])

    def freedom(self, level: str, outcome: str) -> int | None:
        """Rows less coefficients."""
        del level
        return self.n - len(self.predictors[outcome]) - 1

    def _variance(self, model: LevelModel, edge: Edge) -> float:
        source, outcome = edge
        sources = self.predictors[outcome]
        places = [model.names.index(name) for name in sources]
        inverse = np.linalg.inv(model.covariance[np.ix_(places, places)])
        own, at = model.names.index(outcome), sources.index(source)
        return float(model.residual[own, own] * inverse[at, at] / self.n)
