"""Bootstrap intervals of effects: against PROCESS and R on shipped indices, and when they are withheld."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import REFERENCE
from tolerances import assert_close

from pipeline.mediation import (
    Design,
    MediationError,
    PathGraph,
    fit_decomposed,
    fit_flat,
    fit_latent_means,
    indirect_effects,
    resample,
)
from pipeline.mediation.quantities import SPECIFIC, effects_of
from pipeline.mediation.resamples import few_units

SIMPLE = (("cond", "pmi"), ("pmi", "reaction"), ("cond", "reaction"))
SERIAL = (*SIMPLE, ("cond", "import"), ("import", "pmi"), ("import", "reaction"))
LQ = (("LEAD", "TSIG"), ("TSIG", "HOSTILE"), ("LEAD", "HOSTILE"))
ROUTES = {
    "ind1": "cond -> import -> reaction",
    "ind2": "cond -> pmi -> reaction",
    "ind3": "cond -> import -> pmi -> reaction",
}


def indices(name: str, draws: int | None = None) -> np.ndarray:
    """Resampling indices that R drew, counted from 0."""
    path = REFERENCE / "data" / f"boot_idx_{name}.csv.gz"
    return np.loadtxt(path, delimiter=",", dtype=int, max_rows=draws) - 1


def flat(table: pd.DataFrame, edges, cluster: str | None = None):
    """The single-level model, and its graph."""
    graph = PathGraph.of(edges)
    levels = ("person",) if cluster is None else ("person", "company")
    frame = table.assign(id=[f"P{k}" for k in range(len(table))])
    if cluster is not None:
        frame["company"] = [f"G{k}" for k in table[cluster]]
    return fit_flat(graph, {"person": frame}, Design(levels, dict.fromkeys(graph.variables, "person"))), graph


def companies(table: pd.DataFrame, **options):
    """The two-level model of lq2002, and its graph."""
    graph = PathGraph.of(LQ)
    frame = table.assign(id=[f"P{k}" for k in table.index], company=[f"G{k}" for k in table["COMPID"]])
    design = Design(("soldier", "company"), dict.fromkeys(graph.variables, "soldier"))
    return fit_latent_means(graph, {"soldier": frame}, design, **options), graph


def specific(model, graph, route: str):
    """The effect along a route."""
    return next(one for one in effects_of(model, graph, ()) if (one.kind, one.name) == (SPECIFIC, route))


@pytest.mark.parametrize("kind", ["percentile", "bc", "bca"])
def test_simple_mediation_of_process(data, reference, kind):
    theirs = reference("d_mediation_observed")["tal_or"]["boot"]
    model, graph = flat(data("Tal_Or"), SIMPLE)
    drawn = resample(model, 2000, 1, indices=indices("tal_or_2000"))
    effect = specific(model, graph, ROUTES["ind2"])
    found = drawn.interval(effect.combine, kind, 0.95)
    assert_close("bootstrap intervals", found, theirs[f"{kind}_type7"])
    assert_close("bootstrap intervals", drawn.se(effect.combine), theirs["boot_se"])
    assert (drawn.draws, drawn.usable, drawn.units, drawn.level) == (2000, 1.0, 123, "person")


@pytest.mark.parametrize("name", ROUTES)
def test_serial_mediation_of_process(data, reference, name):
    theirs = reference("d_mediation_observed")["tal_or_serial_boot"][name]
    model, graph = flat(data("Tal_Or"), SERIAL)
    drawn = resample(model, 2000, 1, indices=indices("tal_or_2000"))
    row = indirect_effects(model, graph, 1000, 1, resamples=drawn).frame.set_index("route").loc[ROUTES[name]]
    assert_close("bootstrap intervals", [row["boot_lower"], row["boot_upper"]], theirs["percentile_type7"])
    assert_close("bootstrap intervals", row["boot_se"], theirs["boot_se"])


def test_whole_companies_are_drawn_when_asked(data, reference):
    theirs = reference("l_screening_power_sensitivity")["cluster_bootstrap"]
    model, graph = flat(data("lq2002"), LQ, "COMPID")
    drawn = resample(model, 1000, 1, level="company", indices=indices("lq2002_clusters_1000"))
    effect = specific(model, graph, "LEAD -> TSIG -> HOSTILE")
    assert_close("estimates", effect.combine(drawn.estimates), theirs["est"])
    for kind in ("percentile", "bca"):
        found = drawn.interval(effect.combine, kind, 0.95)
        assert_close("bootstrap intervals", found, theirs[f"{kind}_type7"])
    assert_close("estimates", effect.combine(drawn.without_each), theirs["jackknife"])
    assert (drawn.units, drawn.level) == (49, "company")
    rows = resample(model, 200, 1)
    assert (rows.units, rows.level) == (len(data("lq2002")), "person")


def test_a_two_level_model_is_refitted_to_drawn_clusters(data):
    """Slopes of a resample are those of a fit to its companies, each drawn one a company of its own."""
    table = data("lq2002")
    model, _ = companies(table)
    given = indices("lq2002_clusters_1000", 3)
    drawn = resample(model, 3, 1, indices=given)
    assert (drawn.level, drawn.units, drawn.seed) == ("company", 49, None)
    names = table["COMPID"].unique()
    for k, row in enumerate(given):
        parts = [table[table["COMPID"] == names[j]].assign(COMPID=at) for at, j in enumerate(row)]
        again = companies(pd.concat(parts, ignore_index=True))[0].slopes()
        for slope, values in drawn.slopes.items():
            assert abs(values[k] - again[slope]["est"]) < 2e-3 * again[slope]["se"]


def test_two_level_intervals_stand_beside_monte_carlo_ones(data):
    model, graph = companies(data("lq2002"))
    drawn = resample(model, 400, 3)
    frame = indirect_effects(model, graph, 20_000, 1, resamples=drawn).frame
    assert drawn.usable > 0.95
    assert drawn.inadmissible > 0
    for row in frame[frame["kind"] == "specific"].to_dict("records"):
        width = row["ci_upper"] - row["ci_lower"]
        assert 0.7 < (row["boot_upper"] - row["boot_lower"]) / width < 1.4
        assert row["boot_lower"] < row["est"] < row["boot_upper"]
        assert row["bc_lower"] < row["est"] < row["bc_upper"]
    pd.testing.assert_frame_equal(
        indirect_effects(model, graph, 1000, 1, resamples=resample(model, 400, 3)).frame[["boot_lower"]],
        frame[["boot_lower"]],
    )


def test_the_units_above_the_clusters_are_drawn(data):
    """Companies in made-up battalions: whole battalions are drawn, and errors know of them too."""
    table = data("lq2002")
    graph = PathGraph.of(LQ)
    frame = table.assign(id=[f"P{k}" for k in table.index], company=[f"G{k}" for k in table["COMPID"]])
    frame["battalion"] = [f"B{k % 12}" for k in table["COMPID"]]
    design = Design(("soldier", "company", "battalion"), dict.fromkeys(graph.variables, "soldier"))
    model = fit_latent_means(graph, {"soldier": frame}, design)
    drawn = resample(model, 50, 1)
    assert (model.unit, drawn.level, drawn.units) == ("battalion", "battalion", 12)
    assert "only 12 units of the level battalion (fewer than 30)" in drawn.caution
    assert resample(model, 50, 1, level="company").units == 49


def test_intervals_are_withheld_where_too_few_resamples_have_a_solution(data):
    model, graph = companies(data("lq2002"))
    drawn = resample(model, 40, 3)
    for values in drawn.slopes.values():
        values[:5] = np.nan
    frame = indirect_effects(model, graph, 1000, 1, resamples=drawn).frame
    assert frame[["boot_se", "boot_lower", "boot_upper", "bc_lower", "bc_upper"]].isna().all().all()
    assert frame["ci_lower"].notna().all()
    assert "draws are usable, fewer than 90%" in drawn.reason


def test_missing_answers_are_resampled_by_full_information(data):
    table = data("lq2002")
    rng = np.random.default_rng(5)
    table.loc[rng.random(len(table)) < 0.15, "TSIG"] = np.nan
    model, graph = companies(table, missing="fiml")
    drawn = resample(model, 60, 2)
    assert drawn.usable > 0.9
    effect = specific(model, graph, "LEAD -> TSIG -> HOSTILE")
    values = effect.combine(drawn.slopes)
    spread = indirect_effects(model, graph, 1000, 1).frame.set_index(["level", "kind"])["se"]
    assert 0.6 < np.nanstd(values) / spread["within", "specific"] < 1.5


@pytest.mark.parametrize(
    ("units", "words"), [(12, "fewer than 30"), (40, "fewer than 50"), (50, None), (400, None)]
)
def test_few_resampled_units_are_told(units, words):
    text = few_units("team", units)
    assert text is None if words is None else words in text


def test_what_cannot_be_resampled_is_refused(data):
    table = data("lq2002")
    graph = PathGraph.of(LQ)
    frame = table.assign(id=[f"P{k}" for k in table.index], company=[f"G{k}" for k in table["COMPID"]])
    design = Design(("soldier", "company"), dict.fromkeys(graph.variables, "soldier"))
    with pytest.raises(MediationError, match="fitted equation by equation"):
        resample(fit_decomposed(graph, {"soldier": frame}, design), 10, 1)
    with pytest.raises(MediationError, match="do not say to which team"):
        resample(companies(table)[0], 10, 1, level="team")
    with pytest.raises(MediationError, match="indices= must lie between 0 and 48"):
        resample(companies(table)[0], 10, 1, indices=np.full((2, 49), 49))
