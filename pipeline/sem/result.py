"""What sem.fit returns: estimates, errors, tests and fit measures, computed when asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.bootstrap import Bootstrap, bootstrap
from pipeline.sem.data import Rows
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.solve import Solution, solve
from pipeline.sem.inference import frames
from pipeline.sem.inference.checks import warnings_of
from pipeline.sem.inference.composite import Composite, composites
from pipeline.sem.inference.covariance import covariance
from pipeline.sem.inference.factor_scores import factor_scores
from pipeline.sem.inference.fiml_corrected import corrected_for_missing
from pipeline.sem.inference.information import information
from pipeline.sem.inference.modification import modification_indices
from pipeline.sem.inference.residuals import Residuals, residuals
from pipeline.sem.inference.robust import corrected
from pipeline.sem.inference.saturated_test import SaturatedModel
from pipeline.sem.inference.scaling import ScaledTest, scaled_test
from pipeline.sem.inference.score_test import score_tests
from pipeline.sem.inference.standardize import Standardized, r_squared, standardize
from pipeline.sem.inference.wald import WaldTest, wald_test
from pipeline.sem.measures.collect import Corrected, Tested, all_measures, group_residuals, loglik
from pipeline.sem.options import Method
from pipeline.sem.ordinal.robust import corrected_for_categories
from pipeline.sem.ordinal.sample import OrdinalSample
from pipeline.sem.table import ParameterTable
from pipeline.sem.table.baseline import baseline_table

if TYPE_CHECKING:
    import pandas as pd

# A chi-square of a model that reproduces its moments is zero up to rounding, which may be below it.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model. Everything but the estimates is computed on first use and kept."""

    solution: Solution
    method: Method
    rows: Rows | None
    source: pd.DataFrame | str | Path | None = None

    @property
    def table(self) -> ParameterTable:
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

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """Names of the free parameters: labels, else lhs op rhs, with .g2 in later groups."""
        return tuple(
            row.label or "".join(row.key) + (f".g{row.group}" if row.group > 1 else "")
            for row in self.table.free_rows
        )

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """Lhs op rhs group label est se z pvalue ci_lower ci_upper std_lv std_all."""
        return frames.estimates_frame(self.solution, self._vcov, self._standardized)

    @cached_property
    def standardized(self) -> pd.DataFrame:
        """The completely standardized solution with errors and intervals."""
        return frames.standardized_frame(self.solution, self._vcov, self._standardized)

    @cached_property
    def vcov(self) -> pd.DataFrame:
        """Covariance matrix of the free parameters."""
        import pandas as pd

        return pd.DataFrame(self._vcov, index=list(self.parameter_names), columns=list(self.parameter_names))

    @cached_property
    def measures(self) -> dict[str, float]:
        """Fit measures under lavaan's names."""
        return all_measures(self.tested, self._tested_baseline, self.method, self._corrected)

    def bootstrap(
        self,
        draws: int = 5000,
        seed: int = 1,
        unit: Any = None,
        indices: Any = None,
        *,
        workers: int | None = None,
    ) -> Bootstrap:
        """Refit the model in resamples of rows, or of whole clusters named by the column `unit`.

        Args:
            draws: Number of resamples.
            seed: Where the random numbers begin.
            unit: Column (or values, one a row) that says which rows are drawn as a whole.
            indices: Resamples to use instead (resamples x units, from 0; a table a group).
            workers: Threads, all cores where it is left out; the draws don't depend on it.
        """
        return bootstrap(self, draws, seed, unit, indices, workers=workers)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with this solution, naming the parameter and what to try."""
        matrix = information(self.solution, self.method.information, self.rows)
        dropped = 0 if self.rows is None else self.rows.dropped
        notes = self.solution.sample.notes if isinstance(self.solution.sample, OrdinalSample) else ()
        return warnings_of(self.solution, matrix, dropped, self.method.missing) + notes

    def r2(self, group: str | None = None) -> dict[str, float]:
        """Explained variance of every outcome and indicator."""
        return r_squared(self.solution, self._group(group))

    @property
    def logl(self) -> float:
        """Log-likelihood (maximum likelihood only)."""
        return loglik(self.solution)[0]

    def residuals(self, kind: str = "cor.bentler", group: str | None = None) -> Residuals:
        """Residuals of kind raw, cor.bentler or cor.bollen, with z-values and the unbiased SRMR."""
        return residuals(self.solution, self.method, self.rows, kind, self._group(group))

    def modification_indices(self, minimum: float = 0.0) -> pd.DataFrame:
        """What chi-square would fall by if a parameter were added, and the value it would take."""
        return modification_indices(self.solution, minimum)

    def score_tests(self) -> pd.DataFrame:
        """What chi-square would fall by if an equality constraint were released."""
        return score_tests(self.solution)

    def wald(self, restrictions: str) -> WaldTest:
        """Test restrictions on labelled parameters, as 'a == b; c == 0'."""
        values, slopes = frames.all_values(self.solution), frames.value_slopes(self.solution)
        return wald_test(self.table, values, slopes, self._vcov, restrictions)

    def implied(self, group: str | None = None) -> tuple[pd.DataFrame, pd.Series[float]]:
        """Covariances and means that the model implies for the observed variables."""
        import pandas as pd

        own, names = group_residuals(self.solution)[self._group(group)], list(self.table.observed)
        return pd.DataFrame(own.sigma, names, names), pd.Series(own.mu, names)

    def factor_scores(self, method: str | None = None) -> pd.DataFrame:
        """Scores of every row used, indexed by its position in the data.

        Method regression (the default) or bartlett; with ordered items ebm, the posterior mode.
        """
        import pandas as pd

        method = method or ("ebm" if self.table.ordered else "regression")
        groups = self.rows_needed("scoring factors").groups
        parts = [
            pd.DataFrame(
                factor_scores(self.solution, rows.values, g, method), rows.positions, list(self.table.latent)
            )
            for g, rows in enumerate(groups)
        ]
        return pd.concat(parts).sort_index()

    def reliability(self) -> list[Composite]:
        """Coefficient omega of the sum of each factor's indicators."""
        return composites(self.solution)

    @cached_property
    def saturated(self) -> SaturatedModel | None:
        """What robust tests of all models of these rows share; none without rows."""
        return None if self.rows is None else SaturatedModel(self.solution, self.rows)

    @cached_property
    def tested(self) -> Tested:
        """The model's chi-square, plain and scaled."""
        return _test(self.solution, self.method, self.saturated)

    @cached_property
    def baseline(self) -> Solution:
        """The independence model, fitted by the same estimator."""
        plain = replace(self.method, likelihood=self.method.likelihood)
        return solve(baseline_table(self.table), self.solution.sample, plain, self.rows)

    @cached_property
    def _tested_baseline(self) -> Tested:
        return _test(self.baseline, self.method, self.saturated)

    @cached_property
    def _corrected(self) -> Corrected | None:
        if isinstance(self.solution.sample, OrdinalSample):
            return corrected_for_categories(self.tested) if self.method.robust else None
        if self.method.missing == "fiml":
            kind = self.method.information
            shared = self.saturated if self.method.robust else None
            return corrected_for_missing(self.solution, self.baseline, kind, shared)
        return corrected(self.tested, self._tested_baseline)

    @cached_property
    def _standardized(self) -> Standardized:
        return standardize(self.solution, "all")

    @cached_property
    def _vcov(self) -> Array:
        try:
            return covariance(self.solution, self.method, self.rows)
        except np.linalg.LinAlgError:
            size = len(self.table.free)
            return np.full((size, size), np.nan)

    def _group(self, label: str | None) -> int:
        """Return the number of a group; None is the only one."""
        if label is None and len(self.table.groups) == 1:
            return 0
        if label is None:
            raise DataError(f"the model has several groups; name one of {', '.join(self.table.groups)}")
        if label not in self.table.groups:
            raise DataError(f"there is no group '{label}'; the groups are {', '.join(self.table.groups)}")
        return self.table.groups.index(label)

    def rows_needed(self, what: str) -> Rows:
        """Return the rows, or say why their Moments are not enough."""
        if self.rows is None:
            raise DataError(f"{what} needs the rows of the data; this model was fitted to Moments only")
        return self.rows


def _test(solution: Solution, method: Method, shared: SaturatedModel | None) -> Tested:
    statistic = 2 * solution.sample.size * solution.state.value
    if -_ROUNDING < statistic < 0:
        statistic = 0.0
    scaled: ScaledTest | None = None
    if method.robust:
        scaled = scaled_test(solution, method, shared, statistic)
    return Tested(solution, statistic, scaled)
