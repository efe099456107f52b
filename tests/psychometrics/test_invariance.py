"""The ladder of measurement invariance against lavaan and semTools; partial models, waves, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from tolerances import assert_close

from pipeline import sem
from pipeline.psychometrics import PsychometricsError, invariance, over_waves
from pipeline.psychometrics.difference import difference

KEPT = load_reference("e_invariance")
MODEL = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
NAMES = {
    "config": "configural",
    "metric": "metric",
    "scalar": "scalar",
    "strict": "strict",
    "lv_var": "factor variances",
    "lv_means": "factor means",
}
ITEMS = ["u1", "u2", "u3", "u4"]


@pytest.fixture(scope="module", params=["ML", "MLR"])
def ladder(request):
    schools = load_data("HolzingerSwineford1939")
    return request.param, invariance(MODEL, schools, "school", request.param)


@pytest.mark.parametrize("row", range(6))
def test_each_step_is_that_of_lavaan(ladder, row):
    estimator, found = ladder
    told, step = KEPT[estimator.lower()]["table"][row], found.steps[row]
    robust = estimator == "MLR"
    assert step.name == NAMES[told["step"]]
    assert (step.npar, step.fit.df) == (told["npar"], told["df"])
    assert_close("scaled chi-square", step.fit.chisq, told["chisq.scaled" if robust else "chisq"])
    assert_close("scaled and robust fit indices", step.fit.cfi, told["cfi.robust" if robust else "cfi"])
    assert_close("scaled and robust fit indices", step.fit.rmsea, told["rmsea.robust" if robust else "rmsea"])


@pytest.mark.parametrize("row", range(1, 6))
def test_each_difference_is_that_of_lavaan(ladder, row):
    estimator, found = ladder
    told, step = KEPT[estimator.lower()]["lrt"][row], found.steps[row]
    assert step.df == told["Df diff"]
    assert_close("scaled chi-square", step.statistic, told["Chisq diff"])


def test_the_search_finds_the_intercepts_that_differ(ladder):
    _, found = ladder
    assert found.reached == "metric"
    assert [step.freed for step in found.partial] == [("x3 ~ 1", "x7 ~ 1")]
    partial = found.partial[0]
    assert partial.holds
    assert partial.fit.df == 58


def test_the_partial_model_is_that_of_lavaan(ladder):
    estimator, found = ladder
    if estimator == "ML":
        told = KEPT["partial_scalar"]["test"]["standard"]
        assert_close("chi-square", found.partial[0].fit.chisq, told["stat"])
        assert_close("chi-square", found.partial[0].statistic, KEPT["lrt_partial_vs_metric"][1]["Chisq diff"])


def test_ordered_items_climb_the_steps_of_wu_and_estabrook():
    answers = load_data("datCat")
    found = invariance("FU1 =~ u1 + u2 + u3 + u4", answers, "g", "WLSMV", categories=dict.fromkeys(ITEMS, 5))
    assert [step.name for step in found.steps] == [
        *("configural", "thresholds", "loadings", "intercepts", "residuals")
    ]
    for step, told in zip(found.steps[1:4], KEPT["datCat_lrt"][1:4], strict=True):
        assert step.df == told["Df diff"]
        assert_close("scaled chi-square", step.statistic, told["Chisq diff"])


def waves(shift: float = 0.0, n: int = 600) -> pd.DataFrame:
    """Four items at two waves; `shift` moves the intercept of the last at the second wave."""
    rng = np.random.default_rng(3)
    first = rng.normal(size=n)
    factors = [first, 0.6 * first + 0.9 * rng.normal(size=n) + 0.3]
    own = [rng.normal(size=n) for _ in range(4)]
    columns = {}
    for wave, factor in enumerate(factors):
        for k, loading in enumerate((0.8, 0.7, 0.9, 0.6)):
            columns[f"w{wave}i{k}"] = loading * factor + 0.4 * own[k] + 0.5 * rng.normal(size=n)
    return pd.DataFrame(columns).assign(w1i3=lambda frame: frame["w1i3"] + shift)


WAVES = {"T1": [f"w0i{k}" for k in range(4)], "T2": [f"w1i{k}" for k in range(4)]}


@pytest.mark.parametrize(("shift", "reached"), [(0.0, "strict"), (1.0, "metric")])
def test_over_waves_a_moved_intercept_stops_the_ladder(shift, reached):
    found = over_waves(waves(shift), WAVES)
    assert found.reached == reached
    # 8 items: 44 moments; 8 loadings, intercepts and residuals, 4 covariances over waves, 1 of the factors
    assert [step.fit.df for step in found.steps] == [15, 18, 21, 25]


def test_over_waves_what_moved_is_let_go_and_named():
    (loose,) = over_waves(waves(1.0), WAVES).partial
    assert (loose.name, loose.freed, loose.holds, loose.fit.df) == ("scalar", ("w0i3 ~ 1",), True, 20)
    assert over_waves(waves(1.0), WAVES, search=False).partial == ()


def test_over_waves_a_loading_that_changed_is_let_go_at_the_metric_step():
    data = waves()
    data["w1i1"] += 0.9 * (data["w1i0"] - data["w1i0"].mean())
    found = over_waves(data, WAVES)
    assert found.reached == "configural"
    assert found.partial[0].freed == ("wave0_ =~ w0i1",)
    assert found.partial[0].holds


ORDERED = {"T1": ["u1", "u2", "u3", "u4"], "T2": ["u5", "u6", "u7", "u8"]}


def test_ordered_items_over_waves_climb_as_in_lavaan():
    kept = load_reference("p_waves_ordinal")
    answers = load_data("datCat")
    found = over_waves(answers, ORDERED, "WLSMV", categories=dict.fromkeys(ORDERED["T1"], 5))
    assert [step.name for step in found.steps] == list(kept["fits"])
    for step, theirs in zip(found.steps, kept["fits"].values(), strict=True):
        assert step.fit.df == theirs["df"]
        assert_close("scaled chi-square", step.fit.chisq, theirs["chisq.scaled"])
        if theirs["cfi.robust"] is not None:  # lavaan has robust indices of the unrestricted step only
            own = [step.fit.cfi, step.fit.rmsea]
            assert_close("scaled and robust fit indices", own, [theirs["cfi.robust"], theirs["rmsea.robust"]])
    for step, told in zip(found.steps[1:4], kept["lrt"][1:], strict=True):
        assert step.df == told["Df diff"]
        assert_close("scaled chi-square", step.statistic, told["Chisq diff"])


def test_over_waves_with_gaps_the_ladder_stops_too_and_counts_who_answered():
    moved = waves(1.0)
    moved.loc[moved.index[:50], WAVES["T2"]] = float("nan")
    found = over_waves(moved, WAVES, missing="fiml")
    assert found.reached == "metric"
    assert found.sizes == (len(moved), len(moved) - 50)


def test_a_negative_scaled_difference_is_replaced():
    rng = np.random.default_rng(73)
    factor = rng.standard_t(3, 40)
    data = pd.DataFrame(factor[:, None] * 0.6 + rng.standard_t(2.5, (40, 8)), columns=list("abcdefgh"))
    wide = sem.fit("f =~ a + b + c + d + e + g + h", data, estimator="MLR")
    narrow = sem.fit("f =~ a + v*b + v*c + d + e + g + h", data, estimator="MLR")
    with pytest.raises(sem.ModelError, match="not positive"):
        sem.compare(wide, narrow)
    found = difference(wide, narrow)
    assert (found.method, found.df) == ("satorra.bentler.2010", 1)
    assert found.statistic == sem.compare(wide, narrow, "satorra.bentler.2010").statistic > 0


def test_what_cannot_be_compared_is_refused():
    schools = load_data("HolzingerSwineford1939")
    with pytest.raises(PsychometricsError, match="single group"):
        invariance(MODEL, schools[schools["school"] == "Pasteur"], "school")
    with pytest.raises(PsychometricsError, match="fewer than three items"):
        over_waves(waves(), {wave: items[:2] for wave, items in WAVES.items()})
    with pytest.raises(PsychometricsError, match="same items"):
        over_waves(waves(), {"T1": WAVES["T1"], "T2": WAVES["T2"][:3]})
