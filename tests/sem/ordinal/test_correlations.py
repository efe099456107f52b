"""The bivariate normal, polychoric and polyserial correlations, thresholds and their sampling covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr

from pipeline import sem
from pipeline.sem.ordinal import Tables, bivariate_cdf, correlations
from pipeline.sem.ordinal.bivariate import bivariate_density
from pipeline.sem.ordinal.polychoric import bordered, cells, polychorics, thresholds_of
from pipeline.sem.ordinal.tables import pair_index

from ..references import frame, load
from ..tolerances import close
from .references import AGE, GENDER, HALF, ITEMS, NEURO, fitted

DATA = {
    "poly_800": (HALF, "listwise"),
    "poly_full": ("bfi15_complete.csv", "listwise"),
    "poly_pairwise": ("bfi15_withNA.csv", "pairwise"),
}


@settings(max_examples=60, deadline=None)
@given(h=st.floats(-5, 5), k=st.floats(-5, 5), r=st.floats(-0.999, 0.999))
def test_bivariate_normal_against_quadrature(h, k, r):
    """P(X < h, Y < k) is the integral of phi(x) Phi((k - r x) / sqrt(1 - r^2))."""
    spread = np.sqrt(1 - r * r)

    def inner(x):
        return np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - r * x) / spread)

    middle = [np.clip(k / r, -9, h - 1e-9)] if abs(r) > 1e-3 and h > -9 else None
    expected = quad(inner, -10, h, points=middle, epsabs=1e-14, epsrel=1e-12, limit=400)[0]
    assert abs(float(bivariate_cdf(np.array(h), np.array(k), np.array(r))) - expected) < 1e-11


@settings(max_examples=40, deadline=None)
@given(h=st.floats(-3, 3), k=st.floats(-3, 3), r=st.floats(-0.98, 0.98))
def test_density_is_the_derivative_of_the_distribution_by_r(h, k, r):
    h, k, step = np.array(h), np.array(k), 1e-5
    slope = (bivariate_cdf(h, k, np.array(r + step)) - bivariate_cdf(h, k, np.array(r - step))) / (2 * step)
    assert np.isclose(bivariate_density(h, k, np.array(r)), slope, atol=1e-5, rtol=1e-4)


def test_bivariate_normal_at_its_limits():
    far, zero = np.array([np.inf, -np.inf, 0.3]), np.array([0.3, 0.3, np.inf])
    expected = [ndtr(0.3), 0.0, ndtr(0.3)]
    assert np.allclose(bivariate_cdf(far, zero, np.array(0.6)), expected)
    assert np.allclose(
        bivariate_cdf(np.array(0.2), np.array(0.7), np.array([1.0, -1.0])),
        [ndtr(0.2), ndtr(0.2) - ndtr(-0.7)],
    )


@pytest.mark.parametrize("key", list(DATA))
def test_polychorics_and_thresholds(key):
    reference, (data, missing) = load("b_ordinal")[key], DATA[key]
    mine = correlations(frame(data)[ITEMS], missing=missing)
    assert mine.frame.index.tolist() == reference["cor"]["rows"]
    assert np.abs(mine.matrix - np.array(reference["cor"]["values"])).max() < 1e-5
    for name, value in reference["thresholds"].items():
        assert close("threshold", mine.thresholds[name], value), name


@pytest.mark.parametrize("key", ["psych_polychoric_800", "psych_polychoric_800_correct0.5"])
def test_polychorics_of_psych(key):
    """psych's correction for empty cells (correct=.5) moves none of these by more than where it stops."""
    reference = load("b_ordinal")[key]
    mine = correlations(frame(HALF)[ITEMS])
    assert np.abs(mine.matrix - np.array(reference["rho"]["values"])).max() < 1e-4
    taus = np.array(reference["tau"]["values"])
    assert np.abs(mine.thresholds.to_numpy().reshape(taus.shape) - taus).max() < 1e-4


def test_two_step_polychoric_of_polycor():
    reference = load("b_ordinal")["polychor_A2_A3"]["two_step"]
    mine = correlations(frame(HALF)[["A2", "A3"]])
    assert abs(mine.frame.loc["A2", "A3"] - reference["rho"]) < 1e-4


@pytest.mark.parametrize("group", ["1", "2"])
def test_categories_of_a_group_are_counted(group):
    """Margins of the tables are those that the referee counted."""
    reference, data = load("b_ordinal")["neuro_categories"][group], frame(GENDER)
    codes = data.loc[data["gender"] == int(group), NEURO].to_numpy().astype(int) - 1
    assert Tables.of(codes, [6] * 5).margins.tolist() == [reference[item] for item in NEURO]


def test_gamma_of_fifteen_items():
    reference, part = load("b_ordinal")["gamma_800"], fitted("b_ordinal:wlsmv_800").solution.sample.parts[0]
    names = [name.replace("~~", "~~") for name in part.kinds.names]
    for name, moment, variance in zip(names, part.stacked, part.gamma_diagonal, strict=True):
        assert close("polychoric", moment, reference["WLS.obs"][name]), name
        assert close("robust standard error", variance, reference["NACOV_diag"][name]), name
        assert close("robust standard error", 1 / variance, reference["WLS.V_diag"][name]), name
    block = np.array(reference["NACOV_first15"]["values"])
    assert np.abs(part.gamma[75:90, 75:90] - block).max() < 1e-6


