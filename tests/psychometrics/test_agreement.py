"""ICC(1) and ICC(2) against R's multilevel; what they refuse; what they do not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, icc1, icc2, intraclass

CLUSTER = {"bh1996": "GRP", "lq2002": "COMPID", "klein2000": "GRPID"}


@pytest.mark.parametrize("key", load_reference("g_aggregation")["icc"])
def test_icc_agrees_with_multilevel(key, reference, data):
    theirs = reference("g_aggregation")["icc"][key]
    dataset, variable = key.split(".")
    frame = data(dataset)
    ours = intraclass(frame[variable], frame[CLUSTER[dataset]])
    pairs = {
        "icc1": "ICC1",
        "icc2": "ICC2",
        "msb": "MSB",
        "msw": "MSW",
        "F": "F",
        "clusters": "n_groups",
        "mean_size": "mean_size",
        "n0": "n0",
    }
    assert_close("reliability", [getattr(ours, a) for a in pairs], [theirs[b] for b in pairs.values()])
    assert [ours.df_between, ours.df_within] == theirs["df"]
    assert_close("standard errors", ours.p, theirs["p"])
    assert ours.icc1_n0 == pytest.approx(
        (ours.msb - ours.msw) / (ours.msb + (theirs["n0"] - 1) * ours.msw), rel=1e-12
    )


def test_rows_without_score_or_cluster_are_left_out():
    scores = pd.Series([1.0, 2, 4, 5, np.nan, 3])
    clusters = pd.Series(["a", "a", "b", "b", "b", None])
    found = intraclass(scores, clusters)
    assert (found.n, found.clusters, found.mean_size) == (4, 2, 2.0)
    assert found.msb == pytest.approx(9.0)
    assert found.msw == pytest.approx(0.5)
    assert (icc1(scores, clusters), icc2(scores, clusters)) == (found.icc1, found.icc2)


@pytest.mark.parametrize(
    ("scores", "clusters", "message"),
    [
        ([1, 2, 3], list("aaa"), "lie in 1 clusters"),
        ([1, 2, 3], list("abc"), "single score"),
        ([2, 2, 2, 2], list("aabb"), "every score is the same"),
        ([1, 1, 2, 2], list("aabb"), "belongs to the clusters' level"),
        ([np.nan, np.nan], list("ab"), "lie in 0 clusters"),
    ],
)
def test_what_has_no_icc_is_refused(scores, clusters, message):
    with pytest.raises(PsychometricsError, match=message):
        intraclass(pd.Series(scores, dtype=float), pd.Series(clusters))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.permutations(range(30)),
    st.floats(-100, 100),
    st.floats(0.01, 100),
)
def test_icc_does_not_depend_on_order_labels_shift_or_unit(seed, order, shift, unit):
    rng = np.random.default_rng(seed)
    clusters = pd.Series(rng.integers(0, 6, 30)).map(lambda k: f"c{k}")
    scores = pd.Series(rng.normal(size=30) + clusters.str[1:].astype(int))
    original = intraclass(scores, clusters)
    moved = intraclass(scores.iloc[list(order)] * unit + shift, clusters.iloc[list(order)].str.upper())
    assert moved.icc1 == pytest.approx(original.icc1, abs=1e-8)
    assert moved.icc2 == pytest.approx(original.icc2, abs=1e-8)
