"""The path model with latent cluster means: against lavaan, by levels of the design, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tolerances import assert_close

from pipeline.mediation import (
    Design,
    MediationError,
    NotEstimable,
    PathGraph,
    draw_slopes,
    fit_decomposed,
    fit_latent_means,
    indirect_effects,
)

ARMY = ("LEAD", "COHES", "WBEING")
LQ = ("LEAD", "TSIG", "HOSTILE")
DESIGN = Design(
    ("client", "staff", "team"),
    {"support": "staff", "care": "staff", "climate": "team"}
    | dict.fromkeys(("alliance", "outcome", "age", "hope.total"), "client"),
)
PATH = PathGraph.of(
    [("support", "alliance"), ("alliance", "outcome"), ("support", "care"), ("care", "outcome")]
)


def simple(names: tuple[str, ...]) -> tuple[PathGraph, Design]:
    x, m, y = names
    return PathGraph.of([(x, m), (m, y), (x, y)]), Design(
        ("soldier", "company"), dict.fromkeys(names, "soldier")
    )


def soldiers(table: pd.DataFrame, cluster: str) -> dict[str, pd.DataFrame]:
    ids = {"id": [f"P{k}" for k in table.index], "company": [f"G{k}" for k in table[cluster]]}
    return {"soldier": table.assign(**ids)}


def services(seed: int = 5, teams: int = 30, staff: int = 5, clients: int = 6) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), staff)
    unit = np.repeat(np.arange(teams * staff), clients)
    support = 0.4 * rng.normal(size=teams)[team] + rng.normal(size=len(team))
    care = 0.4 * support + rng.normal(size=len(team))
    shared = 0.5 * support + 0.5 * rng.normal(size=len(team))
    inner = rng.normal(size=len(unit))
    rest = 0.4 * rng.normal(size=len(team)) + 0.2 * rng.normal(size=teams)[team]
    outcome = 0.3 * inner + (0.6 * shared + 0.2 * care + rest)[unit] + rng.normal(size=len(unit))
    names = {"id": [f"C{k}" for k in range(len(unit))], "staff": [f"S{k}" for k in unit]}
    client = pd.DataFrame(names | {"team": [f"T{k}" for k in team[unit]]})
    ids = {"id": [f"S{k}" for k in range(len(team))], "team": [f"T{k}" for k in team]}
    return {
        "client": client.assign(
            alliance=shared[unit] + inner, outcome=outcome, age=rng.normal(size=len(unit))
        ),
        "staff": pd.DataFrame(ids | {"support": support, "care": care}),
        "team": pd.DataFrame({"id": [f"T{k}" for k in range(teams)], "climate": rng.normal(size=teams)}),
    }


def effects_by_level(model, graph):
    frame = indirect_effects(model, graph, 2000, 1).frame
    return frame[frame["kind"] == "specific"].set_index("level")


def test_the_army_companies(data):
    graph, design = simple(ARMY)
    model = fit_latent_means(graph, soldiers(data("bh1996"), "GRP"), design, estimator="ML")
    slopes, effects = model.slopes(), effects_by_level(model, graph)
    for level, a, b, ab in (
        ("within", (0.477, 0.013), (0.085, 0.012), (0.041, 0.006)),
        ("between", (0.452, 0.060), (-0.215, 0.168), (-0.097, 0.077)),
    ):
        for found, known in (
            (slopes["LEAD", "COHES", level], a),
            (slopes["COHES", "WBEING", level], b),
            (effects.loc[level], ab),
        ):
            assert_close("three decimals", [found["est"], found["se"]], known)
    assert model.warnings == ()
    assert_close("three decimals", model.equations["COHES"].icc["company"], 0.047)
    assert set(model.equations["COHES"].r2) == {"within", "between"}


@pytest.mark.parametrize(("estimator", "key"), [("ML", "lq_m111_fixedxF"), ("MLR", "lq_m111_fixedxF_mlr")])
def test_estimates_and_errors_are_those_of_lavaan(data, reference, estimator, key):
    theirs = {row["label"]: row for row in reference("c_twolevel")[key]["parameters"] if row["label"]}
    graph, design = simple(LQ)
    model = fit_latent_means(graph, soldiers(data("lq2002"), "COMPID"), design, estimator=estimator)
    slopes, effects = model.slopes(), effects_by_level(model, graph)
    for label, (source, target, level) in {
        "aw": ("LEAD", "TSIG", "within"),
        "bw": ("TSIG", "HOSTILE", "within"),
        "cw": ("LEAD", "HOSTILE", "within"),
        "ab": ("LEAD", "TSIG", "between"),
        "bb": ("TSIG", "HOSTILE", "between"),
        "cb": ("LEAD", "HOSTILE", "between"),
    }.items():
        found, known = slopes[source, target, level], theirs[label]
        assert abs(found["est"] - known["est"]) < 0.002 * known["se"], label
        assert found["se"] == pytest.approx(known["se"], rel=1e-3), label
    for label, level in (("indw", "within"), ("indb", "between")):
        found, known = effects.loc[level], theirs[label]
        assert abs(found["est"] - known["est"]) < 0.002 * known["se"]
        assert found["se"] == pytest.approx(known["se"], rel=1e-3)
    assert_close("three decimals", [slopes["LEAD", "TSIG", "between"]["est"]], [0.425])


def test_staff_variables_stand_between_and_errors_know_of_teams():
    frames = services()
    model = fit_latent_means(PATH, frames, DESIGN)
    assert list(model.joint.index) == [
        ("support", "alliance", "between"),
        ("support", "care", "between"),
        ("alliance", "outcome", "within"),
        ("alliance", "outcome", "between"),
        ("care", "outcome", "between"),
    ]
    assert model.equations["care"].n == 150
    assert model.equations["care"].clusters == {"team": 30}
    assert model.equations["outcome"].clusters == {"staff": 150, "team": 30}
    assert "robust to non-normality and to team" in model.equations["care"].method
    assert any("only 30 units of the level team" in text for text in model.warnings)
    alone = {level: frame.drop(columns="team", errors="ignore") for level, frame in frames.items()}
    other = fit_latent_means(PATH, alone, DESIGN)
    np.testing.assert_allclose(other.frame["est"], model.frame["est"], rtol=1e-6)
    assert np.abs(other.frame["se"] / model.frame["se"] - 1).max() > 0.02
    assert "robust to non-normality and to staff" in other.equations["care"].method


def test_slopes_between_are_not_attenuated():
    graph = PathGraph.of([("alliance", "outcome")])
    frames = services(teams=120, staff=6, clients=4)
    latent = fit_latent_means(graph, frames, DESIGN).slopes()["alliance", "outcome", "between"]
    manifest = fit_decomposed(graph, frames, DESIGN).slopes()["alliance", "outcome", "between"]
    assert latent["est"] > manifest["est"] + 0.02
    assert latent["se"] > manifest["se"]


def test_variables_of_any_name_and_a_team_predictor_enter():
    frames = services()
    frames["client"]["hope.total"] = frames["client"]["alliance"] + np.random.default_rng(1).normal(size=900)
    graph = PathGraph.of([("climate", "hope.total"), ("alliance", "hope.total")])
    rows = fit_latent_means(graph, frames, DESIGN).frame
    assert set(zip(rows["predictor"], rows["level"], strict=True)) == {
        ("climate", "between"),
        ("alliance", "within"),
        ("alliance", "between"),
    }


def test_residuals_of_parallel_mediators_covary():
    frames = services()
    rng = np.random.default_rng(2)
    frames["client"]["age"] = 0.6 * frames["client"]["alliance"] + rng.normal(size=900)
    graph = PathGraph.of(
        [("support", "alliance"), ("support", "age"), ("alliance", "outcome"), ("age", "outcome")]
    )
    model = fit_latent_means(graph, frames, DESIGN)
    plain = fit_decomposed(graph, frames, DESIGN).slopes()
    for slope in (("alliance", "outcome", "within"), ("age", "outcome", "within")):
        assert abs(model.slopes()[slope]["est"] - plain[slope]["est"]) < 0.1 * plain[slope]["se"]


@pytest.mark.parametrize(("shared", "levels"), [(0.0, {"within"}), (0.8, {"within", "between"})])
def test_a_covariate_has_both_parts_where_clusters_differ_in_it(shared, levels):
    frames = services()
    rng = np.random.default_rng(8)
    inner = rng.normal(size=900)
    frames["client"]["age"] = inner + shared * np.repeat(rng.normal(size=150), 6)
    model = fit_latent_means(PATH, frames, DESIGN, {"outcome": ("age",)})
    entered = model.frame.query("role == 'covariate'")
    assert set(entered["level"]) == levels
    assert any("'age' enters within staff only" in text for text in model.warnings) == (len(levels) == 1)


def test_missing_answers_count_where_asked_and_are_told_where_not():
    frames = services()
    rng = np.random.default_rng(3)
    frames["client"].loc[rng.random(900) < 0.2, "outcome"] = np.nan
    frames["client"].loc[:9, "staff"] = None
    listwise = fit_latent_means(PATH, frames, DESIGN)
    full = fit_latent_means(PATH, frames, DESIGN, missing="fiml")
    assert full.equations["outcome"].n == 890
    lost = listwise.equations["outcome"].left_out
    assert lost["no staff"] == 10
    assert listwise.equations["outcome"].n == 890 - lost["no answer: outcome"]
    a = ("support", "alliance", "between")
    assert full.slopes()[a]["est"] != listwise.slopes()[a]["est"]
    assert "full information" in full.equations["outcome"].method


def test_staff_without_clients_are_counted():
    frames = services()
    frames["client"] = frames["client"][~frames["client"]["staff"].isin(["S0", "S1"])]
    model = fit_latent_means(PATH, frames, DESIGN)
    assert model.equations["care"].left_out == {"no client in the model": 2}
    assert model.equations["care"].n == 148


def test_slopes_are_drawn_together():
    model = fit_latent_means(PATH, services(), DESIGN)
    drawn = draw_slopes(model, 40000, 1)
    found = np.corrcoef([drawn[slope] for slope in model.joint.index])
    cov = model.joint.to_numpy()
    spread = np.sqrt(np.diag(cov))
    np.testing.assert_allclose(found, cov / np.outer(spread, spread), atol=0.02)


def test_order_and_labels_do_not_matter():
    frames = services()
    first = fit_latent_means(PATH, frames, DESIGN).frame
    mixed = frames["client"].sample(frac=1, random_state=1).reset_index(drop=True)
    moved = {
        "client": mixed.assign(staff="x" + mixed["staff"]),
        "staff": frames["staff"].assign(id="x" + frames["staff"]["id"]).iloc[::-1],
    }
    second = fit_latent_means(PATH, moved, DESIGN).frame
    np.testing.assert_allclose(second["est"], first["est"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(second["se"], first["se"], rtol=1e-5)


def centred(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(outcome=frame["outcome"] - frame.groupby("staff")["outcome"].transform("mean"))


@pytest.mark.parametrize(
    ("edges", "spoil", "kind", "message"),
    [
        (PATH.edges, centred, NotEstimable, "did not converge; few or small staff clusters"),
        (
            [("alliance", "climate")],
            None,
            NotEstimable,
            "'climate' lies more than one level above the client",
        ),
        (PATH.edges, lambda f: f.assign(alliance=1.0), MediationError, "'alliance' is the same"),
        ([("support", "hope")], None, MediationError, "which nothing measures"),
    ],
)
def test_what_cannot_be_estimated_is_told(edges, spoil, kind, message):
    frames = services()
    if spoil is not None:
        frames["client"] = spoil(frames["client"])
    with pytest.raises(kind, match=message):
        fit_latent_means(PathGraph.of(edges), frames, DESIGN)
