"""Do 95 % intervals cover what is planted? 200 demonstrations (seeds 1 to 200) of complete true scores.

Within clusters, and between them for predictors that staff rate themselves, the analysis with observed
cluster means estimates the planted slope: measured coverage .925 to .955. Between slopes of cluster means
it does not: a mean of eight clients holds their sampling error, so its slope is drawn towards the slope
within (Luedtke et al., 2008; alliance -> belonging .32 where .35 is planted), and intervals are checked
against that large-sample value (`manifest` of `implied_paths`): .950 to .970. The planted values are then
covered .910 to .935 of the time, less with more clusters. Specific indirect effects: .940 to .960.

With latent cluster means every slope and every specific indirect effect is checked against the planted value
(`latent`): measured coverage .925 to .960, between slopes of cluster means .930 to .960 (alliance ->
belonging .343 on average where .346 is planted).

Answers to items add their own unreliability to both, which is not part of this check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import pytest

from pipeline.demonstration.scores import simulate_scores
from pipeline.demonstration.truth import implied_effect, implied_paths
from pipeline.mediation import (
    Design,
    PathGraph,
    PathModel,
    fit_decomposed,
    fit_latent_means,
    indirect_effects,
)

SEEDS = range(1, 201)
GRAPH = PathGraph.of(
    [
        ("leader_support", "coworker_support"),
        ("coworker_support", "alliance"),
        ("alliance", "belonging"),
        ("belonging", "functioning"),
        ("leader_support", "alliance"),
        ("alliance", "functioning"),
    ]
)
STAFF = ("leader_support", "coworker_support")
CLIENT = ("alliance", "belonging", "functioning", "complexity")
DESIGN = Design(("client", "staff", "team"), dict.fromkeys(STAFF, "staff") | dict.fromkeys(CLIENT, "client"))
PART = ("alliance", "belonging", "functioning")


def one(seed: int) -> pd.DataFrame:
    """Slopes and effects of one demonstration with both kinds of means, with their intervals."""
    scores = simulate_scores(seed)
    frames = {"client": scores.clients, "staff": scores.staff}
    fits = {"manifest": fit_decomposed, "latent": fit_latent_means}
    return pd.concat([_found(fit, frames, seed).assign(means=means) for means, fit in fits.items()])


def _found(fit: Callable[..., PathModel], frames: Mapping[str, pd.DataFrame], seed: int) -> pd.DataFrame:
    model = fit(GRAPH, frames, DESIGN, {"functioning": ("complexity",)})
    effects = indirect_effects(model, GRAPH, 5000, seed, also=[PART]).frame
    slopes = model.frame.query("role == 'path'").assign(name=lambda f: f["predictor"] + " -> " + f["outcome"])
    routes = effects.query("kind == 'specific'").rename(columns={"route": "name"})
    columns = ["name", "level", "est", "se", "ci_lower", "ci_upper"]
    found = pd.concat([slopes[columns], routes[columns]])
    confirmed = all(
        one.converged and (one.second is None or one.second.agrees) for one in model.equations.values()
    )
    return found.assign(seed=seed, confirmed=confirmed)


@pytest.fixture(scope="module")
def coverage() -> dict[str, pd.DataFrame]:
    with ProcessPoolExecutor(2) as pool:
        runs = pd.concat(pool.map(one, SEEDS, chunksize=10))
    assert runs["confirmed"].all()
    found = {str(means): _covered(part) for means, part in runs.groupby("means")}
    for means, table in found.items():
        print(f"\n{means} means\n{table.round(4).to_string()}")
    return found


def _covered(runs: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (name, level), group in runs.groupby(["name", "level"], sort=False):
        row = {"name": name, "level": level, "n": len(group), "mean": group["est"].mean()}
        row["error"] = group["est"].std(ddof=1) / len(group) ** 0.5
        row["se_ratio"] = group["se"].mean() / group["est"].std(ddof=1)
        for kind, value in implied_effect(name, level).items():
            row[kind] = value
            row[f"covers_{kind}"] = ((group["ci_lower"] <= value) & (value <= group["ci_upper"])).mean()
        rows.append(row)
    return pd.DataFrame(rows).set_index(["name", "level"])


@pytest.mark.slow
@pytest.mark.parametrize("means", ["manifest", "latent"])
def test_intervals_cover_what_the_analysis_estimates(coverage, means):
    table = coverage[means]
    assert (table["n"] == len(SEEDS)).all()
    assert table[f"covers_{means}"].between(0.92, 0.98).all(), table[f"covers_{means}"].to_string()


@pytest.mark.slow
def test_latent_means_estimate_the_planted_slopes(coverage):
    table = coverage["latent"]
    assert ((table["mean"] - table["latent"]).abs() < 4 * table["error"]).all(), table.to_string()


@pytest.mark.slow
def test_planted_paths_are_covered_where_means_are_not_observed_with_error(coverage):
    table = coverage["manifest"]
    exact = table[(table["latent"] - table["manifest"]).abs() < 1e-9]
    assert {("alliance -> belonging", "within"), ("leader_support -> coworker_support", "between")} <= set(
        exact.index
    )
    assert exact["covers_latent"].between(0.92, 0.98).all(), exact["covers_latent"].to_string()


@pytest.mark.slow
def test_slopes_of_observed_means_are_attenuated_towards_the_slope_within(coverage):
    row = coverage["manifest"].loc[("alliance -> belonging", "between")]
    assert row["mean"] == pytest.approx(row["manifest"], abs=0.01)
    assert row["covers_latent"] < row["covers_manifest"]


def test_the_table_of_truth_names_every_slope_of_the_path():
    table = implied_paths().set_index(["predictor", "outcome", "level"])
    for source, target in GRAPH.edges:
        assert (source, target, "between") in table.index
