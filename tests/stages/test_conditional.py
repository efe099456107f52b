"""The parts `moderation` and `congruence` of the model stage, on frames made by hand."""

from __future__ import annotations

import pytest
import scored_rows

from pipeline.mediation import Design, PathGraph
from pipeline.stages.conditional import moderation
from pipeline.stages.congruence import congruence


def found(**more):
    study = scored_rows.study(missing="listwise", **more)
    design = Design(study.levels, {"support": "staff", "alliance": "client", "outcome": "client"})
    graph = PathGraph.of(study.edges)
    return moderation(study, graph, scored_rows.frames(), design)


def test_nothing_is_declared_and_nothing_is_fitted():
    assert found() is None
    assert congruence(scored_rows.study(), scored_rows.frames()) == []


def test_a_moderator_of_a_higher_level_moderates_the_slope_within():
    told = found(moderators=[{"moderator": "support", "of": "alliance -> outcome"}])
    (row,) = told["moderators"]
    assert (row["level"], row["by_cluster"], row["measured_on"]) == ("within", False, "staff")
    assert [one["at"] for one in row["values"]] == pytest.approx(
        [row["centre"] + k * row["sd"] for k in (-1, 0, 1)]
    )
    assert len(told["simple_slopes"]) == len(row["lines"]) == 3
    assert any("no random slopes" in text for text in told["notes"])


def test_the_range_of_a_moderator_with_a_safety_item_tells_no_score_of_a_few():
    asked = {"moderators": [{"moderator": "support", "of": "alliance -> outcome"}], "missing": "listwise"}
    study, frames = scored_rows.study(**asked), scored_rows.frames()
    design = Design(study.levels, {"support": "staff", "alliance": "client", "outcome": "client"})
    graph = PathGraph.of(study.edges)
    safe = study.instruments["support"].model_copy(update={"safety_items": ("s1",)})
    open_part = moderation(study, graph, frames, design)
    study.instruments["support"] = safe
    part = moderation(study, graph, frames, design)
    observed = frames["staff"]["support"].dropna().sort_values().tolist()
    for told, at in ((open_part, 0), (part, 4)):
        (row,), (line,) = told["johnson_neyman"], told["moderators"]
        assert (row["lowest"], row["highest"]) == (observed[at], observed[-1 - at])
        assert (line["curve"]["at"][0], line["curve"]["at"][-1]) == (observed[at], observed[-1 - at])
    assert part["simple_slopes"] == open_part["simple_slopes"]


def test_congruence_has_a_surface_within_and_one_of_whole_scores():
    frames = scored_rows.frames()
    frames["client"]["bond"] = frames["client"]["alliance.bond"]
    scales = scored_rows.SCALES | {"bond": {"export": "clients", "score": "BOND"}}
    asked = [{"outcome": "outcome", "of": ["alliance", "bond"], "midpoint": 3}]
    (entry,) = congruence(scored_rows.study(scales=scales, congruence=asked), frames)
    assert [one["level"] for one in entry["surfaces"]] == ["within", "flat"]
    assert {one["errors"] for one in entry["surfaces"]} == {"team"}
    assert entry["reasons"] == []
