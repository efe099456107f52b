"""Sensitivity to unmeasured confounding: published formulas, refits, simulated confounders, symmetries."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tolerances import assert_close

from pipeline import sem
from pipeline.mediation import (
    Design,
    NotEstimable,
    PathGraph,
    fit_flat,
    fit_latent_means,
    indirect_effects,
)
from pipeline.mediation.sensitivity import (
    GRID,
    FlatSource,
    LatentSource,
    e_value,
    partial_r2,
    robustness_value,
    sensitivity_to_confounding,
)
from pipeline.mediation.sensitivity.absorbed import is_absorbed, shifted
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.held_syntax import Held, write_held
from pipeline.mediation.sensitivity.shift import Shift

TRIANGLE = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])
CHAIN = PathGraph.of([("x", "m"), ("m", "y")])
ONE = Design(("person",), dict.fromkeys(("x", "m", "y", "age"), "person"))
TWO = Design(("client", "staff"), dict.fromkeys(("x", "m", "y", "age"), "client"))
DRAWS, SEED = 4000, 11
SLOPES = {"within": 0.3, "between": 0.5}


def flat(frame: pd.DataFrame, graph: PathGraph = TRIANGLE, **covariates: tuple[str, ...]) -> FlatSource:
    frames = {"person": frame.assign(id=[str(row) for row in range(len(frame))])}
    model = fit_flat(graph, frames, ONE, covariates)
    return FlatSource.of(model, graph, frames, ONE, covariates)


def leveled(frame: pd.DataFrame, graph: PathGraph = TRIANGLE) -> LatentSource:
    frames = {"client": frame.assign(id=[str(row) for row in range(len(frame))])}
    model = fit_latent_means(graph, frames, TWO, missing="fiml")
    return LatentSource.of(model, graph, frames, TWO, {}, missing="fiml")


def analysed(source, graph: PathGraph = TRIANGLE):
    effects = indirect_effects(source.model, graph, DRAWS, SEED).frame.to_dict("records")
    return sensitivity_to_confounding(source, effects, DRAWS, SEED), effects


def persons(n: int = 400, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x, age = rng.normal(size=n), rng.normal(size=n)
    m = 0.5 * x + 0.4 * age + rng.normal(size=n)
    y = 0.3 * m + 0.2 * x + 0.4 * age + rng.normal(size=n)
    return pd.DataFrame({"x": x, "m": m, "y": y, "age": age})


def clients(
    staff: int = 60,
    each: int = 8,
    rho: dict[str, float] | None = None,
    seed: int = 6,
    direct: float = 0.2,
) -> pd.DataFrame:
    """Residuals of mediator and outcome correlate by `rho` within and between."""
    rng, wanted = np.random.default_rng(seed), rho or {"within": 0.0, "between": 0.0}

    def level(size: int, name: str) -> dict[str, np.ndarray]:
        noise = rng.normal(size=(3, size))
        x, e_m = noise[0], noise[1]
        e_y = wanted[name] * e_m + np.sqrt(1 - wanted[name] ** 2) * noise[2]
        m = 0.6 * x + e_m
        return {"x": x, "m": m, "y": SLOPES[name] * m + direct * x + e_y}

    unit = np.repeat(np.arange(staff), each)
    within, between = level(len(unit), "within"), level(staff, "between")
    columns = {name: within[name] + between[name][unit] for name in ("x", "m", "y")}
    return pd.DataFrame(columns | {"staff": [f"S{k}" for k in unit]})


def test_the_tal_or_data_agree_with_the_published_formulas(data, reference):
    theirs = reference("l_screening_power_sensitivity")["sensitivity_tal_or"]
    table = data("Tal_Or").rename(columns={"cond": "x", "pmi": "m", "reaction": "y"})
    source = flat(table[["x", "m", "y"]])
    arrow = Arrow("m", "y", "flat")
    for point in theirs["acme_grid"]:
        values = shifted(source, arrow, point["rho"]).values
        assert_close("estimates", values["x", "m", "flat"] * values["m", "y", "flat"], point["acme"])
    found, effects = analysed(source)
    row = found.rows[0]
    assert_close("estimates", row["rho_zero"], theirs["rho_at_zero"])
    for ours, name in (("partial_r2", "partial_r2"), ("rv", "rv_q1"), ("rv_alpha", "rv_q1_alpha05")):
        assert_close("estimates", row[ours], theirs[name])
    known = theirs["evalue_d"]
    assert_close("estimates", e_value(known["d"]), known["evalue"])
    at_none = found.curves["x -> m -> y|flat"]
    middle = GRID.index(0.0)
    assert (at_none.ci_lower[middle], at_none.ci_upper[middle]) == pytest.approx(
        (effects[0]["ci_lower"], effects[0]["ci_upper"]), abs=1e-12
    )


@pytest.mark.parametrize(
    ("found", "known"),
    [
        (e_value(0.3), 1.95611018598555),
        (e_value(-0.3), 1.95611018598555),
        (e_value(0.0), 1.0),
        (robustness_value(0.5, 100, alpha=0.05), 0.0),
        (robustness_value(0.0, 100), 0.0),
        (partial_r2(2.0, 96.0), 0.04),
    ],
)
def test_known_values(found: float, known: float):
    assert_close("estimates", found, known)


@pytest.mark.parametrize(("q", "alpha"), [(1.0, None), (0.5, None), (1.0, 0.05)])
def test_a_confounder_as_strong_as_the_robustness_value_does_what_it_says(q, alpha):
    """Cinelli and Hazlett's bias and error of a slope, with both partial R² at the value."""
    t, freedom = 4.2, 118.0
    share = robustness_value(t, freedom, q, alpha)
    bias = np.sqrt(share * share / (1 - share) * freedom)
    if alpha is None:
        assert bias == pytest.approx(q * t, rel=1e-10)
        return
    from scipy import stats

    assert (t - bias) / np.sqrt(freedom / (freedom - 1)) == pytest.approx(
        stats.t.ppf(0.975, freedom - 1), rel=1e-10
    )


