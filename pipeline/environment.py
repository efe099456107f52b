"""The project's own virtual environment: made from the lock files, entered, and tested in.

`python -m pipeline` and the Makefile come through here, on a machine that has nothing but Python.
So this module needs the standard library only, and touches `.venv` only.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCKS = ("requirements-build.lock", "requirements.lock")
OLDEST = (3, 11)


class SetupError(Exception):
    """The environment can't be made; the message says what to do."""


def enter(arguments: list[str]) -> None:
    """Go on in the project's environment: return if this is it, else make it and run the command there."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    set_up()
    sys.exit(subprocess.call([str(interpreter()), "-m", "pipeline", *arguments]))


def set_up() -> None:
    """Make `.venv` and install exactly what the lock files name, unless that has been done."""
    check_version(sys.version_info[:2])
    stamp, wanted = VENV / "installed", _fingerprint()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted and interpreter().exists():
        return
    started = time.monotonic()
    print("Setting up .venv (once; about a minute) ...", flush=True)
    _make_venv()
    _install()
    stamp.write_text(wanted, encoding="utf-8")
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def check_version(version: tuple[int, ...]) -> None:
    """Refuse a Python that is too old, with what to type instead."""
    if version < OLDEST:
        found = ".".join(map(str, version))
        raise SetupError(
            f"Python {found} is too old: this project needs 3.11 or newer.\n"
            "Name a newer one: make report PYTHON=python3.12"
        )


def interpreter() -> Path:
    """Python inside `.venv`."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def targets(makefile: str) -> list[tuple[str, str]]:
    """Targets of a Makefile with their one-line help: `name: ... ## what it does`."""
    return re.findall(r"^([a-z][\w-]*):[^#\n]*##\s*(.+)$", makefile, flags=re.MULTILINE)


def run_tests(extra: list[str]) -> int:
    """Lint, check types and test; the first that fails decides the exit status."""
    set_up()
    python = str(interpreter())
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    steps = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["pytest", "-q", "-n", str(min(os.cpu_count() or 1, 8)), "--dist", "worksteal", *extra],
    )
    for step in steps:
        print("==> " + " ".join(step), flush=True)
        status = subprocess.call([python, "-m", *step], cwd=ROOT, env=environment)
        if status:
            return status
    return 0


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in LOCKS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_venv() -> None:
    if VENV.is_symlink():
        raise SetupError(
            f"{VENV.name} is a link to {VENV.resolve()}, and setting up would empty what it points to.\n"
            f"Remove the link (rm {VENV.name}) and give the same command again: a folder takes its place."
        )
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise SetupError(
            "Python cannot make a virtual environment here. On Debian and Ubuntu a package is missing:\n"
            f"    sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv\n"
            f"and then the same command again. What Python said:\n{_end_of(made.stdout + made.stderr)}"
        )


def _install() -> None:
    pip = [str(interpreter()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", LOCKS[0]])
    uv = [str(interpreter()), "-m", "uv", "pip", "install", "--quiet", "--python", str(interpreter())]
    flags = ["--require-hashes", "-r", LOCKS[1]]
    try:
        _run([*uv, "--compile-bytecode", "--no-build-isolation-package", "semopy", *flags])
    except SetupError:
        print("uv could not install; trying pip (slower) ...", flush=True)
        _run([*pip, "--no-build-isolation", *flags])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(
            "Installing the locked packages failed. Is there a connection to a package index?\n"
            f"What the installer said:\n{_end_of(done.stdout + done.stderr)}"
        )


def _end_of(text: str, lines: int = 15) -> str:
    return "\n".join("    " + line for line in text.strip().splitlines()[-lines:])


def _print_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    print("make TARGET [STUDY=name]    (without make: python3 -m pipeline --help)\n")
    for name, what in targets(makefile):
        print(f"  {name:<10} {what}")


def main(arguments: list[str]) -> int:
    """`help`, `setup` or `test [pytest options]`."""
    try:
        if arguments[:1] == ["setup"]:
            set_up()
        elif arguments[:1] == ["test"]:
            return run_tests(arguments[1:])
        else:
            _print_help()
    except SetupError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
