"""The sample of a model with ordered items, and the discrepancy between the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.data import Rows
from pipeline.sem.data.moments import GroupMoments
from pipeline.sem.data.sample import Sample
from pipeline.sem.errors import DataError
from pipeline.sem.estimate.start import start_values
from pipeline.sem.options import Method
from pipeline.sem.ordinal.problem import OrdinalProblem, quadratics, shapes_of
from pipeline.sem.ordinal.statistics import GroupStatistics, Kinds, group_statistics
from pipeline.sem.ordinal.streamed import ItemTables
from pipeline.sem.ordinal.tables import pair_index
from pipeline.sem.structure.blocks import Layout
from pipeline.sem.structure.constraints import Reduction
from pipeline.sem.table import ParameterTable

_SINGULAR = 1.5e-8


@dataclass(frozen=True)
class OrdinalSample(Sample):
    """Thresholds, slopes and correlations of every group; `covariances` are those of response variates."""

    parts: tuple[GroupStatistics, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kinds(self) -> Kinds:
        """The explained variables and covariates."""
        return self.parts[0].kinds

    @property
    def deviations(self) -> Array:
        """Pooled standard deviation of continuous variables; 1 for response variates, which have no unit."""
        pooled = super().deviations
        kinds = self.kinds
        ordered = {name for name, k in zip(kinds.variables, kinds.categories, strict=True) if k}
        return np.array([1.0 if v in ordered else d for v, d in zip(self.variables, pooled, strict=True)])

    def units(self, scale: Array) -> Array:
        """Return what the stacked moments are divided by in the metric y / scale (1 for ordered items)."""
        kinds, own = self.kinds, dict(zip(self.variables, scale.tolist(), strict=True))
        y = np.array([own[name] for name in kinds.variables])
        x = np.array([own[name] for name in kinds.covariates])
        first, second = pair_index(len(y))
        levels = y[kinds.level_item]
        slopes = (y[:, None] / x[None, :]).ravel(order="F")
        return np.concatenate([levels, slopes, y[~kinds.ordered] ** 2, y[first] * y[second]])


def ordinal_sample(rows: Rows, table: ParameterTable, told: Sequence[str] = ()) -> OrdinalSample:
    """Take the moments of rows whose ordered columns hold codes 0..K-1; `told` are notes to keep."""
    covariates = table.exogenous
    variables = tuple(name for name in table.observed if name not in covariates)
    categories = {name: count + 1 for name, count in table.thresholds}
    kinds = Kinds(variables, tuple(categories.get(name, 0) for name in variables), covariates)
    y = [rows.variables.index(name) for name in variables]
    x = [rows.variables.index(name) for name in covariates]
    parts = []
    for group in rows.groups:
        check_categories(group.values[:, y], kinds, group.label)
        parts.append(group_statistics(group.label, group.values[:, y], group.values[:, x], kinds))
    joined = _joined(tuple(parts), table)
    return replace(joined, notes=(*told, *joined.notes))


def sample_of_tables(tables: ItemTables, table: ParameterTable) -> OrdinalSample:
    """Take the moments of counted rows."""
    parts = []
    for group in tables.groups:
        check_counts(group.tables.margins, tables.kinds, group.label)
        parts.append(group.statistics(tables.kinds))
    return _joined(tuple(parts), table)


def _joined(parts: tuple[GroupStatistics, ...], table: ParameterTable) -> OrdinalSample:
    p = len(table.observed)
    pairs = [_all_moments(part, table) for part in parts]
    groups = tuple(
        GroupMoments(
            part.label, np.ones((1, p)), np.array([float(part.count)]), np.array([float(part.count)]),
            mean[None], S[None],
        )
        for part, (mean, S) in zip(parts, pairs, strict=True)
    )  # fmt: skip
    means, covariances = tuple(m for m, _ in pairs), tuple(S for _, S in pairs)
    notes = tuple(note for part, S in zip(parts, covariances, strict=True) for note in notes_of(part, S))
    return OrdinalSample(table.observed, groups, means, covariances, True, parts, notes)


def _all_moments(part: GroupStatistics, table: ParameterTable) -> tuple[Array, Array]:
    """Return means and covariances of response variates and covariates, in the table's order."""
    kinds, p = part.kinds, len(table.observed)
    y = np.array([table.observed.index(name) for name in kinds.variables], dtype=np.intp)
    x = np.array([table.observed.index(name) for name in kinds.covariates], dtype=np.intp)
    mean, S = np.zeros(p), np.zeros((p, p))
    intercepts = kinds.level_step < 0
    mean[y[kinds.level_item[intercepts]]] = part.levels[intercepts]
    mean[y[~kinds.ordered]] += part.slopes[~kinds.ordered] @ part.x_mean
    mean[x] = part.x_mean
    across = part.slopes @ part.x_covariance
    S[np.ix_(y, y)] = part.covariance + across @ part.slopes.T
    S[np.ix_(y, x)], S[np.ix_(x, y)], S[np.ix_(x, x)] = across, across.T, part.x_covariance
    return mean, S


