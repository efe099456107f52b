"""Matrices of a simple-structure factor model: implied correlations, information, standard errors, tables.

`factor` calls it. The factors have unit variance here, whatever scaling the program used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """Loadings on unit-variance factors, factor correlations, residual variances; items in unit variance."""

    loadings: Floats
    factor_of: NDArray[np.intp]
    phi: Floats
    residuals: Floats

    def facing_up(self) -> Solution:
        """Each factor turned so that its loadings add up to a positive number."""
        sums = np.bincount(self.factor_of, weights=self.loadings)
        sign = np.where(sums < 0, -1.0, 1.0)
        return replace(
            self, loadings=self.loadings * sign[self.factor_of], phi=self.phi * np.outer(sign, sign)
        )

    def indistinct_pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of factors that correlate 1 or more."""
        return tuple(pair for pair in combinations(range(len(self.phi)), 2) if abs(self.phi[pair]) >= 1)

    def factors_are_distinct(self) -> bool:
        """Whether the factor correlations form a proper correlation matrix."""
        return bool(np.linalg.eigvalsh(self.phi)[0] > 1e-8)


@dataclass(frozen=True)
class Structure:
    """Which item belongs to which factor.

    Parameters are ordered: loadings, factor correlations, residual variances.
    """

    COLUMNS: ClassVar = ("factor", "item", "est", "se", "std", "std_se", "z", "pvalue", "residual")

    factors: tuple[str, ...]
    items: tuple[str, ...]
    factor_of: NDArray[np.intp]

    @classmethod
    def of(cls, factors: Mapping[str, Sequence[str]]) -> Structure:
        """From factor -> items."""
        items = tuple(item for group in factors.values() for item in group)
        owner = [k for k, group in enumerate(factors.values()) for _ in group]
        return cls(tuple(factors), items, np.array(owner, dtype=np.intp))

    @property
    def item_codes(self) -> list[str]:
        """Names that are safe in syntax, in the order of `items`."""
        return [f"i{k}" for k in range(len(self.items))]

    @property
    def syntax(self) -> str:
        """The model in lavaan's language; the first item of each factor is its marker."""
        groups = [
            " + ".join(np.array(self.item_codes)[self.factor_of == k]) for k in range(len(self.factors))
        ]
        return "\n".join(f"f{k} =~ {group}" for k, group in enumerate(groups))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of factors, in the order of their correlations among the parameters."""
        return tuple(combinations(range(len(self.factors)), 2))

    @property
    def df(self) -> int:
        """Moments minus parameters."""
        p = len(self.items)
        return p * (p + 1) // 2 - (2 * p + len(self.pairs))

    def read(self, table: pd.DataFrame) -> Solution:
        """The solution from semopy's table of estimates, rescaled to unit-variance factors."""
        keys = zip(table["lval"], table["op"], table["rval"], strict=True)
        value = dict(zip(keys, table["Estimate"].astype(float), strict=True))
        codes, m = self.item_codes, len(self.factors)
        variances = np.array([value[f"f{k}", "~~", f"f{k}"] for k in range(m)])
        phi = np.diag(variances)
        for i, j in self.pairs:
            name = (f"f{i}", "~~", f"f{j}")
            phi[i, j] = phi[j, i] = value[name] if name in value else value[name[2], "~~", name[0]]
        spread = np.sqrt(np.maximum(variances, 1e-12))
        marker = np.array([value[code, "~", f"f{k}"] for code, k in zip(codes, self.factor_of, strict=True)])
        residuals = np.array([value[code, "~~", code] for code in codes])
        return Solution(
            marker * spread[self.factor_of], self.factor_of, phi / np.outer(spread, spread), residuals
        )

    def implied(self, solution: Solution) -> Floats:
        """Sigma = Lambda Phi Lambda' + Theta."""
        weights = self._pattern(solution)
        return np.asarray(weights @ solution.phi @ weights.T + np.diag(solution.residuals))

    def decrement(self, solution: Solution, sample: Floats, n: int, free: NDArray[np.bool_]) -> float:
        """What a further scoring step would take off chi-square: g' I^-1 g; zero at the optimum."""
        inverse = np.linalg.inv(self.implied(solution))
        difference = inverse @ (sample - self.implied(solution)) @ inverse
        kept = self._kept(free)
        gradient = np.array([n / 2 * np.sum(difference * step) for step in self._derivatives(solution)])[kept]
        return float(
            2 * gradient @ np.linalg.pinv(self._information(solution, n)[np.ix_(kept, kept)]) @ gradient
        )

    def covariance(self, solution: Solution, n: int, free: NDArray[np.bool_]) -> Floats:
        """Covariance of the parameters; those of residual variances held at zero are undefined."""
        kept = self._kept(free)
        information = self._information(solution, n)
        cov = np.full(information.shape, np.nan)
        cov[np.ix_(kept, kept)] = np.linalg.pinv(information[np.ix_(kept, kept)])
        return cov

    def loadings_table(self, solution: Solution, cov: Floats, spread: Floats) -> pd.DataFrame:
        """One row an item; see `FactorModel.frame`."""
        import pandas as pd
        from scipy.stats import norm

        p = len(self.items)
        rows = []
        for i, factor in enumerate(self.factor_of):
            marker = int(np.flatnonzero(self.factor_of == factor)[0])
            est, se = self._unstandardized(solution, cov, spread, i, marker)
            load, left = solution.loadings[i], solution.residuals[i]
            total = load**2 + left
            slope = np.array([left, -load / 2]) / total**1.5
            where = [i, cov.shape[0] - p + i]
            std, std_se = load / np.sqrt(total), float(np.sqrt(slope @ cov[np.ix_(where, where)] @ slope))
            z = std / std_se
            rows.append(
                (
                    self.factors[factor],
                    self.items[i],
                    est,
                    se,
                    std,
                    std_se,
                    z,
                    2 * norm.sf(abs(z)),
                    left / total,
                )
            )
        return pd.DataFrame(rows, columns=list(self.COLUMNS))

    def correlations_table(self, solution: Solution, cov: Floats) -> pd.DataFrame:
        """One row a pair of factors."""
        import pandas as pd

        p = len(self.items)
        rows = [
            (self.factors[i], self.factors[j], solution.phi[i, j], float(np.sqrt(cov[p + k, p + k])))
            for k, (i, j) in enumerate(self.pairs)
        ]
        return pd.DataFrame(rows, columns=["factor", "with", "est", "se"])

    def _unstandardized(
        self, solution: Solution, cov: Floats, spread: Floats, item: int, marker: int
    ) -> tuple[float, float]:
        """Loading in the items' own units with the marker's fixed at 1, and its standard error."""
        if item == marker:
            return 1.0, float("nan")
        unit = spread[item] / spread[marker]
        ratio = solution.loadings[item] / solution.loadings[marker]
        slope = np.array([1.0, -ratio]) / solution.loadings[marker]
        where = [item, marker]
        return float(unit * ratio), float(unit * np.sqrt(slope @ cov[np.ix_(where, where)] @ slope))

    def _pattern(self, solution: Solution) -> Floats:
        weights = np.zeros((len(self.items), len(self.factors)))
        weights[np.arange(len(self.items)), self.factor_of] = solution.loadings
        return weights

    def _kept(self, free: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Positions of the parameters that are not held at a bound."""
        ahead = np.ones(len(self.items) + len(self.pairs), dtype=bool)
        return np.flatnonzero(np.concatenate([ahead, free]))

    def _derivatives(self, solution: Solution) -> list[Floats]:
        """Of Sigma with respect to each parameter."""
        weights, p = self._pattern(solution), len(self.items)
        reach = weights @ solution.phi
        steps = []
        for i, factor in enumerate(self.factor_of):
            step = np.zeros((p, p))
            step[i] = reach[:, factor]
            steps.append(step + step.T)
        steps += [
            np.outer(weights[:, i], weights[:, j]) + np.outer(weights[:, j], weights[:, i])
            for i, j in self.pairs
        ]
        steps += [np.diag(unit) for unit in np.eye(p)]
        return steps

    def _information(self, solution: Solution, n: int) -> Floats:
        """Expected information: N / 2 tr(Sigma^-1 dSigma_a Sigma^-1 dSigma_b)."""
        inverse = np.linalg.inv(self.implied(solution))
        halves = np.array([inverse @ step for step in self._derivatives(solution)])
        return np.asarray(n / 2 * np.einsum("aij,bji->ab", halves, halves))
