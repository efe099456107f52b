"""model.json: slopes, effects, labels and verdicts, and what a study may not ask."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scored_rows
from tolerances import assert_close

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import read_json
from pipeline.stages.model import declared, inputs, model, outputs

ROUTE = "support -> alliance -> outcome"


def run(tmp_path, study=None, frames=None) -> dict[str, Any]:
    study, frames = study or scored_rows.study(), frames or scored_rows.frames()
    workspace = scored_rows.workspace(tmp_path, frames)
    model(study, workspace)
    assert all(path.is_file() for path in (*inputs(study, workspace), *outputs(study, workspace)))
    return read_json(outputs(study, workspace)[0])


def army(data) -> tuple[Any, dict[str, pd.DataFrame]]:
    scales = {name: {"export": "survey", "score": name.upper()} for name in ("lead", "cohes", "wbeing")}
    study = scored_rows.study(
        scales=scales,
        levels={"soldier": {"within": "company"}, "company": {}},
        exports={"survey": {"level": "soldier"}},
        edges=(("lead", "cohes"), ("cohes", "wbeing"), ("lead", "wbeing")),
        intervals={"draws": 5000},
        hypotheses=[
            {
                "id": "H1",
                "effect": "lead -> cohes -> wbeing",
                "level": "within",
                "sign": "positive",
                "smallest": 0.02,
            },
            {"id": "H2", "effect": "lead -> cohes -> wbeing", "level": "between", "sign": "positive"},
            {"id": "H3", "effect": "lead -> cohes", "level": "between", "sign": "positive", "smallest": 0.1},
        ],
    )
    table = data("bh1996")
    frame = pd.DataFrame({"id": [f"P{k}" for k in table.index], "company": [f"G{k}" for k in table["GRP"]]})
    for name in scales:
        frame[name] = table[name.upper()]
    return study, {"soldier": frame, "company": pd.DataFrame({"id": frame["company"].unique()})}


def test_the_army_study(tmp_path, data):
    found = run(tmp_path, *army(data))
    slopes = {(row["predictor"], row["outcome"], row["level"]): row["est"] for row in found["paths"]}
    indirect = {row["level"]: row["est"] for row in found["indirect"] if row["kind"] == "specific"}
    for level, a, b, ab in (("within", 0.477, 0.085, 0.041), ("between", 0.452, -0.215, -0.097)):
        assert_close("three decimals", slopes["lead", "cohes", level], a)
        assert_close("three decimals", slopes["cohes", "wbeing", level], b)
        assert_close("three decimals", indirect[level], ab)
    assert found["labels"]["between"].startswith("latent means: corrected for")
    assert found["labels"]["manifest"] == "manifest means: attenuated where clusters measure imprecisely"
    assert found["labels"]["flat"] == "flat (single-level): ignores clusters"
    verdicts = {one["id"]: one for one in found["hypotheses"]}
    assert verdicts["H1"]["verdict"] == "supported"
    assert verdicts["H1"]["beyond_smallest"]
    assert verdicts["H1"]["interval"] == "monte carlo"
    assert verdicts["H2"]["verdict"] == "inconclusive"
    assert (verdicts["H3"]["verdict"], verdicts["H3"]["interval"]) == ("supported", "wald")
    assert found["warnings"] == []
    assert found["second_opinion"]["agrees"]
    assert found["second_opinion"]["largest_difference_within_se"] < 0.05
    assert found["kind"] == "latent"
    assert [row["est"] for row in found["contextual"]] == pytest.approx(
        [-0.02492, -0.30061, 0.02560], abs=1e-4
    )
    assert all(set(one["r2"]) == {"within", "between"} for one in found["equations"].values())


def test_bootstrap_differences_and_shares_of_the_army_study(tmp_path, data):
    found = run(tmp_path, *army(data))
    assert found["bootstrap"] == {
        "draws": 1000,
        "seed": 1,
        "level": "company",
        "units": 99,
        "usable": 1.0,
        "inadmissible": 0,
        "intervals": ["percentile", "bc"],
        "reason": None,
        "caution": None,
    }
    within, between = (row for row in found["indirect"] if row["kind"] == "specific")
    for row, joint in ((within, True), (between, False)):
        assert row["boot_lower"] < row["est"] < row["boot_upper"]
        assert row["bc_lower"] < row["est"] < row["bc_upper"]
        assert (row["joint_pvalue"] < 0.05) is joint
    assert found["contextual_indirect"][0]["est"] == pytest.approx(between["est"] - within["est"])
    shares = {row["level"]: row for row in found["proportions"]}
    assert_close("three decimals", shares["within"]["est"], 0.079)
    assert "opposite signs" in shares["between"]["reason"]
    assert found["contrasts"] == []
    assert "boot_lower" not in found["flat"]["indirect"][0]


def test_teams_are_resampled_where_clients_lie_in_staff_in_teams(tmp_path):
    found = run(tmp_path)
    assert (found["bootstrap"]["level"], found["bootstrap"]["units"]) == ("team", 20)
    caution = "the bootstrap draws only 20 units of the level team (fewer than 30)"
    assert found["bootstrap"]["caution"].startswith(caution)
    assert any(text.startswith(caution) for text in found["warnings"])


def test_manifest_means_stand_beside_the_latent_ones(tmp_path, data):
    found = run(tmp_path, *army(data))["manifest"]
    slopes = {(row["predictor"], row["outcome"], row["level"]): row["est"] for row in found["paths"]}
    indirect = {row["level"]: row["est"] for row in found["indirect"] if row["kind"] == "specific"}
    assert found["kind"] == "decomposed"
    assert_close("three decimals", slopes["cohes", "wbeing", "between"], -0.101)
    assert_close("three decimals", [indirect["within"], indirect["between"]], [0.041, -0.046])
    assert [row["est"] for row in found["contextual"]] == pytest.approx(
        [-0.02496, -0.18683, -0.01733], abs=1e-4
    )


def test_where_latent_means_have_no_solution_manifest_ones_take_their_place(tmp_path):
    frames = scored_rows.frames()
    client = frames["client"]
    client["outcome"] -= client.groupby("staff")["outcome"].transform("mean")
    found = run(tmp_path, frames=frames)
    assert (found["kind"], found["options"]["means"], found["manifest"]) == ("decomposed", "manifest", None)
    assert found["warnings"][0].startswith("the model with latent cluster means has no usable solution: ")
    assert found["warnings"][0].endswith("The model with manifest means stands in its place")
    assert found["labels"]["means"] == found["warnings"][0]
    assert found["labels"]["between"].startswith("manifest means")
    assert (found["bootstrap"]["draws"], "boot_lower" in found["indirect"][0]) == (0, False)
    assert "fitted equation by equation" in found["bootstrap"]["reason"]


def test_a_study_may_ask_for_complete_rows(tmp_path):
    frames = scored_rows.frames()
    frames["client"].loc[:49, "outcome"] = np.nan
    full = run(tmp_path / "a", frames=frames)
    complete = run(tmp_path / "b", scored_rows.study(missing="listwise"), frames)
    assert (full["options"]["missing"], complete["options"]["missing"]) == ("fiml", "listwise")
    assert (full["equations"]["outcome"]["n"], complete["equations"]["outcome"]["n"]) == (500, 450)
    assert complete["equations"]["outcome"]["left_out"] == {"no answer: outcome": 50}


def test_the_flat_model_stands_beside_it(tmp_path, data):
    found = run(tmp_path, *army(data))["flat"]
    slopes = {(row["predictor"], row["outcome"]): row["est"] for row in found["paths"]}
    assert_close("three decimals", [slopes["lead", "cohes"], slopes["cohes", "wbeing"]], [0.476, 0.077])
    assert_close("three decimals", found["indirect"][0]["est"], 0.037)
    assert {row["level"] for row in found["paths"]} == {"flat"}


def test_three_levels(tmp_path):
    found = run(tmp_path)
    assert {(row["predictor"], row["outcome"], row["level"]) for row in found["paths"]} == {
        ("support", "alliance", "between"),
        ("alliance", "outcome", "within"),
        ("alliance", "outcome", "between"),
    }
    assert found["equations"]["alliance"]["clusters"] == {"staff": 100, "team": 20}
    assert found["equations"]["alliance"]["method"].endswith("robust to non-normality and to team")
    manifest = found["manifest"]["equations"]["alliance"]
    assert manifest["method"] == "maximum likelihood with random intercepts of staff, team"
    assert [row["route"] for row in found["indirect"] if row["kind"] == "specific"] == [ROUTE]
    density = found["densities"][f"{ROUTE}|between"]
    assert len(density["x"]) == len(density["y"])
    assert any("only 20 units of the level team" in text for text in found["warnings"])
    assert found["options"] == {
        "draws": 1000,
        "seed": 1,
        "confidence": 0.95,
        "interval": "monte_carlo",
        "means": "latent",
        "robust_unit": "team",
        "measurement": "scores",
        "measurement_declared": "scores",
        "measurement_reason": "the study declares it",
        "missing": "complete: no answers missing",
        "between_variances": "free",
    }


def test_a_study_without_clusters_is_labelled_single_level(tmp_path):
    study = scored_rows.study(
        scales={"alliance": {"export": "clients"}, "outcome": {"export": "clients"}},
        levels={"client": {}},
        exports={"clients": {"level": "client"}},
        edges=(("alliance", "outcome"),),
        hypotheses=[{"id": "H1", "effect": "alliance -> outcome", "level": "within", "sign": "positive"}],
    )
    found = run(tmp_path, study, {"client": scored_rows.frames()["client"].drop(columns=["staff", "team"])})
    assert found["kind"] == "flat"
    assert found["paths"] == found["flat"]["paths"]
    assert found["labels"]["model"].startswith("single-level")
    assert "between" not in found["labels"]
    assert found["contextual"] == []
    assert found["hypotheses"][0]["evaluated_at"] == "flat"
    assert found["second_opinion"] == found["flat"]["second_opinion"]
    assert (found["second_opinion"]["program"], found["second_opinion"]["agrees"]) == (
        "statsmodels OLS",
        True,
    )
    assert "largest difference of a slope" in found["second_opinion"]["sentence"]
    assert 0 < found["equations"]["outcome"]["r2"]["flat"] < 1
    assert found["options"]["means"] is None
    assert (found["bootstrap"]["level"], found["bootstrap"]["units"]) == ("client", 500)


def test_full_information_is_there_for_one_level(tmp_path):
    study = scored_rows.study(
        scales={"alliance": {"export": "clients"}, "outcome": {"export": "clients"}},
        levels={"client": {}},
        exports={"clients": {"level": "client"}},
        edges=(("alliance", "outcome"),),
        missing="fiml",
    )
    frame = scored_rows.frames()["client"].drop(columns=["staff", "team"])
    frame.loc[:19, "alliance"] = np.nan
    frame.loc[20:29, "outcome"] = np.nan
    equation = run(tmp_path, study, {"client": frame})["equations"]["outcome"]
    assert equation["n"] == 470
    assert equation["left_out"] == {"no answer: alliance": 20, "no answer to any outcome": 10}
    assert "full information" in equation["method"]


def test_a_path_of_staff_variables_alone_is_split_within_teams(tmp_path):
    frames = scored_rows.frames()
    rng = np.random.default_rng(1)
    frames["staff"]["care"] = 0.4 * frames["staff"]["support"] + rng.normal(size=100)
    study = scored_rows.study(
        scales={"support": {"export": "people"}, "care": {"export": "people", "score": "CARE"}},
        edges=(("support", "care"),),
    )
    found = run(tmp_path, study, frames)
    assert {row["level"] for row in found["paths"]} == {"within", "between"}
    assert found["equations"]["care"]["clusters"] == {"team": 20}


def test_covariates_enter_the_outcomes_that_they_predict(tmp_path):
    frames = scored_rows.frames()
    frames["client"]["age"] = np.random.default_rng(1).normal(40, 9, 500)
    covariates = {"age": {"export": "clients", "column": "AGE", "predicts": ["outcome"]}}
    found = run(tmp_path, scored_rows.study(covariates=covariates), frames)
    entered = {(row["outcome"], row["predictor"]) for row in found["paths"] if row["role"] == "covariate"}
    assert entered == {("outcome", "age")}


@pytest.mark.parametrize("effect", [ROUTE, "alliance -> outcome", "support -> alliance"])
def test_hypotheses_may_ask_for_arrows_and_routes(tmp_path, effect):
    asked = {"id": "H1", "effect": effect, "level": "between", "sign": "positive"}
    one = run(tmp_path, scored_rows.study(hypotheses=[asked]))["hypotheses"][0]
    assert one | asked == one
    assert one["ci_lower"] < one["est"] < one["ci_upper"]
    assert one["verdict"] in {"supported", "not supported", "inconclusive"}


WRONG = {
    "latent": (
        {
            "measurement": "latent",
            "scales": {
                name: {"export": level, "score": name.upper()}
                for name, level in (("support", "people"), ("alliance", "clients"), ("outcome", "clients"))
            },
        },
        "measurement: latent is declared, but no scale of the path has two or more items",
    ),
    "no such arrow": (
        {
            "hypotheses": [
                {"id": "H9", "effect": "outcome -> support", "level": "between", "sign": "positive"}
            ]
        },
        "H9: 'outcome -> support' is not an arrow",
    ),
    "no such level": (
        {"hypotheses": [{"id": "H9", "effect": ROUTE, "level": "within", "sign": "positive"}]},
        "H9: .* has no effect within, because support is measured once a staff",
    ),
    "a circle": ({"edges": (("alliance", "outcome"), ("outcome", "alliance"))}, "runs in a circle"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_study_may_not_ask_is_told_where_it_is_declared(tmp_path, case):
    more, message = WRONG[case]
    with pytest.raises(StudyError, match=message) as caught:
        run(tmp_path, scored_rows.study(**more))
    assert "data/made/study.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.assign(alliance=2.0), "'alliance' is the same"),
        (lambda f: f.assign(staff="S1", team="T0"), "lie in one staff"),
        (lambda f: f.assign(outcome=np.nan), "no row is complete"),
    ],
)
def test_data_that_cannot_carry_the_model_are_told_to_the_user(tmp_path, spoil, message):
    frames = scored_rows.frames()
    frames["client"] = spoil(frames["client"])
    with pytest.raises(StudyError, match=message):
        run(tmp_path, frames=frames)


def test_a_failed_run_leaves_the_last_result(tmp_path):
    run(tmp_path)
    before = (tmp_path / "build" / "made" / "model" / "model.json").read_bytes()
    frames = scored_rows.frames()
    frames["client"]["alliance"] = 1.0
    with pytest.raises(StudyError):
        run(tmp_path, frames=frames)
    assert (tmp_path / "build" / "made" / "model" / "model.json").read_bytes() == before


def test_two_runs_and_two_sets_of_ids_give_the_same_file(tmp_path):
    frames = scored_rows.frames()
    renamed = {level: frame.copy() for level, frame in frames.items()}
    names = {f"S{k}": f"hash{(k * 37) % 1009:04}" for k in range(100)}
    renamed["client"]["staff"] = renamed["client"]["staff"].map(names)
    renamed["staff"]["id"] = renamed["staff"]["id"].map(names)
    texts = {
        json.dumps(run(tmp_path / folder, frames=given))
        for folder, given in (("a", frames), ("b", frames), ("c", renamed))
    }
    assert len(texts) == 1


def test_nothing_reaches_the_terminal(tmp_path, capfd, recwarn):
    frames = scored_rows.frames()
    client = frames["client"]
    client["outcome"] -= client.groupby("staff")["outcome"].transform("mean")
    found = run(tmp_path, frames=frames)
    assert any("estimated at zero" in text for text in found["warnings"])
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_the_declared_slice_leaves_out_what_the_stage_does_not_read():
    first, second = scored_rows.study(), scored_rows.study(title="Another", question="Why?")
    assert declared(first) == declared(second)
    assert declared(first) != declared(scored_rows.study(seed=2))
    json.dumps(declared(first))


def test_enough_clusters_let_the_report_rest_on_latent_variables(tmp_path):
    found = run(tmp_path, scored_rows.study(measurement="auto"))
    assert (found["kind"], found["options"]["measurement"]) == ("latent_variables", "latent")
    assert (
        "29 free parameters between 100 clusters (staff), which is enough"
        in (found["options"]["measurement_reason"])
    )
    assert found["other"]["kind"] == "latent"
    assert found["manifest"]["kind"] == "decomposed"
    assert found["labels"]["between"].startswith("latent variables between clusters")
    assert found["second_opinion"]["sentence"].startswith("none for latent variables; of the scale scores")
    own, scores = ({_key(row): row for row in part["paths"]} for part in (found, found["other"]))
    inside = ("alliance", "outcome", "within")
    assert own.keys() == scores.keys()
    assert own[inside]["beta"] > scores[inside]["beta"]
    assert found["fit"]["kind"] == "scaled and robust"
    assert found["fit"]["df"] > 0


@pytest.mark.parametrize(
    ("size", "declared_as", "kind", "reason"),
    [
        ({"teams": 9}, "auto", "latent", "between 45 clusters (staff), which is too few"),
        ({}, "scores", "latent", "the study declares it"),
        ({"teams": 18}, "latent", "latent_variables", "the study declares it"),
    ],
)
def test_scores_or_latent_variables(tmp_path, size, declared_as, kind, reason):
    found = run(tmp_path, scored_rows.study(measurement=declared_as), scored_rows.frames(**size))
    assert (found["kind"], found["options"]["measurement_declared"]) == (kind, declared_as)
    assert reason in found["options"]["measurement_reason"]
    assert found["other"]["kind"] == ({"latent", "latent_variables"} - {kind}).pop()
    assert found["why_no_other"] is None


SINGLE = {
    "scales": {"alliance": {"export": "clients"}, "outcome": {"export": "clients"}},
    "levels": {"client": {}},
    "exports": {"clients": {"level": "client"}},
    "edges": (("alliance", "outcome"),),
    "hypotheses": [{"id": "H1", "effect": "alliance -> outcome", "level": "within", "sign": "positive"}],
}


@pytest.mark.parametrize(
    ("rows", "kind", "reason"),
    [
        (500, "latent_variables", "25 free parameters on 500 rows, which is enough"),
        (150, "flat", "25 free parameters on 150 rows, which is too few"),
    ],
)
def test_latent_variables_of_one_level(tmp_path, rows, kind, reason):
    frame = scored_rows.frames()["client"].drop(columns=["staff", "team"]).head(rows)
    found = run(tmp_path, scored_rows.study(measurement="auto", **SINGLE), {"client": frame})
    assert (found["kind"], found["contextual"]) == (kind, [])
    assert reason in found["options"]["measurement_reason"]
    assert found["other"]["kind"] == ({"flat", "latent_variables"} - {kind}).pop()
    assert {row["level"] for row in found["paths"]} == {"flat"}
    assert found["hypotheses"][0]["evaluated_at"] == "flat"
    assert found["labels"]["model"].startswith("single-level")


def test_too_many_items_are_not_tried_unasked(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.stages.measurement.MOST_ITEMS", 10)
    found = run(tmp_path, scored_rows.study(measurement="auto"))
    assert (found["kind"], found["other"]) == ("latent", None)
    assert "11 items are too many to try unasked (the limit is 10)" in found["why_no_other"]
    assert found["options"]["measurement_reason"].endswith(found["why_no_other"])


@pytest.mark.parametrize(
    ("asked", "gaps", "used"),
    [
        ("fiml", 20, "fiml"),
        ("listwise", 20, "listwise"),
        ("fiml", 0, "complete: no answers missing"),
    ],
)
def test_what_became_of_missing_answers_is_told_as_it_was(tmp_path, asked, gaps, used):
    frames = scored_rows.frames()
    frames["client"].loc[: gaps - 1, "outcome"] = np.nan
    found = run(tmp_path, scored_rows.study(missing=asked), frames)
    assert found["options"]["missing"] == used
    assert found["flat"]["missing"] == used


def test_a_saturated_model_says_so(tmp_path, data):
    found = run(tmp_path, *army(data))
    assert (found["fit"]["kind"], found["fit"]["df"], found["fit"]["npar"]) == ("saturated", 0, 15)
    assert set(found["fit"]["shown"].values()) == {None}
    assert found["manifest"]["fit"] is None
    assert "no scale of the path has two or more items" in found["why_no_other"]


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["predictor"], row["outcome"], row["level"]
