"""Item response models, differential functioning, published loadings and WABA, as in validate.json."""

from __future__ import annotations

import made
import numpy as np
import pandas as pd
import pytest
import scored_rows

from pipeline.instrument import Instrument
from pipeline.psychometrics import dif, grm, marginal_reliability, waba
from pipeline.stages import differential, invariance, item_response, published, scored, within_between
from pipeline.stages.attempts import Told

ONE_LEVEL = {"person": {}}
SURVEY = {"survey": {"level": "person"}}


def of_items(study, frames, scale: str, told: Told | None = None):
    return item_response.item_response_of(study, frames, scored.whole(study, scale), told or Told())


def test_the_model_is_that_of_the_items_with_its_precision():
    study, frames = scored_rows.study(), scored_rows.frames()
    found = of_items(study, frames, "outcome")
    items = scored.whole(study, "outcome").answers(frames)
    model = grm(items)
    assert [row["a"] for row in found["items"]] == pytest.approx(model.frame["a"].tolist())
    assert [cut["answer"] for cut in found["items"][0]["thresholds"]] == [2.0, 3.0, 4.0, 5.0]
    assert found["items"][0]["thresholds"][1]["b"] == pytest.approx(model.frame["b2"].iloc[0])
    assert found["marginal_reliability"] == pytest.approx(marginal_reliability(model))
    assert (found["model"], found["cluster"], found["n"]) == ("graded response", "staff", 500)
    curves = found["information"]
    summed = np.sum(list(curves["items"].values()), axis=0)
    np.testing.assert_allclose(summed, curves["test"])
    np.testing.assert_allclose(np.array(curves["se"]) ** -2, curves["test"])
    assert found["eap"]["r_with_score"] > 0.97


def test_precise_standings_are_those_with_an_information_of_four():
    found = of_items(scored_rows.study(), scored_rows.frames(), "outcome")
    span, curves = found["information"]["precise"], found["information"]
    inside = [
        value
        for theta, value in zip(curves["theta"], curves["test"], strict=True)
        if span["from"] + 0.2 <= theta <= span["to"] - 0.2
    ]
    assert min(inside) >= 4
    assert span["reliability"] == pytest.approx(4 / 5)


def test_two_answers_are_a_two_parameter_model():
    frames = scored_rows.frames()
    items = [f"outcome.o{k}" for k in range(1, 5)]
    frames["client"][items] = (frames["client"][items] > 3).astype(float)
    found = of_items(scored_rows.study(), frames, "outcome")
    assert found["model"] == "two-parameter logistic"
    assert {len(row["thresholds"]) for row in found["items"]} == {1}


def test_a_study_can_do_without_and_few_rows_are_told():
    told = Told()
    assert of_items(scored_rows.study(validation={"irt": False}), scored_rows.frames(), "outcome") is None
    assert of_items(scored_rows.study(), scored_rows.frames(teams=3), "outcome", told) is None
    assert "100 are the least" in told.missing[0]["reason"]


def grouped(shift: float = 0.0) -> dict[str, pd.DataFrame]:
    frames, rng = scored_rows.frames(), np.random.default_rng(8)
    frames["client"]["role"] = rng.integers(1, 3, 500).astype(float)
    moved = frames["client"]["outcome.o4"] + shift * (frames["client"]["role"] == 2)
    frames["client"]["outcome.o4"] = np.clip(np.round(moved), 1, 5)
    return frames


def by_role(**more):
    covariates = {"role": {"export": "clients", "column": "ROLE"}}
    return scored_rows.study(covariates=covariates, invariance=("role",), **more)


