"""Expected errors at assumed parameters: against the fit's own, and against what theory says of one slope."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem
from pipeline.compute import generator
from pipeline.mediation.calibration.design import Trial, sample
from pipeline.sem.twolevel.assumed import assume

MODEL = """
level: 1
  outcome ~ alliance
level: 2
  alliance ~ a*support
  outcome ~ b*alliance + support
"""
TRIAL = Trial(teams=30, staff=4, clients=5, between=0.5)


@pytest.fixture(scope="module")
def data():
    return sample(TRIAL, generator(3, 0))


def fitted(data, **options):
    return sem.fit(MODEL, data, estimator="ML", cluster="staff", **options)


def test_at_the_estimates_errors_are_those_of_the_expected_information(data):
    expected = fitted(data, information="expected").vcov
    mine = assume(fitted(data), {}).vcov
    np.testing.assert_allclose(mine.to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_the_error_of_a_slope_on_a_variable_of_clusters(data, slope):
    """Balanced clusters: (Psi + Sw / n) / (J var x), whatever the slope."""
    assumed = assume(fitted(data), {"a": slope})
    estimates = assumed.estimates.set_index(["lhs", "op", "rhs", "level"])["est"]
    units = TRIAL.teams * TRIAL.staff
    left = (
        estimates["alliance", "~~", "alliance", 2]
        + estimates["alliance", "~~", "alliance", 1] / TRIAL.clients
    )
    wanted = left / (units * estimates["support", "~~", "support", 2])
    assert estimates["alliance", "~", "support", 2] == slope
    assert assumed.vcov.loc["a", "a"] == pytest.approx(wanted, rel=1e-6)


def test_other_parameters_stay(data):
    before, after = fitted(data), assume(fitted(data), {"a": 0.1, "b": -0.2})
    moved = [
        name
        for name, old, new in zip(before.parameter_names, before.theta, after.theta, strict=True)
        if abs(old - new) > 1e-12
    ]
    assert moved == ["a", "b"]


def test_what_cannot_be_assumed_is_told(data):
    with pytest.raises(sem.ModelError, match="no free parameter 'c'"):
        assume(fitted(data), {"c": 0.1})
    holed = data.copy()
    holed.loc[::7, "outcome"] = np.nan
    with pytest.raises(sem.DataError, match="complete rows"):
        assume(fitted(holed, missing="fiml"), {"a": 0.1})
