"""A study that declares bounded variances between clusters: what is fitted, and where it is told."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import recorded
import scored_rows

from pipeline.reporting import prose
from pipeline.reporting.record import Record
from pipeline.stages.artefacts import read_json
from pipeline.stages.model import model, outputs

# Twenty staff: seed 1 has a residual variance of the alliance between staff below zero, seed 4 has none.
BELOW_ZERO, PROPER = 1, 4


@cache
def fitted(between_variances: str, seed: int = BELOW_ZERO, measurement: str = "scores") -> dict[str, Any]:
    moderators = [{"moderator": "support", "of": "alliance -> outcome", "level": "within"}]
    rivals = [{"id": "R1", "path": "support -> outcome -> alliance"}]
    study = scored_rows.study(
        between_variances=between_variances, measurement=measurement, moderators=moderators, rivals=rivals
    )
    frames = scored_rows.frames(seed=seed, teams=5, staff=4, clients=4)
    with TemporaryDirectory() as root:
        workspace = scored_rows.workspace(Path(root), frames)
        model(study, workspace)
        return read_json(outputs(study, workspace)[0])


def between(found: dict[str, Any]) -> list[float]:
    return [one["variances"]["between"] for one in found["equations"].values()]


def test_variances_are_free_unless_the_study_declares_otherwise():
    free = fitted("free")
    assert free["kind"] == "latent"
    assert min(between(free)) < 0
    assert free["options"]["between_variances"] == "free"
    assert "between_variances" not in free["labels"]
    assert any("a Heywood case" in text for text in free["warnings"])


def test_bounded_variances_rest_at_zero_and_it_is_told():
    bounded = fitted("bounded")
    assert bounded["kind"] == "latent"
    assert min(between(bounded)) == 0
    assert bounded["options"]["between_variances"] == "bounded"
    assert "kept from falling below zero" in bounded["labels"]["between_variances"]
    assert any("at zero rest alliance ~~ alliance" in text for text in bounded["warnings"])
    assert not any("a Heywood case" in text for text in bounded["warnings"])


def test_bounds_change_slopes_between_only_where_a_variance_is_below_zero():
    def slopes(found: dict[str, Any]) -> list[float]:
        return [row["est"] for row in found["paths"] if row["level"] == "between"]

    assert slopes(fitted("bounded", PROPER)) == pytest.approx(slopes(fitted("free", PROPER)), abs=1e-7)
    assert slopes(fitted("bounded")) != pytest.approx(slopes(fitted("free")), abs=1e-3)


@pytest.mark.parametrize("part", ["rivals", "moderation"])
def test_models_beside_the_main_one_are_bounded_too(part):
    free, bounded = fitted("free"), fitted("bounded")
    if part == "rivals":
        assert bounded["rivals"][0]["logl"] < free["rivals"][0]["logl"] - 0.01
    else:
        assert bounded["moderation"]["reason"] is None
        assert any("between variances were kept" in text for text in bounded["moderation"]["notes"])


@pytest.mark.parametrize("between_variances", ["free", "bounded"])
def test_no_sensitivity_where_there_is_no_residual_to_correlate(between_variances):
    found = fitted(between_variances)["sensitivity"]
    assert (found["rows"], found["curves"]) == ([], {})
    assert "the residual variance of 'alliance' is not estimated above zero" in found["notes"][0]


def test_latent_variables_are_bounded_too():
    other = fitted("bounded")["other"]
    assert other["kind"] == "latent_variables"
    assert min(between(other)) == 0 or any("none rests at zero" in text for text in other["warnings"])


def test_the_report_says_so():
    def text(found: dict[str, Any]) -> str:
        return " ".join(prose.sentences(Record(found))["analysis"])

    free = recorded.results("army-climate")
    bounded = copy.deepcopy(free)
    bounded["stages"]["model"]["results"]["options"]["between_variances"] = "bounded"
    said = "no variance between companies was allowed to fall below zero"
    assert said in text(bounded)
    assert said not in text(free)
