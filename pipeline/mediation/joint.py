"""A model of the whole path that `sem` fitted at once, read as slopes and equations.

`latent_means` and `latent_variables` call `path_model`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.decomposed import few_clusters
from pipeline.mediation.design import Design
from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.graph import PathGraph
from pipeline.mediation.latent_rows import UNIT, LatentRows
from pipeline.mediation.model import Equation, PathModel, Refit, Slope, reference
from pipeline.mediation.model_fit import fit_of
from pipeline.mediation.rows import BETWEEN, FLAT, WITHIN

if TYPE_CHECKING:
    import pandas as pd

    from pipeline import sem
    from pipeline.sem.twolevel.result import TwoLevelFit


@dataclass(frozen=True, eq=False)
class Joint:
    """A fit with the rows it was fitted on; `method` says how, in words."""

    rows: LatentRows
    fit: TwoLevelFit | sem.Fit
    method: str

    @cached_property
    def levels(self) -> Mapping[int, str]:
        """Blocks of the fit by number."""
        return {1: WITHIN, 2: BETWEEN} if self.rows.clusters else {1: FLAT}

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """Estimates, each with its level."""
        rows: list[dict[str, Any]] = self.fit.estimates.to_dict("records")  # type: ignore[assignment]
        return [row | {"level": row.get("level") or 1} for row in rows]

    @cached_property
    def values(self) -> dict[Slope, tuple[float, float]]:
        """Estimate and standardized estimate of every slope."""
        return {
            self._slope(row["lhs"], row["rhs"], row["level"]): (float(row["est"]), float(row["std_all"]))
            for row in self.table
            if row["op"] == "~"
        }

    @cached_property
    def cov(self) -> pd.DataFrame:
        """Covariance of all slopes; NotEstimable where it is none."""
        import pandas as pd

        free = [row for row in self._free if row[0] == "~"]
        at = {slope: k for _, slope, k in free}
        slopes = self.slopes
        places = [at[slope] for slope in slopes]
        cov = self.fit.vcov.to_numpy(float)[np.ix_(places, places)]
        if not np.all(np.isfinite(cov)) or np.any(np.diag(cov) <= 0):
            raise NotEstimable("its standard errors cannot be computed: the information matrix is singular")
        index = pd.MultiIndex.from_tuples(slopes)
        return pd.DataFrame(cov, index=index, columns=index)

    @cached_property
    def slopes(self) -> tuple[Slope, ...]:
        """Slopes within before between, those of the path before covariates', in the order of blocks."""
        return tuple(
            (source, target, block.level)
            for block in self.rows.blocks
            for source, target in sorted(block.edges, key=lambda edge: self.rows.roles[edge] == "covariate")
        )

    @property
    def refit(self) -> Refit:
        """Slopes by their names in the fit; what is resampled: rows, clusters, or the units above them."""
        token, second = self.rows.names.token, {BETWEEN: ".l2"}
        names = {
            (source, target, level): f"{token(target)} ~ {token(source)}{second.get(level, '')}"
            for source, target, level in self.slopes
        }
        own, above = self.rows.cluster or self.rows.lowest, self.rows.unit
        units = {own: None} | ({above: UNIT} if above else {})
        return Refit(self.fit, names, units, above or own)

    def parameter(self, token: str, op: str, level: int) -> float:
        """An intercept or a residual variance."""
        other = token if op == "~~" else ""
        wanted = (token, op, other, level)
        return next(
            float(row["est"])
            for row in self.table
            if (row["lhs"], row["op"], row["rhs"], row["level"]) == wanted
        )

    def r2(self, token: str) -> dict[str, float]:
        """Share of a variable's variance explained at each of its levels, where it is a share."""
        found = {word: self._shares(number).get(token, -1.0) for number, word in self.levels.items()}
        return {word: value for word, value in found.items() if 0 <= value <= 1}

    def icc(self, name: str) -> float | None:
        """Share of a variable's variance between clusters; of a factor, where it stands at both levels."""
        token = self.rows.names.token(name)
        return self._iccs.get(f"{token}/{token}" if name in self.rows.indicators else token)

    @cached_property
    def _iccs(self) -> dict[str, float]:
        from pipeline.sem.twolevel.result import TwoLevelFit

        return self.fit.icc() if isinstance(self.fit, TwoLevelFit) else {}

    def _shares(self, number: int) -> dict[str, float]:
        from pipeline.sem.twolevel.result import TwoLevelFit

        return self.fit.r2(number) if isinstance(self.fit, TwoLevelFit) else self.fit.r2()

    @cached_property
    def _free(self) -> list[tuple[str, Slope, int]]:
        from pipeline.sem.twolevel.result import TwoLevelFit

        table = self.fit.table.whole if isinstance(self.fit, TwoLevelFit) else self.fit.table
        return [
            (row.op, self._slope(row.lhs, row.rhs, row.level or 1), k)
            for k, row in enumerate(table.free_rows)
            if row.op == "~"
        ]

    def _slope(self, lhs: str, rhs: str, level: int) -> Slope:
        return self.rows.names.words(rhs), self.rows.names.words(lhs), self.levels[level]