def test_gamma_of_five_items():
    own = fitted("b_ordinal:neuro_wlsmv_800").solution.sample.parts[0].gamma
    assert np.abs(own - np.array(load("b_ordinal")["neuro_gamma"]["values"])).max() < 1e-6


def test_vcov_of_five_items():
    fit, reference = fitted("b_ordinal:neuro_wlsmv_800"), load("b_ordinal")["neuro_wlsmv_800"]["vcov"]
    names = [name.replace(" ", "") for name in reference["rows"]]
    mine = fit.vcov.loc[names, names].to_numpy()
    assert np.abs(mine - np.array(reference["values"])).max() < 1e-6


CUTS = st.lists(st.floats(-1.6, 1.6), min_size=1, max_size=4).map(
    lambda cuts: [-np.inf, *np.sort(cuts), np.inf]
)


@settings(max_examples=25, deadline=None)
@given(r=st.floats(-0.95, 0.95), seed=st.integers(0, 99))
def test_population_tables_give_back_their_correlation(r, seed):
    draw = np.random.default_rng(seed)
    taus = np.sort(draw.uniform(-1.8, 1.8, (2, 4)), axis=1) + np.linspace(-0.3, 0.3, 4)
    edges = bordered(taus)[:, :, None]
    table = cells(edges[0], edges[1], np.array([r])).p[:, :, 0]
    burt = np.block([[np.diag(table.sum(1)), table], [table.T, np.diag(table.sum(0))]]) * 1e6
    tables = Tables((5, 5), burt, 1e6)
    assert np.allclose(thresholds_of(tables.margins), taus, atol=1e-9)
    assert abs(float(polychorics(tables.paired, thresholds_of(tables.margins))[0]) - r) < 1e-8


@pytest.mark.parametrize("r", [-0.7, 0.0, 0.5, 0.9])
def test_cut_normals_recover_their_correlation(r):
    draw = np.random.default_rng(3)
    x = draw.multivariate_normal([0, 0], [[1, r], [r, 1]], size=40_000)
    cut = {"a": np.digitize(x[:, 0], [-1, 0.2, 1.1]), "b": np.digitize(x[:, 1], [-0.4]), "c": x[:, 1]}
    mine = correlations(pd.DataFrame(cut), ordered=["a", "b"]).frame
    assert abs(mine.loc["a", "b"] - r) < 0.02
    assert abs(mine.loc["a", "c"] - r) < 0.02


def test_a_tetrachoric_with_an_empty_cell_keeps_its_margins():
    counts = {(0, 0): 40, (0, 1): 25, (1, 0): 0, (1, 1): 35}
    rows = [cell for cell, count in counts.items() for _ in range(count)]
    mine = correlations(pd.DataFrame(rows, columns=["a", "b"]))
    assert 0.8 < mine.frame.loc["a", "b"] < 0.999
    assert any("empty cells" in text for text in mine.warnings)


def test_opposite_empty_cells_are_told():
    rows = [(0, 0)] * 30 + [(1, 1)] * 20
    mine = correlations(pd.DataFrame(rows, columns=["a", "b"]))
    assert mine.frame.loc["a", "b"] == 1.0
    assert any("at its bound" in text for text in mine.warnings)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(NEURO), step=st.floats(0.1, 5), start=st.floats(-9, 9))
def test_labels_and_order_of_items_do_not_matter(order, step, start):
    data = frame(HALF)[NEURO]
    plain, moved = correlations(data).frame, correlations(data[list(order)] ** 3 * step + start).frame
    assert np.allclose(moved.loc[NEURO, NEURO], plain, atol=1e-11)


@pytest.mark.parametrize("item", NEURO)
def test_a_reversed_item_flips_its_signs(item):
    data = frame(AGE)[[*NEURO, "zage"]]
    plain = correlations(data, ordered=NEURO).frame
    turned = correlations(data.assign(**{item: 7 - data[item]}), ordered=NEURO).frame
    sign = np.where(plain.index == item, -1.0, 1.0)
    assert np.allclose(turned, plain * np.outer(sign, sign), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(1, 799))
def test_tables_of_chunks_add_up(cut):
    codes = frame(HALF)[ITEMS].to_numpy().astype(int) - 1
    whole = Tables.of(codes, [6] * 15)
    total = Tables.of(codes[:cut], [6] * 15) + Tables.of(codes[cut:], [6] * 15)
    assert total.rows == whole.rows
    assert np.array_equal(total.burt, whole.burt)
    assert whole.pairs.sum() == 800 * len(pair_index(15)[0])


def test_ordered_categoricals_are_their_codes():
    data = frame(HALF)[NEURO]
    words = data.apply(lambda column: pd.Categorical(column, ordered=True))
    assert np.allclose(correlations(words).matrix, correlations(data).matrix)
    with pytest.raises(sem.DataError, match="no order"):
        correlations(data.assign(N1=pd.Categorical(data["N1"])))


MISTAKES = [
    (lambda d: d.assign(N1=1), {}, "one category only"),
    (lambda d: d, {"ordered": ["N9"]}, "no column 'N9'"),
    (lambda d: d, {"missing": "fiml"}, "'pairwise' or 'listwise'"),
]


@pytest.mark.parametrize(("change", "options", "message"), MISTAKES)
def test_mistakes(change, options, message):
    with pytest.raises(sem.DataError, match=message):
        correlations(change(frame(HALF)[NEURO]), **options)
