"""Moderators and congruence as declared: mistakes told in their place, and what a sound one says."""

from __future__ import annotations

import pytest
from test_study import SOUND, lay_out, problems_of

from pipeline.instrument import load_instrument
from pipeline.study import load_study, score_range

MODERATORS = SOUND.replace(
    "seed: 7\n",
    """\
moderators:
  - {moderator: age, of: alliance -> outcome, level: within}
  - {moderator: support, of: alliance -> outcome, values: [16, 50, 84], unit: percentile}
congruence:
  - {outcome: age, of: [alliance, outcome], midpoint: 2}
seed: 7
""",
).replace("outcome: age, of: [alliance, outcome]", "outcome: age, of: [outcome, alliance]")

BROKEN = {
    "unknown moderator": (
        "moderator: age",
        "moderator: agee",
        "25:17: nothing measures 'agee' (did you mean",
    ),
    "not an arrow": (
        "{moderator: age, of: alliance -> outcome",
        "{moderator: age, of: alliance",
        "25:26: a mod",
    ),
    "a route": (
        "{moderator: age, of: alliance -> outcome",
        "{moderator: age, of: support -> alliance -> outcome",
        "25:26: a moderator changes one arrow of the path (such as:",
    ),
    "absent arrow": (
        "{moderator: age, of: alliance -> outcome",
        "{moderator: age, of: outcome -> alliance",
        "25:26: the path has no arrow outcome -> alliance; it has: support -> alliance",
    ),
    "an end": ("{moderator: age", "{moderator: outcome", "25:17: 'outcome' is an end of this arrow"),
    "what follows": (
        "{moderator: age, of: alliance -> outcome, level: within",
        "{moderator: outcome, of: support -> alliance, level: between",
        "25:17: 'outcome' follows from 'alliance' on the path",
    ),
    "within a team": (
        "of: alliance -> outcome, level: within",
        "of: support -> alliance, level: within",
        "25:54: 'support' is measured per staff, so this arrow has no slope within one (level: between)",
    ),
    "means": (
        "of: alliance -> outcome, level: within",
        "of: alliance -> outcome, level: between",
        "25:54: 'alliance' is measured per client: a product between would be made of means",
    ),
    "a low moderator, level by default": (
        "of: alliance -> outcome, level: within",
        "of: support -> alliance",
        "25:26: 'age' is measured per client: a product between would be made of means",
    ),
    "level": (
        "level: within}\n  - {moderator: support",
        "level: inside}\n  - {moderator: support",
        "25:54: ",
    ),
    "percentiles": ("[16, 50, 84]", "[0, 50, 84]", "26:51: percentiles lie between 0 and 100"),
    "twice the same value": ("[16, 50, 84]", "[16, 16, 84]", "26:59: a value stands here twice"),
    "no values": ("[16, 50, 84]", "[]", "26:59: 'values' is empty"),
    "twice the same": ("{moderator: support", "{moderator: age", "26:26: 'age' is declared twice"),
    "other values": (
        "{moderator: support, of: alliance -> outcome",
        "{moderator: age, of: support -> outcome, level: between",
        "26:17: 'age' has other values above",
    ),
    "unknown in congruence": (
        "[outcome, alliance]",
        "[outcom, alliance]",
        "28:25: nothing measures 'outcom'",
    ),
    "two the same": ("[outcome, alliance]", "[alliance, alliance]", "28:24: the outcome and the two"),
    "two levels": (
        "[outcome, alliance]",
        "[outcome, support]",
        "28:24: congruence needs all three at one level",
    ),
    "no midpoint": (", midpoint: 2}", "}", "28:24: 'outcome' has no response scale here"),
    "three": ("[outcome, alliance]", "[outcome, alliance, support]", "28:"),
}


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_in_its_place(old, new, expected, tmp_path):
    assert MODERATORS.count(old) == 1
    problems = problems_of(tmp_path, MODERATORS.replace(old, new, 1))
    assert [problem for problem in problems if problem.startswith(expected)] != [], problems


def test_a_sound_declaration_is_read(tmp_path):
    study = load_study(lay_out(tmp_path, MODERATORS), "demo").declared
    assert [one.moderator for one in study.moderators] == ["age", "support"]
    assert study.moderators[0].values == (-1, 0, 1)
    assert (study.moderators[1].unit, study.moderators[1].level) == ("percentile", None)
    assert study.congruence[0].of == ("outcome", "alliance")


TWO_SCALES = SOUND.replace(
    "  outcome: {title", "  core: {instrument: core10, export: clients, columns: {map}}\n  outcome: {title"
)


@pytest.mark.parametrize(
    ("columns", "midpoint", "expected"),
    [
        ("alliance", "", "'alliance' runs from 1 to 3 and 'core' from 0 to 40"),
        ("alliance", ", midpoint: 2", "'alliance' runs from 1 to 3 and 'core' from 0 to 40"),
    ],
)
def test_scores_on_different_scales_are_refused(columns, midpoint, expected, tmp_path):
    names = ", ".join(f"{item}: {item.upper()}" for item in load_core(tmp_path).item_ids)
    text = TWO_SCALES.replace("{map}", f"{{{names}}}")
    text = text.replace(
        "seed: 7", f"congruence: [{{outcome: age, of: [{columns}, core]{midpoint}}}]\nseed: 7"
    )
    problems = problems_of(tmp_path, text)
    assert any(expected in problem for problem in problems), problems


def load_core(root):
    lay_out(root)
    return load_instrument(root / "instruments" / "core10.yaml")


def test_a_midpoint_beside_instruments_is_refused(tmp_path):
    text = SOUND.replace(
        "  alliance: {", '  other: {instrument: support, export: clients, columns: "O{n}"}\n  alliance: {'
    )
    text = text.replace(
        "seed: 7", "congruence: [{outcome: age, of: [alliance, other], midpoint: 2}]\nseed: 7"
    )
    problems = problems_of(tmp_path, text)
    assert [
        problem for problem in problems if "the midpoint follows from the response scale" in problem
    ] != []
    assert problems_of(tmp_path, text.replace(", midpoint: 2", "")) == []


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"rule": "mean"}, (1.0, 3.0)),
        ({"rule": "sum"}, (3.0, 9.0)),
        ({"rule": "scaled", "factor": -2.0, "offset": 10.0}, (4.0, 8.0)),
    ],
)
def test_the_range_of_a_score_follows_from_its_answers(rule, expected, tmp_path):
    lay_out(tmp_path)
    instrument = load_instrument(tmp_path / "instruments" / "support.yaml")
    scored = instrument.model_copy(update={"scoring": instrument.scoring.model_copy(update=rule)})
    assert score_range(scored) == expected
    assert score_range(scored.model_copy(update={"response_sets": {}})) is None
