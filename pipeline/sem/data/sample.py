"""What an estimator sees of the data: counts, saturated moments and shares of the groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data.moments import GroupMoments, Moments
from pipeline.sem.data.saturated import saturated
from pipeline.sem.errors import DataError
from pipeline.sem.options import Method


@dataclass(frozen=True)
class Sample:
    """Moments in the user's units. `means` and `covariances` are the saturated (h1) ones of each group."""

    variables: tuple[str, ...]
    groups: tuple[GroupMoments, ...]
    means: tuple[Array, ...]
    covariances: tuple[Array, ...]
    unbiased: bool

    @property
    def counts(self) -> Array:
        """Rows of each group."""
        return np.array([group.count for group in self.groups], dtype=float)

    @property
    def total(self) -> int:
        """Rows of all groups."""
        return sum(group.count for group in self.groups)

    @property
    def shares(self) -> Array:
        """Share of each group in the sample, by weight; by n - 1 where covariances are unbiased."""
        weights = np.array([group.weights.sum() for group in self.groups]) - float(self.unbiased)
        out: Array = weights / weights.sum()
        return out

    @property
    def weight_shares(self) -> Array:
        """Share of each group in the weights."""
        out: Array = np.array([group.weights.sum() for group in self.groups]) / self.total
        return out

    @property
    def size(self) -> float:
        """What discrepancies are multiplied with: N, or N less the number of groups."""
        return float(self.total - len(self.groups) * self.unbiased)

    @property
    def deviations(self) -> Array:
        """Pooled standard deviation of every variable."""
        variances = np.array([np.diag(S) for S in self.covariances])
        out: Array = np.sqrt(self.shares @ variances)
        return out


def summarise(moments: Moments, method: Method) -> Sample:
    """Return the sample statistics that a method uses; check that a model can be fitted to them."""
    if method.missing == "listwise":
        moments = moments.only_complete()
    _check(moments)
    groups = [_normalised(group, moments) for group in moments.groups]
    pairs = [saturated(group) for group in groups]
    if method.unbiased:
        pairs = [(mean, S * g.count / (g.count - 1)) for (mean, S), g in zip(pairs, groups, strict=True)]
    _check_covariances(moments, [S for _, S in pairs])
    return Sample(
        moments.variables,
        tuple(groups),
        tuple(m for m, _ in pairs),
        tuple(S for _, S in pairs),
        method.unbiased,
    )


def _normalised(group: GroupMoments, moments: Moments) -> GroupMoments:
    """Scale weights so that they sum to the number of rows over all groups."""
    total = sum(g.weights.sum() for g in moments.groups)
    weights = group.weights * (moments.count / total)
    return GroupMoments(group.label, group.masks, group.counts, weights, group.means, group.covariances)


def _check(moments: Moments) -> None:
    p = len(moments.variables)
    for group in moments.groups:
        where = f"group '{group.label}'" if group.label else "the data"
        if group.count < 2:
            raise DataError(
                f"{where} hold {group.count} usable row(s); with many missing answers try missing='fiml'"
            )
        answered = group.masks.T @ group.counts
        if (answered < 2).any():
            empty = moments.variables[int(answered.argmin())]
            raise DataError(f"'{empty}' has fewer than two answers in {where}")
        if group.complete and group.count <= p:
            raise DataError(
                f"{where} hold {group.count} complete rows for {p} variables: more rows than variables "
                "are needed"
            )


def _check_covariances(moments: Moments, covariances: list[Array]) -> None:
    for group, S in zip(moments.groups, covariances, strict=True):
        variances = np.diag(S)
        where = f" in group '{group.label}'" if group.label else ""
        mean = np.abs(group.pooled()[0])
        constant = variances <= 1e-20 * np.maximum(mean**2, 1e-300)
        if constant.any():
            raise DataError(f"'{moments.variables[int(constant.argmax())]}' does not vary{where}")
        scaled = S / np.sqrt(np.outer(variances, variances))
        if _surely_regular(scaled):
            continue
        values, vectors = np.linalg.eigh(scaled)
        if values[0] < 1e-10:
            among = [moments.variables[i] for i in np.argsort(-np.abs(vectors[:, 0]))[:3]]
            raise DataError(
                f"the sample covariances{where} are singular: one variable is a combination of others "
                f"(look at {', '.join(among)}); drop one of them"
            )


def _surely_regular(correlations: Array) -> bool:
    """Whether a Cholesky factor, faster than eigenvalues, shows that all of them are far from zero."""
    try:
        np.linalg.cholesky(correlations - 1e-9 * np.eye(len(correlations)))
    except np.linalg.LinAlgError:
        return False
    return True
