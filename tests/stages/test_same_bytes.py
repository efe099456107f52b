"""Identical inputs give identical reports, to the byte, wherever the study lies."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import small_study

from pipeline import plan
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study


def made_in(root: Path) -> dict[str, str]:
    """Hash of every file that a run leaves in reports/."""
    small_study.build(root)
    study, workspace = load_study(root, "small"), Workspace(root, "small")
    plan.run(study, workspace, lambda _: None)
    files = sorted(path for path in workspace.reports.rglob("*") if path.is_file())
    return {
        path.relative_to(workspace.reports).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


@pytest.mark.slow
def test_two_runs_in_different_folders_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "another, with a longer name").mkdir()
    first = made_in(tmp_path / "one")
    second = made_in(tmp_path / "another, with a longer name")
    assert {"report.html", "report.docx", "report.pdf", "results.json", "references.bib"} <= set(first)
    assert any(name.startswith("tables/") and name.endswith(".docx") for name in first)
    assert any(name.startswith("figures/") and name.endswith(".png") for name in first)
    assert [name for name in first if first[name] != second.get(name)] == []
    assert set(first) == set(second)