@pytest.mark.parametrize("rho", [-0.6, 0.3])
@pytest.mark.parametrize("level", ["flat", "within", "between"])
def test_the_closed_form_is_the_model_fitted_again(level, rho):
    source = flat(persons(), m=("age",), y=("age",)) if level == "flat" else leveled(clients())
    arrow = Arrow("m", "y", level)
    assert is_absorbed(source, arrow)
    closed, refitted = shifted(source, arrow, rho), source.held(arrow, rho, source.fitted)
    assert_close("log-likelihood", refitted.logl, closed.logl)
    for slope in source.model.joint.index:
        assert_close("estimates", refitted.values[slope], closed.values[slope])
        variances = (float(fit.cov.loc[[slope], [slope]].iloc[0, 0]) for fit in (refitted, closed))
        ours, theirs = (np.sqrt(value) for value in variances)
        assert_close("two-level standard errors", ours, theirs)


@pytest.mark.parametrize(
    ("graph", "rest", "known"),
    [
        (TRIANGLE, (), True),
        (CHAIN, (), False),
        (TRIANGLE, {"m": ("age",)}, False),
        (TRIANGLE, {"m": ("age",), "y": ("age",)}, True),
    ],
)
def test_only_an_equation_with_every_predictor_of_the_mediator_absorbs_a_correlation(graph, rest, known):
    source = flat(persons(), graph, **dict(rest))
    arrow = Arrow("m", "y", "flat")
    assert is_absorbed(source, arrow) is known
    drop = source.fitted.logl - source.held(arrow, 0.5, source.fitted).logl
    assert (abs(drop) < 1e-6) is known


def test_mediators_whose_residuals_covary_are_fitted_again():
    graph = PathGraph.of([("x", "m"), ("x", "k"), ("m", "y"), ("k", "y"), ("x", "y")])
    frame = clients(rho={"within": 0.0, "between": 0.0})
    frame["k"] = 0.5 * frame["m"] + np.random.default_rng(2).normal(size=len(frame))
    frames = {"client": frame.assign(id=[str(row) for row in range(len(frame))])}
    design = Design(("client", "staff"), dict.fromkeys(("x", "m", "y", "k"), "client"))
    source = LatentSource.of(fit_latent_means(graph, frames, design), graph, frames, design, {})
    arrow = Arrow("m", "y", "within")
    assert not is_absorbed(source, arrow)
    moved = source.held(arrow, 0.3, source.fitted)
    assert moved.values["m", "y", "within"] < source.fitted.values["m", "y", "within"]
    assert moved.values["k", "y", "within"] != source.fitted.values["k", "y", "within"]


