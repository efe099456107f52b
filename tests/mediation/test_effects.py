"""Effects along routes: against PROCESS, lavaan and R; their intervals and p-values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tolerances import assert_close

from pipeline.mediation import Design, MediationError, PathGraph, fit_flat, indirect_effects
from pipeline.mediation.montecarlo import density, percentile_interval

SIMPLE = PathGraph.of([("cond", "pmi"), ("pmi", "reaction"), ("cond", "reaction")])
SERIAL = PathGraph.of(
    [
        ("cond", "import"),
        ("import", "pmi"),
        ("pmi", "reaction"),
        ("cond", "pmi"),
        ("import", "reaction"),
        ("cond", "reaction"),
    ]
)
NAMES = ("cond", "pmi", "reaction", "import")
DESIGN = Design(("person",), dict.fromkeys(NAMES, "person"))


@pytest.fixture
def persons(data) -> dict[str, pd.DataFrame]:
    table = data("Tal_Or")
    return {"person": table.assign(id=[str(k) for k in range(len(table))])}


def test_slopes_are_those_of_lm(persons, reference):
    theirs = reference("d_mediation_observed")["tal_or"]
    slopes = fit_flat(SIMPLE, persons, DESIGN).slopes()
    rows = {("cond", "pmi"): theirs["a"]["coef"][1], ("pmi", "reaction"): theirs["b"]["coef"][2]} | {
        ("cond", "reaction"): theirs["b"]["coef"][1]
    }
    for (predictor, outcome), row in rows.items():
        ours = slopes[predictor, outcome, "flat"]
        assert_close("estimates", ours["est"], row["Estimate"])
        assert_close("standard errors", ours["se"], row["Std. Error"])
        assert_close("estimates", [ours["z"], ours["pvalue"]], [row["t value"], row["Pr(>|t|)"]])


def test_the_indirect_effect_and_its_errors_agree_with_r(persons, reference):
    theirs = reference("d_mediation_observed")["tal_or"]
    effects = indirect_effects(fit_flat(SIMPLE, persons, DESIGN), SIMPLE, 20000, 1).frame.set_index("kind")
    ours = effects.loc["specific"]
    assert ours["route"] == "cond -> pmi -> reaction"
    assert_close("estimates", [ours["est"], ours["se"]], [theirs["sobel"]["ab"], theirs["sobel"]["sobel_se"]])
    for name in ("monte_carlo_ci_1e6", "distribution_of_product_ci"):
        assert_close("Monte Carlo limits", [ours["ci_lower"], ours["ci_upper"]], theirs[name])
    assert_close("estimates", effects.loc["total", "est"], theirs["c"]["coef"][1]["Estimate"])
    assert effects.loc["direct", "interval"] == "wald"


def test_serial_mediation_agrees_with_lavaan(persons, reference):
    theirs = {
        row["label"]: row
        for row in reference("d_mediation_observed")["tal_or_serial"]["parameters"]
        if row["label"]
    }
    effects = indirect_effects(fit_flat(SERIAL, persons, DESIGN), SERIAL, 2000, 1).frame
    routes = effects.set_index(["route", "kind"])["est"]
    for label, route in (
        ("ind1", "cond -> import -> reaction"),
        ("ind2", "cond -> pmi -> reaction"),
        ("ind3", "cond -> import -> pmi -> reaction"),
    ):
        assert_close("estimates", routes[route, "specific"], theirs[label]["est"])
    assert_close("estimates", routes["cond -> reaction", "total_indirect"], theirs["totind"]["est"])
    parts = routes["cond -> reaction", "total_indirect"] + routes["cond -> reaction", "direct"]
    assert routes["cond -> reaction", "total"] == pytest.approx(parts, abs=1e-12)


def test_delta_errors_are_those_of_lavaan_up_to_n(persons, reference):
    """lavaan divides by n, least squares by n - p: the ratio of each equation's variances is known."""
    theirs = next(
        row
        for row in reference("d_mediation_observed")["tal_or_serial"]["parameters"]
        if row["label"] == "ind3"
    )
    ours = indirect_effects(fit_flat(SERIAL, persons, DESIGN), SERIAL, 1000, 1).frame.set_index("route")
    se = ours.loc["cond -> import -> pmi -> reaction", "se"]
    assert theirs["se"] < se < theirs["se"] * np.sqrt(123 / 119)


