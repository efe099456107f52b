"""Slopes within and between: anchors, levels, what is left out, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.mediation import (
    Design,
    MediationError,
    PathGraph,
    contextual_effects,
    few_clusters,
    fit_decomposed,
    fit_flat,
    indirect_effects,
)

ARMY = PathGraph.of([("LEAD", "COHES"), ("COHES", "WBEING"), ("LEAD", "WBEING")])


def soldiers(table: pd.DataFrame, names: tuple[str, ...], cluster: str = "GRP") -> dict[str, pd.DataFrame]:
    frame = (
        table[list(names)]
        .astype(float)
        .assign(id=[f"S{k}" for k in range(len(table))], company=[f"C{k}" for k in table[cluster]])
    )
    return {"soldier": frame}


def army_design(*names: str) -> Design:
    return Design(("soldier", "company"), dict.fromkeys(names, "soldier"))


def test_the_army_study_has_its_published_slopes(data):
    frames = soldiers(data("bh1996"), ("LEAD", "COHES", "WBEING"))
    model = fit_decomposed(ARMY, frames, army_design("LEAD", "COHES", "WBEING"))
    effects = indirect_effects(model, ARMY, 2000, 1).frame.set_index(["level", "kind"])["est"]
    slopes = {key: row["est"] for key, row in model.slopes().items()}
    for level, a, b, ab in (("within", 0.477, 0.085, 0.041), ("between", 0.452, -0.101, -0.046)):
        assert_close("three decimals", slopes["LEAD", "COHES", level], a)
        assert_close("three decimals", slopes["COHES", "WBEING", level], b)
        assert_close("three decimals", effects[level, "specific"], ab)
    assert model.warnings == ()
    assert all(equation.converged and equation.second.agrees for equation in model.equations.values())
    assert model.equations["COHES"].clusters == {"company": 99}
    assert model.equations["COHES"].n == 7382


def test_within_and_contextual_slope_are_those_of_lme4(reference, data):
    theirs = reference("c_twolevel")["lmer"]["bh_ri_ml"]
    graph = PathGraph.of([("HRS", "WBEING")])
    model = fit_decomposed(graph, soldiers(data("bh1996"), ("HRS", "WBEING")), army_design("HRS", "WBEING"))
    within, context = model.slopes()["HRS", "WBEING", "within"], contextual_effects(model).iloc[0]
    for ours, row in ((within, theirs["fixef"][1]), (context, theirs["fixef"][2])):
        assert_close("mixed model estimates", ours["est"], row["Estimate"])
        assert_close("two-level standard errors", ours["se"], row["Std. Error"])
    assert_close("two-level log-likelihood", model.equations["WBEING"].logl, theirs["loglik"])


def test_within_slopes_are_those_of_least_squares_on_deviations(data):
    """Double entry: with one level of clusters the within slopes are the fixed-effects ones."""
    table = data("lq2002")
    graph = PathGraph.of([("LEAD", "TSIG"), ("TSIG", "HOSTILE"), ("LEAD", "HOSTILE")])
    names = ("LEAD", "TSIG", "HOSTILE")
    model = fit_decomposed(graph, soldiers(table, names, "COMPID"), army_design(*names))
    w = table[list(names)] - table.groupby("COMPID")[list(names)].transform("mean")
    b = np.linalg.lstsq(w[["TSIG", "LEAD"]].to_numpy(), w["HOSTILE"].to_numpy(), rcond=None)[0]
    slopes = model.slopes()
    assert slopes["TSIG", "HOSTILE", "within"]["est"] == pytest.approx(b[0], abs=1e-10)
    assert slopes["LEAD", "HOSTILE", "within"]["est"] == pytest.approx(b[1], abs=1e-10)
    assert model.warnings == (few_clusters("company", 49),)


def test_beta_uses_the_standard_deviations_of_its_level(data):
    table = data("bh1996")
    graph = PathGraph.of([("LEAD", "COHES")])
    model = fit_decomposed(graph, soldiers(table, ("LEAD", "COHES")), army_design("LEAD", "COHES"))
    means = table.groupby("GRP")[["LEAD", "COHES"]].mean()
    within = table[["LEAD", "COHES"]] - table.groupby("GRP")[["LEAD", "COHES"]].transform("mean")
    pooled = np.sqrt((within**2).sum() / (7382 - 99))
    slopes = model.slopes()
    for level, spread in (("within", pooled), ("between", means.std(ddof=1))):
        row = slopes["LEAD", "COHES", level]
        assert row["beta"] == pytest.approx(row["est"] * spread["LEAD"] / spread["COHES"], rel=1e-12)
    assert slopes["LEAD", "COHES", "between"]["cluster_mean"]
    assert not slopes["LEAD", "COHES", "within"]["cluster_mean"]


def services(seed: int = 1, teams: int = 40, staff: int = 6, clients: int = 6) -> dict[str, pd.DataFrame]:
    """Clients in staff in teams: support of staff, two scores of clients."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), staff)
    support = 0.4 * rng.normal(size=teams)[team] + rng.normal(size=teams * staff)
    care = 0.4 * support + 0.2 * rng.normal(size=teams)[team] + rng.normal(size=teams * staff)
    unit = np.repeat(np.arange(teams * staff), clients)
    alliance = 0.4 * care[unit] + 0.3 * rng.normal(size=len(team))[unit] + rng.normal(size=len(unit))
    alliance += 0.4 * rng.normal(size=teams)[team][unit]
    outcome = 0.5 * alliance + 0.3 * rng.normal(size=teams)[team][unit] + rng.normal(size=len(unit))
    outcome += 0.4 * rng.normal(size=len(team))[unit]
    return {
        "client": pd.DataFrame(
            {
                "id": [f"C{k}" for k in range(len(unit))],
                "staff": [f"S{k}" for k in unit],
                "team": [f"T{k}" for k in team[unit]],
                "alliance": alliance,
                "outcome": outcome,
            }
        ),
        "staff": pd.DataFrame(
            {
                "id": [f"S{k}" for k in range(len(team))],
                "team": [f"T{k}" for k in team],
                "support": support,
                "care": care,
            }
        ),
    }


