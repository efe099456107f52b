"""The house keeps its shape: who may import whom, how long a function may be, what a lock file may hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pipeline"
SOURCES = sorted(PACKAGE.rglob("*.py"))

MAY_IMPORT = {
    "__init__": set(),
    "__main__": {"cli", "compute", "environment"},
    "environment": set(),
    "cli": {"plan", "study", "instrument", "adaptation", "declaration", "exports", "stages"},
    "plan": {"study", "stages"},
    "stages": {
        "study",
        "instrument",
        "declaration",
        "exports",
        "psychometrics",
        "mediation",
        "reporting",
        "sem",
        "demonstration",
        "compute",
    },
    "mediation": {"sem", "compute"},
    "psychometrics": {"sem", "compute"},
    "reporting": set(),
    "exports": set(),
    "demonstration": set(),
    "study": {"instrument", "declaration"},
    "adaptation": {"instrument", "declaration"},
    "instrument": {"declaration"},
    "declaration": set(),
    "sem": {"compute"},
    "compute": set(),
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            rooms.add("a relative import, which the plan does not follow")
        elif isinstance(node, ast.ImportFrom) and node.module == "pipeline":
            names = [f"pipeline.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        rooms |= {name.split(".")[1] for name in names if name.startswith("pipeline.")}
    return rooms


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_table_allows(path: Path) -> None:
    room = room_of(path)
    assert imported_rooms(path) - {room, "__version__"} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: n for name, n in lengths.items() if n > 60} == {}
    assert text.count("\n") <= 500
    assert ast.get_docstring(tree), f"{path} does not say what it is for"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_evaluated(path: Path) -> None:
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & {"eval", "exec", "__import__"}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock", "Makefile", ".ci/run"])
def test_no_address_is_written_down(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_every_locked_package_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert entries
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
