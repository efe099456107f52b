"""HTMT, AVE, composite reliability, Fornell-Larcker and Harman against semTools and psych."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, confirmatory, one_factor
from pipeline.psychometrics import validity as va

KEPT = load_reference("f_reliability_validity")
BFI = {
    name: [f"{letter}{k}" for k in range(1, 6)]
    for name, letter in (("agree", "A"), ("consc", "C"), ("neuro", "N"))
}
TESTS = {name: [f"x{3 * j + k}" for k in (1, 2, 3)] for j, name in enumerate(("visual", "textual", "speed"))}
SETS = {"bfi15_n800": BFI, "HolzingerSwineford1939": TESTS}


@pytest.mark.parametrize(
    ("key", "dataset", "options"),
    [
        ("htmt_cont", "bfi15_n800", {}),
        ("htmt2_cont", "bfi15_n800", {"kind": "htmt2"}),
        ("htmt_by_hand", "bfi15_n800", {}),
        ("htmt2_by_hand", "bfi15_n800", {"kind": "htmt2"}),
        ("htmt_hs", "HolzingerSwineford1939", {}),
        ("htmt_hs_absF", "HolzingerSwineford1939", {"absolute": False}),
    ],
)
def test_htmt_agrees_with_semtools(key, dataset, options, data):
    ours = va.htmt(data(dataset), SETS[dataset], **options)
    assert_close("reliability", ours.matrix.loc[KEPT[key]["rows"], KEPT[key]["cols"]], KEPT[key]["values"])
    given_r = va.htmt(data(dataset).corr(numeric_only=True), SETS[dataset], n=300, **options)
    assert_close("reliability", given_r.matrix, ours.matrix)


def test_the_interval_of_htmt_is_that_of_resampled_rows(data):
    items = data("bfi15_n800").head(120)
    ours = va.htmt(items, BFI, draws=60, seed=3)
    rng = np.random.default_rng([3, 0])
    counts = rng.multinomial(120, np.full(120, 1 / 120), size=60)
    plain = [va.htmt(items.loc[items.index.repeat(row)], BFI).frame["est"].to_numpy() for row in counts]
    limits = np.quantile(plain, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(ours.frame[["ci_lower", "ci_upper"]].T, limits, atol=1e-12)
    assert (ours.draws, ours.usable) == (60, 60)


def solution(dataset: str) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Loadings and residual variances in the items' unit, factor correlations, variances of the sums."""
    frame, scales = load_data(dataset), SETS[dataset]
    model = confirmatory(frame, scales)
    spread = frame[model.frame["item"]].std(ddof=0).to_numpy()
    loadings = model.frame.assign(
        loading=model.frame["std"] * spread, residual=model.frame["residual"] * spread**2
    )
    phi = pd.DataFrame(np.eye(3), list(scales), list(scales))
    for row in model.correlations.itertuples(index=False):
        phi.loc[row[0], row[1]] = phi.loc[row[1], row[0]] = row[2]
    sums = {name: float(frame[group].sum(axis="columns").var(ddof=0)) for name, group in scales.items()}
    return loadings, phi, sums


@pytest.mark.parametrize(
    ("key", "dataset"), [("semtools_cont", "bfi15_n800"), ("semtools_hs", "HolzingerSwineford1939")]
)
def test_convergent_validity_agrees_with_semtools(key, dataset):
    theirs = pd.DataFrame(KEPT[key]["reliability"]["values"], KEPT[key]["reliability"]["rows"])
    loadings, _, sums = solution(dataset)
    ours = va.ave(loadings)
    assert_close("omega by CFA", ours.frame["ave"], theirs.loc["avevar"])
    assert_close("omega by CFA", ours.frame["ave"], list(KEPT[key]["AVE"].values()))
    assert_close("omega by CFA", ours.frame["cr"], theirs.loc["omega"])
    observed = va.ave(loadings, sums).frame["cr"]
    assert_close("omega by CFA", observed, theirs.loc["omega3"])
    assert_close("omega by CFA", observed, [KEPT[key]["compRelSEM"][name] for name in observed.index])


