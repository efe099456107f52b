"""Turn tokens into statements by recursive descent; a mistake says where it is and what would fit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.sem.errors import SyntaxProblem
from pipeline.sem.syntax.expressions import FUNCTIONS, Expression
from pipeline.sem.syntax.tokens import Token, tokenize
from pipeline.sem.syntax.tree import Block, Constraint, Definition, Formula, Model, Modifier, Term

FORMULA_OPERATORS = ("=~", "~~", "~*~", "~", "|")
_CONSTRAINT_OPERATORS = ("==", "<", ">")
DEEPEST, MOST_OPERANDS = 40, 250


def parse(source: str) -> Model:
    """Parse model syntax; raise SyntaxProblem with line, column and what was expected."""
    reader = _Reader(source)
    formulas: list[Formula] = []
    definitions: list[Definition] = []
    constraints: list[Constraint] = []
    blocks: list[Block] = []
    while reader.skip_ends():
        statement = _statement(reader, len(blocks) - 1 if blocks else None)
        if isinstance(statement, Formula):
            formulas.append(statement)
        elif isinstance(statement, Definition):
            definitions.append(statement)
        elif isinstance(statement, Constraint):
            constraints.append(statement)
        else:
            blocks.append(statement)
    if not formulas:
        raise SyntaxProblem("the model has no formula", 1, 1, "a line such as 'f =~ x1 + x2 + x3' or 'y ~ x'")
    return Model(tuple(formulas), tuple(definitions), tuple(constraints), tuple(blocks))


class _Reader:
    """A cursor over the tokens."""

    def __init__(self, source: str) -> None:
        self.lines = source.split("\n")
        self.tokens = tokenize(source)
        self.position = 0
        self.depth = 0
        self.operands = 0

    @property
    def now(self) -> Token:
        return self.tokens[self.position]

    def peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.position + ahead, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.now
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def skip_ends(self) -> bool:
        while self.now.kind == "end" and self.position < len(self.tokens) - 1:
            self.advance()
        return self.now.kind != "end"

    def take(self, text: str) -> Token:
        if self.now.text != text:
            raise self.problem(f"'{text}'")
        return self.advance()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One step into an expression; refused where it is so deep or long that no stack would hold it."""
        self.depth += 1
        self.operands += 1
        if self.depth > DEEPEST:
            raise self.problem(f"at most {DEEPEST} parentheses, signs or powers within each other")
        if self.operands > MOST_OPERANDS:
            raise self.problem(
                f"at most {MOST_OPERANDS} terms in one line; give a part a name with ':=' first"
            )
        yield
        self.depth -= 1

    def statement_has(self, operators: tuple[str, ...]) -> str | None:
        """Return the first of the operators in the present statement."""
        for token in self.tokens[self.position :]:
            if token.kind == "end":
                return None
            if token.text in operators and token.kind == "operator":
                return token.text
        return None

    def problem(self, expected: str, token: Token | None = None) -> SyntaxProblem:
        token = token or self.now
        found = f"found '{token.text}'" if token.text else "the line ends here"
        return SyntaxProblem(found, token.line, token.column, expected, self.lines[token.line - 1])


def _statement(reader: _Reader, block: int | None) -> Formula | Definition | Constraint | Block:
    first, second = reader.now, reader.peek()
    if first.kind == "name" and first.text.lower() in {"level", "group", "block"} and second.text == ":":
        return _block(reader)
    operator = reader.statement_has((*FORMULA_OPERATORS, *_CONSTRAINT_OPERATORS, ":=", "<~"))
    if operator == "<~":
        raise _at_operator(
            reader, "<~", "a reflective factor (=~) or a sum score; formative '<~' is not estimated"
        )
    if operator == ":=":
        return _definition(reader)
    if operator in _CONSTRAINT_OPERATORS:
        return _constraint(reader)
    return _formula(reader, block)


def _at_operator(reader: _Reader, operator: str, expected: str) -> SyntaxProblem:
    token = next(t for t in reader.tokens[reader.position :] if t.text == operator)
    return reader.problem(expected, token)


def _block(reader: _Reader) -> Block:
    kind = reader.advance()
    reader.take(":")
    if reader.now.kind not in {"name", "number", "string"}:
        raise reader.problem("the name or number of the block, as 'level: 1'")
    value = reader.advance().text.strip("\"'")
    _end(reader, "a new line after the block's name")
    return Block(kind.text.lower(), value, kind.line)


def _definition(reader: _Reader) -> Definition:
    name = reader.now
    if name.kind != "name":
        raise reader.problem("the name of the new parameter before ':='")
    reader.advance()
    reader.take(":=")
    start = reader.position
    expression = _expression(reader)
    text = _text(reader, start)
    _end(reader, "an operator or the end of the line")
    return Definition(name.text, expression, text, name.line)


def _constraint(reader: _Reader) -> Constraint:
    line, start = reader.now.line, reader.position
    left = _expression(reader)
    left_text = _text(reader, start)
    operator = reader.now
    if operator.text not in _CONSTRAINT_OPERATORS:
        raise reader.problem("'=='")
    if operator.text != "==":
        raise reader.problem("'=='; inequality constraints are not estimated (variances stay unbounded here)")
    reader.advance()
    start = reader.position
    right = _expression(reader)
    text = (left_text, _text(reader, start))
    _end(reader, "an operator or the end of the line")
    return Constraint(left, operator.text, right, text, line)


def _text(reader: _Reader, start: int) -> str:
    return "".join(token.text for token in reader.tokens[start : reader.position])