def test_an_item_that_favours_a_group_is_found_with_its_size():
    study, frames = by_role(), grouped(1.5)
    found = {one["scale"]: one for one in differential.differentials(study, frames, Told())}
    items = {row["item"]: row for row in found["outcome"]["items"]}
    theirs = dif(scored.whole(study, "outcome").answers(frames), frames["client"]["role"]).frame
    assert items["o4"]["r2_change"] == pytest.approx(theirs.loc["o4", "r2_change"])
    assert items["o4"]["p_holm"] == pytest.approx(theirs.loc["o4", "p_holm"])
    assert (items["o4"]["size"], items["o4"]["effect"] > 0) == ("large", True)
    change = items["o4"]["mcfadden_product"] - items["o4"]["mcfadden_match"]
    assert items["o4"]["mcfadden_change"] == pytest.approx(change)
    assert all(row["size"] == "negligible" for row in found["alliance"]["items"])
    assert sum(group["n"] for group in found["outcome"]["groups"]) == found["outcome"]["n"] == 500
    assert items["o4"]["mantel_haenszel"] is None


def test_the_same_item_has_the_largest_dmacs():
    found = invariance.invariances(by_role(), grouped(1.5), Told())
    outcome = next(one for one in found if one["scale"] == "outcome")
    most = max(outcome["dmacs"], key=lambda one: one["dmacs"])
    assert (most["item"], most["reference"], most["focal"], most["size"]) == ("o4", "1", "2", "large")
    assert most["shift"] > 0.5


def test_two_answers_have_mantel_haenszel_beside():
    frames = grouped()
    items = [f"outcome.o{k}" for k in range(1, 5)]
    frames["client"][items] = (frames["client"][items] > 3).astype(float)
    found = {one["scale"]: one for one in differential.differentials(by_role(), frames, Told())}
    counts = [row["mantel_haenszel"] for row in found["outcome"]["items"]]
    assert all(one["ci_lower"] < one["odds_ratio"] < one["ci_upper"] for one in counts)
    assert {one["grade"] for one in counts} <= set("ABC")


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [((240, 250, 10), [240, 250]), ((240, 256, 4), [None, 256]), ((300, 200, 0), [300, 200])],
)
def test_small_groups_are_neither_compared_nor_told(sizes, shown):
    frames = scored_rows.frames()
    frames["client"]["role"] = np.repeat([1.0, 2.0, 3.0], sizes)
    found = next(iter(differential.differentials(by_role(), frames, Told())))
    assert [group["name"] for group in found["groups"]] == ["1", "2"]
    assert [group["n"] for group in found["groups"]] == shown
    assert found["n"] == (None if None in shown else sum(shown))


def waves(shift: float) -> tuple[object, dict[str, pd.DataFrame]]:
    instrument = made.instrument("calm", 4)
    rng = np.random.default_rng(2)
    columns = {}
    for wave in ("before", "after"):
        score = rng.normal(size=300)
        for k in range(1, 5):
            moved = shift if (wave, k) == ("after", 2) else 0.0
            raw = 3 + moved + score + 0.7 * rng.normal(size=300)
            columns[f"{wave}.c{k}"] = np.clip(np.round(raw), 1, 5)
        columns[wave] = score
    exports = {wave: {"level": "person", "wave": wave} for wave in ("before", "after")}
    scales = {wave: {"export": wave, "instrument": "calm"} for wave in ("before", "after")}
    used = dict.fromkeys(scales, instrument)
    study = made.study(scales, exports, ONE_LEVEL, used, (("before", "after"),))
    return study, {"person": pd.DataFrame(columns).assign(id=[f"P{k}" for k in range(300)])}


def test_waves_are_compared_as_groups():
    found = differential.differentials(*waves(1.5), Told())
    assert [one["waves"] for one in found] == [["before", "after"]]
    sizes = {row["item"]: row["size"] for row in found[0]["items"]}
    assert sizes["c2"] == "large"
    assert {group["name"]: group["n"] for group in found[0]["groups"]} == {"after": 300, "before": 300}


def stating(factors: dict[str, dict[str, float]]) -> Instrument:
    told = made.instrument("alliance", 4, facets={"goals": [1, 2], "bond": [3, 4]}).model_dump(by_alias=True)
    told["published"] = {"loadings": {"citation": "Doe, J. (2001). A test.", "factors": factors}}
    return Instrument.model_validate(told)