DESIGN = Design(
    ("client", "staff", "team"),
    {"support": "staff", "care": "staff", "alliance": "client", "outcome": "client"},
)
PATH = PathGraph.of([("support", "care"), ("care", "alliance"), ("alliance", "outcome")])


def test_each_equation_has_its_own_level_and_random_intercepts():
    model = fit_decomposed(PATH, services(), DESIGN)
    equations = model.equations
    assert (equations["care"].level, equations["care"].n) == ("staff", 240)
    assert equations["care"].clusters == {"team": 40}
    assert equations["alliance"].clusters == {"staff": 240, "team": 40}
    assert equations["care"].slopes == (("support", "between"),)
    assert equations["alliance"].slopes == (("care", "between"),)
    assert equations["outcome"].slopes == (("alliance", "within"), ("alliance", "between"))
    assert model.cov("outcome").shape == (2, 2)
    assert model.frame.set_index(["predictor", "level"])["cluster_mean"].to_dict() == {
        ("support", "between"): False,
        ("care", "between"): False,
        ("alliance", "within"): False,
        ("alliance", "between"): True,
    }
    shares = equations["alliance"].icc
    total = sum(equations["alliance"].variances.values())
    assert shares["team"] == pytest.approx(equations["alliance"].variances["team"] / total)
    assert model.warnings == (few_clusters("team", 40),)


def test_an_equation_of_the_top_level_is_least_squares():
    frames = services()
    frames["team"] = pd.DataFrame({"id": [f"T{k}" for k in range(40)], "climate": np.arange(40.0) % 7})
    rng = np.random.default_rng(2)
    frames["team"]["budget"] = frames["team"]["climate"] + rng.normal(size=40)
    measured = {**DESIGN.measured, "climate": "team", "budget": "team"}
    graph = PathGraph.of([("climate", "budget"), ("budget", "support"), ("support", "alliance")])
    model = fit_decomposed(graph, frames, Design(DESIGN.levels, measured))
    assert model.equations["budget"].method == "ordinary least squares"
    assert model.equations["budget"].freedom == 38
    assert model.equations["support"].clusters == {"team": 40}
    row = model.slopes()["climate", "budget", "between"]
    assert row["df"] == 38
    b = np.polyfit(frames["team"]["climate"], frames["team"]["budget"], 1)[0]
    assert row["est"] == pytest.approx(b)