@pytest.mark.parametrize("level", ["within", "between"])
def test_a_model_is_identified_with_the_correlation_held_and_not_without(level):
    source = leveled(clients())
    held = Held(("x1_", "x2_"), {"within": 1, "between": 2}[level], 0.25)
    syntax = write_held(source.rows.blocks, source.rows.names, held, {})
    fit = sem.fit(syntax, source.rows.frame, estimator="MLR", cluster="cluster")
    assert fit.converged
    assert np.linalg.eigvalsh(fit.vcov.to_numpy(float))[0] > 0
    assert fit.npar == sem.fit(source.rows.syntax, source.rows.frame, cluster="cluster").npar
    with pytest.raises(sem.ModelError, match="16 free parameters but both levels give only 15"):
        sem.fit(
            syntax.replace("e1_ ~~ 0.25*e2_", "e1_ ~~ e2_"),
            source.rows.frame,
            estimator="MLR",
            cluster="cluster",
        )


@pytest.mark.parametrize("graph", [TRIANGLE, CHAIN], ids=["closed form", "refitted"])
@pytest.mark.parametrize("level", ["within", "between"])
def test_the_true_correlation_gives_back_the_true_slope(graph, level):
    truth = {"within": 0.4, "between": 0.4}
    direct = 0.2 if graph is TRIANGLE else 0.0
    source = leveled(clients(400, 10, truth, seed=9, direct=direct), graph)
    shift = Shift(source, Arrow("m", "y", level))
    slope = "m", "y", level

    def away(rho: float) -> float:
        fitted = shift.at(rho)
        error = np.sqrt(float(fitted.cov.loc[[slope], [slope]].iloc[0, 0]))
        return abs(fitted.values[slope] - SLOPES[level]) / error

    assert away(0.4) < 2.5
    assert away(0.0) > 4.0


def test_effect_and_interval_are_at_zero_where_they_are_said_to_be():
    source = flat(persons(), y=("age",), m=("age",))
    found, effects = analysed(source)
    row = found.rows[0]
    assert 0 < row["rho_interval"] < row["rho_zero"] < 1
    arrow = Arrow("m", "y", "flat")
    assert shifted(source, arrow, row["rho_zero"]).values["m", "y", "flat"] == pytest.approx(0, abs=1e-7)
    again = indirect_effects(
        moved_model(source, arrow, row["rho_interval"]), TRIANGLE, DRAWS, SEED
    ).frame.to_dict("records")
    assert again[0]["ci_lower"] == pytest.approx(0, abs=1e-6)
    assert effects[0]["ci_lower"] > 0
    assert row["r2_residual"] == pytest.approx(row["rho_zero"] ** 2)
    explained = source.model.equations["m"].r2["flat"], source.model.equations["y"].r2["flat"]
    assert row["r2_total"] == pytest.approx(row["r2_residual"] * (1 - explained[0]) * (1 - explained[1]))


def moved_model(source: FlatSource, arrow: Arrow, rho: float):
    from pipeline.mediation.sensitivity.fitted import moved

    return moved(source.model, shifted(source, arrow, rho))


def test_a_benchmark_is_the_correlation_that_leaving_the_covariate_out_brings():
    """With one shared covariate the model without it, at the benchmark, has the slope of the one with it."""
    frame = persons(20000)
    found, _ = analysed(flat(frame, m=("age",), y=("age",)))
    benchmark = found.rows[0]["benchmarks"][0]
    assert benchmark["covariate"] == "age"
    short = flat(frame)
    arrow = Arrow("m", "y", "flat")
    whole = fit_flat(
        TRIANGLE,
        {"person": frame.assign(id=[str(row) for row in range(len(frame))])},
        ONE,
        {"m": ("age",), "y": ("age",)},
    ).slopes()["m", "y", "flat"]["est"]
    corrected = shifted(short, arrow, benchmark["rho"]).values["m", "y", "flat"]
    assert corrected == pytest.approx(whole, abs=0.01)
    assert abs(short.fitted.values["m", "y", "flat"] - whole) > 0.1


