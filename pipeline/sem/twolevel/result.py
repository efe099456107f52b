"""What sem.fit returns for a two-level model: estimates by level, errors, tests and fit measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap.result import Bootstrap
from pipeline.sem.errors import DataError, ModelError
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.inference.comparison import Comparison
from pipeline.sem.inference.robust import corrected
from pipeline.sem.inference.standardize import r_squared
from pipeline.sem.inference.wald import WaldTest, wald_test
from pipeline.sem.measures.collect import Corrected
from pipeline.sem.options import Method
from pipeline.sem.twolevel import frames
from pipeline.sem.twolevel.bootstrap import bootstrap
from pipeline.sem.twolevel.checks import warnings_of
from pipeline.sem.twolevel.comparison import compare_solutions
from pipeline.sem.twolevel.estimate import Solution2, solve
from pipeline.sem.twolevel.inference import Clusters, covariance, needed, scaled_test
from pipeline.sem.twolevel.levelfit import LevelFit, level_fit
from pipeline.sem.twolevel.measures import Tested2, all_measures, intraclass
from pipeline.sem.twolevel.problem import State2
from pipeline.sem.twolevel.saturated import independence_table, saturated, saturated_moments
from pipeline.sem.twolevel.table import LeveledTable
from pipeline.sem.twolevel.views import block_solutions

if TYPE_CHECKING:
    import pandas as pd

_LEVELS = {1: 0, 2: 1, "within": 0, "between": 1}


@dataclass(frozen=True, eq=False)
class TwoLevelFit:
    """A fitted two-level model. Everything but the estimates is computed on first use and kept."""

    solution: Solution2
    method: Method
    clusters: Clusters | None
    dropped: int = 0
    source: pd.DataFrame | str | Path | None = None

    @property
    def table(self) -> LeveledTable:
        """The parameter table."""
        return self.solution.table

    @property
    def converged(self) -> bool:
        """Whether a further step could not improve the fit (decrement below 1e-12)."""
        return self.solution.optimum.converged

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.solution.sample.total

    @property
    def nclusters(self) -> int:
        """Number of clusters."""
        return int(self.solution.sample.clusters.sum())

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.solution.df

    @property
    def npar(self) -> int:
        """Number of parameters after equality constraints."""
        return self.solution.npar

    @property
    def theta(self) -> Array:
        """Estimates of the free rows of the table."""
        return self.solution.theta

    @property
    def logl(self) -> float:
        """Log-likelihood."""
        return self.solution.logl

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the free parameters: labels, else lhs op rhs, with .l2 between and .g2 in later groups."""
        return tuple(
            row.label
            or "".join(row.key)
            + (".l2" if row.level == 2 else "")
            + (f".g{row.group}" if row.group > 1 else "")
            for row in self.table.whole.free_rows
        )

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """Lhs op rhs group level label est se z pvalue ci_lower ci_upper std_lv std_all."""
        return frames.estimates_frame(self.solution, self._vcov)

    @cached_property
    def standardized(self) -> pd.DataFrame:
        """The completely standardized solution of each level, with errors and intervals."""
        return frames.standardized_frame(self.solution, self._vcov)

    @cached_property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the free parameters."""
        import pandas as pd

        names = list(self.parameter_names)
        return pd.DataFrame(self._vcov, index=names, columns=names)

    @cached_property
    def measures(self) -> dict[str, float]:
        """Fit measures under lavaan's names."""
        return all_measures(
            self.solution,
            self.saturated.state,
            model=self.tested,
            baseline=self._tested_baseline,
            method=self.method,
            robust=self._corrected,
        )

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with this solution, naming the parameter and what to try."""
        return warnings_of(self.solution, self.dropped)

    def r2(self, level: int | str, group: str | None = None) -> dict[str, float]:
        """Explained variance of every outcome and indicator of a level."""
        return r_squared(block_solutions(self.solution)[self._block(level, group)], 0)

    def icc(self, group: str | None = None) -> dict[str, float]:
        """Share of the variance that lies between clusters, of every variable of people.

        Also of every factor that has the same indicators and loadings held equal at both levels, under the
        name within/between.
        """
        g, table = self._group(group), self.table
        state = self.saturated.state
        out = intraclass(state, g, table.within.observed, table.between.observed)
        return out | frames.factor_shares(self.solution, g)

    def implied(self, level: int | str, group: str | None = None) -> tuple[pd.DataFrame, pd.Series[float]]:
        """Covariances and means that the model implies at a level."""
        return self._moments(self.solution.state, level, group)

    def saturated_moments(
        self, level: int | str, group: str | None = None
    ) -> tuple[pd.DataFrame, pd.Series[float]]:
        """Maximum-likelihood covariances and means of a level without a model."""
        return self._moments(self.saturated.state, level, group)

    def residuals(self, level: int | str, group: str | None = None) -> pd.DataFrame:
        """Correlations of a level less those that the model implies."""
        import pandas as pd

        own, model = self.saturated_moments(level, group)[0], self.implied(level, group)[0]
        parts = [S / np.sqrt(np.outer(np.diag(S), np.diag(S))) for S in (own.to_numpy(), model.to_numpy())]
        return pd.DataFrame(parts[0] - parts[1], own.index, own.columns)

    def wald(self, restrictions: str) -> WaldTest:
        """Test restrictions on labelled parameters, as 'bw == bb', linear or not."""
        own = frames.plain(self.solution)
        return wald_test(self.table.whole, own.values, own.jacobian, self._vcov, restrictions)

    def compare(self, other: TwoLevelFit) -> Comparison:
        """Test whether the more restricted of two nested models fits worse; scaled where the fits are."""
        return compare_solutions((self.solution, self.tested), (other.solution, other.tested))

    def level_fit(self, level: int | str) -> LevelFit:
        """Fit of one level alone, with the other one left unrestricted (Ryu & West, 2009)."""
        return level_fit(self.solution, self._level(level) + 1, self.saturated)

    def bootstrap(
        self,
        draws: int = 5000,
        seed: int = 1,
        unit: str | Sequence[Any] | Array | None = None,
        indices: Any = None,
        *,
        workers: int | None = None,
    ) -> Bootstrap:
        """Refit the model in resamples of whole clusters, or of the units above them that `unit` names.

        What is bounded in the fit is bounded in every resample.

        Args:
            draws: Number of resamples.
            seed: Where the random numbers begin.
            unit: Column (or values, one a row) that says which clusters are drawn as a whole.
            indices: Resamples to use instead (resamples x units, from 0; a table a group).
            workers: Threads, all cores where it is left out; the draws don't depend on it.
        """
        return bootstrap(self, draws, seed, unit, indices, workers=workers)

    @cached_property
    def saturated(self) -> Optimum[State2]:
        """The unrestricted model; its between covariances may be singular, never indefinite."""
        return saturated(self.table, self.solution.sample)

    @cached_property
    def baseline(self) -> Solution2:
        """The independence model of both levels."""
        return solve(independence_table(self.table), self.solution.sample, self.solution.bounds)

    @cached_property
    def tested(self) -> Tested2:
        """The model's chi-square, plain and scaled."""
        return self._test(self.solution)

    @cached_property
    def _tested_baseline(self) -> Tested2:
        return self._test(self.baseline)

    @cached_property
    def _corrected(self) -> Corrected | None:
        return corrected(self.tested, self._tested_baseline)

    def _test(self, solution: Solution2) -> Tested2:
        difference = solution.state.value - self.saturated.state.value
        statistic = 2 * solution.sample.total * difference
        if not self.method.robust:
            return Tested2(statistic, solution.df, None)
        clusters = needed(self.clusters)
        scaled = scaled_test(solution, self._free_saturated, self.method, clusters, statistic)
        return Tested2(statistic, solution.df, scaled)

    @cached_property
    def _free_saturated(self) -> State2:
        return saturated_moments(self.table, self.solution.sample, self.saturated)

    @cached_property
    def _vcov(self) -> Array:
        try:
            return covariance(self.solution, self.method, self.clusters)
        except np.linalg.LinAlgError:
            size = len(self.table.whole.free)
            return np.full((size, size), np.nan)

    def _moments(
        self, state: State2, level: int | str, group: str | None
    ) -> tuple[pd.DataFrame, pd.Series[float]]:
        import pandas as pd

        b = self._block(level, group)
        names = list(self.table.blocks[b].observed)
        scale = self.solution.scales[b][: len(names)]
        sigma, mu = state.implied[b].sigma * np.outer(scale, scale), state.implied[b].mu * scale
        return pd.DataFrame(sigma, names, names), pd.Series(mu, names)

    def _block(self, level: int | str, group: str | None) -> int:
        return 2 * self._group(group) + self._level(level)

    def _level(self, level: int | str) -> int:
        if level not in _LEVELS:
            raise ModelError(f"there is no level {level!r}; the levels are 1 (within) and 2 (between)")
        return _LEVELS[level]

    def _group(self, label: str | None) -> int:
        groups = self.table.whole.groups
        if label is None and len(groups) == 1:
            return 0
        if label is None or label not in groups:
            raise DataError(f"there is no group '{label}'; the groups are {', '.join(groups)}")
        return groups.index(label)