def test_a_predictor_from_below_enters_as_the_mean_of_its_unit():
    frames = services()
    graph = PathGraph.of([("outcome", "care")])
    model = fit_decomposed(graph, frames, DESIGN)
    assert model.equations["care"].level == "staff"
    row = model.slopes()["outcome", "care", "between"]
    assert row["cluster_mean"]
    means = frames["client"].groupby("staff", sort=False)["outcome"].mean().to_numpy()
    assert row["beta"] == pytest.approx(
        row["est"] * means.std(ddof=1) / frames["staff"]["care"].std(ddof=1), rel=1e-12
    )


def test_rows_left_out_are_counted_by_the_first_thing_they_lack():
    frames = services()
    clients, staff = frames["client"].copy(), frames["staff"].copy()
    clients.loc[:9, "staff"] = None
    clients.loc[:9, "team"] = None
    clients.loc[5:14, "alliance"] = np.nan
    staff.loc[39, "care"] = np.nan
    model = fit_decomposed(PATH, {"client": clients, "staff": staff}, DESIGN)
    equation = model.equations["alliance"]
    assert equation.left_out == {"no staff": 10, "no answer: alliance": 5, "no answer: care": 6}
    assert equation.n == 1440 - 21
    assert model.equations["care"].left_out == {"no answer: care": 1}


def test_a_covariate_enters_its_equation_at_both_levels():
    frames = services()
    frames["client"]["age"] = np.random.default_rng(3).normal(size=1440)
    design = Design(DESIGN.levels, {**DESIGN.measured, "age": "client"})
    model = fit_decomposed(PATH, frames, design, {"outcome": ("age",)})
    roles = model.frame.query("outcome == 'outcome'").set_index(["predictor", "level"])["role"].to_dict()
    assert roles == {
        ("alliance", "within"): "path",
        ("age", "within"): "covariate",
        ("alliance", "between"): "path",
        ("age", "between"): "covariate",
    }


def test_a_variance_at_zero_is_told_in_words():
    frames = services()
    clients = frames["client"]
    clients["outcome"] = clients["alliance"] * 0.5 + np.random.default_rng(9).normal(size=1440)
    clients["outcome"] -= clients.groupby("staff")["outcome"].transform("mean")
    told = [text for text in fit_decomposed(PATH, frames, DESIGN).warnings if "at zero" in text]
    named = [(text.split("'")[1], text.split(" level ")[1].split()[0]) for text in told]
    assert named == [("outcome", "staff"), ("outcome", "team")]
    assert all("the fit is singular" in text for text in told)


@pytest.mark.parametrize(
    ("units", "told"),
    [(10, "only 10 units of the level team (fewer than 30)"), (40, "(fewer than 50)"), (50, None)],
)
def test_few_clusters_are_told(units, told):
    text = few_clusters("team", units)
    assert text is None if told is None else told in text