def _end(reader: _Reader, expected: str) -> None:
    if reader.now.kind != "end":
        raise reader.problem(expected)


def _formula(reader: _Reader, block: int | None) -> Formula:
    line = reader.now.line
    left = _left(reader)
    operator = reader.advance().text
    terms = [_term(reader, operator)]
    while reader.now.text == "+":
        reader.advance()
        terms.append(_term(reader, operator))
    _end(reader, "'+' and another variable, or a new line")
    return Formula(left, operator, tuple(terms), block, line)


def _left(reader: _Reader) -> tuple[str, ...]:
    names = []
    while True:
        if reader.now.kind != "name":
            raise reader.problem("the name of a variable")
        names.append(reader.advance().text)
        if reader.now.text in FORMULA_OPERATORS:
            return tuple(names)
        if reader.now.text != "+":
            raise reader.problem("one of =~ ~ ~~ | := == after the name")
        reader.advance()


def _term(reader: _Reader, operator: str) -> Term:
    modifiers: list[Modifier] = []
    while (modifier := _modifier(reader)) is not None:
        modifiers.append(modifier)
    token = reader.now
    if token.kind == "name":
        reader.advance()
    elif token.kind == "number" and token.text in {"0", "1"} and operator == "~":
        reader.advance()
        if token.text == "0":
            modifiers.append(Modifier("value", (0.0,), token.line, token.column))
    else:
        raise reader.problem(
            "the name of a variable" + (" or 1 for the intercept" if operator == "~" else "")
        )
    name = "1" if token.kind == "number" else token.text
    return Term(name, tuple(modifiers), token.line, token.column)


def _modifier(reader: _Reader) -> Modifier | None:
    """Read `something*` or `number?`; leave the cursor alone where a plain variable stands."""
    start, token = reader.position, reader.now
    if token.kind == "name" and reader.peek().text == "(":
        kind, values = _call(reader)
    elif token.kind in {"name", "string"} and reader.peek().text == "*":
        kind, values = _entry(reader)
    elif token.kind == "number" or token.text == "-":
        kind, values = _entry(reader)
        if reader.now.text not in {"*", "?"}:
            reader.position = start
            return None
    else:
        return None
    if reader.now.text == "?" and kind == "value":
        kind = "start"
    elif reader.now.text != "*":
        raise reader.problem("'*' and a variable after the modifier")
    reader.advance()
    return Modifier(kind, values, token.line, token.column)


def _call(reader: _Reader) -> tuple[str, tuple[float | str, ...]]:
    name = reader.advance()
    if name.text not in {"c", "start", "label", "equal"}:
        raise reader.problem("c(...), start(...), label(...) or equal(...)", name)
    reader.take("(")
    kinds: list[str] = []
    values: list[float | str] = []
    while True:
        if reader.now.text == "c" and reader.peek().text == "(":
            reader.operands = 0
            with reader.deeper():
                kind, entry = _call(reader)
        else:
            kind, entry = _entry(reader)
        kinds.append(kind)
        values.extend(entry)
        if reader.now.text == ")":
            break
        reader.take(",")
    reader.take(")")
    return _call_kind(name.text, kinds), tuple(values)


def _call_kind(name: str, kinds: list[str]) -> str:
    if name == "start":
        return "start"
    if name in {"label", "equal"}:
        return name
    return "label" if "label" in kinds else "value"


def _entry(reader: _Reader) -> tuple[str, tuple[float | str, ...]]:
    sign = -1.0 if reader.now.text == "-" else 1.0
    if reader.now.text == "-":
        reader.advance()
    token = reader.advance()
    if token.kind == "number":
        return "value", (sign * float(token.text),)
    if token.kind == "name" and token.text == "NA":
        return "value", (math.nan,)
    if token.kind in {"name", "string"} and sign > 0:
        return "label", (token.text.strip("\"'"),)
    raise reader.problem("a number, NA or a label", token)


def _expression(reader: _Reader) -> Expression:
    reader.operands = 0
    return _sum(reader)


def _sum(reader: _Reader) -> Expression:
    left = _product(reader)
    while reader.now.text in {"+", "-"}:
        operator = reader.advance().text
        left = Expression("operator", operator, (left, _product(reader)))
    return left


def _product(reader: _Reader) -> Expression:
    left = _signed(reader)
    while reader.now.text in {"*", "/"}:
        operator = reader.advance().text
        left = Expression("operator", operator, (left, _signed(reader)))
    return left


def _signed(reader: _Reader) -> Expression:
    with reader.deeper():
        if reader.now.text == "-":
            reader.advance()
            return Expression("operator", "-", (_signed(reader),))
        if reader.now.text == "+":
            reader.advance()
            return _signed(reader)
        return _power(reader)


def _power(reader: _Reader) -> Expression:
    base = _atom(reader)
    if reader.now.text == "^":
        reader.advance()
        return Expression("operator", "^", (base, _signed(reader)))
    return base


def _atom(reader: _Reader) -> Expression:
    token = reader.now
    if token.kind == "number":
        return Expression("number", reader.advance().text)
    if token.kind == "name" and reader.peek().text == "(":
        if token.text not in FUNCTIONS:
            raise reader.problem("one of the functions " + ", ".join(FUNCTIONS))
        reader.advance()
        return Expression("function", token.text, (_parenthesis(reader),))
    if token.kind == "name":
        return Expression("name", reader.advance().text)
    if token.text == "(":
        return _parenthesis(reader)
    raise reader.problem("a label, a number or '('")


def _parenthesis(reader: _Reader) -> Expression:
    reader.take("(")
    inside = _sum(reader)
    reader.take(")")
    return inside
