"""What the engine says when a model or its data cannot be used.

Each message names what is wrong, where, and what a researcher can do about it.
"""

from __future__ import annotations


class SyntaxProblem(ValueError):  # noqa: N818  (a problem in a text, as a researcher reads it)
    """A mistake in the model syntax, with its place and what was expected there."""

    def __init__(self, message: str, line: int, column: int, expected: str, source: str = "") -> None:
        self.line = line
        self.column = column
        self.expected = expected
        super().__init__(
            f"line {line}, column {column}: {message}; expected {expected}" + _caret(source, column)
        )


class ModelError(ValueError):
    """A model that is well written but cannot be estimated."""


class DataError(ValueError):
    """Data that do not fit the model: missing columns, too few rows, constant variables."""


def _caret(source: str, column: int) -> str:
    return f"\n    {source}\n    {' ' * (column - 1)}^" if source else ""
