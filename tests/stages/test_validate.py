"""validate.json: what it holds, for scales of several levels, and what it says it cannot know."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scored_rows

from pipeline.psychometrics import intraclass, one_factor, reliability
from pipeline.stages.artefacts import read_json
from pipeline.stages.factors import CLUSTERS_IGNORED
from pipeline.stages.validate import declared, inputs, outputs, validate

SCORES = {
    "warm": {"export": "survey", "score": "W"},
    "well": {"export": "survey", "score": "V"},
}


def run(tmp_path, study=None, frames=None) -> dict[str, Any]:
    study, frames = study or scored_rows.study(), frames or scored_rows.frames()
    workspace = scored_rows.workspace(tmp_path, frames)
    validate(study, workspace)
    assert all(path.is_file() for path in (*inputs(study, workspace), *outputs(study, workspace)))
    return read_json(outputs(study, workspace)[0])


def keyed(frames, level: str, scale: str) -> pd.DataFrame:
    names = [name for name in frames[level] if name.startswith(f"{scale}.") and name[-1].isdigit()]
    return frames[level][names].rename(columns=lambda name: name.split(".")[1])


def test_each_scale_is_described_at_its_level(tmp_path):
    frames = scored_rows.frames()
    found = run(tmp_path, frames=frames)
    assert {name: row["level"] for name, row in found["descriptives"].items()} == {
        "support": "staff",
        "alliance": "client",
        "outcome": "client",
    }
    row = found["descriptives"]["alliance"]
    assert (row["n"], row["missing"], row["kind"]) == (500, 0, "scale")
    assert row["mean"] == pytest.approx(frames["client"]["alliance"].mean())
    assert row["skew"] == pytest.approx(frames["client"]["alliance"].skew())


@pytest.mark.parametrize(("scale", "level"), [("support", "staff"), ("alliance", "client")])
def test_reliability_and_loadings_are_those_of_the_items(tmp_path, scale, level):
    frames = scored_rows.frames()
    found = run(tmp_path, frames=frames)
    items = keyed(frames, level, scale)
    alpha, model = reliability(items), one_factor(items, clusters=frames[level]["team"])
    told = found["reliability"][scale]
    assert (told["est"], told["ci_lower"]) == (pytest.approx(alpha.est), pytest.approx(alpha.ci_lower))
    assert (told["coefficient"], told["level"], told["k"], told["n"]) == (
        "alpha",
        level,
        items.shape[1],
        len(items),
    )
    rows = found["items"][scale]
    assert [row["item"] for row in rows] == list(items.columns)
    np.testing.assert_allclose([row["loading"] for row in rows], model.frame["std"])
    np.testing.assert_allclose([row["se"] for row in rows], model.frame["std_se"])
    np.testing.assert_allclose([row["item_rest"] for row in rows], alpha.items.frame["item_rest"])
    assert rows[0]["floor"] == pytest.approx((items.iloc[:, 0] == 1).mean())
    assert rows[0]["text"] == f"Item 1 of {scale}"


def test_three_items_have_no_test_and_four_have_one(tmp_path):
    factor = run(tmp_path)["factor"]
    assert factor["support"]["chisq"] is None
    assert "just identified (df = 0)" in factor["support"]["no_test"]
    assert factor["alliance"]["df"] == 2
    assert factor["alliance"]["no_test"] is None
    assert factor["alliance"]["converged"]


def test_errors_and_test_allow_for_the_highest_clusters(tmp_path):
    frames = scored_rows.frames()
    found = run(tmp_path, frames=frames)["factor"]["alliance"]
    assert (found["estimator"], found["cluster"], found["clusters"]) == ("MLR", "team", 20)
    assert "only 20 clusters" in found["note"]
    theirs = one_factor(keyed(frames, "client", "alliance"), clusters=frames["client"]["team"])
    assert found["chisq"] == pytest.approx(theirs.fit.chisq)
    assert found["plain"]["chisq"] == pytest.approx(theirs.plain.chisq)


def test_rows_without_a_cluster_are_counted_and_a_level_that_most_lack_is_not_used(tmp_path):
    frames = scored_rows.frames()
    frames["client"].loc[:49, "team"] = None
    found = run(tmp_path / "few", frames=frames)["factor"]["alliance"]
    assert (found["cluster"], found["n"], found["left_out"]) == ("team", 450, {"no cluster": 50})
    frames["client"].loc[:299, "team"] = None
    found = run(tmp_path / "most", frames=frames)["factor"]["alliance"]
    assert (found["cluster"], found["clusters"], found["n"]) == ("staff", 100, 500)
    frames["client"].loc[:299, "staff"] = None
    found = run(tmp_path / "neither", frames=frames)["factor"]["alliance"]
    assert (found["cluster"], found["note"]) == (None, CLUSTERS_IGNORED)


def test_missing_answers_count_and_two_programs_compare_the_complete_rows(tmp_path):
    frames = scored_rows.frames()
    frames["client"].loc[:39, "alliance.a2"] = np.nan
    found = run(tmp_path, frames=frames)
    factor, alpha = found["factor"]["alliance"], found["reliability"]["alliance"]
    assert (factor["missing_answers"], factor["n"], factor["missing"]) == ("fiml", 500, 40)
    assert (alpha["missing"], alpha["n"], alpha["n_interval"]) == ("pairwise", 500, 460)
    opinion = factor["second_opinion"]
    assert (opinion["program"], opinion["n"], opinion["reason"]) == ("semopy", 460, None)
    assert opinion["largest_difference_estimates"] < 1e-3
    assert opinion["largest_difference_chisq"] < 1e-3
    assert factor["warnings"] == []


def test_facets_have_their_own_results_and_a_joint_model(tmp_path):
    found = run(tmp_path)
    goals = found["facets"]["alliance"]["goals"]
    assert goals["title"] == "Goals"
    assert goals["reliability"]["k"] == 2
    assert goals["factor"] is None
    assert goals["descriptives"]["n"] == 500
    reasons = {(one["what"], one["scale"]): one["reason"] for one in found["not_estimated"]}
    assert "two items have one correlation" in reasons["factor model", "alliance.goals"]
    joint = found["factor"]["alliance"]["facets"]
    assert [row["factor"] for row in joint["loadings"]] == ["goals", "goals", "bond", "bond"]
    assert joint["df"] == 1
    assert len(joint["correlations"]) == 1


def test_icc_is_given_at_each_level_above(tmp_path):
    frames = scored_rows.frames()
    found = run(tmp_path, frames=frames)["icc"]
    assert {scale: list(levels) for scale, levels in found.items()} == {
        "support": ["team"],
        "alliance": ["staff", "team"],
        "outcome": ["staff", "team"],
    }
    theirs = intraclass(frames["client"]["alliance"], frames["client"]["staff"])
    assert found["alliance"]["staff"]["icc1"] == pytest.approx(theirs.icc1)
    assert found["alliance"]["staff"]["clusters"] == 100


def test_correlations_within_and_between(tmp_path):
    frames = scored_rows.frames()
    found = run(tmp_path, frames=frames)["correlations"]
    assert found["names"] == ["support", "alliance", "outcome"]
    assert (found["level"], found["cluster"], found["n"], found["clusters"]) == ("client", "staff", 500, 100)
    client = frames["client"]
    w = client[["alliance", "outcome"]] - client.groupby("staff")[["alliance", "outcome"]].transform("mean")
    assert found["within"][1][2] == pytest.approx(w.corr().iloc[0, 1])
    assert found["within"][0] == [None, None, None]
    means = client.groupby("staff", sort=False)[["alliance", "outcome"]].mean()
    assert found["between"][1][2] == pytest.approx(means.corr().iloc[0, 1])
    support = frames["staff"].set_index("id")["support"]
    assert found["between"][0][1] == pytest.approx(support.corr(means["alliance"]))
    assert found["total"][1][2] == pytest.approx(client["alliance"].corr(client["outcome"]))
    assert found["p_within"][1][2] < 0.001
    assert found["n_between"][0][1] == 100


def test_clusters_that_did_not_answer_still_count_between(tmp_path):
    frames = scored_rows.frames()
    frames["staff"] = frames["staff"].iloc[10:].reset_index(drop=True)
    found = run(tmp_path, frames=frames)["correlations"]
    assert (found["n_between"][0][1], found["n_between"][1][2]) == (90, 100)


def test_ready_scores_have_neither_alpha_nor_loadings_and_say_why(tmp_path):
    study = scored_rows.study(
        scales=SCORES,
        levels={"person": {}},
        exports={"survey": {"level": "person"}},
        edges=(("warm", "well"),),
    )
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"id": list("abcdefgh"), "warm": rng.normal(size=8), "well": rng.normal(size=8)})
    found = run(tmp_path, study, {"person": frame})
    assert found["reliability"] == found["items"] == found["factor"] == found["icc"] == {}
    reasons = {(one["what"], one["scale"]): one["reason"] for one in found["not_estimated"]}
    assert set(reasons) == {(what, scale) for what in ("alpha", "factor model") for scale in SCORES}
    assert "ready score" in reasons["alpha", "warm"]
    assert found["correlations"]["within"] is None
    assert found["correlations"]["cluster"] is None
    assert found["correlations"]["total"][0][1] == pytest.approx(frame["warm"].corr(frame["well"]))


def test_an_item_that_does_not_vary_is_told_and_the_rest_goes_on(tmp_path):
    frames = scored_rows.frames()
    frames["client"]["outcome.o2"] = 3.0
    found = run(tmp_path, frames=frames)
    assert "outcome" not in found["reliability"]
    assert "outcome" not in found["factor"]
    reasons = {(one["what"], one["scale"]): one["reason"] for one in found["not_estimated"]}
    assert "same answer to o2" in reasons["alpha", "outcome"]
    assert [row["sd"] for row in found["items"]["outcome"]][1] == 0
    assert found["items"]["outcome"][0]["loading"] is None
    assert "alliance" in found["reliability"]


def test_clusters_of_one_have_no_icc_and_say_why(tmp_path):
    frames = scored_rows.frames(teams=60, staff=1)
    found = run(tmp_path, frames=frames)
    reasons = {(one["what"], one["scale"]): one["reason"] for one in found["not_estimated"]}
    assert "single score" in reasons["ICC at the level team", "support"]
    assert "support" not in found["icc"]


def test_the_result_is_the_same_whatever_the_ids_are_called(tmp_path):
    frames = scored_rows.frames()
    renamed = {level: frame.copy() for level, frame in frames.items()}
    names = {f"S{k}": f"hash{(k * 37) % 1009:04}" for k in range(100)}
    renamed["client"]["staff"] = renamed["client"]["staff"].map(names)
    renamed["staff"]["id"] = renamed["staff"]["id"].map(names)
    first, second = run(tmp_path / "a", frames=frames), run(tmp_path / "b", frames=renamed)
    assert json.dumps(first) == json.dumps(second)
    assert not any(name in json.dumps(first) for name in ("S17", "T3", "C44"))


def test_the_declared_slice_leaves_out_what_the_stage_does_not_read():
    first, second = scored_rows.study(), scored_rows.study(title="Another")
    assert declared(first) == declared(second)
    assert declared(first) != declared(scored_rows.study(scales={"outcome": {"export": "clients"}}))
    json.dumps(declared(first))
