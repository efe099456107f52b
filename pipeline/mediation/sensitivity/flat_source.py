"""The single-level path model as the analysis asks for it.

`analysis` makes one, where a study has no clusters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pipeline import sem
from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.flat import Flat
from pipeline.mediation.graph import Edge, PathGraph
from pipeline.mediation.model import PathModel, Slope
from pipeline.mediation.rows import FLAT, Missing
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.fitted import Fitted
from pipeline.mediation.sensitivity.held_syntax import ERRORS, Held
from pipeline.sem.wording import bounded

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FlatSource:
    """A single-level path model, with the rows that it was fitted on."""

    model: PathModel
    flat: Flat

    @classmethod
    def of(
        cls,
        model: PathModel,
        graph: PathGraph,
        frames: Mapping[str, pd.DataFrame],
        design: Design,
        covariates: Mapping[str, Sequence[str]],
        *,
        missing: Missing = "listwise",
    ) -> FlatSource:
        """Lay out the rows as `fit_flat` does."""
        return cls(model, Flat.of(graph, frames, design, covariates, missing))

    @cached_property
    def fitted(self) -> Fitted:
        """The model as it is reported."""
        return self._read(self.flat.fit)

    def edges(self, level: str) -> tuple[Edge, ...]:  # noqa: ARG002
        """Arrows into every outcome."""
        found = self.flat.observed.equations.items()
        return tuple((name, outcome) for outcome, names in found for name in names)

    def joined(self, level: str) -> tuple[Edge, ...]:  # noqa: ARG002
        """No residuals covary."""
        return ()

    def held(self, arrow: Arrow, rho: float, near: Fitted) -> Fitted:
        """Fit with a residual correlation held; errors with the degrees of freedom of least squares."""
        code = self.flat.observed.codes
        held = Held((code[arrow.mediator], code[arrow.outcome]), 0, rho)
        more = "\n".join(held.lines(near.raw))
        try:
            fit = self.flat.observed.fitted(self.flat.table, self.flat.missing, more)
        except (sem.DataError, sem.ModelError, np.linalg.LinAlgError) as error:
            raise NotEstimable(self.flat.observed.in_words(str(error))) from error
        found = self._read(fit)
        spreads = [found.raw[error, "=~", name, 0] for error, name in zip(ERRORS, held.pair, strict=True)]
        if not fit.converged or min(spreads) <= 0:
            raise NotEstimable(f"the estimates did not converge at a residual correlation of {bounded(rho)}")
        return found

    def columns(self, level: str) -> pd.DataFrame:  # noqa: ARG002
        """The variables of the table."""
        return self.flat.table

    def _read(self, fit: sem.Fit) -> Fitted:
        names = {code: name for name, code in self.flat.observed.codes.items()}
        keys: dict[int, Slope] = {}
        raw = {}
        for place, row in enumerate(fit.table.free_rows):
            raw[row.lhs, row.op, row.rhs, 0] = float(fit.theta[place])
            if row.op == "~" or (row.op == "~~" and row.lhs == row.rhs and row.lhs in names):
                keys[place] = (names[row.rhs], names[row.lhs], FLAT)
        values = {key: float(fit.theta[place]) for place, key in keys.items()}
        return Fitted(values, lambda: self._covariance(fit, keys), fit.logl, raw)

    def _covariance(self, fit: sem.Fit, keys: Mapping[int, Slope]) -> pd.DataFrame:
        import pandas as pd

        places, index = list(keys), pd.MultiIndex.from_tuples(list(keys.values()))
        inflate = np.array([self.flat.inflation[outcome] for _, outcome, _ in keys.values()])
        cov = fit.vcov.to_numpy(float)[np.ix_(places, places)] * np.outer(inflate, inflate)
        if not np.all(np.isfinite(cov)):
            raise NotEstimable("standard errors cannot be computed: the information matrix is singular")
        return pd.DataFrame(cov, index=index, columns=index)
