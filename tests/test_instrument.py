"""Instruments: mistakes between their parts, what a codebook settles, what a facet is cut down to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.instrument import Instrument, check_instrument, load_instrument, schema_text

ROOT = Path(__file__).resolve().parent.parent

SOUND = """\
id: mood
version: "2"
language: en
title: Mood
construct: How someone feels
respondent: client
recall: today
source: {citation: "Made for a test"}
licence:
  name: CC0-1.0
  holder: the project
  wording_may_be_shipped: true
  may_be_changed: true
response_sets:
  often: {1: Never, 2: Sometimes, 3: Always}
  agree: {0: No, 1: Partly, 3: Yes}
items:
  - {id: m1, number: 1, text: One}
  - {id: m2, number: 2, text: Two, reverse: true}
  - {id: m3, number: 3, text: Three, response_set: agree}
facets:
  low: {title: Low mood, items: [m1, m2]}
scoring:
  rule: sum
  minimum_answered: 0.75
  higher_means: better mood
cutoffs:
  - {operator: ">=", value: 5, meaning: good, source: made up}
  - {score: low, operator: "<", value: 2, meaning: bad, source: made up}
safety_items: [m3]
"""

BROKEN = {
    "id": ("id: mood", "id: moody", "1:5: the id must be the file's name, 'mood'"),
    "same id": ("{id: m2", "{id: m1", "19:10: two items have the id 'm1' (first on line 18)"),
    "same number": ("number: 2", "number: 1", "19:22: two items have the number '1' (first on line 18)"),
    "response set": (
        "response_set: agree",
        "response_set: agre",
        "20:52: there is no response set 'agre' (did you mean 'agree'?)",
    ),
    "unused response set": (
        ", response_set: agree",
        "",
        "16:3: no item uses the response set 'agree'",
    ),
    "uneven codes": (
        "reverse: true",
        "reverse: true, response_set: agree",
        "19:45: 'agree' has uneven codes, so turning an answer round can miss them (use evenly",
    ),
    "one code": (
        "{1: Never, 2: Sometimes, 3: Always}",
        "{1: Never}",
        "15:10: the response set 'often' has one",
    ),
    "same label": ("2: Sometimes", "2: never", "15:24: the label 'never' is given twice"),
    "empty label": ("2: Sometimes", "2: ''", "15:24: the label is empty"),
    "code": ("1: Never", "one: Never", "15:11: expected a whole number, found 'one'"),
    "printed reversed": (
        "text: One}",
        "text: One, printed_reversed: true}",
        "18:54: an item is printed reversed because it is worded against the score: say so",
    ),
    "facet item": ("items: [m1, m2]", "items: [m1, n2]", "22:38: there is no item 'n2'"),
    "facet item twice": ("items: [m1, m2]", "items: [m1, m1]", "22:38: the item 'm1' is listed twice"),
    "facet name": (
        "low: {title",
        "m1: {title",
        "22:3: the facet 'm1' has the name of an item or of the total",
    ),
    "safety item": (
        "safety_items: [m3]",
        "safety_items: [m4]",
        "30:16: there is no item 'm4'",
    ),
    "cut-off": ("score: low", "score: lo", "29:13: there is no score 'lo' (did you mean 'low'?)"),
    "no total": (
        "  higher_means",
        "  total: false\n  higher_means",
        "29:5: there is no score 'total'",
    ),
    "nothing to score": (
        "facets:\n  low: {title: Low mood, items: [m1, m2]}\nscoring:\n",
        "scoring:\n  total: false\n",
        "22:10: without a total there must be facets to score",
    ),
    "factor": ("rule: sum", "rule: sum\n  factor: 4", "25:3: 'factor' counts only with rule: scaled"),
    "rule": (
        "rule: sum",
        "rule: summ",
        "24:9: 'summ' is not one of: mean, sum, scaled (did you mean 'sum'?)",
    ),
    "share": ("0.75", "75", "25:21: 75 is out of range: expected 1 or less"),
    "wording not ours": (
        "wording_may_be_shipped: true",
        "wording_may_be_shipped: false",
        "18:31: the licence does not let the wording be shipped (the project): leave the text out",
    ),
    "some wording": (", text: Two", "", "19:5: this item has no text while others have"),
    "unverified fact": (
        "safety_items:",
        "unverified: {items.revers: perhaps}\nsafety_items:",
        "30:14: 'items.revers' is not one of: items.reverse, response_sets, scoring.minimum_answered, "
        "cutoffs, licence, published (did you mean 'items.reverse'?)",
    ),
    "published item": (
        "safety_items:",
        "published: {loadings: {citation: X, factors: {low: {m1: 0.7, n2: 0.6}}}}\nsafety_items:",
        "30:62: there is no item 'n2'",
    ),
    "published factor": (
        "safety_items:",
        "published: {loadings: {citation: X, factors: {low: {m1: 0.7, m2: 0}}}}\nsafety_items:",
        "30:47: the factor 'low' has fewer than two loadings",
    ),
    "published loading": (
        "safety_items:",
        "published: {loadings: {citation: X, factors: {low: {m1: 0.7, m2: 71}}}}\nsafety_items:",
        "30:66: 71 is out of range: expected less than 1.5",
    ),
    "no response set": (
        "  often: {1: Never, 2: Sometimes, 3: Always}\n  agree: {0: No, 1: Partly, 3: Yes}\n",
        "  {}\n",
        "14:1: no response set is declared: list values and labels, or say under `unverified` why not",
    ),
}


def problems_of(folder: Path, text: str) -> list[str]:
    path = folder / "mood.yaml"
    path.write_text(text, encoding="utf-8")
    instrument, problems = check_instrument(path, "mood.yaml")
    assert (instrument is None) == bool(problems)
    return [problem.render().split("\n")[0].removeprefix("mood.yaml:") for problem in problems]


def sound(folder: Path) -> Instrument:
    (folder / "mood.yaml").write_text(SOUND, encoding="utf-8")
    return load_instrument(folder / "mood.yaml")


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_in_its_place(old, new, expected, tmp_path):
    assert SOUND.count(old) >= 1
    problems = problems_of(tmp_path, SOUND.replace(old, new, 1))
    assert [problem for problem in problems if problem.startswith(expected)] != [], problems


def test_all_mistakes_of_a_file_come_together(tmp_path):
    text = SOUND
    for name in (
        "id",
        "same number",
        "response set",
        "facet item",
        "cut-off",
        "safety item",
        "rule",
        "share",
    ):
        text = text.replace(*BROKEN[name][:2], 1)
    problems_of(tmp_path, text)
    with pytest.raises(StudyError) as caught:
        load_instrument(tmp_path / "mood.yaml")
    assert [problem.line for problem in caught.value.problems] == [1, 16, 19, 20, 22, 24, 25, 29, 30]


def test_a_sound_instrument_is_read(tmp_path):
    instrument = sound(tmp_path)
    assert instrument.item_ids == ("m1", "m2", "m3")
    assert instrument.responses("m1") == {1: "Never", 2: "Sometimes", 3: "Always"}
    assert instrument.responses("m3") == {0: "No", 1: "Partly", 3: "Yes"}
    assert instrument.construct_ == "How someone feels"
    assert instrument.open_facts == {}


def test_a_facet_is_an_instrument_of_its_own(tmp_path):
    low = sound(tmp_path).only("low")
    assert (low.title, low.item_ids, low.safety_items) == ("Low mood", ("m1", "m2"), ())
    assert [(cutoff.score, cutoff.value) for cutoff in low.cutoffs] == [("total", 2)]
    assert low.scoring.total
    assert low.facets == {}


def test_what_no_source_settles_is_open_until_a_codebook_states_it(tmp_path):
    text = SOUND.replace("0.75", "null") + "unverified: {items.reverse: seen in one form, licence: old}\n"
    assert problems_of(tmp_path, text) == []
    instrument = load_instrument(tmp_path / "mood.yaml")
    assert instrument.open_facts == {
        "items.reverse": "seen in one form",
        "scoring.minimum_answered": "the source gives no rule for missing answers",
    }
    stated = instrument.settled(reverse=("m1",), minimum_answered=0.5)
    assert stated.open_facts == {}
    assert stated.unverified == {"licence": "old"}
    assert [item.id for item in stated.items if item.reverse] == ["m1"]
    assert stated.scoring.minimum_answered == 0.5


def test_a_codebook_can_restate_the_answers(tmp_path):
    stated = sound(tmp_path).only("low").settled(responses={0: "never", 4: "always"})
    assert stated.responses("m2") == {0: "never", 4: "always"}


def test_response_sets_that_nobody_attests_may_be_left_out(tmp_path):
    text = SOUND.replace(*BROKEN["no response set"][:2]).replace(", response_set: agree", "")
    assert problems_of(tmp_path, text + "unverified: {response_sets: anchors not seen}\n") == []
    stated = load_instrument(tmp_path / "mood.yaml").settled(responses={0: "no", 1: "yes"})
    assert stated.responses("m3") == {0: "no", 1: "yes"}


def test_an_item_printed_reversed_can_be_recorded_unreversed(tmp_path):
    text = SOUND.replace(
        "reverse: true", "reverse: true, printed_reversed: true, response_set: down"
    ).replace("  agree:", "  down: {3: Never, 2: Sometimes, 1: Always}\n  agree:")
    assert problems_of(tmp_path, text) == []
    printed = load_instrument(tmp_path / "mood.yaml")
    assert printed.responses("m2") == {3: "Never", 2: "Sometimes", 1: "Always"}
    recorded = printed.settled(reverse=("m2",))
    assert recorded.responses("m2") == {1: "Never", 2: "Sometimes", 3: "Always"}
    assert (recorded.item("m2").reverse, recorded.item("m2").printed_reversed) == (True, False)


def test_an_instrument_that_is_not_there_names_its_neighbour(tmp_path):
    sound(tmp_path)
    with pytest.raises(StudyError, match=r"did you mean 'mood\.yaml'"):
        load_instrument(tmp_path / "mod.yaml")


def test_the_committed_schema_is_current():
    path = ROOT / "instruments" / "instrument.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text(), (
        "the model has changed; write the schema anew:\n"
        "from pathlib import Path; from pipeline import instrument\n"
        "Path('instruments/instrument.schema.json').write_text(instrument.schema_text(), encoding='utf-8')"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "instruments").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_instrument_is_sound_and_names_its_schema(path):
    assert load_instrument(path).id == path.stem
    first = path.read_text(encoding="utf-8").split("\n")[0]
    assert first == "# yaml-language-server: $schema=instrument.schema.json"


@given(
    at=st.integers(0, len(SOUND)),
    junk=st.text(alphabet="am19:-[]{}'#\n ", max_size=3),
    drop=st.integers(0, 30),
)
@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_file_gives_a_value_or_problems(at, junk, drop, tmp_path):
    told = problems_of(tmp_path, SOUND[:at] + junk + SOUND[at + drop :])
    assert all(line.strip() for line in told)


def test_a_facet_keeps_the_published_factors_that_it_has_most_items_of(tmp_path):
    path = tmp_path / "mood.yaml"
    factors = "{low: {m1: 0.7, m2: 0.6}, high: {m2: 0.2, m3: 0.8}}"
    path.write_text(
        f"{SOUND}published: {{loadings: {{citation: X, factors: {factors}}}}}\n", encoding="utf-8"
    )
    instrument = load_instrument(path)
    assert set(instrument.published.loadings.factors) == {"low", "high"}
    assert instrument.only("low").published.loadings.factors == {"low": {"m1": 0.7, "m2": 0.6}}
    assert load_instrument(path).only("low").published.loadings.citation == "X"
