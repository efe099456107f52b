"""The parameter table: what a model says once lavaan's automatic rules have been applied."""

from __future__ import annotations

from pipeline.sem.table.build import build_table
from pipeline.sem.table.rows import ParameterTable, Row

__all__ = ["ParameterTable", "Row", "build_table"]