def test_the_same_seed_gives_the_same_draws_whatever_else_is_asked(persons):
    model = fit_flat(SERIAL, persons, DESIGN)
    first = indirect_effects(model, SERIAL, 1000, 1).frame.set_index(["route", "kind"])
    reordered = PathGraph.of(reversed(SERIAL.edges))
    second = indirect_effects(fit_flat(reordered, persons, DESIGN), reordered, 1000, 1).frame
    key = ("cond -> import -> pmi -> reaction", "specific")
    again = second.set_index(["route", "kind"]).loc[key]
    assert again["est"] == pytest.approx(first.loc[key, "est"], abs=1e-12)
    assert again["ci_lower"] == pytest.approx(first.loc[key, "ci_lower"], abs=0.02)
    repeated = indirect_effects(model, SERIAL, 1000, 1).frame.set_index(["route", "kind"])
    pd.testing.assert_frame_equal(repeated, first)
    moved = indirect_effects(model, SERIAL, 1000, 2).frame.set_index(["route", "kind"])
    assert moved.loc[key, "ci_lower"] != first.loc[key, "ci_lower"]


def test_a_part_of_a_route_is_worked_out_when_asked(persons):
    model = fit_flat(SERIAL, persons, DESIGN)
    part = ("import", "pmi", "reaction")
    plain = indirect_effects(model, SERIAL, 1000, 1)
    asked = indirect_effects(model, SERIAL, 1000, 1, also=[part, ("cond", "pmi"), ("pmi", "cond", "import")])
    added = asked.frame[~asked.frame["route"].isin(plain.frame["route"])]
    assert added["route"].tolist() == ["import -> pmi -> reaction"]
    slopes = model.slopes()
    product = slopes["import", "pmi", "flat"]["est"] * slopes["pmi", "reaction", "flat"]["est"]
    assert added["est"].item() == pytest.approx(product, abs=1e-14)
    assert set(asked.densities) - set(plain.densities) == {"import -> pmi -> reaction|flat"}


def test_intervals_are_quantiles_of_type_seven():
    sample = np.array([4.0, 1.0, 3.0, 2.0, 10.0])
    found = percentile_interval(sample, 0.5)
    assert (found.lower, found.upper) == (2.0, 4.0)
    assert (found.pvalue, found.is_bound) == (0.2, True)


@pytest.mark.parametrize(
    ("below", "p", "bound"), [(0, 0.01, True), (1, 0.02, False), (30, 0.6, False), (50, 1.0, False)]
)
def test_p_is_twice_the_smaller_tail_and_never_zero(below, p, bound):
    sample = np.concatenate([-np.ones(below), np.ones(100 - below)])
    found = percentile_interval(sample, 0.95)
    assert (found.pvalue, found.is_bound) == (pytest.approx(p), bound)


def test_p_and_interval_tell_the_same(persons):
    rng = np.random.default_rng(1)
    for shift in np.linspace(-3, 3, 61):
        found = percentile_interval(rng.normal(shift, 1, 2000), 0.95)
        excludes = found.lower > 0 or found.upper < 0
        assert excludes == (found.pvalue < 0.05) or abs(found.pvalue - 0.05) < 0.002


def test_a_density_integrates_to_nearly_one():
    found = density(np.random.default_rng(1).normal(size=5000))
    assert np.trapezoid(found["y"], found["x"]) == pytest.approx(1, abs=0.01)
    assert len(found["x"]) == 101


def test_a_path_with_too_many_routes_to_read_is_refused():
    names = [f"v{k}" for k in range(12)]
    edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(60, 12)), columns=names).assign(id=[str(k) for k in range(60)])
    graph = PathGraph.of(edges)
    design = Design(("person",), dict.fromkeys(names, "person"))
    model = fit_flat(graph, {"person": frame}, design)
    with pytest.raises(MediationError, match="1024 routes from 'v0' to 'v11'"):
        indirect_effects(model, graph, 100, 1)