def test_fornell_larcker_agrees_with_semtools():
    theirs = KEPT["fornell_larcker"]
    loadings, phi, _ = solution("bfi15_n800")
    found = va.fornell_larcker(va.ave(loadings), phi)
    latent = np.array(theirs["latent_cor"]["values"])
    np.fill_diagonal(latent, np.sqrt(list(theirs["AVE"].values())))
    assert_close("estimates", found.matrix, latent)
    assert found.holds
    assert not va.fornell_larcker(va.ave(loadings), phi.where(phi == 1, 0.62)).frame["holds"].any()


def test_harman_agrees_with_psych_and_lavaan(data):
    theirs, items = KEPT["harman"], data("bfi15_n800").drop(columns="gender")
    ours = va.harman(items)
    assert_close("EFA", ours.first_component, theirs["first_component_share"])
    assert_close("EFA", ours.first_factor, theirs["first_minres_share"])
    fit = one_factor(items).plain
    names = ("cfi", "tli", "rmsea", "srmr")
    assert_close("fit indices", [getattr(fit, n) for n in names], [theirs["cfa_1f"][n] for n in names])
    assert_close("chi-square", fit.chisq, theirs["cfa_1f"]["chisq"])


def test_standardised_loadings_need_no_residuals():
    loadings = pd.DataFrame({"factor": list("aab"), "item": list("xyz"), "loading": [0.6, 0.8, 0.5]})
    frame = va.ave(loadings).frame
    assert frame.loc["a", "ave"] == pytest.approx(0.5)
    assert frame.loc["a", "cr"] == pytest.approx(1.96 / 2.96)
    assert frame["k"].tolist() == [2, 1]


LOADS = pd.DataFrame({"factor": list("aab"), "item": list("xyz"), "loading": [0.6, 0.8, 1.5]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: va.htmt(x, {"a": ["p", "q"]}), "at least two scales"),
        (lambda x: va.htmt(x, {"a": ["p", "q"], "b": ["r"]}), "scale b has fewer than two"),
        (lambda x: va.htmt(x, {"a": ["p", "q"], "b": ["r", "z"]}), "scale b has no column z"),
        (lambda x: va.htmt(x, {}, "htmt3"), "not 'htmt3'"),
        (lambda x: va.htmt(x, {}, "htmt2", absolute=False), "absolute correlations"),
        (
            lambda x: va.htmt(x.corr(), {"a": ["p", "q"], "b": ["r", "s"]}, n=9, draws=5),
            "cannot be resampled",
        ),
        (lambda x: va.ave(LOADS), "above 1"),
        (lambda x: va.ave(LOADS.drop(columns="item")), "no column item"),
        (lambda x: va.ave(LOADS.assign(item="x")), "more than one factor"),
        (lambda x: va.fornell_larcker(va.ave(LOADS.assign(residual=1.0)), pd.DataFrame()), "no factor a, b"),
    ],
)
def test_what_is_not_declared_well_is_refused(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call(pd.DataFrame(np.random.default_rng(1).normal(size=(30, 4)), columns=list("pqrs")))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.permutations("abcdef"),
    st.lists(st.sampled_from([-2.0, 0.1, 5.0]), min_size=6, max_size=6),
)
def test_htmt_depends_on_neither_order_nor_unit_nor_direction(seed, order, units):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.normal(size=(60, 1)) + rng.normal(size=(60, 6)), columns=list("abcdef"))
    scales, mixed = {"one": list("abc"), "two": list("def")}, list(order)
    again = {"two": [n for n in mixed if n in "def"], "one": [n for n in mixed if n in "abc"]}
    for kind in ("htmt", "htmt2"):
        first = va.htmt(items, scales, kind).frame["est"][0]
        assert va.htmt((items * units)[mixed], again, kind).frame["est"][0] == pytest.approx(first, abs=1e-10)
