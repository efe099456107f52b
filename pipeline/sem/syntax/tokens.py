"""Cut model syntax into tokens that remember their line and column.

Stays a plain scanner on purpose: what a newline means depends on the tokens around it, so that
continuation lines need no lookahead in the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
    r"(?P<space>[ \t\r\f\v\u00a0]+)|(?P<comment>[#!][^\n]*)|(?P<newline>[\n;])"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?(?![\w.]))"
    r"|(?P<name>[^\W\d][\w.]*|\.[^\W\d][\w.]*)|(?P<string>\"[^\"\n]*\"|'[^'\n]*')"
    r"|(?P<operator>" + "|".join(re.escape(op) for op in OPERATORS) + ")"
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
    position, line, start = 0, 1, 0
    lines = source.split("\n")
    while position < len(source):
        match = _PATTERN.match(source, position)
        if match is None:
            text = f"cannot read {source[position]!r}"
            raise SyntaxProblem(
                text, line, position - start + 1, "a name, a number or an operator", lines[line - 1]
            )
        kind = str(match.lastgroup)
        if kind not in {"space", "comment"}:
            yield Token(kind, match.group(), line, position - start + 1)
        position = match.end()
        if match.group() == "\n":
            line, start = line + 1, position


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
    following = next((t for t in tokens[position:] if t.kind != "newline"), None)
    return following is not None and following.text in _CONTINUES
