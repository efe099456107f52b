"""Invariance, careless answering and missing answers, as the validate stage holds them."""

from __future__ import annotations

import numpy as np
import pytest
import scored_rows

from pipeline.mediation import PathGraph, indirect_effects
from pipeline.stages import invariance, missing_answers, responding
from pipeline.stages.attempts import Told
from pipeline.stages.path_models import design_of, path_models

COVARIATES = {"role": {"export": "clients", "column": "ROLE"}, "site": {"export": "people", "column": "SITE"}}


def study(**more):
    return scored_rows.study(covariates=COVARIATES, **more)


def with_groups(shift: float = 0.0):
    """Roles of clients and sites of staff; `shift` moves one item of one role."""
    frames, rng = scored_rows.frames(), np.random.default_rng(8)
    client, staff = frames["client"], frames["staff"]
    client["role"] = rng.integers(1, 3, len(client)).astype(float)
    client["outcome.o4"] += shift * (client["role"] == 2)
    staff["site"] = np.repeat([1.0, 2.0], len(staff) // 2)
    return frames


def test_scales_are_compared_over_covariates_of_their_level_and_above():
    told = Told()
    asked = study(invariance=("role", "site"))
    found = invariance.invariances(asked, with_groups(), told)
    pairs = {(one["scale"], one["grouping"]) for one in found}
    assert {("outcome", "role"), ("outcome", "site"), ("alliance", "role"), ("support", "site")} <= pairs
    assert ("support", "role") not in pairs
    assert any("below the scale" in one["reason"] for one in told.missing)
    roles = next(one for one in found if (one["scale"], one["grouping"]) == ("outcome", "role"))
    assert sum(group["n"] for group in roles["groups"]) == roles["n"] == 500
    assert {group["name"] for group in roles["groups"]} == {"1", "2"}


def test_a_moved_item_is_named():
    found = invariance.invariances(study(invariance=("role",)), with_groups(1.5), Told())
    outcome = next(one for one in found if one["scale"] == "outcome")
    assert outcome["reached"] == "metric"
    assert outcome["partial"][0]["freed"] == ["o4 ~ 1"]
    assert outcome["partial"][0]["holds"]


def test_nothing_is_compared_where_nothing_is_declared():
    assert invariance.invariances(study(), with_groups(), Told()) == []


def test_small_groups_are_not_compared():
    frames, told = with_groups(), Told()
    frames["client"]["role"] = np.where(np.arange(500) < 12, 1.0, 2.0)
    assert not invariance.invariances(study(invariance=("role",)), frames, told)
    assert any("1 groups have 30 rows or more" in one["reason"] for one in told.missing)


def with_careless(n: int = 40):
    """Clients among whom the first `n` answer without looking."""
    frames, rng = scored_rows.frames(clients=8), np.random.default_rng(2)
    client = frames["client"]
    items = [name for name in client if name[-1].isdigit()]
    client.loc[: n - 1, items] = rng.integers(1, 6, (n, len(items))).astype(float)
    client["_seconds"] = 90.0
    client.loc[: n - 1, "_seconds"] = 6.0
    return frames


def test_those_who_answer_blindly_are_flagged():
    found = responding.careless_at(study(), with_careless(), "client", Told())
    assert found is not None
    told = {one["index"]: one["n"] for one in found["indices"]}
    assert told["seconds_per_item"] == 40
    assert found["n"] == 800
    flags = responding.flagged(study(), with_careless(), "client")
    assert flags is not None
    assert int(flags.sum()) == found["flagged"]
    assert flags[:40].mean() > 4 * flags[40:].mean()


def test_few_items_show_nothing():
    assert responding.careless_at(study(), scored_rows.frames(), "staff", Told()) is None


def test_the_hypotheses_stand_with_and_without_them():
    hypothesis = {"id": "H1", "effect": "alliance -> outcome", "level": "within", "sign": "positive"}
    asked, frames = scored_rows.study(hypotheses=[hypothesis]), with_careless()
    graph = PathGraph.of(asked.edges)
    main = path_models(asked, graph, frames, design_of(asked)).main
    effects = indirect_effects(main, graph, 1000, 1, 0.95)
    found = responding.without_careless(asked, main, effects, graph, frames)
    assert found is not None
    [row] = found["rows"]
    assert row["with"]["est"] == pytest.approx(main.slopes()["alliance", "outcome", "within"]["est"])
    assert row["without"]["est"] != row["with"]["est"]
    flagged = responding.careless_at(asked, frames, "client", Told())
    assert found["flagged"] == {"client": flagged["flagged"]}


def with_gaps():
    """Outcomes that clients with a low alliance tend to leave out."""
    frames, rng = scored_rows.frames(clients=8), np.random.default_rng(3)
    client = frames["client"]
    chance = 1 / (1 + np.exp(2 + 1.5 * (client["alliance"] - 3)))
    gone = rng.random(len(client)) < chance
    client.loc[gone, ["outcome", "outcome.o1", "outcome.o2", "outcome.o3", "outcome.o4"]] = np.nan
    return frames, int(gone.sum())


def test_gaps_are_counted_tested_and_explained():
    frames, gone = with_gaps()
    found = missing_answers.missing_at(scored_rows.study(), frames, "client", Told())
    assert found is not None
    scale = {one["scale"]: one for one in found["scales"]}["outcome"]
    assert (scale["without_score"], scale["none_answered"]) == (gone, gone)
    assert found["missing"] == 4 * gone
    assert found["complete"] == found["n"] - gone
    assert found["score_patterns"][1] == {"lacks": ["outcome"], "n": gone}
    assert found["little"]["pvalue"] < 0.001
    [model] = found["dropout"]
    assert model["score"] == "outcome"
    assert model["rows"][0]["name"] == "alliance"
    assert model["rows"][0]["ci_upper"] < 1


def test_complete_answers_have_no_test():
    found = missing_answers.missing_at(study(), scored_rows.frames(), "client", Told())
    assert found is not None
    assert (found["missing"], found["little"], found["dropout"]) == (0, None, [])
    assert missing_answers.missing_at(study(), scored_rows.frames(), "team", Told()) is None
