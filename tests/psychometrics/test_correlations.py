"""Correlations of rows and within clusters: against WABA, scipy and each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tolerances import assert_close

from pipeline.psychometrics import correlate, correlate_within


def test_total_and_within_agree_with_waba(reference, data):
    theirs = reference("g_aggregation")["waba_bh_hrs_wbeing"]["cov_theorem"]
    frame = data("bh1996")
    scores = frame[["HRS", "WBEING"]]
    assert_close("reliability", correlate(scores).frame.iloc[0, 1], theirs["RawCorr"])
    within = correlate_within(scores, frame["GRP"])
    assert_close("reliability", within.frame.iloc[0, 1], theirs["CorrW"])
    weighted = scores.groupby(frame["GRP"]).transform("mean")
    assert_close("reliability", correlate(weighted).frame.iloc[0, 1], theirs["CorrB"])


def test_p_values_are_those_of_the_t_test():
    rng = np.random.default_rng(3)
    scores = pd.DataFrame(rng.normal(size=(40, 2)) @ [[1, 0.4], [0, 1]], columns=["a", "b"])
    found = correlate(scores)
    r, p = stats.pearsonr(scores["a"], scores["b"])
    assert found.frame.loc["a", "b"] == pytest.approx(r, abs=1e-12)
    assert found.p.loc["a", "b"] == pytest.approx(p, abs=1e-12)
    clusters = pd.Series(np.repeat(np.arange(8), 5))
    within = correlate_within(scores, clusters)
    r, df = within.frame.loc["a", "b"], 40 - 8 - 1
    assert within.p.loc["a", "b"] == pytest.approx(2 * stats.t.sf(abs(r) * np.sqrt(df / (1 - r**2)), df))


def test_each_pair_uses_the_rows_that_have_both():
    scores = pd.DataFrame({"a": [1, 2, 3, 4, np.nan], "b": [2, 1, 4, np.nan, 3], "c": [5, 5, 5, 5, 5]})
    found = correlate(scores.astype(float))
    assert found.n.to_numpy().tolist() == [[4, 3, 4], [3, 4, 4], [4, 4, 5]]
    assert found.frame.loc["a", "b"] == pytest.approx(np.corrcoef([1, 2, 3], [2, 1, 4])[0, 1])
    assert found.frame["c"].isna().all()
    assert found.frame.loc["a", "a"] == 1


def test_a_score_of_the_clusters_has_no_correlation_within():
    rng = np.random.default_rng(4)
    clusters = pd.Series(np.repeat(list("abcd"), 10))
    scores = pd.DataFrame(
        {"own": rng.normal(size=40), "copied": clusters.map({"a": 1.1, "b": 2, "c": 0, "d": 5})}
    )
    within = correlate_within(scores, clusters)
    assert within.frame["copied"].isna().all()
    assert within.p["copied"].isna().all()
