"""Locking: what is frozen, what the report tells of it afterwards, and that no edit of a lock goes unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import recorded
import small_study

from pipeline.declaration import StudyError
from pipeline.reporting import markup
from pipeline.reporting.prose.locked import NOT_LOCKED, locked
from pipeline.reporting.record import Record
from pipeline.reporting.tables import deviations as table
from pipeline.reporting.values import Table
from pipeline.stages import lock as stage
from pipeline.stages.artefacts import Workspace
from pipeline.stages.report import compose
from pipeline.study import load_study

FIRST, SECOND = date(2026, 1, 2), date(2026, 3, 4)
STUDY, CALM = "data/small/study.yaml", "instruments/calm.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    small_study.build(tmp_path)
    return tmp_path


def freeze(root: Path, today: date = FIRST, *, again: bool = False) -> dict[str, Any]:
    written = stage.lock(load_study(root, "small"), Workspace(root, "small"), today, again=again)
    found: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    return found


def told(root: Path) -> dict[str, Any] | None:
    return stage.told(load_study(root, "small"), Workspace(root, "small"))


def edit(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_lock_has_every_part_with_value_and_hash(root: Path) -> None:
    entry = freeze(root)["locks"][0]
    assert entry["date"] == "2026-01-02"
    assert tuple(entry["parts"]) == stage.PARTS
    assert entry["parts"]["seed"]["value"] == 7
    assert entry["parts"]["hypotheses"]["value"]["H1"]["smallest"] == 0.02
    assert entry["parts"]["scoring"]["value"]["calm"]["reversed"] == ["c3"]
    assert len({part["sha256"] for part in entry["parts"].values()}) == len(stage.PARTS)


EDITS = {
    "seed": (STUDY, "seed: 7", "seed: 8", ("seed", "", "7", "8")),
    "smallest": (
        STUDY,
        "smallest: 0.02",
        "smallest: 0.01",
        ("hypotheses", "H1 · smallest", "0.02", "0.01"),
    ),
    "sign": (
        STUDY,
        "sign: positive",
        "sign: negative",
        ("hypotheses", "H1 · sign", "positive", "negative"),
    ),
    "model": (
        STUDY,
        "  warmth -> thriving\n",
        "",
        (
            "path",
            "arrows",
            "warmth -> calm, calm -> thriving, warmth -> thriving",
            "warmth -> calm, calm -> thriving",
        ),
    ),
    "draws": (STUDY, "draws: 2000", "draws: 3000", ("options", "intervals · draws", "2000", "3000")),
    "key": (CALM, ", reverse: true", "", ("scoring", "calm · reversed", "c3", "—")),
    "rule": (
        CALM,
        "minimum_answered: 0.6",
        "minimum_answered: 0.5",
        ("scoring", "calm · minimum_answered", "0.6", "0.5"),
    ),
    "version": (CALM, 'version: "1.0"', 'version: "1.1"', ("instruments", "calm · version", "1.0", "1.1")),
    "screening": (
        STUDY,
        "seed: 7",
        "seed: 7\nscreening: {longest_run: 8}",
        ("screening", "longest_run", "—", "8"),
    ),
}


@pytest.mark.parametrize("case", EDITS.values(), ids=EDITS)
def test_each_change_after_the_lock_is_listed_and_nothing_else(
    root: Path, case: tuple[str, str, str, tuple[str, str, str, str]]
) -> None:
    file, old, new, (part, what, locked_as, now) = case
    freeze(root)
    assert (told(root) or {})["deviations"] == []
    edit(root, file, old, new)
    assert (told(root) or {})["deviations"] == [{"part": part, "what": what, "locked": locked_as, "now": now}]


def test_what_the_lock_does_not_cover_is_no_deviation(root: Path) -> None:
    freeze(root)
    edit(root, STUDY, "title: A Small Study", "title: Another")
    assert (told(root) or {})["deviations"] == []


def test_an_added_hypothesis_is_one_deviation(root: Path) -> None:
    freeze(root)
    edit(
        root,
        STUDY,
        "intervals:",
        "  - {id: H2, effect: warmth -> calm, level: between, sign: positive}\nintervals:",
    )
    (only,) = (told(root) or {})["deviations"]
    assert (only["what"], only["locked"]) == ("H2", "—")
    assert only["now"] == "effect: warmth -> calm; level: between; sign: positive; smallest: 0.0"


def test_locking_twice_needs_to_be_meant_and_keeps_the_first(root: Path) -> None:
    freeze(root)
    edit(root, STUDY, "seed: 7", "seed: 8")
    with pytest.raises(
        StudyError, match=r"data/small/lock\.json: the study was locked on 2026-01-02 .*AGAIN"
    ):
        freeze(root, SECOND)
    freeze(root, SECOND, again=True)
    found = told(root) or {}
    assert [(one["date"], one["changed"]) for one in found["locks"]] == [
        ("2026-01-02", []),
        ("2026-03-04", ["seed"]),
    ]
    assert found["deviations"] == []


SPOILT = {
    "edited": ('"value": 7', '"value": 8', "what was locked does not fit its hash: seed of 2026-01-02"),
    "cut": ('"locks"', '"lock"', "not a lock as `lock` writes it"),
    "no JSON": ("{", "", "not a lock as `lock` writes it"),
}


@pytest.mark.parametrize("case", SPOILT.values(), ids=SPOILT)
def test_a_lock_that_was_edited_is_refused(root: Path, case: tuple[str, str, str]) -> None:
    old, new, message = case
    freeze(root)
    edit(root, "data/small/lock.json", old, new)
    for use in (lambda: told(root), lambda: freeze(root, SECOND, again=True)):
        with pytest.raises(StudyError, match=message) as error:
            use()
        assert "version control" in str(error.value)


def with_lock(lock: dict[str, Any] | None) -> Record:
    return Record(recorded.results("army-climate") | {"lock": lock})


def test_the_report_says_that_nothing_was_locked() -> None:
    assert locked(with_lock(None)) == [NOT_LOCKED]
    assert table.table(with_lock(None)) is None


def test_the_report_says_what_was_locked_and_what_was_changed(root: Path) -> None:
    freeze(root)
    assert "nothing was changed afterwards" in locked(with_lock(told(root)))[0]
    edit(root, STUDY, "seed: 7", "seed: 8")
    freeze(root, SECOND, again=True)
    edit(root, STUDY, "smallest: 0.02", "smallest: 0.01")
    record = with_lock(told(root))
    last, earlier = locked(record)
    assert "2026-03-04" in last
    assert last.endswith(
        "One thing was changed afterwards: [@deviations] shows each as it was locked and as it was analysed."
    )
    assert "first locked on 2026-01-02 and locked again on 2026-03-04 (seed)" in earlier
    made = table.table(record)
    assert made is not None
    assert [[markup.plain(cell.text) for cell in row.cells] for row in made.body] == [
        ["Hypotheses"],
        ["H1 · smallest", "0.02", "0.01"],
    ]
    placed = next(b for b in compose(record.results).blocks if isinstance(b, Table) and b.id == made.id)
    assert replace(placed, how=()) == made
