"""Fitted path models and tables as model.json holds them.

`stages/model` and the modules that add to it call these; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Equation, IndirectEffects, PathModel


def whole(fit: PathModel, effects: IndirectEffects) -> dict[str, Any]:
    """A model with its effects and equations, how it fits, and what became of missing answers."""
    return {
        "kind": fit.kind,
        "paths": rows(fit.frame),
        "indirect": rows(effects.frame),
        "contextual": rows(effects.contextual),
        "equations": equations(fit),
        "fit": fit.fit and asdict(fit.fit),
        "missing": fit.missing,
    }


def equations(fit: PathModel) -> dict[str, Any]:
    """Each equation of a model, by outcome."""
    return {name: _equation(one) for name, one in fit.equations.items()}


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as a list of rows."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def rounded(opinion: Mapping[str, Any]) -> dict[str, Any]:
    """Differences between programs without the last digits, which are those of the machine."""
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in opinion.items()}


def _equation(equation: Equation) -> dict[str, Any]:
    return {
        "level": equation.level,
        "method": equation.method,
        "n": equation.n,
        "clusters": dict(equation.clusters),
        "left_out": dict(equation.left_out),
        "intercept": equation.intercept,
        "variances": dict(equation.variances),
        "icc": dict(equation.icc),
        "logl": equation.logl,
        "converged": equation.converged,
        "second_opinion": equation.second and rounded(asdict(equation.second)),
        "warnings": list(equation.warnings),
        "r2": dict(equation.r2),
    }