def path_model(kind: str, joint: Joint, graph: PathGraph, design: Design, confidence: float) -> PathModel:
    """Slopes with their joint covariance, equations, fit and warnings."""
    rows, fit = joint.rows, joint.fit
    order = [slope for outcome in graph.outcomes for slope in joint.slopes if slope[1] == outcome]
    cov = joint.cov.loc[order, order]
    equations = {outcome: _equation(outcome, joint, cov, design) for outcome in graph.outcomes}
    unit = (rows.unit or rows.cluster) if fit.method.robust and rows.clusters else None
    return PathModel(
        kind,
        _table(joint, cov, confidence),
        equations,
        confidence,
        joint=cov,
        notes=_notes(rows, fit.warnings),
        unit=unit,
        fit=fit_of(fit, rows.names.words),
        full_information=fit.method.missing == "fiml",
        refit=joint.refit,
    )


def _equation(outcome: str, joint: Joint, cov: pd.DataFrame, design: Design) -> Equation:
    rows, fit = joint.rows, joint.fit
    token, level = rows.names.token(outcome), design.measured[outcome]
    own = [slope for slope in cov.index if slope[1] == outcome]
    is_lowest = level == rows.lowest
    numbers = [number for number in joint.levels if is_lowest or number == 2]
    share = joint.icc(outcome) if is_lowest else None
    return Equation(
        outcome=outcome,
        level=level,
        method=joint.method,
        n=fit.nobs if is_lowest else rows.clusters[level],
        clusters={name: n for name, n in rows.clusters.items() if name in design.above(level)},
        left_out=rows.left_out if is_lowest else _unused(rows, level),
        slopes=tuple((predictor, at) for predictor, _, at in own),
        estimates=np.array([joint.values[slope][0] for slope in own]),
        cov=cov.loc[own, own].to_numpy(float),
        intercept=joint.parameter(token, "~1", numbers[-1]),
        freedom=None,
        variances={joint.levels[number]: joint.parameter(token, "~~", number) for number in numbers},
        icc={} if share is None else {rows.cluster: share},
        logl=fit.logl,
        converged=True,
        second=None,
        warnings=(),
        r2=joint.r2(token),
    )


def _unused(rows: LatentRows, level: str) -> dict[str, int]:
    lost = rows.unused.get(level, 0)
    return {f"no {rows.lowest} in the model": lost} if lost else {}


def _table(joint: Joint, cov: pd.DataFrame, confidence: float) -> pd.DataFrame:
    import pandas as pd

    slopes: Sequence[Slope] = list(cov.index)
    errors = np.sqrt(np.diag(cov))
    laid = [
        _row(slope, joint.values[slope], float(se), confidence) | {"role": joint.rows.roles[slope[:2]]}
        for slope, se in zip(slopes, errors, strict=True)
    ]
    return pd.DataFrame(laid)


def _row(slope: Slope, value: tuple[float, float], se: float, confidence: float) -> dict[str, Any]:
    predictor, outcome, level = slope
    est, beta = value
    critical, tail = reference(est / se, None, confidence)
    return {
        "outcome": outcome,
        "predictor": predictor,
        "level": level,
        "role": None,
        "est": est,
        "se": se,
        "z": est / se,
        "df": None,
        "pvalue": tail,
        "ci_lower": est - critical * se,
        "ci_upper": est + critical * se,
        "cluster_mean": False,
        "beta": beta,
    }


def _notes(rows: LatentRows, warnings: Sequence[str]) -> tuple[str, ...]:
    few = [few_clusters(rows.unit, rows.clusters[rows.unit])] if rows.unit else []
    told = [*rows.notes, *(rows.names.words(text) for text in warnings), *(text for text in few if text)]
    return tuple(dict.fromkeys(told))
