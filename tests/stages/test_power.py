"""Power in model.json and by simulation: which effects, which sizes, and never the estimate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scored_rows

from pipeline.declaration import StudyError
from pipeline.mediation import PathGraph
from pipeline.stages.artefacts import read_json
from pipeline.stages.model import model, outputs
from pipeline.stages.power import design_of, section, simulate
from pipeline.study.declared import Published

ROUTE = "support -> alliance -> outcome"
HYPOTHESES = [
    {"id": "H1", "effect": ROUTE, "level": "between", "sign": "positive", "smallest": 0.1},
    {"id": "H2", "effect": "alliance -> outcome", "level": "within", "sign": "negative", "smallest": 0.2},
    {"id": "H3", "effect": "alliance -> outcome", "level": "between", "sign": "positive"},
]
PUBLISHED = [{"effect": ROUTE, "level": "between", "standardized": -0.09, "source": "Somebody (2020)"}]


def told(study=None, frames=None) -> dict[str, Any]:
    study = study or scored_rows.study(hypotheses=HYPOTHESES, published=PUBLISHED)
    frames = frames or scored_rows.frames()
    return section(study, PathGraph.of(study.edges), frames, design_of(study))


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return told()["rows"]


def test_every_declared_and_published_size_has_its_power(rows):
    asked = [(row["effect"], row["level"], row["kind"], row["source"]) for row in rows]
    assert asked == [
        ("alliance -> outcome", "within", "smallest", "H2"),
        (ROUTE, "between", "smallest", "H1"),
        (ROUTE, "between", "published", "Somebody (2020)"),
    ]
    assert all(0 < row["power"] <= 1 for row in rows)


def test_sizes_are_those_declared(rows):
    within, smallest, published = rows
    assert within["unstandardized"] == pytest.approx(-0.2, abs=1e-5)
    assert smallest["unstandardized"] == pytest.approx(0.1, abs=1e-5)
    assert published["standardized"] == pytest.approx(-0.09)
    assert published["beta"] == pytest.approx(0.3)


def test_the_least_effect_has_the_sign_that_is_expected(rows):
    assert [np.sign(row["mde_unstandardized"]) for row in rows if row["mde_unstandardized"]] == [
        np.sign(row["size"]) for row in rows if row["mde_unstandardized"]
    ]


def test_an_indirect_effect_without_a_size_has_its_least_effect_only():
    (row,) = told(scored_rows.study())["rows"]
    assert (row["effect"], row["power"], row["source"]) == (ROUTE, None, None)
    assert row["mde_standardized"] is not None


def test_model_json_holds_it(tmp_path):
    study, frames = scored_rows.study(hypotheses=HYPOTHESES, published=PUBLISHED), scored_rows.frames()
    workspace = scored_rows.workspace(tmp_path, frames)
    model(study, workspace)
    found = read_json(outputs(study, workspace)[0])["power"]
    assert found["target"] == 0.8
    assert [row["power"] for row in found["rows"]] == [row["power"] for row in told()["rows"]]


def test_a_single_level_study_has_its_power_at_its_level():
    n = 120
    rng = np.random.default_rng(3)
    x = rng.normal(size=n)
    m = 0.4 * x + rng.normal(size=n)
    frame = pd.DataFrame(
        {"id": range(n), "support": x, "alliance": m, "outcome": 0.4 * m + rng.normal(size=n)}
    )
    study = scored_rows.study(
        levels={"client": {}},
        exports={"clients": {"level": "client"}},
        scales={name: {"export": "clients", "score": name} for name in ("support", "alliance", "outcome")},
        hypotheses=[HYPOTHESES[1], {**HYPOTHESES[0], "level": "within"}],
    )
    found = told(study, {"client": frame})
    assert [(row["level"], row["source"]) for row in found["rows"]] == [("flat", "H1"), ("flat", "H2")]
    assert found["why_not"] is None


def test_without_a_usable_two_level_solution_the_reason_is_told():
    frames = scored_rows.frames(teams=3, staff=2, clients=3)
    frames["client"]["alliance"] -= 0.999 * frames["client"].groupby("staff")["alliance"].transform("mean")
    found = told(frames=frames)
    assert found["rows"] == []
    assert found["why_not"]


def test_simulation_stands_beside_the_formula(tmp_path):
    study, frames = scored_rows.study(hypotheses=HYPOTHESES), scored_rows.frames()
    workspace = scored_rows.workspace(tmp_path, frames)
    heard: list[int] = []

    def begun(total: int):
        heard.append(-total)
        return heard.append

    lines = simulate(study, workspace, 60, workers=1, begun=begun)
    assert sum(heard) == 0
    rows = read_json(workspace.build / "power.json")["rows"]
    assert len(lines) == 2 + len(rows)
    for row in rows:
        error = np.sqrt(max(row["power"] * (1 - row["power"]), 0.01) / row["samples"])
        assert abs(row["joint"] - row["power"]) < 3 * error + 0.05


@pytest.mark.parametrize(
    ("hypotheses", "replications", "message"),
    [([], 10, "no effect has an assumed size"), (HYPOTHESES, 1, "1 is too few")],
)
def test_what_cannot_be_simulated_is_told(tmp_path, hypotheses, replications, message):
    study, frames = scored_rows.study(hypotheses=hypotheses), scored_rows.frames()
    with pytest.raises(StudyError, match=message):
        simulate(study, scored_rows.workspace(tmp_path, frames), replications, workers=1)


@pytest.mark.parametrize("size", [1.0, -1.0, 2])
def test_a_published_effect_is_a_standardized_one(size):
    with pytest.raises(ValueError, match="standardized"):
        Published(effect=ROUTE, level="between", standardized=size, source="Somebody, 2020")
