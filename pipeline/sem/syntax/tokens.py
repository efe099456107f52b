"""Cut model syntax into tokens that remember their line and column.

Stays a plain scanner on purpose: what a newline means depends on the tokens around it, so that
continuation lines need no lookahead in the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from pipeline.sem.errors import SyntaxProblem

OPERATORS = (
    "~*~",
    "=~",
    "~~",
    ":=",
    "==",
    "<~",
    "~",
    "|",
    "+",
    "*",
    "-",
    "/",
    "^",
    "(",
    ")",
    ",",
    ":",
    "<",
    ">",
    "?",
)
_CONTINUES = frozenset(
    {"~*~", "=~", "~~", ":=", "==", "<~", "~", "|", "+", "*", "-", "/", "^", ",", "<", ">", "?"}
)
_PATTERN = re.compile(
    r"[ \t\r\f\v\u00a0]*(?:(?P<comment>[#!][^\n]*)|(?P<newline>[\n;])"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<name>[^\W\d][\w.]*|\.[^\W\d][\w.]*)|(?P<string>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<operator>" + "|".join(re.escape(op) for op in OPERATORS) + r")|(?P<unknown>.)|\Z)"
)


class Token(NamedTuple):
    """One word of the syntax and where it stands."""

    kind: str
    text: str
    line: int
    column: int


def tokenize(source: str) -> list[Token]:
    """Return the tokens of a model; a newline that ends a formula is a token of kind 'end'."""
    return list(_join_lines(list(_scan(source)), source))


def _scan(source: str) -> Iterator[Token]:
    line, start = 1, 0
    for match in _PATTERN.finditer(source):
        kind = match.lastgroup
        if kind is None or kind == "comment":
            continue
        text, column = match[kind], match.start(kind) - start + 1
        if kind == "unknown":
            expected = "a name, a number or an operator"
            raise SyntaxProblem(f"cannot read {text!r}", line, column, expected, source.split("\n")[line - 1])
        yield Token(kind, text, line, column)
        if text == "\n":
            line, start = line + 1, match.end()


def _join_lines(tokens: list[Token], source: str) -> Iterator[Token]:
    depth, last = 0, ""
    for position, token in enumerate(tokens):
        if token.kind != "newline":
            depth += (token.text == "(") - (token.text == ")")
            last = token.text
            yield token
        elif depth <= 0 and last not in _CONTINUES and not _starts_with_operator(tokens, position) and last:
            last = ""
            yield Token("end", "", token.line, token.column)
    line = source.count("\n") + 1
    yield Token("end", "", line, len(source.rsplit("\n", maxsplit=1)[-1]) + 1)


def _starts_with_operator(tokens: list[Token], position: int) -> bool:
    following = next((t for t in islice(tokens, position, None) if t.kind != "newline"), None)
    return following is not None and following.text in _CONTINUES
