"""Verifying: the same results come out again, and each number that does not is named, with what it means."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_study

from pipeline import cli, plan
from pipeline.stages import verify
from pipeline.stages.artefacts import Workspace

STUDY = "data/small/study.yaml"
RECORD = "data/small/record.json"


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def recorded_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded")
    small_study.build(root)
    verify.write_record(Workspace(root, "small"), plan.rerun(root, "small", quiet))
    return root


@pytest.fixture
def root(recorded_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = tmp_path / "root"
    shutil.copytree(recorded_root, copied)
    monkeypatch.setattr(cli, "ROOT", copied)
    return copied


@pytest.fixture
def record(recorded_root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((recorded_root / RECORD).read_text(encoding="utf-8"))
    return found


def change(root: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    found = json.loads((root / RECORD).read_text(encoding="utf-8"))
    edit(found)
    (root / RECORD).write_text(json.dumps(found), encoding="utf-8")


def first_path(results: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = results["stages"]["model"]["results"]["paths"][0]
    return row


def drawn_effect(results: dict[str, Any]) -> dict[str, Any]:
    rows = results["stages"]["model"]["results"]["indirect"]
    found: dict[str, Any] = next(row for row in rows if row["kind"] == "specific")
    return found


def moved_by(name: str, row: Callable[[dict[str, Any]], dict[str, Any]], step: float) -> Any:
    def edit(results: dict[str, Any]) -> None:
        row(results)[name] += step

    return edit


def test_the_same_study_gives_the_same_results_and_leaves_nothing(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.relative_to(root) for path in root.rglob("*"))
    assert cli.main(["verify", "small"]) == 0
    said = capsys.readouterr().out
    assert "numbers compared with the record: all the same." in said
    assert int(said.split()[0]) > 500
    assert sorted(path.relative_to(root) for path in root.rglob("*")) == before


def test_a_number_that_moved_is_named_with_how_far_and_the_status_tells(
    root: Path,
    record: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "rerun", lambda *_, **__: record)

    def spoil(results: dict[str, Any]) -> None:
        first_path(results)["est"] += 0.01
        results["made"]["libraries"]["numpy"] = "1.0.0"

    change(root, spoil)
    assert cli.main(["verify", "small"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Versions differ from those of the record:"
    assert said[1].startswith("  numpy: 1.0.0 then, ")
    assert said[2] == "Moved, and it matters (1):"
    assert said[3].startswith("  model > paths > calm, warmth, ")
    assert " > est: was " in said[3]
    assert "moved by -0.01 (tolerance 1e-06)" in said[3]


UNABLE: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "no record": (lambda root: (root / RECORD).unlink(), [RECORD, "no record", "make record"]),
    "no JSON": (lambda root: (root / RECORD).write_text("{"), [RECORD, "cannot be read"]),
    "another study": (
        lambda root: (root / RECORD).write_text('{"study": "other", "stages": {}}'),
        [RECORD, "no record of the study 'small'"],
    ),
    "no export": (lambda root: (root / "data/small/exports/survey.csv").unlink(), ["survey.csv", "no file"]),
    "no such study": (lambda root: (root / "data/small").rename(root / "data/smal"), ["smal"]),
}


@pytest.mark.parametrize("case", UNABLE.values(), ids=UNABLE)
def test_what_cannot_be_run_or_compared_is_a_third_status(
    root: Path, capsys: pytest.CaptureFixture[str], case: tuple[Callable[[Path], object], list[str]]
) -> None:
    spoil, fragments = case
    spoil(root)
    assert cli.main(["verify", "small"]) == 2
    said = capsys.readouterr().err
    assert [fragment for fragment in fragments if fragment not in said] == []
    assert "Traceback" not in said


def test_a_program_error_is_not_taken_for_a_difference(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(plan, "rerun", fail)
    assert cli.main(["verify", "small"]) == 2
    assert "a fault of the program" in capsys.readouterr().err


def test_record_writes_the_results_with_every_digit(
    root: Path, record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "rerun", lambda *_, **__: record)
    (root / RECORD).unlink()
    assert cli.main(["record", "small"]) == 0
    assert json.loads((root / RECORD).read_text(encoding="utf-8")) == record


@pytest.mark.slow
def test_every_number_that_a_seed_moves_is_known_as_resampled(root: Path, record: dict[str, Any]) -> None:
    study = root / STUDY
    study.write_text(study.read_text(encoding="utf-8").replace("seed: 7", "seed: 70707"), encoding="utf-8")
    found = plan.rerun(root, "small", quiet)
    moved = [one for one in verify.compare(record, found).moved if not one.place.endswith("seed")]
    assert len(moved) > 100
    strict = [
        one.place
        for one in moved
        if one.tolerance is not None and one.tolerance < verify.RESAMPLED * max(1, abs(one.recorded))
    ]
    assert strict == []


SIZES = [
    # what moves, by how much, whether it matters
    ("est", first_path, 5e-7, False),
    ("est", first_path, 2e-6, True),
    ("est", drawn_effect, 2e-6, True),
    ("ci_lower", drawn_effect, 5e-5, False),
    ("ci_lower", drawn_effect, 2e-4, True),
]


@pytest.mark.parametrize("case", SIZES, ids=[f"{row.__name__} {name} {by}" for name, row, by, _ in SIZES])
def test_drawn_numbers_may_move_further_than_others(
    record: dict[str, Any], case: tuple[str, Callable[[dict[str, Any]], dict[str, Any]], float, bool]
) -> None:
    name, row, step, matters = case
    found = copy.deepcopy(record)
    moved_by(name, row, step)(found)
    comparison = verify.compare(record, found)
    (only,) = comparison.moved
    assert only.place.endswith(f" > {name}")
    assert only.difference == pytest.approx(step, rel=1e-4)
    assert only.matters is matters
    assert comparison.is_same is not matters
    heading = "Moved, and it matters (1):" if matters else "Moved within tolerance"
    assert any(line.startswith(heading) for line in verify.lines(comparison))


def test_large_numbers_are_held_to_a_share_of_themselves(record: dict[str, Any]) -> None:
    found = copy.deepcopy(record)
    record["stages"]["model"]["results"]["logl"] = -20000.0
    found["stages"]["model"]["results"]["logl"] = -20000.01
    assert verify.compare(record, found).is_same
    found["stages"]["model"]["results"]["logl"] = -20000.03
    assert not verify.compare(record, found).is_same


def lose_a_row(results: dict[str, Any]) -> None:
    results["stages"]["model"]["results"]["indirect"].pop()


def withhold(results: dict[str, Any]) -> None:
    first_path(results)["se"] = None


def turn_a_verdict(results: dict[str, Any]) -> None:
    results["stages"]["model"]["results"]["hypotheses"][0]["verdict"] = "something else"


STRUCTURE = {"a row less": lose_a_row, "a number withheld": withhold, "another verdict": turn_a_verdict}


@pytest.mark.parametrize("edit", STRUCTURE.values(), ids=STRUCTURE)
def test_what_is_lost_or_reads_otherwise_matters(
    record: dict[str, Any], edit: Callable[[dict[str, Any]], None]
) -> None:
    found = copy.deepcopy(record)
    edit(found)
    assert not verify.compare(record, found).is_same
    assert not verify.compare(found, record).is_same


TEXTS = [
    ("fitted; largest difference 3.1e-09, N = 1,234", "fitted; largest difference 8.8e-09, N = 1,234", True),
    ("fitted; N = 1,234", "fitted; N = 1,235", False),
    ("supported", "not supported", False),
]


@pytest.mark.parametrize(("before", "after", "same"), TEXTS)
def test_numbers_within_a_text_count_as_numbers(before: str, after: str, same: bool) -> None:
    record, found = ({"stages": {"model": {"results": {"note": text}}}} for text in (before, after))
    assert verify.compare(record, found).is_same is same


def test_an_input_with_another_hash_is_named_and_no_result(record: dict[str, Any]) -> None:
    found = copy.deepcopy(record)
    (file,) = record["stages"]["ingest"]["inputs"]
    found["stages"]["ingest"]["inputs"] = {file: "0" * 64}
    comparison = verify.compare(record, found)
    assert comparison.moved == ()
    assert comparison.inputs[0].startswith(f"{file}: SHA-256 ")
