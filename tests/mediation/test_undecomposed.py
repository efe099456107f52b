"""The mixed model that does not split within and between: against lme4, and against what it averages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data

from pipeline.mediation import Design, MediationError, fit_undecomposed

# lmer(WBEING ~ LEAD + COHES + HRS + (1 | GRP)) on bh1996: domain notes, 3.1.
LMER = {"LEAD": (0.4647, 0.0140), "COHES": (0.0775, 0.0120), "HRS": (-0.0296, 0.0044)}
LEVELS = ("row", "cluster")


def climate() -> tuple[dict[str, pd.DataFrame], Design]:
    rows = load_data("bh1996").rename(columns={"GRP": "cluster"})
    rows["id"] = np.arange(len(rows))
    return {"row": rows}, Design(LEVELS, dict.fromkeys(("WBEING", *LMER), "row"))


@pytest.mark.parametrize("predictor", LMER)
def test_slopes_are_those_of_lmer(predictor):
    found = fit_undecomposed("WBEING", tuple(LMER), *climate()).frame.set_index("predictor").loc[predictor]
    assert found["est"] == pytest.approx(LMER[predictor][0], abs=5e-5)
    assert found["se"] == pytest.approx(LMER[predictor][1], abs=5e-5)


def test_the_slope_lies_between_those_that_it_averages():
    rng = np.random.default_rng(5)
    cluster = np.repeat(np.arange(60), 10)
    means, apart = rng.normal(size=60), rng.normal(size=600)
    y = 0.1 * apart + 0.9 * means[cluster] + rng.normal(size=60)[cluster] * 0.5 + rng.normal(size=600)
    rows = pd.DataFrame({"id": np.arange(600), "cluster": cluster, "x": means[cluster] + apart, "y": y})
    found = fit_undecomposed("y", ("x",), {"row": rows}, Design(LEVELS, {"x": "row", "y": "row"})).frame
    assert list(found["level"]) == ["mixed"]
    assert 0.1 < found["est"].iloc[0] < 0.9


def test_scores_that_are_sums_of_others_are_refused():
    frames, design = climate()
    frames["row"]["BOTH"] = frames["row"]["LEAD"] + frames["row"]["COHES"]
    measured = Design(LEVELS, {**design.measured, "BOTH": "row"})
    with pytest.raises(MediationError, match="linear combinations"):
        fit_undecomposed("WBEING", ("LEAD", "COHES", "BOTH"), frames, measured)
