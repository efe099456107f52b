"""Covariances and means that lavaan's two-level fits imply, those without a model, clusters, SRMR between."""

from __future__ import annotations

import numpy as np
import pytest
from tolerances import SATURATED_SHARE_OF_SE, TWO_LEVEL_SHARE_OF_SE

from pipeline.sem.twolevel.measures import residual_size

from ..tolerances import close
from .references import CASES, SPLIT, fitted

STORED = [key for key, case in CASES.items() if "implied" in case.reference]
# The fixed covariate of lq_m111 makes its moments those of another model; the sample's mean of a covariate
# at both levels is not the one of maximum likelihood (see SPLIT).
IMPLIED = [key for key in STORED if not (CASES[key].fixed and CASES[key].model == "lq_m111")]
MEANS = [key for key in IMPLIED if not (CASES[key].fixed and CASES[key].model in SPLIT)]
LEVELS = (1, 2)


def theirs(key, what, level):
    """Names and covariances of a level; blocks stand in the order of levels."""
    block = list(CASES[key].reference[what].values())[level - 1]["cov"]
    names = np.atleast_1d(block["rows"]).tolist()
    return names, np.array(block["values"], dtype=float).reshape(len(names), len(names))


def distance(key, level, own, reference):
    """Largest difference in standard errors of covariances: sqrt((s_ii s_jj + s_ij^2) / units)."""
    spread, units = np.diag(own), fitted(key).nobs if level == 1 else fitted(key).nclusters
    errors = np.sqrt((np.outer(spread, spread) + own**2) / units)
    return np.max(np.abs(own - reference) / errors)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("key", IMPLIED)
def test_implied_covariances(key, level):
    names, reference = theirs(key, "implied", level)
    own = fitted(key).implied(level)[0].loc[names, names].to_numpy()
    assert distance(key, level, own, reference) < TWO_LEVEL_SHARE_OF_SE


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("key", STORED)
def test_covariances_without_a_model(key, level):
    names, reference = theirs(key, "h1", level)
    own = fitted(key).saturated_moments(level)[0].loc[names, names].to_numpy()
    assert distance(key, level, own, reference) < SATURATED_SHARE_OF_SE


@pytest.mark.parametrize(
    ("key", "what"), [(key, "implied") for key in MEANS] + [(key, "h1") for key in STORED]
)
def test_means(key, what):
    """Of a variable at both levels lavaan splits the mean at will: its parts are added."""
    fit, blocks = fitted(key), list(CASES[key].reference[what].values())
    moments = [(fit.implied if what == "implied" else fit.saturated_moments)(level) for level in LEVELS]
    share = TWO_LEVEL_SHARE_OF_SE if what == "implied" else SATURATED_SHARE_OF_SE
    for name in {name for block in blocks for name in block["mean"]}:
        reference = sum(block["mean"].get(name) or 0.0 for block in blocks)
        own = sum(mean.get(name, 0.0) for _, mean in moments)
        parts = zip(moments, (fit.nobs, fit.nclusters), strict=True)
        variance = sum(cov.loc[name, name] / units for (cov, _), units in parts if name in cov.index)
        assert abs(own - reference) < share * np.sqrt(variance), name


@pytest.mark.parametrize("key", STORED)
def test_number_of_clusters(key):
    assert fitted(key).nclusters == CASES[key].reference["nclusters"]


@pytest.mark.parametrize("key", IMPLIED)
def test_srmr_between(key):
    """Ours lies as far from lavaan's as lavaan's saturated moments, which stop early, lie from ours."""
    fit, reference = fitted(key), CASES[key].reference["srmr_levels"]["srmr_between"]
    names, stopped = theirs(key, "h1", 2)
    implied = fit.implied(2)[0].loc[names, names].to_numpy()
    own = fit.saturated_moments(2)[0].loc[names, names].to_numpy()
    assert close("two-level fit index", residual_size(stopped, implied), reference)
    assert fit.measures["srmr_between"] == pytest.approx(residual_size(own, implied), abs=1e-12)
