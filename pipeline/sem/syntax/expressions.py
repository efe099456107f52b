"""Arithmetic of `:=` and `==`: a small tree, evaluated on numbers or arrays, never by eval.

Derivatives are taken by the complex step, f'(x) = Im f(x + ih) / h (Squire & Trapp, 1998), exact to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.sem.errors import ModelError

_STEP = 1e-30
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "abs": lambda x: np.where(np.real(x) < 0, -x, x),
}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}
FUNCTIONS = tuple(sorted(_FUNCTIONS))


@dataclass(frozen=True)
class Expression:
    """A number, a name, an operator or a function with its arguments."""

    kind: str
    value: str
    arguments: tuple[Expression, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return the names used, in order of appearance."""
        own = (self.value,) if self.kind == "name" else ()
        return tuple(dict.fromkeys(own + tuple(name for arg in self.arguments for name in arg.names())))

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the value, given the value of each name."""
        if self.kind == "number":
            return float(self.value)
        if self.kind == "name":
            return _look_up(values, self.value)
        arguments = [argument.evaluate(values) for argument in self.arguments]
        if self.kind == "function":
            return _FUNCTIONS[self.value](arguments[0])
        return arguments[0] * -1.0 if len(arguments) == 1 else _OPERATORS[self.value](*arguments)

    def gradient(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the derivative by each name."""
        out = {}
        for name in self.names():
            moved = dict(values) | {name: complex(_look_up(values, name), _STEP)}
            out[name] = float(np.imag(self.evaluate(moved)) / _STEP)
        return out


def _look_up(values: Mapping[str, Any], name: str) -> Any:
    if name not in values:
        raise ModelError(
            f"'{name}' is used in a := or == line, but no parameter has that label; label one, as {name}*x"
        )
    return values[name]
