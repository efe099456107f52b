"""The model with latent cluster means as the analysis asks for it.

`analysis` makes one; it fits the rows of the path again with a residual correlation held at one level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import Edge, PathGraph
from pipeline.mediation.latent_means import Bounds, fit_rows
from pipeline.mediation.latent_rows import CLUSTER, LatentRows, latent_rows
from pipeline.mediation.latent_syntax import Block
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.rows import BETWEEN, WITHIN
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.fitted import Fitted
from pipeline.mediation.sensitivity.held_syntax import ERRORS, Held, write_held
from pipeline.sem.wording import bounded

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.table.rows import Row
    from pipeline.sem.twolevel.result import TwoLevelFit


@dataclass(frozen=True)
class LatentSource:
    """A path model within and between clusters, with the rows that it was fitted on."""

    model: PathModel
    rows: LatentRows
    estimator: str
    missing: str
    bounds: Bounds = "none"

    @classmethod
    def of(
        cls,
        model: PathModel,
        graph: PathGraph,
        frames: Mapping[str, pd.DataFrame],
        design: Design,
        covariates: Mapping[str, Sequence[str]],
        *,
        estimator: str = "MLR",
        missing: str = "listwise",
        bounds: Bounds = "none",
    ) -> LatentSource:
        """Lay out the rows as `fit_latent_means` does."""
        rows = latent_rows(graph, frames, design, covariates, listwise=missing == "listwise")
        return cls(model, rows, estimator, missing, bounds)

    @cached_property
    def fitted(self) -> Fitted:
        """The model as it is reported."""
        return self._read(fit_rows(self.rows, self.estimator, self.missing, self.bounds))

    def edges(self, level: str) -> tuple[Edge, ...]:
        """Arrows of a level."""
        return self._block(level).edges

    def joined(self, level: str) -> tuple[Edge, ...]:
        """Pairs whose residuals covary."""
        return tuple(self._block(level).joined())

    def held(self, arrow: Arrow, rho: float, near: Fitted) -> Fitted:
        """Fit with a residual correlation held, started at the estimates of a fit nearby."""
        token = self.rows.names.token
        held = Held((token(arrow.mediator), token(arrow.outcome)), self._block(arrow.level).number, rho)
        syntax = write_held(self.rows.blocks, self.rows.names, held, near.raw)
        found = self._read(fit_rows(self.rows, self.estimator, self.missing, self.bounds, syntax))
        spreads = [
            found.raw[error, "=~", name, held.level] for error, name in zip(ERRORS, held.pair, strict=True)
        ]
        if min(spreads) <= 0:
            raise NotEstimable(
                f"a residual variance has no estimate above zero at a correlation of {bounded(rho)}"
            )
        return found

    def columns(self, level: str) -> pd.DataFrame:
        """Deviations from cluster means, or these means, of the rows."""
        frame = self.rows.frame[[self.rows.names.token(name) for name in self._block(level).variables]]
        clusters = self.rows.frame[CLUSTER]
        means = frame.groupby(clusters, sort=False).transform("mean")
        laid = frame - means if level == WITHIN else means[~clusters.duplicated()]
        return laid.set_axis(list(self._block(level).variables), axis=1)

    def _block(self, level: str) -> Block:
        return next(block for block in self.rows.blocks if block.level == level)

    def _read(self, fit: TwoLevelFit) -> Fitted:
        keys = {place: key for place, row in self._free(fit) if (key := self._key(row)) is not None}
        values = {key: float(fit.theta[place]) for place, key in keys.items()}
        raw = {
            (row.lhs, row.op, row.rhs, row.level or 0): float(fit.theta[place])
            for place, row in self._free(fit)
        }
        return Fitted(values, lambda: _covariance(fit, keys), fit.logl, raw)

    def _free(self, fit: TwoLevelFit) -> list[tuple[int, Row]]:
        return list(enumerate(fit.table.whole.free_rows))

    def _key(self, row: Row) -> Slope | None:
        """A slope or a residual variance, by names."""
        if row.op == "~" or (row.op == "~~" and row.lhs == row.rhs):
            words, level = self.rows.names.words, WITHIN if row.level == 1 else BETWEEN
            return words(row.rhs), words(row.lhs), level
        return None


def _covariance(fit: TwoLevelFit, keys: Mapping[int, Slope]) -> pd.DataFrame:
    import pandas as pd

    places, index = list(keys), pd.MultiIndex.from_tuples(list(keys.values()))
    cov = fit.vcov.to_numpy(float)[np.ix_(places, places)]
    if not np.all(np.isfinite(cov)):
        raise NotEstimable("standard errors cannot be computed: the information matrix is singular")
    return pd.DataFrame(cov, index=index, columns=index)
