"""The calibration page: the committed numbers keep what was asked, and it is made the same anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.declaration import StudyError
from pipeline.stages.calibrate import PAGE, PICTURE, REPLICATIONS, calibrate, trials

ROOT = Path(__file__).resolve().parents[2]


def tables(text: str) -> list[list[dict[str, str]]]:
    """Markdown tables as rows by heading."""
    found: list[list[dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
        found.append([dict(zip(lines[0], line, strict=True)) for line in lines[2:]])
    return found


@pytest.fixture(scope="module")
def committed() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    rejections, coverage = tables((ROOT / PAGE).read_text(encoding="utf-8"))
    return rejections, coverage


def share(cell: str) -> float:
    return float(cell.split(" ", maxsplit=1)[0])


def test_the_committed_page_rests_on_all_replications():
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    assert f"--replications {REPLICATIONS}`" in text
    assert f"Of {REPLICATIONS * len(trials()):,} fits 0 did not converge" in text
    assert (ROOT / PICTURE).read_bytes().startswith(b"\x89PNG")


def test_false_alarms_on_the_committed_page(committed):
    rows = [row for row in committed[0] if row["between staff"] == "none"]
    assert [row["design"] for row in rows] == ["40x6x6", "100x6x6"]
    for row in rows:
        assert share(row["clients, flat: joint"]) >= 0.85
        assert share(row["staff means: joint"]) >= 0.70
        for test in ("**two-level**: slope b", "joint", "Monte Carlo", "bootstrap of teams"):
            assert share(row[test]) <= 0.07, (row["design"], test)


def test_power_on_the_committed_page(committed):
    for row in [row for row in committed[0] if row["between staff"] == "0.50"]:
        lavaan = [float(value) for value in row["lavaan: joint, Monte Carlo"].split(", ")]
        for test, wanted in zip(("joint", "Monte Carlo"), lavaan, strict=True):
            error = (wanted * (1 - wanted) * (1 / 200 + 1 / REPLICATIONS)) ** 0.5
            assert abs(share(row[test]) - wanted) < 3 * error, (row["design"], test)


def test_coverage_on_the_committed_page(committed):
    rows = [row for row in committed[1] if row["between staff"] == "0.50"]
    assert len(rows) == 2
    for row in rows:
        for name in ("Monte Carlo", "bootstrap of teams"):
            assert 0.92 <= share(row[name]) <= 0.97, (row["design"], name)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page by one worker and by two, from 4 samples a trial."""
    folders = [tmp_path_factory.mktemp(f"by{workers}") for workers in (1, 2)]
    told: list[int] = []
    for workers, folder in enumerate(folders, start=1):
        assert calibrate(folder, 4, workers=workers, tell=told.append) == (folder / PAGE, folder / PICTURE)
    assert sum(told) == 2 * 4 * len(trials())
    return folders


def test_the_page_does_not_depend_on_the_number_of_workers(written):
    one, two = written
    assert (one / PAGE).read_bytes() == (two / PAGE).read_bytes()
    assert (one / PICTURE).read_bytes() == (two / PICTURE).read_bytes()


def test_the_page_has_the_trials_and_the_picture(written):
    text = (written[0] / PAGE).read_text(encoding="utf-8")
    assert [len(table) for table in tables(text)] == [4, 4]
    assert "](pictures/calibration.png)" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("replications", "options", "message"),
    [
        (1, {}, "--replications: 1 is too few"),
        (2, {"workers": 0}, "--workers: 0 workers: name at least one"),
    ],
)
def test_what_cannot_be_run_is_told(tmp_path, replications, options, message):
    with pytest.raises(StudyError, match=message):
        calibrate(tmp_path, replications, **options)
    assert not (tmp_path / PAGE).exists()
