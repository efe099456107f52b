"""Adapting an instrument: what is copied, what is recorded, what is refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from pipeline.adaptation import adapt, check, differences
from pipeline.declaration import StudyError
from pipeline.instrument import load_instrument

ROOT = Path(__file__).resolve().parent.parent

PARENT = """\
# yaml-language-server: $schema=instrument.schema.json
# How to introduce it.
id: warmth
version: "1.2"
language: en
title: Warmth
construct: How warm someone seems
respondent: client
recall: null
source: {citation: "Made for a test"}
licence: {name: CC0-1.0, holder: the project, wording_may_be_shipped: true, may_be_changed: true}
response_sets:
  agreement: {1: "No", 2: Partly, 3: "Yes"}
items:            # three
  - {id: w1, number: 1, text: 'It is "warm": yes?'}
  - {id: w2, number: 2, text: It is cold, reverse: true}
  - {id: w3, number: 3, text: It is mild}
scoring: {rule: mean, minimum_answered: 0.6, higher_means: warmer}   # as usual
"""


@pytest.fixture
def parent(tmp_path) -> Path:
    path = tmp_path / "warmth.yaml"
    path.write_text(PARENT, encoding="utf-8")
    return path


def edited(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def recorded(path: Path) -> list[tuple[str, str | None, str | None]]:
    adaptation = load_instrument(path).adaptation
    assert adaptation is not None
    return [(change.where, change.before, change.after) for change in adaptation.changes]


def test_the_copy_keeps_everything_and_names_its_parent(parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    digest = hashlib.sha256(PARENT.encode()).hexdigest()
    assert new.read_text(encoding="utf-8") == PARENT.replace("id: warmth", "id: warmth_youth") + (
        "adaptation:  # written by `instrument adapt`: after editing, run it again to record the changes\n"
        "  parent: warmth\n"
        '  parent_version: "1.2"\n'
        f'  parent_sha256: "{digest}"\n'
        "  changes: []\n"
    )
    assert check(new) == ()
    assert parent.read_text(encoding="utf-8") == PARENT


def test_the_copy_in_another_folder_finds_the_schema(parent, tmp_path):
    (tmp_path / "drafts").mkdir()
    new = adapt(parent, tmp_path / "drafts" / "warmth_youth.yaml")
    first = new.read_text(encoding="utf-8").split("\n")[0]
    assert first == "# yaml-language-server: $schema=../instrument.schema.json"


CHANGES = {
    "text": (("It is mild", "It feels mild"), [("items.w3.text", "It is mild", "It feels mild")]),
    "awkward text": (
        ("It is mild", '"- a: \\"b\\" # \\\\ \\u2028 é"'),
        [("items.w3.text", "It is mild", '- a: "b" # \\ \u2028 é')],
    ),
    "reverse": ((", reverse: true", ""), [("items.w2.reverse", "true", "false")]),
    "removed item": (
        ("  - {id: w3, number: 3, text: It is mild}\n", ""),
        [("items.w3", "It is mild", None)],
    ),
    "added item": (
        ("scoring:", "  - {id: w4, number: 4, text: It is hot}\nscoring:"),
        [("items.w4", None, "It is hot")],
    ),
    "label": (("Partly", "A little"), [("response_sets.agreement.2", "Partly", "A little")]),
    "more answers": (('3: "Yes"', '3: "Yes", 4: Very'), [("response_sets.agreement.4", None, "Very")]),
    "facet": (
        ("scoring:", "facets: {mild: {title: Mild, items: [w2, w3]}}\nscoring:"),
        [("facets.mild", None, "title: Mild; items: w2, w3")],
    ),
    "scoring": (("0.6", "1.0"), [("scoring.minimum_answered", "0.6", "1")]),
    "respondent": (("respondent: client", "respondent: parent"), [("respondent", "client", "parent")]),
    "recall": (("recall: null", "recall: today"), [("recall", None, "today")]),
    "version only": (('version: "1.2"', 'version: "2"'), []),
    "remarks only": (("# How to introduce it.\n", ""), []),
}


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_each_change_is_recorded(change, expected, parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(new, change)
    assert [problem.message for problem in check(new)] == (
        ["the changes recorded are not the differences from 'warmth' as it is now"] if expected else []
    )
    assert adapt(parent, new) == new
    assert recorded(new) == expected
    assert check(new) == ()


def test_recording_twice_changes_nothing_more(parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(new, ("It is mild", "It feels mild"))
    adapt(parent, new)
    once = new.read_bytes()
    adapt(parent, new)
    assert new.read_bytes() == once


def test_recording_keeps_what_stands_around_the_block(parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(new, ("It is mild", "It feels mild"))
    with new.open("a", encoding="utf-8") as file:
        file.write("\n# About safety.\nsafety_items: [w2]\n# The end.\n")
    before = new.read_text(encoding="utf-8")
    adapt(parent, new)
    after = new.read_text(encoding="utf-8")
    assert after.split("adaptation:")[0] == before.split("adaptation:")[0]
    assert after.endswith("\n\n# About safety.\nsafety_items: [w2]\n# The end.\n")
    assert recorded(new) == [
        ("items.w3.text", "It is mild", "It feels mild"),
        ("safety_items", None, "w2"),
    ]


def test_a_parent_that_has_changed_since_is_noticed(parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(parent, ("It is mild", "It is very mild"))
    assert [(problem.line, problem.hint) for problem in check(new)] == [(23, "run `instrument adapt` again")]
    adapt(parent, new)
    assert recorded(new) == [("items.w3.text", "It is very mild", "It is mild")]


def test_an_adaptation_can_be_adapted(parent, tmp_path):
    child = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(child, ("It is mild", "It feels mild"))
    adapt(parent, child)
    grandchild = adapt(child, tmp_path / "warmth_child.yaml")
    told = load_instrument(grandchild).adaptation
    assert told is not None
    assert (told.parent, told.changes) == ("warmth_youth", ())


@pytest.mark.parametrize("name", ["core10", "wai_sr", "ucla_ls3", "hse_msit"])
def test_what_the_licence_forbids_is_refused_with_the_reason(name, tmp_path):
    old = Path(shutil.copy(ROOT / "instruments" / f"{name}.yaml", tmp_path))
    licence = load_instrument(old).licence
    with pytest.raises(StudyError) as caught:
        adapt(old, tmp_path / "mine.yaml")
    (problem,) = caught.value.problems
    assert f"may not be changed: {licence.name}; holder: {licence.holder}" in problem.message
    assert problem.source == "  may_be_changed: false"
    assert problem.hint == licence.note
    assert not (tmp_path / "mine.yaml").exists()


def test_a_copy_made_by_hand_of_what_may_not_be_changed_is_told(tmp_path):
    text = (ROOT / "instruments" / "core10.yaml").read_text(encoding="utf-8")
    (tmp_path / "core10.yaml").write_text(text, encoding="utf-8")
    block = "adaptation: {parent: core10, parent_version: '1', parent_sha256: x}\n"
    (tmp_path / "core9.yaml").write_text(
        text.replace("id: core10\n", "id: core9\n") + block, encoding="utf-8"
    )
    (problem,) = check(tmp_path / "core9.yaml")
    assert "may not be changed: CC-BY-NC-ND-4.0" in problem.message


REFUSED = {
    "itself": ("warmth.yaml", "this is the instrument itself"),
    "another instrument": ("other.yaml", "exists already and is not an adaptation of 'warmth'"),
    "no id": ("My Warmth.yaml", "an instrument's file is named after its id"),
    "no yaml": ("warmth_youth.yml", "an instrument's file is named after its id"),
    "no folder": ("drafts/warmth_youth.yaml", "its folder does not exist"),
}


@pytest.mark.parametrize(("name", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_bad_name_is_refused_and_nothing_is_written(name, reason, parent, tmp_path):
    (tmp_path / "other.yaml").write_text(PARENT.replace("id: warmth", "id: other"), encoding="utf-8")
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(StudyError, match=reason):
        adapt(parent, tmp_path / name)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_mistaken_adaptation_is_told_before_it_is_recorded(parent, tmp_path):
    new = adapt(parent, tmp_path / "warmth_youth.yaml")
    edited(new, ("number: 3", "number: 2"))
    before = new.read_bytes()
    with pytest.raises(StudyError, match="two items have the number '2'"):
        adapt(parent, new)
    assert check(new)[0].line == 17
    assert new.read_bytes() == before


def test_equal_instruments_differ_in_nothing(parent):
    assert differences(load_instrument(parent), load_instrument(parent)) == ()


@pytest.mark.parametrize("path", sorted((ROOT / "instruments").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_instruments_pass_the_check(path):
    assert check(path) == ()
