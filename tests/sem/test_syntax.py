"""The model language: what parses to what, and what a mistake is answered with."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pipeline import sem
from pipeline.sem.syntax import parse
from pipeline.sem.table.build import Rules, build_table

FORMULAS = {
    "f =~ x1 + x2": [(("f",), "=~", ("x1", "x2"))],
    "f =~ x1 +\n  x2 # marker\n + x3": [(("f",), "=~", ("x1", "x2", "x3"))],
    "f1 + f2 ~ x; y ~~ z": [(("f1", "f2"), "~", ("x",)), (("y",), "~~", ("z",))],
    "y ~ 1 + x": [(("y",), "~", ("1", "x"))],
    "! a comment\n\n\ny ~ x.1": [(("y",), "~", ("x.1",))],
    "u | t1 + t2": [(("u",), "|", ("t1", "t2"))],
    "y ~\nx\n\nz ~ y": [(("y",), "~", ("x",)), (("z",), "~", ("y",))],
    "größe ~ älter": [(("größe",), "~", ("älter",))],
}


@pytest.mark.parametrize("source", FORMULAS)
def test_formulas(source):
    mine = [(f.left, f.operator, tuple(t.name for t in f.terms)) for f in parse(source).formulas]
    assert mine == FORMULAS[source]


MODIFIERS = {
    "f =~ 1*x": [("value", (1.0,))],
    "f =~ -.5*x": [("value", (-0.5,))],
    "f =~ 1e-3*x": [("value", (0.001,))],
    "f =~ a*x": [("label", ("a",))],
    'f =~ "a"*x': [("label", ("a",))],
    "f =~ start(0.8)*x": [("start", (0.8,))],
    "f =~ 0.8?x": [("start", (0.8,))],
    "f =~ c(a, b)*x": [("label", ("a", "b"))],
    "f =~ c(1, 2)*x": [("value", (1.0, 2.0))],
    "f =~ start(c(.1, .2))*x": [("start", (0.1, 0.2))],
    "f =~ start(.5)*a*x": [("start", (0.5,)), ("label", ("a",))],
    'f =~ equal("g=~y")*x': [("equal", ("g=~y",))],
}


@pytest.mark.parametrize("source", MODIFIERS)
def test_modifiers(source):
    term = parse(source).formulas[0].terms[0]
    assert [(m.kind, m.values) for m in term.modifiers] == MODIFIERS[source]


def test_na_frees():
    (modifier,) = parse("f =~ NA*x").formulas[0].terms[0].modifiers
    assert math.isnan(modifier.values[0])


PROBLEMS = {
    "f = x1": (1, 3, "cannot read '='"),
    "f =~ x1 + ": (1, 11, "the name of a variable"),
    "f =~ x1 x2": (1, 9, "found 'x2'; expected '[+]'"),
    "y ~ x\nf ~~": (2, 5, "the name of a variable"),
    "y ~ 2": (1, 5, "1 for the intercept"),
    "a := foo(b)": (1, 6, "one of the functions"),
    "a := b +": (1, 9, "a label, a number"),
    "y ~ x\na < 2": (2, 3, "inequality"),
    "y ~ (x)": (1, 5, "the name of a variable"),
    "f <~ x": (1, 3, "formative"),
    "f =~ 2x": (1, 6, "cannot read '2'"),
    "y ~ x $ z": (1, 7, "cannot read"),
    "f =~ foo(1)*x": (1, 6, "start"),
    "": (1, 1, "no formula"),
}


@pytest.mark.parametrize("source", PROBLEMS)
def test_mistakes_are_answered_with_their_place(source):
    line, column, message = PROBLEMS[source]
    with pytest.raises(sem.SyntaxProblem, match=message) as caught:
        parse(source)
    assert (caught.value.line, caught.value.column) == (line, column)


EXPRESSIONS = {
    "a*b": 6.0,
    "a + b*c^2": 2 + 3 * 16.0,
    "-a^2": -4.0,
    "(a + b)/c": 1.25,
    "a - b - c": -5.0,
    "a/b/c": 2 / 12,
    "2^-1": 0.5,
    "sqrt(c)*exp(0)": 2.0,
    "log(exp(a))": 2.0,
    "abs(a - c)": 2.0,
}


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_and_their_derivatives(text):
    expression = parse(f"y ~ x\nd := {text}").definitions[0].expression
    values = {"a": 2.0, "b": 3.0, "c": 4.0}
    assert np.isclose(expression.evaluate(values), EXPRESSIONS[text])
    for name, slope in expression.gradient(values).items():
        moved = [float(expression.evaluate(values | {name: values[name] + h})) for h in (1e-6, -1e-6)]
        assert np.isclose(slope, (moved[0] - moved[1]) / 2e-6, atol=1e-6)


def rows(source, groups=("",), **rules):
    table = build_table(parse(source), groups, Rules(**rules))
    return {(row.text, row.group): ("exo" if row.exogenous else row.fixed) for row in table.rows}


TABLES = [
    ("f =~ x1 + x2 + x3", {}, {"f =~ x1": 1.0, "f =~ x2": None, "f ~~ f": None, "x1 ~~ x1": None}),
    ("f =~ x1 + x2 + x3", {"std_lv": True}, {"f =~ x1": None, "f ~~ f": 1.0}),
    ("f =~ NA*x1 + 1*x2 + x3", {}, {"f =~ x1": None, "f =~ x2": 1.0}),
    ("f =~ a*x1 + x2", {}, {"f =~ x1": 1.0}),
    ("f =~ x1 + x2\ng =~ x3 + x4", {}, {"f ~~ g": None}),
    ("f =~ x1 + x2\ng =~ x3 + x4\ng ~ f", {}, {"f ~~ g": "absent"}),
    ("f =~ x1", {}, {"x1 ~~ x1": 0.0}),
    ("y ~ x + z", {}, {"x ~~ x": "exo", "x ~~ z": "exo", "y ~~ y": None}),
    ("y ~ x + z", {"fixed_x": False}, {"x ~~ x": None, "x ~~ z": None}),
    ("y ~ x + z\nx ~~ x", {}, {"x ~~ x": None, "z ~~ z": "exo"}),
    ("y1 + y2 ~ x", {}, {"y1 ~~ y2": None}),
    ("y1 ~ x\ny2 ~ y1", {}, {"y1 ~~ y2": "absent"}),
    ("f =~ x1 + x2 + x3\nf ~ 1", {}, {"f ~1": None, "x1 ~1": None}),
    ("f =~ x1 + x2 + x3", {"meanstructure": True}, {"f ~1": 0.0, "x1 ~1": None}),
    ("y ~ x", {"meanstructure": True}, {"x ~1": "exo", "y ~1": None}),
    ("y ~ 0*1 + x", {}, {"y ~1": 0.0}),
    ("g =~ f1 + f2\nf1 =~ x1 + x2\nf2 =~ x3 + x4", {}, {"g =~ f1": 1.0, "f1 ~~ f2": "absent"}),
]


@pytest.mark.parametrize(("source", "rules", "expected"), TABLES)
def test_automatic_rules(source, rules, expected):
    mine = rows(source, **rules)
    for text, value in expected.items():
        assert mine.get((text, 1), "absent") == value, text


def test_groups_have_means_and_equal_intercepts_free_those_of_factors():
    free = rows("f =~ x1 + x2 + x3", ("a", "b"), group_equal=("loadings", "intercepts"))
    assert free["f ~1", 1] == 0.0
    assert free["f ~1", 2] is None


def test_a_label_shared_with_a_fixed_parameter_fixes():
    assert rows("f =~ a*x1 + a*x2 + x3")["f =~ x2", 1] == 1.0


LARGE = {
    "parentheses": "y ~ a*x\nb := " + "(" * 60 + "a" + ")" * 60,
    "signs": "y ~ a*x\nb := " + "-" * 5000 + "a",
    "powers": "y ~ a*x\nb := a" + "^a" * 3000,
    "functions": "y ~ a*x\nb == " + "exp(" * 60 + "a" + ")" * 60,
    "terms": "y ~ a*x\nb := a" + " + a" * 3000,
    "factors": "y ~ a*x\nb := a" + "*a" * 3000,
    "groups within groups": "y ~ " + "c(" * 3000 + "a",
}


@pytest.mark.parametrize("source", LARGE.values(), ids=LARGE)
def test_what_no_stack_would_hold_is_answered(source):
    with pytest.raises(sem.SyntaxProblem, match="at most"):
        parse(source)


def test_what_is_just_small_enough_is_worked_out():
    deep = parse("y ~ a*x\nb := " + "(" * 39 + "a" + ")" * 39).definitions[0].expression
    long = parse("y ~ a*x\nb := a" + " + a" * 249).definitions[0].expression
    assert deep.evaluate({"a": 2.0}) == 2.0
    assert long.evaluate({"a": 2.0}) == 500.0
    assert long.gradient({"a": 2.0}) == {"a": pytest.approx(250.0)}
