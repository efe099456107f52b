"""Small cells: what is shown by group, or of a safety item, gives nobody away, not by subtraction either."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import Any

import made
import numpy as np
import pandas as pd
import pytest
import recorded
import scored_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.reporting.codebook import items_table
from pipeline.reporting.level_pictures import patterns
from pipeline.reporting.pictures import likert
from pipeline.reporting.prose.method import _sizes
from pipeline.reporting.record import Record
from pipeline.reporting.tables import loadings
from pipeline.reporting.tables.unlinked import sizes_table
from pipeline.stages import agreement, invariance, missing_answers, scored, validate
from pipeline.stages.attempts import Told
from pipeline.stages.cluster_means import cluster_means
from pipeline.stages.deidentified import anonymity, left_out, safety_scores, without_ids
from pipeline.stages.small_cells import (
    blunted,
    cluster_sizes,
    group_sizes,
    guarded_covariate,
    guarded_item,
    guarded_items,
    guarded_score,
    hidden_items,
    near_ends,
)

FEW = 5


def sizes(least: int, middle: float, most: int, singletons: int = 0) -> dict[str, Any]:
    return {"clusters": 9, "min": least, "median": middle, "max": most, "singletons": singletons}


SIZES = {
    "all large": (sizes(5, 6.5, 9), sizes(5, 6.5, 9)),
    "the least is small": (sizes(2, 6, 9), sizes(2, 6, 9) | {"min": None}),
    "clusters of one": (sizes(1, 6, 9, 2), sizes(1, 6, 9) | {"min": None, "singletons": None}),
    "pairs": (sizes(2, 2, 2), dict.fromkeys(("min", "median", "max")) | {"clusters": 9, "singletons": 0}),
    "none": (
        {"clusters": 0, "min": None, "median": None, "max": None, "singletons": 0},
        {"clusters": 0, "min": None, "median": None, "max": None, "singletons": 0},
    ),
}


@pytest.mark.parametrize(("told", "shown"), SIZES.values(), ids=SIZES)
def test_sizes_of_small_clusters_are_not_told(told: dict[str, Any], shown: dict[str, Any]) -> None:
    assert cluster_sizes(told, FEW) == shown
    assert cluster_sizes(told, 0) == told


GROUPS = {
    "none small": ({"a": 40, "b": 30}, ["a", "b"], ({"a": 40, "b": 30}, 70)),
    "one small, left out": ({"a": 40, "b": 30, "c": 3}, ["a", "b"], ({"a": 40, "b": None}, None)),
    "two small, left out": ({"a": 40, "b": 3, "c": 4}, ["a"], ({"a": 40}, None)),
    "two very small": ({"a": 40, "b": 30, "c": 1, "d": 1}, ["a", "b"], ({"a": 40, "b": None}, None)),
    "one large, left out": ({"a": 40, "b": 30, "c": 9}, ["a", "b"], ({"a": 40, "b": 30}, 70)),
}


@pytest.mark.parametrize(("everyone", "used", "shown"), GROUPS.values(), ids=GROUPS)
def test_groups_that_an_analysis_uses_do_not_give_away_one_that_it_leaves_out(
    everyone: dict[str, int], used: list[str], shown: object
) -> None:
    assert group_sizes(everyone, used, FEW) == shown


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    everyone=st.dictionaries(st.text("abcdef", min_size=1, max_size=1), st.integers(1, 40), min_size=1),
    data=st.data(),
)
def test_no_group_of_a_few_is_the_rest_of_a_known_total(
    everyone: dict[str, int], data: st.DataObject
) -> None:
    used = data.draw(st.lists(st.sampled_from(sorted(everyone)), unique=True))
    shown, total = group_sizes(everyone, used, FEW)
    known = sum(n for n in shown.values() if n is not None)
    unknown = [n for name, n in everyone.items() if shown.get(name) is None]
    small = [n for n in everyone.values() if n < FEW]
    assert all(n is None or n >= FEW for n in shown.values())
    if small and sum(everyone.values()) >= 2 * FEW and len(everyone) > 1:
        assert total is None
        assert len(unknown) > 1
        assert sum(everyone.values()) - known >= FEW


def teams(*of: int) -> dict[str, pd.DataFrame]:
    """Scored frames whose clients lie in teams of these sizes."""
    frames = scored_rows.frames(teams=10, staff=4, clients=5)
    n = sum(of)
    team = np.repeat([f"T{k}" for k in range(len(of))], of)
    return frames | {"client": frames["client"].head(n).assign(team=team)}


CATERPILLAR = {
    "all large": ((20, 9, 8, 6), [6, 8, 9, 20]),
    "one small: its neighbour goes too": ((20, 9, 8, 3), [9, 20]),
    "two small, together enough": ((20, 9, 8, 4, 3), [8, 9, 20]),
    "two very small: one more": ((20, 9, 8, 1, 1), [9, 20]),
}


@pytest.mark.parametrize(("of", "shown"), CATERPILLAR.values(), ids=CATERPILLAR)
def test_means_of_teams_leave_no_small_team_over(of: tuple[int, ...], shown: list[int]) -> None:
    study = scored_rows.study(report={"caterpillar": True})
    found = cluster_means(study, teams(*of))
    assert found is not None
    assert sorted(one["n"] for one in found["scales"]["alliance"]) == shown
    assert {name for one in found["scales"]["alliance"] for name in one} == {
        *("n", "mean", "ci_lower", "ci_upper")
    }


def test_agreement_tells_of_all_teams_together_and_of_no_few_people() -> None:
    study = scored_rows.study()
    block = scored.whole(study, "alliance")
    whole = agreement.agreement_of(study, teams(20, 9, 8, 6), block, Told())["team"]
    assert {name for index in whole["agreement"].values() for name in index} <= {
        *("mean", "median", "sd", "share", "without_value", "bound")
    }
    frames = teams(*(1,) * 20, 2)
    few = agreement.agreement_of(study, frames, block, Told())["team"]
    assert few["agreement"] is None
    assert "fewer than 5 people" in few["reason"]


def lacking(outcome: int, both: int) -> dict[str, pd.DataFrame]:
    """Frames in which some clients lack the outcome, and some others both scores."""
    frames = scored_rows.frames(teams=4, staff=5, clients=5)
    client = frames["client"].copy()
    for scale, rows in (("outcome", slice(0, outcome + both)), ("alliance", slice(outcome, outcome + both))):
        names = [name for name in client if name == scale or name.startswith(f"{scale}.")]
        client.loc[client.index[rows], names] = np.nan
    return frames | {"client": client}


PATTERNS = {
    "enough of each": (6, 7, {(): 87, ("outcome",): 6, ("alliance", "outcome"): 7}, {0: 87, 4: 6, 8: 7}),
    "one person": (1, 7, {(): 92}, {0: 92, 4: None, 8: None}),
    "few of each": (3, 4, {(): 93}, {0: 93, 4: None, 8: None}),
    "one and one": (1, 1, {}, {0: None, 4: None, 8: None}),
}


@pytest.mark.parametrize(("outcome", "both", "shown", "by_person"), PATTERNS.values(), ids=PATTERNS)
def test_patterns_of_missing_answers_of_a_few_are_left_out_of_results(
    outcome: int, both: int, shown: dict[tuple[str, ...], int], by_person: dict[int, int | None]
) -> None:
    found = missing_answers.missing_at(scored_rows.study(), lacking(outcome, both), "client", Told())
    assert found is not None
    assert {tuple(sorted(one["lacks"])): one["n"] for one in found["score_patterns"]} == shown
    assert {one["missing"]: one["n"] for one in found["by_person"]} == by_person


def test_who_drops_out_is_not_modelled_for_a_few() -> None:
    study, frames = scored_rows.study(small_cell=30), lacking(25, 0)
    assert missing_answers.missing_at(study, frames, "client", Told())["dropout"] == []
    told = missing_answers.missing_at(scored_rows.study(), frames, "client", Told())["dropout"]
    assert [one["lacking"] for one in told] == [25]


def test_invariance_over_groups_tells_no_size_that_leaves_a_small_group_over() -> None:
    study = scored_rows.study(
        covariates={"site": {"export": "clients", "column": "SITE", "predicts": ["outcome"]}},
        invariance=["site"],
    )
    frames = scored_rows.frames(teams=8)
    site = np.repeat([1.0, 2.0, 3.0], [100, 97, 3])
    frames["client"] = frames["client"].assign(site=site)
    found = invariance.invariances(study, frames, Told())
    assert [one["scale"] for one in found] == ["alliance", "outcome"]
    for one in found:
        assert one["n"] is None
        assert {group["name"]: group["n"] for group in one["groups"]} == {"1": 100, "2": None}
        assert one["left_out"] == 1
    frames["client"] = frames["client"].assign(site=np.repeat([1.0, 2.0, 3.0], [100, 90, 10]))
    (first, _) = invariance.invariances(study, frames, Told())
    assert (first["n"], [group["n"] for group in first["groups"]]) == (190, [100, 90])


def statistics(values: list[float]) -> dict[str, Any]:
    column = pd.Series(values)
    return {"n": len(values), "missing": 0, "mean": column.mean(), "min": min(values), "max": max(values)}


COVARIATES = {
    "two large groups": ([0.0] * 9 + [1.0] * 6, set()),
    "a group of two": ([0.0] * 9 + [1.0] * 2, {"mean", "sd", "skew", "kurtosis", "min", "max"}),
    "one who is the oldest": ([20.0] * 6 + [30.0, 40.0, 41.0], {"max"}),
    "few at both ends": ([20.0, 30.0, 40.0, 41.0], {"min", "max"}),
    "many at both ends": ([1.0] * 5 + [2.0] + [3.0] * 5, set()),
}


@pytest.mark.parametrize(("values", "hidden"), COVARIATES.values(), ids=COVARIATES)
def test_statistics_of_a_covariate_show_no_group_of_a_few(values: list[float], hidden: set[str]) -> None:
    shown = guarded_covariate(statistics(values), pd.Series(values), FEW)
    assert {name for name, value in shown.items() if value is None} == hidden
    assert shown["n"] == len(values)


def risky(**more: Any) -> Any:
    """The study with a safety item in the outcome."""
    study = scored_rows.study(**more)
    outcome = study.instruments["outcome"].model_copy(update={"safety_items": ("o4",)})
    study.instruments["outcome"] = outcome
    return study


def item(frequencies: dict[str, int], missing: int = 0, name: str = "o4") -> dict[str, Any]:
    n = sum(frequencies.values())
    told = {"item": name, "n": n, "missing": missing, "mean": 1.2, "sd": 0.4, "skew": 2.0}
    return told | {"floor": 0.9, "ceiling": 0.1, "loading": 0.5, "frequencies": frequencies}


SAFETY = {
    "many gave each": ({"1": 20, "2": 8}, 6, {"1": 20, "2": 8}, (28, 6)),
    "one person gave it": ({"1": 20, "2": 8, "3": 1}, 0, {"1": 20, "2": None, "3": None}, (29, 0)),
    "two did not answer": ({"1": 20, "2": 8}, 2, {"1": 20, "2": None}, (None, None)),
    "nobody gave it": ({"1": 20, "2": 0}, 0, {"1": 20, "2": 0}, (20, 0)),
}


@pytest.mark.parametrize(("given", "missing", "shown", "counts"), SAFETY.values(), ids=SAFETY)
def test_a_safety_items_answers_of_a_few_are_in_no_table(
    given: dict[str, int], missing: int, shown: dict[str, int | None], counts: tuple[int | None, int | None]
) -> None:
    told = guarded_item(risky(), "outcome", item(given, missing))
    assert told["frequencies"] == shown
    assert (told["n"], told["missing"]) == counts
    withheld = None in shown.values() or counts[1] is None
    assert [told[name] is None for name in ("mean", "sd", "skew", "floor", "ceiling")] == [withheld] * 5
    assert guarded_item(risky(), "outcome", item(given, missing, "o1")) == item(given, missing, "o1")


def test_validation_withholds_a_safety_items_distribution() -> None:
    frames = scored_rows.frames()
    answers = frames["client"]["outcome.o4"].clip(1, 4)
    answers.iloc[0] = 5.0
    frames["client"] = frames["client"].assign(**{"outcome.o4": answers})
    study, told = risky(), Told()
    rows = validate._block(study, frames, scored.whole(study, "outcome"), told)["items"]
    shown = {one["item"]: one for one in rows}
    assert shown["o4"]["frequencies"]["5"] is None
    assert list(shown["o4"]["frequencies"].values()).count(None) == 2
    assert shown["o4"]["mean"] is None
    others = {name: row["mean"] for name, row in shown.items() if name != "o4"}
    hidden = [name for name, mean in others.items() if mean is None]
    assert len(hidden) == 1
    assert set(shown[hidden[0]]["frequencies"].values()) == {None}
    for name in {*others, "o4"} - {*hidden, "o4"}:
        assert None not in shown[name]["frequencies"].values()
        assert shown[name]["item_rest"] is not None
    assert [shown[name]["alpha_if_dropped"] for name in (*hidden, "o4")] == [None, None]


@pytest.mark.parametrize(("study", "hidden"), [("risky", 2), ("open", 0)])
def test_a_response_model_tells_no_threshold_of_a_safety_item_with_few_answers(
    study: str, hidden: int
) -> None:
    frames = scored_rows.frames()
    answers = frames["client"]["outcome.o4"].clip(1, 4)
    answers.iloc[0] = 5.0
    frames["client"] = frames["client"].assign(**{"outcome.o4": answers})
    declared = risky() if study == "risky" else scored_rows.study()
    found = validate._scale(declared, frames, "outcome", Told())
    shown = {row["item"] for row in found["irt"]["items"]}
    assert found["irt"]["k"] - len(shown) == hidden
    assert shown == set(found["irt"]["information"]["items"])
    assert ("o4" in shown) == (hidden == 0)
    assert shown.isdisjoint(hidden_items(found["items"]))


def test_the_score_less_the_items_that_are_shown_is_never_the_safety_item() -> None:
    """The same second item is withheld in the whole scale and in the facet, the one that differs most."""
    study = risky()
    alliance = study.instruments["alliance"].model_copy(update={"safety_items": ("a3",)})
    study.instruments["alliance"] = alliance
    spread = {"a1": 9.0, "a2": 8.0, "a3": 1.0, "a4": 2.0}
    rows = [item({"1": 20, "2": 8, "3": 1}, 0, name) | {"sd": sd} for name, sd in spread.items()]
    whole, facet = (guarded_items(study, "alliance", some) for some in (rows, rows[2:]))
    assert [row["item"] for row in whole if row["mean"] is None] == ["a3", "a4"]
    assert [row["item"] for row in facet if row["mean"] is None] == ["a3", "a4"]
    alone = [
        item({"1": 20, "2": 8, "3": 1}, 0, name) | {"sd": sd}
        for name, sd in zip(("o1", "o4"), (1, 2), strict=True)
    ]
    assert [row["mean"] for row in guarded_items(risky(), "outcome", alone)] == [None, None]
    open_rows = [item({"1": 20, "2": 8}, 0, name) for name in ("o1", "o4")]
    assert guarded_items(risky(), "outcome", open_rows) == open_rows


def test_a_table_of_items_says_why_a_safety_item_is_not_shown() -> None:
    tables = [loadings.table(record) for record in (with_items(lambda row: None), with_items(hide))]
    notes = [table.general for table in tables if table is not None]
    assert ["safety item" in note for note in notes] == [False, True]


ENDS = {
    "one person at the highest score": ([1.0] * 6 + [3.0, 5.0], "o4", {"max"}),
    "one person just below it": ([1.0] * 6 + [3.0, 4.75], "o4", {"max"}),
    "few at both ends": ([1.0, 3.0, 3.0, 5.0], "o4", {"min", "max"}),
    "many at both ends": ([1.0] * 5 + [3.0] + [5.0] * 5, "o4", set()),
    "no safety item among the items": ([1.0, 3.0, 3.0, 5.0], "o1", set()),
}


@pytest.mark.parametrize(("values", "item", "hidden"), ENDS.values(), ids=ENDS)
def test_a_score_of_a_few_at_an_end_of_a_scale_with_a_safety_item_is_not_told(
    values: list[float], item: str, hidden: set[str]
) -> None:
    shown = guarded_score(
        risky(), "outcome", ("o2", "o3", item), statistics(values), pd.Series(values, dtype=float)
    )
    assert {name for name, value in shown.items() if value is None} == hidden


def test_the_score_of_a_safety_item_alone_is_guarded_as_the_item_is() -> None:
    few, many = [1.0] * 20 + [2.0] * 6 + [3.0], [1.0] * 20 + [2.0] * 6
    shown = guarded_score(risky(), "outcome", ("o4",), statistics(few), pd.Series(few))
    assert {name for name, value in shown.items() if value is None} >= {"mean", "min", "max"}
    assert guarded_score(risky(), "outcome", ("o4",), statistics(many), pd.Series(many)) == statistics(many)


def test_validation_withholds_the_ends_of_a_scale_with_a_safety_item() -> None:
    frames = scored_rows.frames()
    client = frames["client"].copy()
    client["outcome"] = client["outcome"].clip(2.0, 4.0)
    client.loc[client.index[0], "outcome"] = 5.0
    shown = validate._descriptives(risky(), frames | {"client": client})
    assert (shown["outcome"]["max"], shown["outcome"]["min"]) == (None, 2.0)
    assert shown["outcome"]["mean"] is not None
    open_study = validate._descriptives(scored_rows.study(), frames | {"client": client})
    assert open_study["outcome"]["max"] == 5.0


def test_the_range_of_a_moderator_with_a_safety_item_ends_where_enough_people_are() -> None:
    values = np.array([0.0] + [1.0] * 5 + [2.0] * 20 + [8.0] * 4 + [9.0])
    assert set(blunted(risky(), "outcome", values)) == {1.0, 2.0, 8.0}
    assert blunted(risky(), "alliance", values) is values
    assert blunted(risky(small_cell=0), "outcome", values) is values
    assert set(blunted(risky(), "outcome", values[-8:])) == {8.0}


@settings(deadline=None)
@given(
    items=st.integers(1, 4),
    codes=st.sampled_from([(0, 1), (0, 1, 2), (1, 2, 3, 4)]),
    rule=st.sampled_from(
        [{"rule": "sum"}, {"rule": "mean"}, {"rule": "scaled", "factor": 25.0, "offset": -25.0}]
    ),
)
def test_scores_that_rule_out_an_answer_are_those_that_trying_every_answer_finds(
    items: int, codes: tuple[int, ...], rule: dict[str, Any]
) -> None:
    """Every way to answer is written down: which answers to the safety item does each score leave?"""
    study = scored_rows.study()
    instrument = made.instrument("outcome", items, codes=codes, scoring=rule)
    study.instruments["outcome"] = instrument.model_copy(update={"safety_items": ("o1",)})
    left: dict[float, set[int]] = {}
    for answers in product(codes, repeat=items):
        mean = sum(answers) / items
        score = {"sum": sum(answers), "mean": mean, "scaled": 25 * mean - 25}[rule["rule"]]
        left.setdefault(round(score, 9), set()).add(answers[0])
    low = sum(max(codes) not in answers for answers in left.values())
    high = sum(min(codes) not in answers for answers in left.values())
    assert near_ends(study, "outcome", pd.Series(list(left))) == (low, high)


def shared(values: list[float], **share: bool) -> list[dict[str, Any]]:
    study = risky(share={"data": True, **share})
    frames = scored_rows.frames() | {"client": pd.DataFrame({"outcome": values})}
    return safety_scores(study, frames)


def test_rows_whose_scores_tell_of_a_few_peoples_safety_item_are_not_shared_unasked() -> None:
    many = [1.0] * 6 + [3.0] * 9 + [5.0] * 7
    assert shared(many) == [{"scale": "outcome", "near_lowest": 6, "near_highest": 7}]
    assert shared([3.0] * 9) == [{"scale": "outcome", "near_lowest": 0, "near_highest": 0}]
    with pytest.raises(
        StudyError, match=r"study\.yaml: fewer than 5 people .*'outcome'.*safety_scores: true"
    ):
        shared([*many[:-4]])
    assert shared(many[:-4], safety_scores=True)[0]["near_highest"] == 3


def test_rows_to_share_let_no_safety_item_be_worked_out() -> None:
    study, frames = risky(), scored_rows.frames()
    shared = without_ids(study, {level: frame.assign(_seconds=1.0) for level, frame in frames.items()})
    columns = [name for name in shared["client"] if name.startswith("outcome")]
    assert columns == ["outcome"]
    assert left_out(study, "client") == [f"outcome.o{number}" for number in (1, 2, 3, 4)]
    assert "alliance.a1" in shared["client"]


def with_items(change: Any) -> Record:
    results = recorded.results("demo")
    scale, rows = next(iter(results["stages"]["validate"]["results"]["items"].items()))
    for row in rows:
        row |= {"frequencies": {"1": 20, "2": 90, "3": 80, "4": 60, "5": 97}, "floor": 0.06, "ceiling": 0.28}
    change(rows[0])
    return Record(results | {"first": scale})


def hide(row: dict[str, Any]) -> None:
    row["frequencies"] = dict.fromkeys(row["frequencies"])
    row |= dict.fromkeys(("mean", "sd", "skew", "floor", "ceiling", "n", "missing"))


def test_pictures_and_codebook_leave_out_what_is_withheld() -> None:
    whole, hidden = with_items(lambda row: None), with_items(hide)
    scale = str(whole.results["first"])
    tables = [items_table(record, scale) for record in (whole, hidden)]
    shown = [[cell.text for cell in table.body[0].cells][1:8] for table in tables if table is not None]
    assert "—" not in shown[0]
    assert set(shown[1]) == {"—"}
    figures = [likert(record)[0].figure for record in (whole, hidden)]
    many = len(whole.part("validate", "items")[scale])
    assert f"the {many} items" in figures[0].alt
    assert f"the {many - 1} items" in figures[1].alt
    assert "A safety item is left out" in str(figures[1].note)


def test_withheld_sizes_are_printed_as_under_the_threshold() -> None:
    results = recorded.results("demo")
    results["declared"]["small_cell"] = FEW
    levels = results["stages"]["score"]["results"]["levels"]
    found = levels["client"]["cluster_sizes"]["staff"]
    levels["client"]["cluster_sizes"]["staff"] = cluster_sizes(found | {"min": 2}, FEW)
    table = sizes_table(Record(results))
    assert table is not None
    assert "under 5" in [cell.text for cell in table.body[0].cells]
    assert "from under 5 to" in _sizes(Record(results))


def test_the_picture_of_patterns_shows_those_that_are_in_the_results() -> None:
    found = missing_answers.missing_at(scored_rows.study(), lacking(1, 7), "client", Told())
    many = missing_answers.missing_at(scored_rows.study(), lacking(6, 7), "client", Told())
    results = recorded.results("demo")
    results["stages"]["validate"]["results"]["missing_answers"] = {"client": many}
    made = patterns(Record(results))
    assert made is not None
    assert "3 patterns" in made[0].alt
    results["stages"]["validate"]["results"]["missing_answers"] = {"client": found}
    assert patterns(Record(results)) is None


rows_alike = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, None]), st.sampled_from(["T0", "T1", "T2"])), min_size=1, max_size=25
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=rows_alike)
def test_k_anonymity_is_what_counting_by_hand_gives(rows: list[tuple[float | None, str]]) -> None:
    study = scored_rows.study(
        levels={"client": {"within": "team"}, "team": {}},
        exports={"clients": {"level": "client"}},
        scales={"alliance": {"export": "clients"}, "outcome": {"export": "clients"}},
        edges=(("alliance", "outcome"),),
        covariates={"site": {"export": "clients", "column": "SITE", "predicts": ["outcome"]}},
    )
    client = pd.DataFrame({"site": [row[0] for row in rows], "team": [row[1] for row in rows]}, dtype=object)
    client = client.assign(id=[f"C{i}" for i in range(len(rows))], site=client["site"].astype(float))
    frames = {"client": client, "team": pd.DataFrame({"id": ["T0", "T1", "T2"]})}
    alone, in_team, _ = anonymity(study, frames)
    for told, keys in ((alone, [row[0] for row in rows]), (in_team, rows)):
        counts = Counter(keys)
        assert told["k"] == min(counts.values())
        assert told["rows_in_smaller_groups"] == sum(n for n in counts.values() if n < FEW)
        assert told["rows"] == len(rows)
