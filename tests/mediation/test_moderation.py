"""Moderated mediation: PROCESS is least squares, products within clusters, and what no unit may change."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from conftest import REFERENCE, load_data, load_reference
from tolerances import assert_close

from pipeline import sem
from pipeline.demonstration.scores import simulate_scores
from pipeline.demonstration.truth import moderation as planted_moderation
from pipeline.mediation import (
    Design,
    MediationError,
    Moderation,
    PathGraph,
    conditional_indirect,
    draw_slopes,
    fit_moderated,
    index_of_moderation,
    johnson_neyman,
    region_of,
    resample,
    simple_lines,
    simple_slopes,
    slope_at,
)

PERSONS = Design(("person",), dict.fromkeys(("prot2", "respappr", "liking", "sexism"), "person"))
DIRECT, FIRST, SECOND = ("prot2", "liking"), ("prot2", "respappr"), ("respappr", "liking")
MEDIATION = (FIRST, SECOND, DIRECT)
MODELS = {1: (DIRECT,), 7: (FIRST,), 8: (FIRST, DIRECT), 14: (SECOND,), 58: (FIRST, SECOND), 59: MEDIATION}
EQUATIONS = {"m": "respappr", "y": "liking"}


def moderations(number: int, unit="sd", values=(-1.0, 0.0, 1.0)) -> list[Moderation]:
    return [Moderation("sexism", arrow, "flat", values, unit) for arrow in MODELS[number]]


def garcia() -> pd.DataFrame:
    table = load_data("Garcia")
    return table.assign(id=[f"P{k}" for k in table.index])


def process(number: int, frame: pd.DataFrame | None = None, **changes):
    graph = PathGraph.of([DIRECT] if number == 1 else MEDIATION)
    frames = {"person": garcia() if frame is None else frame}
    return fit_moderated(graph, frames, PERSONS, {}, moderations(number, **changes))


def reference():
    return load_reference("d_mediation_observed")["garcia"]


def coefficients(number: int, equation: str) -> dict[str, tuple[float, float]]:
    found = reference()[f"model{number}"]
    rows = (found if number == 1 else found[equation])["coef"]
    return {row["row"]: (row["Estimate"], row["Std. Error"]) for row in rows}


@cache
def drawn(number: int, draws: int = 4000):
    moderated = process(number)
    return moderated, draw_slopes(moderated.model, draws, 7)


@pytest.mark.parametrize(
    ("number", "equation", "term", "slope"),
    [
        (1, "y", "prot2:sexism", ("prot2 x sexism", "liking")),
        (7, "m", "prot2:sexism", ("prot2 x sexism", "respappr")),
        (7, "y", "prot2", DIRECT),
        (7, "y", "respappr", SECOND),
        (8, "m", "prot2:sexism", ("prot2 x sexism", "respappr")),
        (8, "y", "prot2:sexism", ("prot2 x sexism", "liking")),
        (8, "y", "respappr", SECOND),
        (14, "m", "prot2", FIRST),
        (14, "y", "respappr:sexism", ("respappr x sexism", "liking")),
        (14, "y", "prot2", DIRECT),
    ],
)
def test_slopes_are_those_of_process(number, equation, term, slope):
    found = process(number).model.slopes()[*slope, "flat"]
    est, se = coefficients(number, equation)[term]
    assert_close("estimates", found["est"], est)
    assert_close("standard errors", found["se"], se)


@pytest.mark.parametrize(
    ("number", "arrow", "equation", "term"),
    [
        (1, DIRECT, "y", "prot2"),
        (7, FIRST, "m", "prot2"),
        (8, DIRECT, "y", "prot2"),
        (14, SECOND, "y", "respappr"),
    ],
)
def test_process_does_not_centre_and_its_slope_is_ours_at_zero(number, arrow, equation, term):
    moderated = process(number)
    one = next(one for one in moderated.moderations if one.arrow == arrow)
    est, se = coefficients(number, equation)[term]
    found = slope_at(moderated, one, 0.0)
    assert_close("estimates", found["est"], est)
    assert_close("standard errors", found["se"], se)


def test_simple_slopes_and_the_johnson_neyman_region_are_those_of_process_1():
    moderated, theirs = process(1), reference()["model1"]
    ours = simple_slopes(moderated).to_dict("records")
    for found, wanted in zip(ours, theirs["simple_slopes"], strict=True):
        assert_close("estimates", found["at"], wanted["w"])
        assert_close("estimates", found["est"], wanted["effect"])
        assert_close("standard errors", found["se"], wanted["se"])
        assert_close("standard errors", found["z"], wanted["t"])
        assert_close("standard errors", found["pvalue"], wanted["p"])
        assert found["df"] == theirs["df"]
    (region,) = johnson_neyman(moderated).to_dict("records")
    assert region["kind"] == "outside"
    assert_close("estimates", [region["lower"], region["upper"]], theirs["johnson_neyman"])
    sexism = garcia()["sexism"]
    outside = (sexism < region["lower"]) | (sexism > region["upper"])
    assert region["share"] == pytest.approx(outside.mean())
    assert region["positive"] == pytest.approx((sexism > region["upper"]).mean())


@pytest.mark.parametrize(("number", "key"), [(7, "index_model7"), (8, "index_model8"), (14, "index14")])
def test_the_index_is_that_of_process(number, key):
    moderated, draws = drawn(number)
    (row,) = index_of_moderation(moderated, draws).to_dict("records")
    assert row["kind"] == "index"
    assert_close("estimates", row["est"], reference()[key])
    assert row["per_sd"] == pytest.approx(row["est"] * garcia()["sexism"].std())


def test_values_in_standard_deviations_are_those_of_process():
    at = simple_slopes(process(8)).drop_duplicates("value")["at"]
    assert_close("estimates", at, reference()["probe_values_msd"])


def test_effects_at_percentiles_are_those_of_process_8():
    moderated = process(8, unit="percentile", values=(16.0, 50.0, 84.0))
    found = conditional_indirect(moderated, draw_slopes(moderated.model, 1000, 1))
    assert_close("estimates", found["at"], reference()["probe_values_16_50_84"])
    assert_close("estimates", found["est"], reference()["conditional_indirect_model8"])


@pytest.mark.parametrize("number", [7, 8])
def test_bootstrap_intervals_on_shipped_resamples_are_those_of_the_referee(number):
    moderated = process(number, unit="percentile", values=(16.0, 50.0, 84.0))
    draws, theirs = resampled(moderated), reference()["boot"]
    (index,) = index_of_moderation(moderated, draws).to_dict("records")
    assert_close("bootstrap intervals", [index["ci_lower"], index["ci_upper"]], theirs[f"index{number}"])
    if number == 8:
        found = conditional_indirect(moderated, draws)
        assert_close("bootstrap intervals", found[["ci_lower", "ci_upper"]].T, theirs["cond"])


def test_bootstrap_intervals_stand_beside_monte_carlo_ones():
    """On the shipped resamples: PROCESS's intervals, from the model's own resamples."""
    moderated = process(8, unit="percentile", values=(16.0, 50.0, 84.0))
    theirs, draws = reference()["boot"], draw_slopes(moderated.model, 1000, 1)
    rows = np.loadtxt(REFERENCE / "data" / "boot_idx_garcia_2000.csv.gz", delimiter=",", dtype=int) - 1
    found = resample(moderated.model, len(rows), 1, indices=rows)
    (index,) = index_of_moderation(moderated, draws, found).to_dict("records")
    assert_close("bootstrap intervals", [index["boot_lower"], index["boot_upper"]], theirs["index8"])
    effects = conditional_indirect(moderated, draws, found)
    assert_close("bootstrap intervals", effects[["boot_lower", "boot_upper"]].T, theirs["cond"])
    assert set(effects["interval"]) == {"monte carlo"}
    plain = conditional_indirect(moderated, draws)
    assert effects[["ci_lower", "ci_upper"]].equals(plain[["ci_lower", "ci_upper"]])
    assert "boot_lower" not in plain
    slopes = simple_slopes(moderated, found)
    assert ((slopes["boot_lower"] < slopes["est"]) & (slopes["est"] < slopes["boot_upper"])).all()


def resampled(moderated):
    """Slopes in each resample of the shipped rows: the same model, its product a column."""
    table = garcia()
    table["product"] = (table["prot2"] - table["prot2"].mean()) * (table["sexism"] - table["sexism"].mean())
    last = "liking ~ prot2 + respappr" + (" + sexism + product" if len(moderated.moderations) > 1 else "")
    fit = sem.fit(f"respappr ~ prot2 + sexism + product\n{last}", table)
    rows = np.loadtxt(REFERENCE / "data" / "boot_idx_garcia_2000.csv.gz", delimiter=",", dtype=int) - 1
    found = fit.bootstrap(indices=rows).draws
    names = {
        slope: f"{slope[1]}~{slope[0].replace('prot2 x sexism', 'product')}" for slope in used(moderated)
    }
    return {slope: found[name].to_numpy() for slope, name in names.items()}


def used(moderated):
    return [slope for slope in moderated.model.slopes() if slope[0] != "sexism"]


@pytest.mark.parametrize(("number", "kind"), [(58, "difference"), (59, "difference"), (7, "index")])
def test_both_stages_moderated_are_least_squares_at_each_value(number, kind):
    moderated, draws = drawn(number)
    found = conditional_indirect(moderated, draws)
    for row in found.to_dict("records"):
        assert row["est"] == pytest.approx(by_least_squares(number, row["at"]), rel=1e-7)
    (change,) = index_of_moderation(moderated, draws).to_dict("records")
    assert change["kind"] == kind
    if kind == "difference":
        est = found["est"].to_list()
        assert change["est"] == pytest.approx(est[-1] - est[0])
        assert (change["from_value"], change["to_value"], change["per_sd"]) == (-1, 1, None)


def by_least_squares(number: int, at: float) -> float:
    """The indirect effect at a value, each equation fitted by statsmodels with raw products."""
    import statsmodels.formula.api as smf

    moderated = set(MODELS[number])
    first = "respappr ~ prot2" + ("*sexism" if FIRST in moderated else "")
    terms = [f"{arrow[0]}{'*sexism' if arrow in moderated else ''}" for arrow in (SECOND, DIRECT)]
    a, b = (
        smf.ols(first, garcia()).fit().params,
        smf.ols(f"liking ~ {' + '.join(terms)}", garcia()).fit().params,
    )
    slopes = [a["prot2"] + at * a.get("prot2:sexism", 0.0)]
    slopes.append(b["respappr"] + at * b.get("respappr:sexism", b.get("sexism:respappr", 0.0)))
    return float(np.prod(slopes))


def test_the_monte_carlo_interval_is_that_of_a_product_of_two_normal_slopes():
    moderated, draws = drawn(8, 20000)
    (row,) = index_of_moderation(moderated, draws).to_dict("records")
    first, second = (coefficients(8, "m")["prot2:sexism"], coefficients(8, "y")["respappr"])
    rng = np.random.default_rng(1)
    wanted = np.quantile(rng.normal(*first, 400_000) * rng.normal(*second, 400_000), [0.025, 0.975])
    assert_close("Monte Carlo limits", [row["ci_lower"], row["ci_upper"]], wanted)
    assert not row["pvalue_is_bound"]
    assert 0 < row["pvalue"] < 0.05


@pytest.mark.parametrize("factor", [0.1, 4.0, -2.0])
@pytest.mark.parametrize("number", [7, 14])
def test_rescaling_the_moderator_rescales_the_index_inversely(number, factor):
    frame = garcia()
    ours = summary(process(number, frame))
    other = summary(process(number, frame.assign(sexism=frame["sexism"] * factor)))
    assert other["index"] == pytest.approx(ours["index"] / factor)
    assert other["per_sd"] == pytest.approx(ours["per_sd"] * np.sign(factor))
    assert other["bounds"] == pytest.approx(sorted(x * factor for x in ours["bounds"]))
    assert other["slopes"] == pytest.approx(ours["slopes"][:: int(np.sign(factor))])
    assert other["share"] == pytest.approx(ours["share"])


@pytest.mark.parametrize("shift", [-5.12, 100.0])
@pytest.mark.parametrize("number", [8, 14, 58])
def test_an_effect_at_a_value_does_not_depend_on_where_the_moderator_is_zero(number, shift):
    frame, values = garcia(), (4.0, 5.0, 6.0)
    moved = tuple(value + shift for value in values)
    ours = process(number, frame, unit="raw", values=values)
    other = process(number, frame.assign(sexism=frame["sexism"] + shift), unit="raw", values=moved)
    one, two = (conditional_indirect(m, draw_slopes(m.model, 1000, 3)) for m in (ours, other))
    assert two["est"].to_list() == pytest.approx(one["est"].to_list(), rel=1e-6)
    assert two["se"].to_list() == pytest.approx(one["se"].to_list(), rel=1e-5)
    assert summary(other)["bounds"] == pytest.approx([x + shift for x in summary(ours)["bounds"]], rel=1e-5)


def summary(moderated) -> dict:
    (row,) = index_of_moderation(moderated, draw_slopes(moderated.model, 1000, 3)).to_dict("records")
    region = johnson_neyman(moderated).iloc[0]
    return {
        "index": row["est"],
        "per_sd": row["per_sd"],
        "slopes": simple_slopes(moderated)["est"].to_list(),
        "bounds": [region["lower"], region["upper"]],
        "share": region["share"],
    }


@pytest.mark.parametrize(
    ("slope", "change", "cov", "kind", "bounds"),
    [
        (0.0, 1.0, [[0.04, 0], [0, 0.01]], "outside", (-0.4082482904638631, 0.4082482904638631)),
        (1.0, 0.0, [[0.04, 0], [0, 0.01]], "between", (-4.58257569495584, 4.58257569495584)),
        (0.1, 0.0, [[0.04, 0], [0, 0.01]], "nowhere", (None, None)),
        (1.0, 0.0, [[0.04, 0], [0, 0.0]], "everywhere", (None, None)),
        (1.0, 0.0, [[0.25, 0], [0, 0.0]], "nowhere", (None, None)),
        (1.0, 0.5, [[0.04, 0.03], [0.03, 0.0625]], "above", (-0.84 / 0.76, None)),
        (1.0, -0.5, [[0.04, -0.03], [-0.03, 0.0625]], "below", (None, 0.84 / 0.76)),
    ],
)
def test_regions(slope, change, cov, kind, bounds):
    cov = np.array(cov)
    found = region_of(slope, change, cov, 2.0)
    assert found.kind == kind
    assert (found.lower, found.upper) == tuple(pytest.approx(x) if x is not None else None for x in bounds)
    grid = np.linspace(-8, 8, 400)
    z = (slope + change * grid) / np.sqrt(cov[0, 0] + 2 * grid * cov[0, 1] + grid**2 * cov[1, 1])
    assert found.holds(grid).tolist() == (np.abs(z) > 2).astype(float).tolist()


def test_lines_cross_where_the_moderator_changes_a_slope_and_meet_its_simple_slopes():
    moderated = process(1)
    lines = simple_lines(moderated, moderated.moderations[0])
    slopes = simple_slopes(moderated)["est"].to_list()
    for line, slope in zip(lines, slopes, strict=True):
        assert np.diff(line["y"]) / np.diff(line["x"]) == pytest.approx(slope)
        assert all(
            low <= y <= high for low, y, high in zip(line["lower"], line["y"], line["upper"], strict=True)
        )


CLUSTERED = Design(
    ("client", "staff"), {"x": "client", "m": "client", "y": "client", "w": "client", "v": "staff"}
)
PATH = PathGraph.of([("x", "m"), ("m", "y"), ("x", "y")])


def clients(seed: int = 5, staff: int = 150, size: int = 8) -> dict[str, pd.DataFrame]:
    """Within: m's slope on y is .4 + .2 w; x's on m is .5 + .3 v, v a variable of staff; w and v centred."""
    rng = np.random.default_rng(seed)
    v = rng.normal(size=staff)
    codes = np.repeat(np.arange(staff), size)
    x, w, e, f = rng.normal(size=(4, staff * size))
    part = 0.6 * rng.normal(size=(3, staff))
    m = (0.5 + 0.3 * v[codes]) * x + 0.3 * v[codes] + e
    y = 0.4 * m + 0.2 * m * w + 0.1 * x + 0.2 * w + f
    frame = pd.DataFrame({"id": np.arange(staff * size), "staff": codes, "w": w + 3.0})
    frame = frame.assign(x=x + part[0][codes], m=m + part[1][codes], y=y + part[2][codes])
    return {"client": frame, "staff": pd.DataFrame({"id": np.arange(staff), "v": v + 10.0})}


def within(frames=None, *wanted: Moderation):
    given = wanted or (Moderation("w", ("m", "y"), "within"), Moderation("v", ("x", "m"), "within"))
    return fit_moderated(PATH, frames or clients(), CLUSTERED, {}, given)


def test_planted_moderation_within_clusters_and_across_levels_is_found():
    moderated = within()
    rows = moderated.model.slopes()
    truth = {("x x v", "m"): 0.3, ("m x w", "y"): 0.2, ("x", "m"): 0.5, ("m", "y"): 0.4, ("w", "y"): 0.2}
    for slope, value in truth.items():
        found = rows[*slope, "within"]
        assert abs(found["est"] - value) < 3 * found["se"], slope
    assert rows["v", "m", "between"]["est"] == pytest.approx(0.3, abs=3 * rows["v", "m", "between"]["se"])
    assert ("v", "m", "within") not in rows
    assert not {("x x v", "m", "between"), ("m x w", "y", "between")} & set(rows)
    assert moderated.scale(moderated.moderations[0]).by_cluster
    assert moderated.scale(moderated.moderations[1]).centre == pytest.approx(10.0, abs=0.3)


def test_each_moderator_has_its_own_effects_along_a_route_that_both_moderate():
    moderated = within()
    found = conditional_indirect(moderated, draw_slopes(moderated.model, 2000, 1))
    assert found.groupby("moderator").size().to_dict() == {"v": 3, "w": 3}
    at_mean = found[found["value"] == 0]["est"]
    assert at_mean.nunique() == 1
    rows = moderated.model.slopes()
    assert at_mean.iloc[0] == pytest.approx(
        np.prod([rows[*arrow, "within"]["est"] for arrow in pairwise(("x", "m", "y"))])
    )


def test_what_differs_between_clusters_leaves_moderation_within_alone():
    frames = clients()
    push = np.random.default_rng(2).normal(scale=3.0, size=150)[frames["client"]["staff"]]
    moved = frames | {"client": frames["client"].assign(w=frames["client"]["w"] + push)}
    ours, other = within(frames).model.slopes(), within(moved).model.slopes()
    slope = ("m x w", "y", "within")
    assert other[slope]["est"] == pytest.approx(ours[slope]["est"], abs=0.1 * ours[slope]["se"])


def test_a_product_between_is_one_of_variables_of_the_upper_level():
    rng = np.random.default_rng(1)
    u, v = rng.normal(size=(2, 400))
    part = 0.4 * u + 0.2 * v + 0.3 * u * v + 0.5 * rng.normal(size=400)
    codes = np.repeat(np.arange(400), 4)
    frames = {
        "client": pd.DataFrame({"id": range(1600), "staff": codes, "y": part[codes] + rng.normal(size=1600)}),
        "staff": pd.DataFrame({"id": range(400), "u": u + 2.0, "v": v - 1.0}),
    }
    design = Design(("client", "staff"), {"u": "staff", "v": "staff", "y": "client"})
    moderated = fit_moderated(
        PathGraph.of([("u", "y")]), frames, design, {}, [Moderation("v", ("u", "y"), "between")]
    )
    found = moderated.model.slopes()["u x v", "y", "between"]
    assert abs(found["est"] - 0.3) < 3 * found["se"]
    assert found["se"] < 0.05


def test_the_planted_moderation_of_the_demonstration_is_found_in_true_scores():
    scores = simulate_scores(3, teams=60)
    frames = {"client": scores.clients.drop(columns="team"), "staff": scores.staff}
    design = Design(
        ("client", "staff"), dict.fromkeys(("alliance", "belonging", "functioning", "complexity"), "client")
    )
    graph = PathGraph.of(
        [("alliance", "belonging"), ("belonging", "functioning"), ("alliance", "functioning")]
    )
    one = Moderation("complexity", ("belonging", "functioning"), "within")
    moderated = fit_moderated(graph, frames, design, {}, [one])
    found = moderated.model.slopes()["belonging x complexity", "functioning", "within"]
    assert abs(found["est"] - planted_moderation()) < 2 * found["se"]
    (index,) = index_of_moderation(moderated, draw_slopes(moderated.model, 4000, 1)).to_dict("records")
    assert index["ci_lower"] > 0
    lowest, middle, highest = simple_slopes(moderated)["est"]
    assert lowest < middle < highest


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "no moderator is declared"),
        ([Moderation("w", ("y", "x"), "within")], "is no arrow of the path"),
        ([Moderation("m", ("m", "y"), "within")], "is an end of"),
        ([Moderation("absent", ("m", "y"), "within")], "nothing measures the moderator 'absent'"),
        ([Moderation("y", ("x", "m"), "within")], "follows from 'm'"),
        ([Moderation("w", ("m", "y"), "flat")], "this design has between and within"),
        ([Moderation("w", ("m", "y"), "between")], "hold error"),
        ([Moderation("w", ("m", "y"), "within")] * 2, "declared twice"),
        ([Moderation("same", ("m", "y"), "within")], "does not differ within any cluster"),
    ],
)
def test_what_cannot_be_moderated_is_refused(given, told):
    frames = clients(staff=30)
    frames["client"]["same"] = frames["client"]["staff"] * 1.0
    design = Design(CLUSTERED.levels, {**CLUSTERED.measured, "same": "client"})
    with pytest.raises(MediationError, match=told):
        fit_moderated(PATH, frames, design, {}, given)