def beside(factors: dict[str, dict[str, float]], frames=None):
    scales = {"alliance": {"export": "clients"}}
    study = made.study(
        scales,
        scored_rows.EXPORTS,
        scored_rows.LEVELS,
        {"alliance": stating(factors)},
        (("alliance", "alliance"),),
    )
    return published.published_of(
        study, frames or scored_rows.frames(), scored.whole(study, "alliance"), Told()
    )


def test_one_published_factor_is_compared_as_it_is():
    found = beside({"alliance": {"a1": 0.8, "a2": 0.8, "a3": 0.8, "a4": 0.8}})
    assert found["factors"] == [
        {"factor": "alliance", "phi": pytest.approx(1.0, abs=0.005), "verdict": "equal"}
    ]
    turned = beside({"alliance": {"a1": 0.8, "a2": -0.8, "a3": 0.8, "a4": -0.8}})
    assert abs(turned["factors"][0]["phi"]) < 0.1
    assert turned["factors"][0]["verdict"] == "different"
    fair = beside({"alliance": {"a1": 0.9, "a2": 0.2, "a3": 0.9, "a4": 0.5}})
    assert (fair["factors"][0]["verdict"], fair["factors"][0]["phi"]) == (
        "fair",
        pytest.approx(0.91, abs=0.03),
    )


def test_several_published_factors_are_a_target():
    rng = np.random.default_rng(1)
    pair = rng.normal(size=(600, 2)) @ np.linalg.cholesky([[1, 0.3], [0.3, 1]]).T
    names = [f"alliance.a{k}" for k in range(1, 7)]
    values = pair[:, [0, 0, 0, 1, 1, 1]] + 0.7 * rng.normal(size=(600, 6))
    instrument = made.instrument("alliance", 6).model_dump(by_alias=True)
    factors = {"bond": {"a4": 0.8, "a5": 0.7, "a6": 0.8}, "goals": {"a1": 0.7, "a2": 0.8, "a3": 0.8}}
    instrument["published"] = {"loadings": {"citation": "X", "factors": factors}}
    used = {"alliance": Instrument.model_validate(instrument)}
    study = made.study(
        {"alliance": {"export": "survey"}}, SURVEY, ONE_LEVEL, used, (("alliance", "alliance"),)
    )
    frames = {"person": pd.DataFrame(values, columns=names)}
    found = published.published_of(study, frames, scored.whole(study, "alliance"), Told())
    assert {one["factor"]: one["verdict"] for one in found["factors"]} == {"bond": "equal", "goals": "equal"}
    rows = {row["item"]: row for row in found["items"]}
    assert rows["a1"]["published"] == {"bond": None, "goals": 0.7}
    assert rows["a1"]["sample"]["goals"] > 0.7
    assert abs(rows["a1"]["sample"]["bond"]) < 0.1


def test_without_published_loadings_there_is_nothing():
    study = scored_rows.study()
    whole = scored.whole(study, "alliance")
    assert published.published_of(study, scored_rows.frames(), whole, Told()) is None


def test_arrows_between_scores_of_the_same_rows_are_split():
    study, frames = scored_rows.study(), scored_rows.frames()
    found = within_between.within_and_between(study, frames, Told())
    assert [(one["x"], one["y"], one["level"]) for one in found] == [("alliance", "outcome", "staff")]
    client = frames["client"]
    theirs = waba(client["alliance"], client["outcome"], client["staff"])
    assert found[0]["between_part"] == pytest.approx(theirs.between_part)
    assert found[0]["between_part"] + found[0]["within_part"] == pytest.approx(found[0]["raw"])


@pytest.mark.parametrize(("angle", "entity"), [(0.3, "groups"), (-0.3, "within groups"), (0.2, "both")])
def test_fifteen_degrees_tell_what_varies(angle, entity):
    assert within_between._entity(angle) == entity
