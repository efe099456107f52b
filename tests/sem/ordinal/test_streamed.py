"""Tables in place of rows: chunks add up, the second pass gives Gamma, fits are those of the rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sem

from ..references import frame
from .references import CASES as KEPT
from .references import GENDER, HALF, ITEMS, NEURO

SIX = {item: range(1, 7) for item in ITEMS}
ONE = "f =~ N1 + N2 + N3 + N4 + N5"
TWO = "f =~ N1 + N2 + N3\ng =~ C1 + C2 + C3\ng ~ f"
MISSING = "bfi15_withNA.csv"


def streamed(chunks, answers=SIX, **options):
    total = None
    for chunk in chunks:
        own = sem.ItemTables.of(chunk, answers, **options)
        total = own if total is None else total + own
    return total.with_gamma(chunks)


def cut(data, *places):
    edges = [0, *places, len(data)]
    return [data.iloc[a:b] for a, b in pairwise(edges)]


@settings(max_examples=5, deadline=None)
@given(place=st.integers(1, 2799))
def test_chunks_add_up(place):
    """Also where answers are missing: tables, rows and Gamma do not depend on the chunks."""
    data = frame(MISSING)[NEURO]
    answers = {item: range(1, 7) for item in NEURO}
    whole, parts = streamed([data], answers), streamed(cut(data, place), answers)
    assert np.array_equal(whole.groups[0].tables.burt, parts.groups[0].tables.burt)
    assert whole.groups[0].tables.rows == parts.groups[0].tables.rows
    assert np.allclose(whole.groups[0].products, parts.groups[0].products, rtol=1e-9, atol=1e-6)


CASES = [
    (ONE, HALF, {}, {}),
    (TWO, HALF, {"estimator": "ULSMV"}, {}),
    (ONE, HALF, {"estimator": "WLS", "parameterization": "theta"}, {}),
    (TWO, HALF, {"std_lv": True, "estimator": "WLSM"}, {"missing": "listwise"}),
    (ONE, GENDER, {"group": "gender", "group_equal": ["thresholds", "loadings"]}, {"group": "gender"}),
]


@pytest.mark.parametrize(("model", "data", "options", "counted"), CASES)
def test_a_fit_to_tables_is_the_fit_to_rows(model, data, options, counted):
    items = {item: range(1, 7) for item in (ITEMS if data == HALF else NEURO)}
    tables = streamed(cut(frame(data), 300, 301), items, **counted)
    options = {"estimator": "WLSMV"} | options
    rows = sem.fit(model, frame(data), ordered=True, **options)
    mine = sem.fit(model, tables, **options)
    assert mine.converged
    assert mine.nobs == rows.nobs
    columns = ["est", "se", "std_all"]
    assert np.allclose(mine.estimates[columns], rows.estimates[columns], atol=1e-8, equal_nan=True)
    for name, value in rows.measures.items():
        assert np.isclose(mine.measures[name], value, rtol=1e-6, atol=1e-8, equal_nan=True), name


def test_pairwise_tables_are_those_of_lavaan():
    """wlsmv_pairwise of b_ordinal, from five chunks."""
    case = KEPT["b_ordinal:wlsmv_pairwise"]
    tables = streamed(cut(frame(case.data), 100, 900, 1500, 2700))
    fit = sem.fit(case.reference["syntax"], tables, estimator="WLSMV")
    assert np.isclose(fit.measures["chisq.scaled"], case.reference["fit"]["chisq.scaled"], rtol=1e-3)
    own = fit.estimates.set_index(["lhs", "op", "rhs"])
    for row in case.reference["parameters"]:
        if row["op"] in {"=~", "|"}:
            at = own.loc[(row["lhs"], row["op"], row["rhs"])]
            assert np.isclose(at["est"], row["est"], atol=1e-4)
            assert np.isclose(at["se"], row["se"], rtol=1e-3)


def test_estimates_need_no_second_pass():
    tables = sem.ItemTables.of(frame(HALF), SIX)
    rows = sem.fit(ONE, frame(HALF), ordered=True, estimator="WLSMV")
    fit = sem.fit(ONE, tables, estimator="WLSMV")
    assert np.allclose(fit.theta, rows.theta, atol=1e-8)
    plain = sem.fit(ONE, tables, estimator="DWLS")
    expected = sem.fit(ONE, frame(HALF), ordered=True, estimator="DWLS")
    assert np.allclose(plain.estimates["se"], expected.estimates["se"], atol=1e-8)
    with pytest.raises(sem.DataError, match=r"second time with tables\.with_gamma"):
        _ = fit.estimates


def test_answers_keep_their_order_whatever_the_labels():
    data = frame(HALF)[NEURO]
    turned = sem.ItemTables.of(data, {item: range(6, 0, -1) for item in NEURO})
    plain = sem.ItemTables.of(data, {item: range(1, 7) for item in NEURO})
    one, other = (sem.fit(ONE, own, estimator="DWLS", std_lv=True) for own in (plain, turned))
    loads = [fit.estimates.query("op == '=~'")["est"].abs() for fit in (one, other)]
    taus = [fit.estimates.query("op == '|' and lhs == 'N1'")["est"].to_numpy() for fit in (one, other)]
    assert np.allclose(*loads, atol=1e-8)
    assert np.allclose(taus[0], -taus[1][::-1], atol=1e-8)


def tables():
    return sem.ItemTables.of(frame(HALF), SIX)


MISTAKES = [
    (lambda: sem.ItemTables.of(frame(HALF), {"N1": [1, 2, 3]}), "not among its possible answers"),
    (lambda: sem.ItemTables.of(frame(HALF), SIX, missing="fiml"), "'pairwise' or 'listwise'"),
    (lambda: tables() + sem.ItemTables.of(frame(HALF), {"N1": range(1, 7)}), "cannot be added"),
    (lambda: tables().with_gamma([frame(HALF)]) + tables(), "add the tables first"),
    (lambda: tables().with_gamma([frame(HALF).head(10)]), "saw 10 rows where 800 were counted"),
    (lambda: sem.fit(ONE + "\nf ~ age", tables(), estimator="WLSMV"), "no item 'age'"),
    (lambda: sem.fit(ONE, tables(), estimator="WLSMV", group="gender"), "counted with group=None"),
    (lambda: sem.fit(ONE, tables(), estimator="MLR"), "not for ordered items"),
    (lambda: sem.fit(ONE, tables(), estimator="WLSMV").bootstrap(draws=10), "needs the rows"),
    (
        lambda: sem.fit(ONE, sem.ItemTables.of(frame(HALF), SIX | {"N1": range(8)}), estimator="WLSMV"),
        "category 1 of 'N1' is empty",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_mistakes(call, message):
    with pytest.raises((sem.DataError, sem.ModelError), match=message):
        call()
