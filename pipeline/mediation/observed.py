"""A path model of observed variables as syntax for `sem`, and its results under their own names.

`flat` calls it. In the syntax variables have codes, so that any name will do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pipeline import sem
from pipeline.mediation.likelihood import Codes, Floats
from pipeline.mediation.model import Slope
from pipeline.mediation.rows import FLAT, Missing, Rows

if TYPE_CHECKING:
    import pandas as pd

CLUSTER = "cluster_"


@dataclass(frozen=True)
class Observed:
    """Outcome -> its predictors, covariates among them."""

    equations: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, data: Sequence[Rows]) -> Observed:
        """From the rows of each equation."""
        return cls({rows.outcome: tuple(term.predictor for term in rows.terms) for rows in data})

    @property
    def codes(self) -> dict[str, str]:
        """Variable -> its name in the syntax."""
        names = [*self.equations, *(name for predictors in self.equations.values() for name in predictors)]
        return {name: f"variable_{k}_" for k, name in enumerate(dict.fromkeys(names))}

    @property
    def syntax(self) -> str:
        """Regressions; residuals of outcomes that explain nothing are held uncorrelated."""
        code = self.codes
        lines = [
            f"{code[outcome]} ~ {' + '.join(code[name] for name in predictors)}"
            for outcome, predictors in self.equations.items()
        ]
        explains = {name for predictors in self.equations.values() for name in predictors}
        last = [code[outcome] for outcome in self.equations if outcome not in explains]
        lines += [f"{a} ~~ 0*{b}" for k, a in enumerate(last) for b in last[k + 1 :]]
        return "\n".join(lines)

    def connected(self, one: str, other: str) -> bool:
        """Whether a route leads from one outcome to the other, either way."""
        return one in self._before(other) or other in self._before(one)

    def names(self) -> dict[Slope, str]:
        """Every slope's name in the fit."""
        code = self.codes
        return {
            (name, outcome, FLAT): f"{code[outcome]} ~ {code[name]}"
            for outcome, predictors in self.equations.items()
            for name in predictors
        }

    def _before(self, outcome: str) -> set[str]:
        """Variables that lead to an outcome."""
        own = set(self.equations.get(outcome, ()))
        return own.union(*(self._before(name) for name in own))

    def in_words(self, text: str) -> str:
        """Put the names of variables back into a message."""
        names = {code: name for name, code in self.codes.items()}
        return re.sub(r"variable_\d+_", lambda found: names.get(found[0], found[0]), text)

    def fitted(
        self, table: pd.DataFrame, missing: Missing, more: str = "", clusters: Codes | None = None
    ) -> sem.Fit:
        """Fit by maximum likelihood, predictors that nothing explains fixed; `more` is further syntax.

        Given `clusters` (one number a row), errors are robust to them.

        The observed information rests on the sample's own covariances of predictors, as least squares does;
        the expected one on those that the model implies.
        """
        data = table[list(self.codes)].set_axis(list(self.codes.values()), axis=1)
        return sem.fit(
            f"{self.syntax}\n{more}",
            data if clusters is None else data.assign(**{CLUSTER: clusters}),
            missing=missing,
            meanstructure=True,
            information="observed",
            cluster=None if clusters is None else CLUSTER,
        )

    def slopes(self, fit: sem.Fit, outcome: str) -> Floats:
        """Slopes of an equation, in the order of its predictors."""
        table = fit.estimates[fit.estimates["op"] == "~"].set_index(["lhs", "rhs"])["est"]
        code = self.codes
        return np.array([float(table[code[outcome], code[name]]) for name in self.equations[outcome]])

    def slope_covariance(self, fit: sem.Fit) -> pd.DataFrame:
        """Covariance of all slopes, by (predictor, outcome, level)."""
        import pandas as pd

        pairs = [(name, outcome) for outcome, names in self.equations.items() for name in names]
        rows = [f"{self.codes[outcome]}~{self.codes[name]}" for name, outcome in pairs]
        index = pd.MultiIndex.from_tuples([(*pair, FLAT) for pair in pairs])
        return pd.DataFrame(fit.vcov.loc[rows, rows].to_numpy(float), index=index, columns=index)

    def intercept(self, fit: sem.Fit, outcome: str) -> float:
        """Intercept of an equation."""
        return self._of(fit, "~1", outcome)

    def residual_variance(self, fit: sem.Fit, outcome: str) -> float:
        """Residual variance of an equation, divided by n."""
        return self._of(fit, "~~", outcome)

    def r2(self, fit: sem.Fit, outcome: str) -> float:
        """Share of an outcome's variance that its predictors explain."""
        return float(fit.r2()[self.codes[outcome]])

    def with_implied_spreads(self, fit: sem.Fit, rows: Rows) -> Rows:
        """Rows with the standard deviations that the model implies, for standardized slopes."""
        variances = np.diag(fit.implied()[0].loc[list(self.codes.values()), list(self.codes.values())])
        spread = dict(zip(self.codes, np.sqrt(variances).tolist(), strict=True))
        terms = tuple(replace(term, spread=spread[term.predictor]) for term in rows.terms)
        return replace(rows, terms=terms, spreads={FLAT: spread[rows.outcome]})

    def _of(self, fit: sem.Fit, op: str, outcome: str) -> float:
        code = self.codes[outcome]
        table = fit.estimates
        own = table[(table["op"] == op) & (table["lhs"] == code)]
        if op == "~~":
            own = own[own["rhs"] == code]
        return float(own["est"].iloc[0])
