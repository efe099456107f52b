"""Ids of units: one spelling, the study's corrections, proposals for typing errors, and keyed hashes.

`ingest` calls this. The key of a study with private ids lies outside the repository and is made on first
use; nothing that depends on it leaves this module except the id columns themselves.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import os
import re
import subprocess
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.declaration import StudyError
from pipeline.exports import is_identifier

if TYPE_CHECKING:
    import pandas as pd

KEY_FOLDER = "SURVEY_PIPELINE_KEY_DIR"
_KEY_BYTES = 32
_HEX = 16
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff]")
_MONTH = "(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
_DATED = re.compile(
    rf"[0-9]{{1,2}}-{_MONTH}(-[0-9]{{2,4}})?|{_MONTH}-[0-9]{{1,4}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} 00:00:00"
)
_SHORTENED = re.compile(r"[0-9](\.[0-9]+)?E\+[0-9]+")


@dataclass(frozen=True)
class Correction:
    """An id as typed, as the study says it was meant, and how many rows held it."""

    typed: str
    meant: str
    n: int


@dataclass(frozen=True, eq=False)
class Ids:
    """The ids of one level in one export, in one spelling and corrected; None where there is none."""

    level: str
    column: str
    values: pd.Series
    corrections: tuple[Correction, ...]


@dataclass(frozen=True)
class Unmatched:
    """An id that no roster holds: the rows it is in, and the roster's ids that come nearest."""

    typed: str
    rows: tuple[int, ...]
    proposals: tuple[str, ...]


def read_ids(values: pd.Series, level: str, corrections: Mapping[str, str]) -> Ids:
    """Spell ids alike ("t01 " and "T01"; 12.0 and "12") and apply the study's corrections."""
    import pandas as pd

    alike = {value: one_spelling(value) for value in values.dropna().unique()}
    ids = pd.Series([alike.get(value) for value in values], index=values.index, dtype=object)
    found = ids.value_counts()
    meant = {one_spelling(typed): one_spelling(right) for typed, right in corrections.items()}
    applied = tuple(
        Correction(typed or "", right or "", int(found.get(typed, 0))) for typed, right in meant.items()
    )
    ids = ids.where(~ids.isin(list(meant)), ids.map(meant))
    return Ids(level, str(values.name), ids, applied)


def one_spelling(value: object) -> str | None:
    """An id without the differences that typing makes; None for a blank."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    text = " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", str(value))).split()).upper()
    whole = re.fullmatch(r"([0-9]+)\.0+", text)
    return (whole.group(1) if whole else text) or None


def without_addresses(ids: Ids) -> tuple[Ids, int]:
    """Leave out ids that are e-mail, network or telephone addresses; and how many rows held one."""
    held = ids.values.map(lambda value: isinstance(value, str) and is_identifier(value)).astype(bool)
    return replace(ids, values=ids.values.where(~held, None)), int(held.sum())


def shortened_by_a_spreadsheet(ids: Ids) -> int:
    """How many different ids are written like 1.33764E+10: digits that a spreadsheet threw away."""
    return sum(bool(_SHORTENED.fullmatch(value)) for value in ids.values.dropna().unique())


def turned_to_dates(ids: Ids) -> int:
    """How many different ids among others are days of a month: a spreadsheet read 1-5 as a date."""
    values = [str(value) for value in ids.values.dropna().unique()]
    dated = [value for value in values if _DATED.fullmatch(value)]
    return len(dated) if len(dated) < len(values) else 0


def unmatched(ids: pd.Series, known: Iterable[str], most: int = 100) -> tuple[Unmatched, ...]:
    """The ids that are not among the known ones, by first appearance; only `most` get proposals."""
    listed = list(dict.fromkeys(known))
    strange = ids[ids.notna() & ~ids.isin(listed)]
    groups = {
        str(typed): tuple(map(int, rows))
        for typed, rows in strange.groupby(strange, sort=False).groups.items()
    }
    return tuple(
        Unmatched(typed, rows, nearest_ids(typed, listed) if place < most else ())
        for place, (typed, rows) in enumerate(groups.items())
    )


def nearest_ids(typed: str, known: Sequence[str]) -> tuple[str, ...]:
    """Up to three known ids: those with the same number and initial, else those spelled most alike."""
    same = [candidate for candidate in known if _same_number(typed, candidate)]
    return tuple(same[:3] or difflib.get_close_matches(typed, known, 3, 0.6))


def hide(ids: Ids, key: bytes) -> pd.Series:
    """Replace ids by the first 16 hex digits of their HMAC-SHA256, by level (RFC 2104)."""
    hidden = {
        value: hmac.new(key, f"{ids.level}\0{value}".encode(), hashlib.sha256).hexdigest()[:_HEX]
        for value in ids.values.dropna().unique()
    }
    return ids.values.map(hidden).astype(object).where(ids.values.notna(), None)


def study_key(study: str, repository: Path) -> bytes:
    """The study's key; made with 32 random bytes, readable by its owner only, on first use."""
    path = key_folder() / f"{study}.key"
    if path.resolve().is_relative_to(repository.resolve()):
        raise StudyError.of(
            f"{study}.key",
            "the key that hides ids may not lie in the repository",
            f"set {KEY_FOLDER} to a folder outside it",
        )
    try:
        key = _make_key(path) if not path.exists() else path.read_bytes()
    except OSError as error:
        raise StudyError.of(
            f"{study}.key",
            f"the key that hides ids cannot be read or made: {error.strerror} ({path.parent})",
            f"set {KEY_FOLDER} to a folder of your own outside the repository",
        ) from error
    if len(key) != _KEY_BYTES:
        message = (
            f"the key that hides ids is damaged: {len(key)} bytes instead of {_KEY_BYTES} ({path.parent})"
        )
        raise StudyError.of(
            f"{study}.key", message, "restore it from a backup; with a new key the ids in build/ change"
        )
    return key


def key_warnings(study: str) -> tuple[str, ...]:
    """What is wrong with where a study's key lies: others can read it, or git tracks it."""
    path = key_folder() / f"{study}.key"
    if not path.is_file():
        return ()
    found = []
    mode = path.stat().st_mode & 0o777
    if os.name == "posix" and mode & 0o077:
        found.append(
            f"{path.name}, the key that hides ids, can be read by others (mode {mode:o}). "
            f"To close it: chmod 600 '{path}'"
        )
    command = ["git", "-C", str(path.parent), "ls-files", "--error-unmatch", "--", path.name]
    try:
        tracked = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        tracked = False
    if tracked:
        found.append(
            f"{path.name}, the key that hides ids, is tracked by git, and so shared with whoever gets that "
            "repository: its ids are no longer hidden from them. Move the keys elsewhere and set "
            f"{KEY_FOLDER}"
        )
    return tuple(found)


def key_folder() -> Path:
    """Where keys lie: the folder that the environment names, else the platform's for settings."""
    if os.environ.get(KEY_FOLDER):
        return Path(os.environ[KEY_FOLDER]).expanduser()
    settings = os.environ.get("XDG_CONFIG_HOME") or (os.environ.get("APPDATA") if os.name == "nt" else None)
    return (Path(settings) if settings else Path.home() / ".config") / "survey-pipeline"


def _make_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = os.urandom(_KEY_BYTES)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key)
    return key


def _same_number(typed: str, candidate: str) -> bool:
    one, other = (([int(n) for n in re.findall("[0-9]+", text)]) for text in (typed, candidate))
    initials = {text[0] for text in (typed, candidate) if text[:1].isalpha()}
    return bool(one) and one == other and len(initials) < 2