@pytest.mark.parametrize("graph", [TRIANGLE, CHAIN], ids=["closed form", "refitted"])
def test_units_and_names_of_clusters_do_not_matter(graph):
    frame = clients(30, 6)
    other = frame.assign(
        x=frame["x"] * 250 + 3,
        m=frame["m"] / 40,
        y=frame["y"] * 7 - 100,
        staff=frame["staff"].map({name: f"U{k}" for k, name in enumerate(frame["staff"].unique()[::-1])}),
    )
    (one, _), (two, _) = analysed(leveled(frame, graph), graph), analysed(leveled(other, graph), graph)
    assert [row["level"] for row in one.rows] == ["within", "between"]
    for before, after in zip(one.rows, two.rows, strict=True):
        for name in ("rho_zero", "rho_interval", "r2_residual", "r2_total"):
            assert after[name] == pytest.approx(before[name], abs=4e-4), name


@pytest.mark.parametrize("turned", ["m", "y", "x"])
def test_turning_a_variable_round_mirrors_the_correlation(turned):
    frame = clients(30, 6)
    one, _ = analysed(leveled(frame))
    two, _ = analysed(leveled(frame.assign(**{turned: -frame[turned]})))
    sign = 1 if turned == "x" else -1
    for before, after in zip(one.rows, two.rows, strict=True):
        assert after["rho_zero"] == pytest.approx(sign * before["rho_zero"], abs=1e-5)
    for key, curve in one.curves.items():
        mirrored = two.curves[key].est if sign > 0 else two.curves[key].est[::-1]
        turned_sign = 1 if turned == "m" else -1
        assert mirrored == pytest.approx([turned_sign * value for value in curve.est], abs=1e-5)


def test_models_without_a_solution_are_counted_and_told():
    class Stubborn(FlatSource):
        def held(self, arrow, rho, near):
            if rho > 0.4:
                raise NotEstimable("no solution there")
            return super().held(arrow, rho, near)

    plain = flat(persons(), CHAIN)
    found, _ = analysed(Stubborn(plain.model, plain.flat), CHAIN)
    row, curve = found.rows[0], found.curves["x -> m -> y|flat"]
    assert row["how"] == "refitted"
    assert row["failed"] == sum(rho > 0.4 for rho in GRID) == curve.est.count(None)
    assert row["fits"] >= len(GRID) - 1
    assert "no solution there" in found.notes[0]


def test_an_effect_that_is_unclear_needs_no_confounder():
    frame = persons(60, seed=3).assign(y=np.random.default_rng(8).normal(size=60))
    found, effects = analysed(flat(frame))
    assert effects[0]["ci_lower"] < 0 < effects[0]["ci_upper"]
    assert found.rows[0]["rho_interval"] == 0.0
    assert found.rows[0]["rho_zero"] is not None


def test_every_specific_effect_has_a_row_by_its_last_arrow():
    graph = PathGraph.of([("x", "m"), ("m", "k"), ("k", "y"), ("m", "y"), ("x", "y")])
    frame = persons()
    frame["k"] = 0.4 * frame["m"] + np.random.default_rng(5).normal(size=len(frame))
    design = replace(ONE, measured=dict.fromkeys(("x", "m", "k", "y"), "person"))
    frames = {"person": frame.assign(id=[str(row) for row in range(len(frame))])}
    source = FlatSource.of(fit_flat(graph, frames, design), graph, frames, design, {})
    found, _ = analysed(source, graph)
    assert [(row["route"], row["mediator"], row["how"]) for row in found.rows] == [
        ("x -> m -> k -> y", "k", "closed form"),
        ("x -> m -> y", "m", "closed form"),
    ]
