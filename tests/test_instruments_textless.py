"""The text-less instruments: keys, anchors and rules as attested, and the wrong ones that circulate.

Each wrong key below was found in public; the tests show that ours is not that one, and that it matters.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pipeline.instrument import Instrument, load_instrument
from pipeline.psychometrics.scoring import key_items, scale_score

ROOT = Path(__file__).resolve().parent.parent
TEXTLESS = ("hse_msit", "wai_sr", "cmhs_noms", "phq9", "gad7", "ucla_ls3", "core10", "who5")


def of(name: str) -> Instrument:
    return load_instrument(ROOT / "instruments" / f"{name}.yaml")


def numbers(instrument: Instrument, facet: str) -> set[int]:
    return {instrument.item(item_id).number for item_id in instrument.facets[facet].items}


def reversed_numbers(instrument: Instrument) -> set[int]:
    return {item.number for item in instrument.items if item.reverse}


def scored(instrument: Instrument, answers: dict[int, float | None], share: float = 1.0) -> float:
    """The score of one person, by item number, as the pipeline keys and scores it."""
    frame = pd.DataFrame({item.id: [answers[item.number]] for item in instrument.items}, dtype=float)
    turned = [item for item in instrument.items if item.reverse and not item.printed_reversed]
    codes = {item.id: instrument.responses(item.id) for item in turned}
    keyed = key_items(frame, {name: (min(each), max(each)) for name, each in codes.items()})
    rule = instrument.scoring
    return float(scale_score(keyed, share, rule.rule, rule.factor, rule.offset).iloc[0])


def everyone(instrument: Instrument, answer: float) -> dict[int, float | None]:
    return {item.number: answer for item in instrument.items}


@pytest.mark.parametrize("name", TEXTLESS)
def test_no_wording_of_others_is_shipped_and_the_licence_is_told(name):
    instrument = of(name)
    assert {item.text for item in instrument.items} == {None}
    assert instrument.licence.holder
    assert instrument.licence.note
    assert not instrument.licence.may_be_changed
    assert instrument.scoring.higher_means


SIZES = {
    "hse_msit": 35,
    "wai_sr": 12,
    "cmhs_noms": 12,
    "phq9": 9,
    "gad7": 7,
    "ucla_ls3": 20,
    "core10": 10,
    "who5": 5,
}


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_items_are_numbered_as_printed(name, size):
    assert [of(name).item(item_id).number for item_id in of(name).item_ids] == list(range(1, size + 1))


ANCHORS = {
    "wai_sr": {1: "Seldom", 2: "Sometimes", 3: "Fairly often", 4: "Very often", 5: "Always"},
    "cmhs_noms": {1: "Strongly disagree", 2: "Disagree", 3: "Undecided", 4: "Agree", 5: "Strongly agree"},
    "phq9": {0: "Not at all", 1: "Several days", 2: "More than half the days", 3: "Nearly every day"},
    "gad7": {0: "Not at all", 1: "Several days", 2: "More than half the days", 3: "Nearly every day"},
    "ucla_ls3": {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Always"},
    "who5": {
        5: "All of the time",
        4: "Most of the time",
        3: "More than half of the time",
        2: "Less than half of the time",
        1: "Some of the time",
        0: "At no time",
    },
}


@pytest.mark.parametrize(("name", "anchors"), ANCHORS.items())
def test_anchors(name, anchors):
    instrument = of(name)
    assert {item_id: dict(instrument.responses(item_id)) for item_id in instrument.item_ids} == dict.fromkeys(
        instrument.item_ids, anchors
    )


WRONG_ANCHORS = {"wai_sr": "7-point", "ucla_ls3": "Often", "gad7": "Not at all sure"}


@pytest.mark.parametrize(("name", "wrong"), WRONG_ANCHORS.items())
def test_anchors_of_other_forms_are_not_ours(name, wrong):
    labels = {label for labels in of(name).response_sets.values() for label in labels.values()}
    assert wrong not in labels
    assert max(max(labels) for labels in of(name).response_sets.values()) <= 5


RANGES = {"phq9": (0, 27), "gad7": (0, 21), "who5": (0, 100), "wai_sr": (1, 5)}


@pytest.mark.parametrize(("name", "limits"), RANGES.items())
def test_the_range_of_the_score(name, limits):
    instrument = of(name)
    codes = instrument.responses(instrument.item_ids[0])
    ends = (scored(instrument, everyone(instrument, end)) for end in (min(codes), max(codes)))
    assert tuple(ends) == limits


@pytest.mark.parametrize("name", [name for name in TEXTLESS if name != "core10"])
def test_a_rule_for_missing_answers_is_nobodys_default(name):
    assert of(name).scoring.minimum_answered is None
    assert "scoring.minimum_answered" in of(name).unverified
    assert "scoring.minimum_answered" in of(name).open_facts


HSE = {
    "demands": {3, 6, 9, 12, 16, 18, 20, 22},
    "control": {2, 10, 15, 19, 25, 30},
    "managers_support": {8, 23, 29, 33, 35},
    "peer_support": {7, 24, 27, 31},
    "relationships": {5, 14, 21, 34},
    "role": {1, 4, 11, 13, 17},
    "change": {26, 28, 32},
}


def test_hse_has_seven_scales_of_its_own_and_no_total():
    hse = of("hse_msit")
    assert {facet: numbers(hse, facet) for facet in hse.facets} == HSE
    assert set().union(*HSE.values()) == set(range(1, 36))
    assert not hse.scoring.total


@pytest.mark.parametrize(("number", "wrong"), [(16, "control"), (27, "relationships"), (33, "control")])
def test_hse_items_are_not_where_one_page_puts_them(number, wrong):
    hse = of("hse_msit")
    assert number not in numbers(hse, wrong)
    assert [facet for facet in hse.facets if number in numbers(hse, facet)] != []


def test_hse_support_scales_mix_two_kinds_of_answers():
    hse = of("hse_msit")
    for facet, agreement in (("managers_support", {29, 33, 35}), ("peer_support", {24, 27, 31})):
        items = [hse.item(item_id) for item_id in hse.facets[facet].items]
        assert {
            item.number for item in items if hse.responses(item.id)[1] == "Strongly disagree"
        } == agreement
        assert {hse.responses(item.id)[1] for item in items if item.number not in agreement} == {"Never"}


def test_hse_negative_items_are_printed_reversed_and_not_turned_again():
    hse = of("hse_msit")
    assert reversed_numbers(hse) == {3, 5, 6, 9, 12, 14, 16, 18, 20, 21, 22, 34}
    assert all(item.printed_reversed == item.reverse for item in hse.items)
    assert hse.responses("hse3") == {5: "Never", 4: "Seldom", 3: "Sometimes", 2: "Often", 1: "Always"}
    assert hse.responses("hse34")[5] == "Strongly disagree"
    assert scored(hse.only("relationships"), everyone(hse, 5)) == 5.0


def test_hse_export_numbered_from_left_to_right_is_turned_when_the_codebook_says_so():
    recorded = of("hse_msit").only("relationships").settled(reverse=("hse5", "hse14", "hse21", "hse34"))
    assert scored(recorded, everyone(recorded, 5)) == 1.0


WAI_SR = {"goal": {4, 6, 8, 11}, "task": {1, 2, 10, 12}, "bond": {3, 5, 7, 9}}
WRONG_WAI = {
    "blocks": {"goal": {1, 2, 3, 4}, "task": {5, 6, 7, 8}, "bond": {9, 10, 11, 12}},
    "of the WAI-S": {"goal": {4, 6, 10, 11}, "task": {1, 2, 8, 12}, "bond": {3, 5, 7, 9}},
    "from the 36-item form": {"goal": {1, 4, 6, 11}, "task": {2, 8, 10, 12}, "bond": {3, 5, 7, 9}},
}


def test_wai_sr_key():
    wai = of("wai_sr")
    assert {facet: numbers(wai, facet) for facet in wai.facets} == WAI_SR
    assert reversed_numbers(wai) == set()


@pytest.mark.parametrize("wrong", WRONG_WAI.values(), ids=WRONG_WAI)
def test_a_wrong_wai_key_gives_another_score(wrong):
    wai = of("wai_sr")
    answers = {number: number / 3 for number in range(1, 13)}
    for facet in ("goal", "task"):
        assert wrong[facet] != numbers(wai, facet)
        other = sum(answers[number] for number in wrong[facet]) / 4
        assert scored(wai.only(facet), answers) != other


def test_noms_facets_are_functioning_and_connectedness():
    noms = of("cmhs_noms")
    assert {facet: numbers(noms, facet) for facet in noms.facets} == {
        "functioning": set(range(1, 9)),
        "connectedness": {9, 10, 11, 12},
    }
    assert not noms.scoring.total


def test_noms_direction_is_not_that_of_mhsip():
    noms = of("cmhs_noms").only("connectedness")
    assert noms.responses("belong_in_community")[5] == "Strongly agree"
    assert scored(noms, everyone(noms, 5)) == 5.0


def test_phq_9_has_a_safety_item_and_no_tenth():
    phq = of("phq9")
    assert [phq.item(item_id).number for item_id in phq.safety_items] == [9]
    assert 10 not in {item.number for item in phq.items}


@pytest.mark.parametrize(("name", "bands"), [("phq9", [5, 10, 15, 20]), ("gad7", [5, 10, 15])])
def test_bands_begin_where_they_are_published(name, bands):
    assert [(cutoff.operator, cutoff.value) for cutoff in of(name).cutoffs] == [
        (">=", band) for band in bands
    ]


def test_ucla_key_of_nine_reversed_items():
    ucla = of("ucla_ls3")
    assert reversed_numbers(ucla) == {1, 5, 6, 9, 10, 15, 16, 19, 20}
    assert ucla.cutoffs == ()
    loneliest = {item.number: 1.0 if item.reverse else 4.0 for item in ucla.items}
    assert scored(ucla, loneliest) == 80
    assert scored(ucla, {number: 5 - answer for number, answer in loneliest.items()}) == 20
    assert scored(ucla, everyone(ucla, 4)) == 53


def test_core_10_is_keyed_as_printed():
    core = of("core10")
    printed = {item.number for item in core.items if item.printed_reversed}
    assert printed == reversed_numbers(core) == {2, 3}
    assert core.responses("core2")[0] == core.responses("core1")[4] == "Most or all the time"
    assert scored(core, everyone(core, 4)) == 40


@pytest.mark.parametrize("wrong", [{3, 4}, {2, 3}], ids=["3 and 4", "turned again"])
def test_turning_core_10_wrongly_gives_another_score(wrong):
    core = of("core10")
    answers = everyone(core, 0) | {2: 4, 3: 1}
    assert scored(core, answers) == 5
    recorded = core.settled(reverse=tuple(f"core{number}" for number in wrong))
    assert scored(recorded, answers) != 5


def test_core_10_fills_in_one_missing_answer_and_no_more():
    core = of("core10")
    share = core.scoring.minimum_answered
    assert share == 0.9
    one = everyone(core, 2) | {7: None}
    assert scored(core, one, share) == 20
    assert pd.isna(scored(core, one | {8: None}, share))


def test_core_10_cut_offs_are_marked_by_how_well_they_are_attested():
    cutoffs = {cutoff.value: cutoff.verified for cutoff in of("core10").cutoffs}
    assert cutoffs == {11: True, 13: False}
    assert of("core10").safety_items == ("core6",)


def test_who_5_is_the_sum_times_four():
    who = of("who5")
    answers = dict(zip(range(1, 6), (5.0, 4.0, 3.0, 2.0, 1.0), strict=True))
    assert scored(who, answers) == sum(answers.values()) * 4 == 60
    assert scored(who, everyone(who, 1)) == 20
    assert scored(who, everyone(who, 1)) != (5 - 5) * 4
    assert [(cutoff.operator, cutoff.value) for cutoff in who.cutoffs] == [("<=", 50), ("<=", 28)]
