"""What the fuzzers found and kept, and inputs like it: read or answered, never a traceback, never a hang."""

from __future__ import annotations

import random
from pathlib import Path

import fuzz
import pytest

FOUND = sorted(path for path in fuzz.FINDINGS.glob("*") if path.is_file())
BY_CHILD = ("spss", "stata", "sas")
TARGETS = [
    *("qualtrics", "redcap", "limesurvey", "surveymonkey", "kobo", "google_forms", "microsoft_forms"),
    *("csv", "inspect", "dictionary", "study", "instrument", "syntax", "archive", "parquet", "workbook"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in BY_CHILD),
]
KEPT = [
    pytest.param(name, marks=pytest.mark.slow) if name in BY_CHILD else name
    for name in sorted({path.name.rpartition("-")[0] for path in fuzz.CORPUS.glob("*")})
]


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_stays_mended(tmp_path: Path, path: Path) -> None:
    run, _ = fuzz.targets(tmp_path)[path.name.rpartition("-")[0]]
    assert fuzz.covered(run, path.read_bytes())[1] is None


@pytest.mark.parametrize("target", KEPT)
def test_inputs_that_reached_new_code_are_read_or_answered(tmp_path: Path, target: str) -> None:
    run, _ = fuzz.targets(tmp_path)[target]
    inputs = sorted(fuzz.CORPUS.glob(f"{target}-*"))
    assert inputs
    assert [path.name for path in inputs if fuzz.covered(run, path.read_bytes())[1] is not None] == []


@pytest.mark.parametrize("target", TARGETS)
def test_changed_seeds_are_read_or_answered(tmp_path: Path, target: str) -> None:
    run, seeds = fuzz.targets(tmp_path)[target]
    draw = random.Random(target)
    troubles = [fuzz.covered(run, fuzz.changed(draw, seeds))[1] for _ in range(6)]
    assert troubles == [None] * 6


def test_a_bug_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that fails on a quotation mark is caught within a second, and its input is kept."""
    monkeypatch.setattr(fuzz, "FINDINGS", tmp_path / "findings")

    def fails(data: bytes) -> None:
        if b'"' in data:
            raise KeyError(data)

    assert fuzz.fuzz("broken", fails, [b"a,b"], 1.0, 0)[2] == 1
    assert len(list((tmp_path / "findings").iterdir())) == 1