def ordinal_problem(
    table: ParameterTable,
    sample: OrdinalSample,
    method: Method,
    layout: Layout,
    *,
    tied: Reduction,
    scale: Array,
) -> OrdinalProblem:
    """Return the weighted least squares problem (Muthen, 1984) in the metric y / scale."""
    weights = [weights_of(part, method) for part in sample.parts]
    units = sample.units(scale[: len(table.observed)])
    parts = quadratics([part.stacked for part in sample.parts], weights, units)
    return OrdinalProblem(layout, parts, sample.shares, tied, shapes_of(layout, sample.kinds))


def weights_of(part: GroupStatistics, method: Method) -> Array:
    """Return V: Gamma^-1 (WLS), its diagonal's inverse (DWLS) or ones (ULS)."""
    if method.discrepancy == "ULS":
        return np.ones(part.kinds.size)
    if method.discrepancy == "DWLS":
        diagonal = part.gamma_diagonal
        if not (diagonal > 0).all():
            name = part.kinds.names[int(np.argmin(diagonal))]
            raise DataError(f"'{name}' has no sampling variance in these rows; use ULSMV or join categories")
        return 1 / diagonal
    if part.count <= part.kinds.size:
        raise DataError(
            f"WLS inverts a {part.kinds.size} x {part.kinds.size} matrix and needs more rows than that "
            f"(there are {part.count}); use WLSMV"
        )
    return np.linalg.inv(part.gamma)


def ordinal_start(table: ParameterTable, sample: OrdinalSample, scale: Array) -> Array:
    """Return starting values: thresholds of the sample, scales of 1, the rest as for continuous variables."""
    kinds = sample.kinds
    at = {name: int(np.argmax(kinds.level_item == i)) for i, name in enumerate(kinds.variables)}
    rows = []
    for row in table.rows:
        own = row
        if row.free and row.start is None and row.op == "|":
            part = sample.parts[row.group - 1]
            own = row._replace(start=float(part.levels[at[row.lhs] + int(row.rhs[1:]) - 1]))
        elif row.free and row.start is None and row.op == "~*~":
            own = row._replace(start=1.0)
        rows.append(own)
    return start_values(replace(table, rows=tuple(rows)), sample.covariances, sample.means, scale)


def moment_order(wide: OrdinalSample, narrow: OrdinalSample) -> Array:
    """Return where the moments of one sample stand among those of another of the same variables."""
    known: dict[str, int] = {}
    for at, name in enumerate(narrow.kinds.names):
        known[name] = at
        if "~~" in name:
            known["~~".join(reversed(name.split("~~")))] = at
    size = narrow.kinds.size
    own = np.array([known[name] for name in wide.kinds.names])
    return np.concatenate([own + g * size for g in range(len(narrow.parts))])


def check_categories(values: Array, kinds: Kinds, label: str) -> None:
    """Refuse an item with one category, or with a category that a group never chose."""
    counts = np.zeros((len(kinds.variables), max(kinds.categories)))
    for i, count in enumerate(kinds.categories):
        own = values[:, i]
        if count:
            counts[i, :count] = np.bincount(own[~np.isnan(own)].astype(np.intp), minlength=count)
    check_counts(counts, kinds, label)


def check_counts(margins: Array, kinds: Kinds, label: str) -> None:
    """The same of counts of categories, items in rows."""
    where = f"group '{label}'" if label else "the rows used"
    for column, (name, count) in enumerate(zip(kinds.variables, kinds.categories, strict=True)):
        if count == 1:
            raise DataError(f"ordered item '{name}' has one category only in {where}; leave it out")
        counts = margins[column, :count]
        if (counts == 0).any():
            raise DataError(
                f"category {int(np.argmin(counts)) + 1} of '{name}' is empty in {where} (counts "
                f"{', '.join(str(int(c)) for c in counts)}): its threshold cannot be estimated there; join "
                "it with its neighbour in all groups"
            )


def notes_of(part: GroupStatistics, S: Array) -> Sequence[str]:
    """Tell of empty cells, correlations at their bound, and a matrix that is not positive definite."""
    where = f" in group '{part.label}'" if part.label else ""
    out = [f"{text}{where}" for text in part.source.notes(part.kinds)]
    deviation = np.sqrt(np.diag(S))
    if np.linalg.eigvalsh(S / np.outer(deviation, deviation))[0] < _SINGULAR:
        out.append(
            f"the matrix of polychoric correlations{where} is not positive definite: robust fit indices are "
            "not computed; look for items that repeat each other, or join sparse categories"
        )
    return out
