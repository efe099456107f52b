"""Wald tests of restrictions on labelled parameters (Wald, 1943): h' (J V J')^-1 h."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.errors import ModelError
from pipeline.sem.inference.defined import defined_values, label_values
from pipeline.sem.syntax import parse
from pipeline.sem.syntax.expressions import Expression
from pipeline.sem.table import ParameterTable


@dataclass(frozen=True)
class WaldTest:
    """A Wald chi-square."""

    statistic: float
    df: int
    pvalue: float


def wald_test(
    table: ParameterTable, values: Array, slopes: Array, vcov: Array, restrictions: str
) -> WaldTest:
    """Test restrictions such as 'a == b; c == 0', linear or not; values and slopes are those of all rows."""
    from scipy.stats import chi2

    parsed = parse(f"y ~ x\n{restrictions}").constraints
    if not parsed:
        raise ModelError("a Wald test needs at least one restriction, as 'a == b'")
    labels = label_values(table, values)
    lines = {row.label: slopes[at] for at, row in reversed(list(enumerate(table.rows))) if row.label}
    labels |= defined_values(table, labels)
    differences = [Expression("operator", "-", (c.left, c.right)) for c in parsed]
    distance = np.array([float(d.evaluate(labels)) for d in differences])
    J = np.zeros((len(parsed), slopes.shape[1]))
    for at, difference in enumerate(differences):
        for name, slope in _inlined(difference, table).gradient(labels).items():
            J[at] += slope * lines[name]
    statistic = float(distance @ np.linalg.solve(J @ vcov @ J.T, distance))
    return WaldTest(statistic, len(parsed), float(chi2.sf(statistic, len(parsed))))


def _inlined(expression: Expression, table: ParameterTable) -> Expression:
    """Replace names of defined parameters by their formulas."""
    defined = {d.name: d.expression for d in table.definitions}
    if expression.kind == "name" and expression.value in defined:
        return _inlined(defined[expression.value], table)
    arguments = tuple(_inlined(argument, table) for argument in expression.arguments)
    return Expression(expression.kind, expression.value, arguments)
