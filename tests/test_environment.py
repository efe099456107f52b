"""The set-up: what it refuses, what it says, and that help knows every target."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import environment

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("version", "accepted"), [((3, 9), False), ((3, 10), False), ((3, 11), True), ((3, 14), True)]
)
def test_old_pythons_are_refused_with_a_remedy(version: tuple[int, int], accepted: bool) -> None:
    if accepted:
        assert environment.check_version(version) is None
        return
    with pytest.raises(environment.SetupError, match=r"too old.*3\.11(.|\n)*PYTHON=python3\.12"):
        environment.check_version(version)


def test_a_python_without_ensurepip_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="ensurepip is not available")
    monkeypatch.setattr(environment.subprocess, "run", lambda *args, **kwargs: failed)
    with pytest.raises(environment.SetupError, match=r"sudo apt install python3\.\d+-venv(.|\n)*ensurepip"):
        environment._make_venv()


def test_a_linked_environment_is_left_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere" / "kept"
    kept.parent.mkdir()
    kept.touch()
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    environment.VENV.symlink_to(kept.parent)
    with pytest.raises(environment.SetupError, match=r"\.venv is a link to .*elsewhere(.|\n)*rm \.venv"):
        environment._make_venv()
    assert kept.exists()


def test_pip_takes_over_where_uv_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **kwargs: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, int("uv" in command), stdout="", stderr="no uv here")

    monkeypatch.setattr(environment.subprocess, "run", run)
    environment._install()
    assert [command[2] for command in ran] == ["pip", "uv", "pip"]
    assert "--require-hashes" in ran[2]
    assert "requirements.lock" in ran[2]


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("4", "4")])
def test_linear_algebra_keeps_to_one_thread_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: str | None, used: str
) -> None:
    from pipeline import __main__, cli

    name = "OPENBLAS_NUM_THREADS"
    monkeypatch.setenv(name, "set, so that it is put back")
    if given is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, given)
    monkeypatch.setattr(environment, "enter", lambda _: None)
    monkeypatch.setattr(cli, "main", lambda _: 0)
    with pytest.raises(SystemExit):
        __main__.main()
    assert os.environ[name] == used


def test_help_lists_every_target_once() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY")).split()[1:]
    assert [name for name, _ in environment.targets(makefile)] == phony
    said = subprocess.run(
        [sys.executable, "-m", "pipeline.environment", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(f"  {name} " in said for name in phony)


def test_the_makefile_keeps_to_old_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not [line for line in makefile.splitlines() if "&:" in line or ".ONESHELL" in line]
