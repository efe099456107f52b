"""Bad input, end to end: each mistake gives status 1 and a message that names file, place and remedy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import small_study

from pipeline import cli

STUDY = "data/small/study.yaml"
SURVEY = "data/small/exports/survey.csv"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_study.build(tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    return tmp_path


def edit(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert old in text
        (root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    return apply


def change(**columns: object) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        frame = pd.read_csv(root / SURVEY).assign(**columns)
        frame.to_csv(root / SURVEY, index=False)

    return apply


def remove(file: str) -> Callable[[Path], None]:
    return lambda root: (root / file).unlink()


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)

CASES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "missing file": (remove(SURVEY), ["survey.csv", "exports"]),
    "another platform": (edit(STUDY, "platform: csv", "platform: spss"), ["survey.csv", "spss", "csv"]),
    "missing column": (edit(SURVEY, "W2", "W_2"), ["survey.csv", "W2", "W_2"]),
    "answer out of range": (
        edit(SURVEY, "P003,TEAM00,", "P003,TEAM00,9"),
        ["survey.csv", "P003", "W1", "4", "1"],
    ),
    "unknown instrument": (
        edit(STUDY, "instrument: calm", "instrument: clam"),
        ["study.yaml:", "clam", "'calm'"],
    ),
    "unmeasured mediator": (
        edit(STUDY, "warmth -> calm ->", "warmth -> clam ->"),
        ["study.yaml:", "clam", "calm"],
    ),
    "cluster all different": (
        change(team=[f"T{i}" for i in range(144)]),
        ["survey.csv", "team", "different"],
    ),
    "cluster all the same": (change(team="TEAM00"), ["survey.csv", "team", "same"]),
    "yaml bomb": (lambda root: (root / STUDY).write_text(BOMB) and None, ["study.yaml"]),
    "yaml tag": (edit(STUDY, "title: A", "title: !!python/object/apply:os.system A"), ["study.yaml:2:"]),
    "misspelt key": (edit(STUDY, "platform:", "platfrom:"), ["study.yaml:8:", "platfrom", "'platform'"]),
    "unknown study": (lambda root: (root / "data/small").rename(root / "data/smal"), ["small", "smal"]),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_mistake_is_told_plainly(
    root: Path, capsys: pytest.CaptureFixture[str], case: tuple[Callable[[Path], None], list[str]]
) -> None:
    spoil, fragments = case
    spoil(root)
    assert cli.main(["report", "small"]) == 1
    said = capsys.readouterr().err
    assert [fragment for fragment in fragments if fragment not in said] == []
    assert "Traceback" not in said


def test_labels_with_html_or_a_formula_stay_text(root: Path) -> None:
    edit(STUDY, "title: A Small Study", 'title: "<script>alert(1)</script> =1+1 {{7*7}}"')(root)
    edit("instruments/calm.yaml", '"First of calm"', "'=HYPERLINK(\"x\") <img src=x onerror=alert(1)>'")(root)
    assert cli.main(["report", "small"]) == 0
    page = (root / "reports/small/report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; =1+1 {{7*7}}" in page
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    for table in (root / "reports/small/tables").glob("*.csv"):
        cells = pd.read_csv(table, dtype=str, keep_default_na=False, header=None).to_numpy().ravel()
        assert not [cell for cell in cells if str(cell).startswith("=")]


@pytest.mark.parametrize(
    "arguments", [["reprot"], ["report", "--nope"], ["instrument"], ["report", "a", "b"]]
)
def test_usage_mistakes_exit_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status = cli.main(arguments)
    said = capsys.readouterr()
    assert status == (0 if arguments == ["instrument"] else 2)
    assert "Traceback" not in said.err + said.out
