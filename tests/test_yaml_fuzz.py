"""No text in study.yaml or an instrument raises anything but a StudyError that names the file."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_study
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.study import load_study

PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\n",
    "  ",
    "&a",
    "*a",
    "!!python/object:os.system",
    "null",
    "~",
    "'",
    '"',
]
PIECES += [
    "{n}",
    "..",
    "/",
    "\t",
    "\x00",
    "\u202e",
    "1e999",
    "0x7f",
    ".nan",
    "yes",
    "<<: *a",
    "# ",
    "|",
    ">",
    "%",
    "\ufeff",
]
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.sampled_from(PIECES), st.text(max_size=5))),
    min_size=1,
    max_size=6,
)


def edited(text: str, changes: list[tuple[float, int, str]]) -> bytes:
    """The text with pieces of it replaced by others."""
    for place, length, piece in changes:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    small_study.build(folder)
    return folder


@pytest.mark.parametrize("file", ["data/small/study.yaml", "instruments/calm.yaml"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=edits)
def test_any_text_is_loaded_or_told(root: Path, file: str, changes: list[tuple[float, int, str]]) -> None:
    path = root / file
    whole = path.read_bytes()
    path.write_bytes(edited(whole.decode(), changes))
    told = None
    try:
        load_study(root, "small")
    except StudyError as error:
        told = str(error)
    finally:
        path.write_bytes(whole)
    assert told is None or ".yaml" in told
