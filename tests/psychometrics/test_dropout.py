"""Who lacks a score: the logistic regression recovers what was planted and refuses what it cannot tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline.psychometrics import PsychometricsError, dropout_model


def planted(n: int = 20_000) -> tuple[pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(11)
    known = pd.DataFrame({"a": rng.normal(5, 2, n), "b": rng.normal(size=n)})
    logit = -1.5 + 0.7 * (known["a"] - 5) / 2
    return pd.Series(rng.random(n) < 1 / (1 + np.exp(-logit))), known


def test_odds_ratios_are_those_planted():
    found = dropout_model(*planted())
    rows = found.frame.set_index("name")
    assert rows.loc["a", "odds_ratio"] == pytest.approx(np.exp(0.7), rel=0.05)
    assert rows.loc["a", "ci_lower"] < np.exp(0.7) < rows.loc["a", "ci_upper"]
    assert rows.loc["b", "ci_lower"] < 1 < rows.loc["b", "ci_upper"]
    assert found.df == 2
    assert found.pvalue < 1e-10


def test_rows_without_a_predictor_are_left_out():
    lacking, known = planted(2000)
    known.loc[:99, "a"] = np.nan
    assert dropout_model(lacking, known).n == 1900


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        (lambda known: pd.Series(np.arange(len(known)) < 3), "too few rows"),
        (lambda known: known["a"] > 5, "without error|did not converge"),
    ],
)
def test_what_cannot_be_told_is_refused(lacking, message):
    _, known = planted(400)
    with pytest.raises(PsychometricsError, match=message):
        dropout_model(lacking(known), known)
