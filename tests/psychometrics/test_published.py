"""Published numbers of army data that no study here reports: bhr2000, hours in bh1996, omega in lq2002."""

from __future__ import annotations

import pandas as pd
import pytest
from conftest import load_data
from tolerances import assert_close

from pipeline import sem
from pipeline.psychometrics import intraclass, one_factor, r_star_wg_j, reliability, rwg_j, uniform_null

OMEGA = {"L": 0.900, "T": 0.831, "H": 0.874}
ITEMS = {"L": "^LEAD[0-9]", "T": "^TSIG[0-9]", "H": "^HOSTIL[0-9]"}


def leadership_climate() -> tuple[pd.DataFrame, pd.Series]:
    """The eleven items of bhr2000 and their groups."""
    rows = load_data("bhr2000")
    return rows.iloc[:, 1:12], rows["GRP"]


def test_alpha_of_the_leadership_climate():
    assert reliability(leadership_climate()[0]).est == pytest.approx(0.8913, abs=5e-5)


def test_one_factor_of_the_leadership_climate_fits_badly():
    items = leadership_climate()[0]
    fit = one_factor(items).fit
    assert (fit.df, fit.chisq * fit.scaling) == (44, pytest.approx(7477.291, abs=5e-4))
    found = sem.fit(f"climate =~ {' + '.join(items.columns)}", items).measures
    assert found["chisq"] == pytest.approx(7477.291, abs=5e-4)
    assert_close("three decimals", [found[name] for name in ("cfi", "rmsea", "srmr")], [0.748, 0.177, 0.080])


def test_intraclass_correlation_of_the_leadership_climate():
    items, groups = leadership_climate()
    assert intraclass(items.mean(axis=1), groups).icc1 == pytest.approx(0.1357, abs=5e-5)


@pytest.mark.parametrize(("index", "median"), [(rwg_j, 0.8925), (r_star_wg_j, 0.430)])
def test_the_choice_of_the_index_changes_what_is_said_of_agreement(index, median):
    assert_close("three decimals", index(*leadership_climate(), uniform_null(5)).median, median)


def test_intraclass_correlations_of_hours():
    rows = load_data("bh1996")
    found = intraclass(rows["HRS"], rows["GRP"])
    assert found.icc1 == pytest.approx(0.1331, abs=5e-5)
    assert_close("three decimals", found.icc2, 0.920)


def test_omega_of_three_factors_together():
    """Over the variance of the sum in the sample, as semTools' compRelSEM takes it."""
    rows = load_data("lq2002")
    names = {factor: list(rows.filter(regex=pattern)) for factor, pattern in ITEMS.items()}
    model = "\n".join(f"{factor} =~ {' + '.join(items)}" for factor, items in names.items())
    found = {one.factor: one.omega_observed for one in sem.fit(model, rows).reliability()}
    assert_close("three decimals", [found[factor] for factor in OMEGA], list(OMEGA.values()))
