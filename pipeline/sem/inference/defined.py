"""Defined parameters (`:=`) and their delta-method derivatives (Sobel, 1982)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pipeline.sem.arrays import Array
from pipeline.sem.table import ParameterTable


def label_values(table: ParameterTable, values: Array) -> dict[str, float]:
    """Return the value of each label, given a value for every row."""
    out: dict[str, float] = {}
    for row, value in zip(table.rows, values.tolist(), strict=True):
        if row.label:
            out.setdefault(row.label, value)
    return out


def defined_values(table: ParameterTable, labels: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each defined parameter; later ones may use earlier ones."""
    known = dict(labels)
    for definition in table.definitions:
        known[definition.name] = definition.expression.evaluate(known)
    return {definition.name: known[definition.name] for definition in table.definitions}


def defined_slopes(table: ParameterTable, values: Array, slopes: Array) -> Array:
    """Return derivatives of the defined parameters, given those of every row's value."""
    known = label_values(table, values)
    lines: dict[str, Array] = {}
    for row, line in zip(table.rows, slopes, strict=True):
        if row.label:
            lines.setdefault(row.label, line)
    out = np.zeros((len(table.definitions), slopes.shape[1]))
    for at, definition in enumerate(table.definitions):
        for name, slope in definition.expression.gradient(known).items():
            out[at] += slope * lines[name]
        known[definition.name] = float(definition.expression.evaluate(known))
        lines[definition.name] = out[at]
    return out