def constant(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame.assign(**{name: 3.0})


def own_staff(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(staff=frame["id"])


SPOILED = {
    "mediator constant": ("client", lambda f: constant(f, "alliance"), "'alliance' is the same"),
    "staff mediator constant": ("staff", lambda f: constant(f, "care"), "'care' is the same"),
    "one cluster": ("client", lambda f: f.assign(staff="S1", team="T1"), "lie in one staff"),
    "clusters that nobody knows": ("client", own_staff, "no staff that the rows of the level client name"),
    "no cluster known": ("client", lambda f: f.assign(staff=None, team=None), "no staff that the rows"),
    "no cluster column": ("client", lambda f: f.drop(columns=["staff", "team"]), "do not say to which staff"),
    "a score copied": (
        "client",
        lambda f: f.assign(alliance=f.groupby("staff")["alliance"].transform("mean")),
        "'alliance' does not differ within any staff",
    ),
    "an outcome copied": (
        "client",
        lambda f: f.assign(outcome=f.groupby("staff")["outcome"].transform("mean")),
        "'outcome' does not differ within any staff",
    ),
    "centred beforehand": (
        "client",
        lambda f: f.assign(alliance=f["alliance"] - f.groupby("staff")["alliance"].transform("mean")),
        "the same in every staff",
    ),
    "the same column twice": ("client", lambda f: f.assign(outcome=f["alliance"] * 2), "exact function"),
    "infinite": ("client", lambda f: f.assign(alliance=np.inf), "not finite"),
    "no answers": ("client", lambda f: f.assign(alliance=np.nan), "no row is complete"),
    "a score is absent": (
        "client",
        lambda f: f.drop(columns="alliance"),
        "'alliance' is not among the scores",
    ),
    "staff in two teams": (
        "client",
        lambda f: f.assign(team=[f"T{k % 40}" for k in range(len(f))]),
        "appear in more than one team",
    ),
    "an id twice": ("staff", lambda f: f.assign(id="S1"), "two rows of the level staff have the same id"),
}


@pytest.mark.parametrize("case", SPOILED)
def test_data_that_cannot_carry_the_model_are_refused(case):
    level, spoil, message = SPOILED[case]
    frames = services()
    frames[level] = spoil(frames[level])
    with pytest.raises(MediationError, match=message):
        fit_decomposed(PATH, frames, DESIGN)


@pytest.mark.parametrize(
    ("edges", "design", "message"),
    [
        ([("support", "hope")], DESIGN, "names 'hope', which nothing measures"),
        ([("alliance", "outcome")], Design(("client",), DESIGN.measured), "no level lies above client"),
    ],
)
def test_designs_that_cannot_carry_the_model_are_refused(edges, design, message):
    with pytest.raises(MediationError, match=message):
        fit_decomposed(PathGraph.of(edges), services(), design)


def test_a_cluster_a_row_is_refused():
    frames = services()
    frames["client"] = own_staff(frames["client"])
    with pytest.raises(MediationError, match="every staff has a single row of the level client"):
        fit_decomposed(PathGraph.of([("alliance", "outcome")]), frames, DESIGN)


def test_too_few_clusters_for_the_slopes_are_refused():
    frames = services(teams=1, staff=3)
    frames["client"]["team"] = None
    graph = PathGraph.of([("alliance", "outcome"), ("age", "outcome")])
    frames["client"]["age"] = np.random.default_rng(1).normal(size=18)
    with pytest.raises(MediationError, match=r"2 slopes \(between\) and only 3 units of the level staff"):
        fit_decomposed(graph, frames, Design(DESIGN.levels, {**DESIGN.measured, "age": "client"}))


def test_predictors_that_repeat_each_other_are_refused():
    frames = services()
    frames["client"]["twin"] = 5 - frames["client"]["alliance"]
    design = Design(DESIGN.levels, {**DESIGN.measured, "twin": "client"})
    graph = PathGraph.of([("alliance", "outcome"), ("twin", "outcome")])
    with pytest.raises(MediationError, match="linear combinations"):
        fit_decomposed(graph, frames, design)
    with pytest.raises(MediationError, match="linear combinations"):
        fit_flat(graph, frames, design)


def test_a_team_of_one_leaves_the_team_out_and_says_so():
    frames = services(teams=60, staff=1)
    model = fit_decomposed(PATH, frames, DESIGN)
    assert model.equations["outcome"].clusters == {"staff": 60}
    assert any("every team has a single staff" in text for text in model.warnings)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 500), st.randoms(), st.floats(0.05, 20))
def test_indirect_effects_do_not_depend_on_order_or_labels_and_scale_with_the_predictor(seed, random, unit):
    frames = services(seed, teams=12, staff=4, clients=4)
    graph = PathGraph.of([("support", "alliance"), ("alliance", "outcome")])
    first = indirect_effects(fit_decomposed(graph, frames, DESIGN), graph, 1000, 1).frame
    order = list(range(len(frames["client"])))
    random.shuffle(order)
    clients = frames["client"].iloc[order].reset_index(drop=True)
    names = {f"S{k}": f"x{(k * 31 + 7) % 1009}" for k in range(48)}
    moved = {
        "client": clients.assign(staff=clients["staff"].map(names), team="u" + clients["team"]),
        "staff": frames["staff"]
        .iloc[::-1]
        .assign(
            id=lambda f: f["id"].map(names),
            team=lambda f: "u" + f["team"],
            support=lambda f: f["support"] * unit,
        ),
    }
    second = indirect_effects(fit_decomposed(graph, moved, DESIGN), graph, 1000, 1).frame
    between = first["level"] == "between"
    for name in ("est", "se", "ci_lower", "ci_upper"):
        np.testing.assert_allclose(
            second.loc[between, name] * unit, first.loc[between, name], rtol=1e-4, atol=1e-6
        )
    np.testing.assert_allclose(second["beta"], first["beta"], rtol=1e-5, atol=1e-8)
