"""Polychoric correlations in exploratory factors, parallel analysis, HTMT and reliability against R's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, confirmatory, omega_categorical
from pipeline.psychometrics import exploratory as ex
from pipeline.psychometrics import validity as va
from pipeline.sem.ordinal import correlations

KEPT = load_reference("f_reliability_validity")
BFI = {
    name: [f"{letter}{k}" for k in range(1, 6)]
    for name, letter in (("agree", "A"), ("consc", "C"), ("neuro", "N"))
}


def test_polychorics_and_their_factors_agree_with_psych():
    theirs = load_reference("h_efa")["polychoric15"]
    items = load_data("bfi25_complete")[theirs["rho"]["rows"]]
    ours = ex.efa(items, 3, correlations="polychoric")
    assert_close("polychorics of psych", correlations(items).matrix, theirs["rho"]["values"])
    assert_close("rotated loadings", ours.loadings, theirs["loadings"]["values"])
    assert_close("rotated loadings", ours.phi, theirs["phi"]["values"])
    assert_close("rotated loadings", ours.structure, theirs["structure"]["values"])
    assert_close("polychorics of psych", ours.uniquenesses, list(theirs["uniquenesses"].values()))
    assert_close("polychorics of psych", ours.values, theirs["values"])
    fit = ours.fit
    assert (fit.df, fit.null_df) == (int(theirs["dof"]), int(theirs["null_dof"]))
    assert_close("chi-square", [fit.chisq, fit.null_chisq], [theirs["stat"], theirs["null_chisq"]])
    names = ("tli", "rms", "crms", "objective")
    assert_close("polychorics of psych", [getattr(fit, n) for n in names], [theirs[n] for n in names])
    rmsea = [theirs["rmsea"][name] for name in ("RMSEA", "lower", "upper")]
    assert_close("polychorics of psych", [fit.rmsea, fit.rmsea_lower, fit.rmsea_upper], rmsea)


def test_htmt_of_polychorics_agrees_with_semtools():
    items = load_data("bfi15_n800")
    r = correlations(items[[item for group in BFI.values() for item in group]]).frame
    ours = va.htmt(r, BFI, n=800).matrix
    assert_close("polychorics", ours, KEPT["htmt_ord"]["values"])


@pytest.mark.parametrize("scale", BFI)
def test_alpha_of_polychorics_agrees_with_semtools(scale):
    """An item that is keyed the other way counts as it stands, there and here."""
    told = KEPT["semtools_ord"]["reliability"]
    theirs = pd.DataFrame(told["values"], told["rows"], told["cols"])
    ours = omega_categorical(load_data("bfi15_n800")[BFI[scale]])
    assert_close("polychorics", ours.alpha, theirs.loc["alpha.ord", scale])


def test_variance_extracted_of_ordered_items_agrees_with_semtools():
    told = KEPT["semtools_ord"]["reliability"]
    theirs = pd.DataFrame(told["values"], told["rows"], told["cols"]).loc["avevar"]
    model = confirmatory(load_data("bfi15_n800"), BFI, estimator="WLSMV")
    ours = va.ave(model.frame.assign(loading=model.frame["std"]))
    assert_close("omega by CFA", ours.frame["ave"], theirs)


def test_factor_of_polychorics_in_the_metric_of_items_agrees_with_psych():
    """Discrimination is loading / sqrt(1 - loading^2), difficulty threshold / sqrt(1 - loading^2)."""
    theirs = load_reference("j_irt_dif")["psych_irt_fa"]
    items = load_data("bfi15_n800")[BFI["neuro"]]
    load = ex.efa(items, 1, rotation="none", correlations="polychoric").loadings["F1"]
    rest = np.sqrt(1 - load**2)
    taus = correlations(items).thresholds.to_numpy().reshape(5, 5)
    assert_close("IRT parameters", load / rest, list(theirs["discrimination"].values()))
    assert_close("IRT parameters", taus / rest.to_numpy()[:, None], theirs["difficulty"]["values"])


def two_factors(n: int = 400, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, 2))
    weights = np.repeat(np.eye(2), 4, axis=1) * 0.7
    return pd.DataFrame(
        np.digitize(scores @ weights + 0.7 * rng.normal(size=(n, 8)), [-0.8, 0.3, 1.2]).astype(float),
        columns=list("abcdefgh"),
    )


def test_parallel_analysis_of_polychorics_finds_the_factors():
    items = two_factors()
    items.iloc[::7, 2] = np.nan
    options = {"data": "permuted", "correlations": "polychoric", "missing": "pairwise"}
    found = ex.parallel_analysis(items, 40, **options)
    assert (found.factors, found.components) == (2, 2)
    assert_close(
        "EFA", found.frame["component"], ex.scree(items, None, "pairwise", "polychoric").frame["component"]
    )
    again = ex.parallel_analysis(items, 40, **options)
    pd.testing.assert_frame_equal(again.frame, found.frame)
    plain = ex.parallel_analysis(items, 40, data="permuted")
    assert found.frame["component_mean"][0] > plain.frame["component_mean"][0]


@pytest.mark.parametrize("make", [ex.kmo, ex.map_test, ex.scree])
def test_other_summaries_take_polychorics_too(make):
    items = two_factors()
    asked = make(items, correlations="polychoric")
    given_r = make(correlations(items).frame, len(items))
    assert_close("EFA", asked.frame.select_dtypes("number"), given_r.frame.select_dtypes("number"))


@settings(max_examples=5, deadline=None)
@given(order=st.permutations("abcdefgh"), power=st.floats(0.4, 3))
def test_labels_and_order_do_not_matter(order, power):
    """Spacing of the categories is no information: what is left is their order."""
    items = two_factors()
    first = ex.efa(items, 2, correlations="polychoric")
    moved = ex.efa((items[list(order)] + 1) ** power, 2, correlations="polychoric")
    np.testing.assert_allclose(moved.uniquenesses[list("abcdefgh")], first.uniquenesses, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: ex.efa(x, 1, correlations="tetrachoric"), "'pearson' or 'polychoric'"),
        (lambda x: ex.parallel_analysis(x, correlations="polychoric"), "data='permuted'"),
        (lambda x: ex.efa(x.assign(a=np.arange(len(x))), 1, correlations="polychoric"), "different values"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call(two_factors())
