"""The sensitivity part of model.json: one row an effect, its curve, and a word where there is none."""

from __future__ import annotations

import pandas as pd
import pytest
import scored_rows

from pipeline.stages.artefacts import read_json
from pipeline.stages.model import model, outputs


def run(tmp_path, study, frames):
    workspace = scored_rows.workspace(tmp_path, frames)
    model(study, workspace)
    return read_json(outputs(study, workspace)[0])


def army(data, levels: dict[str, dict[str, str]]):
    names = ("lead", "cohes", "wbeing")
    study = scored_rows.study(
        scales={name: {"export": "survey", "score": name.upper()} for name in names},
        levels=levels,
        exports={"survey": {"level": "soldier"}},
        edges=(("lead", "cohes"), ("cohes", "wbeing"), ("lead", "wbeing")),
        intervals={"draws": 2000},
    )
    table = data("bh1996")
    frame = pd.DataFrame({"id": [f"P{k}" for k in table.index]})
    if "company" in levels:
        frame["company"] = [f"G{k}" for k in table["GRP"]]
    frames = {"soldier": frame.assign(**{name: table[name.upper()] for name in names})}
    if "company" in levels:
        frames["company"] = pd.DataFrame({"id": frame["company"].unique()})
    return study, frames


@pytest.mark.parametrize(
    ("levels", "known"),
    [
        ({"soldier": {"within": "company"}, "company": {}}, ["within", "between"]),
        ({"soldier": {}}, ["flat"]),
    ],
    ids=["companies", "one level"],
)
def test_every_effect_has_a_row_and_a_curve_through_its_estimate(tmp_path, data, levels, known):
    found = run(tmp_path, *army(data, levels))
    part = found["sensitivity"]
    effects = {(r["route"], r["level"]): r for r in found["indirect"] if r["kind"] == "specific"}
    assert [row["level"] for row in part["rows"]] == known
    for row in part["rows"]:
        own, curve = (
            effects[row["route"], row["level"]],
            part["curves"][f"{row['route']}|{row['level']}"],
        )
        middle = curve["rho"].index(0.0)
        for name in ("est", "ci_lower", "ci_upper"):
            assert curve[name][middle] == pytest.approx(own[name], rel=1e-6, abs=1e-9)
            assert row[name] == pytest.approx(own[name], rel=1e-6, abs=1e-9)
        assert (row["rho_interval"] == 0) is (own["ci_lower"] <= 0 <= own["ci_upper"])
        assert ("rv" in row) is (row["level"] == "flat")
    assert part["options"]["grid"] == curve["rho"]
    assert part["notes"] == []


def test_a_model_with_manifest_means_is_told_to_have_none(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.stages.path_models._latent", lambda *_: (None, "no usable solution"))
    part = run(tmp_path, scored_rows.study(), scored_rows.frames())["sensitivity"]
    assert (part["rows"], part["curves"]) == ([], {})
    assert "not worked out" in part["notes"][0]
