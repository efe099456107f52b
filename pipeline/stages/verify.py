"""Whether a study's results come out again: its record, compared with results made anew.

`data/<study>/record.json` holds results.json as its author committed it. The command line makes the results
again in a clean place (`plan.rerun`) and calls `compare`; `lines` says what moved, by how much, and whether
it matters. A number matters when it moved by more than its tolerance, a text when it reads otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, read_json, write_whole
from pipeline.stages.resampled import is_resampled
from pipeline.study import LoadedStudy

DETERMINISTIC, RESAMPLED = 1e-6, 1e-4
NUMBER = re.compile(r"[-−]?(?:\d[\d,]*)?\.?\d+(?:[eE][-+]?\d+)?")
NAMING = (
    *("id", "kind", "scale", "item", "items", "variable", "outcome", "predictor", "route", "effect", "of"),
    *("moderator", "level", "term", "name", "export", "file", "code", "from", "to", "reason", "rule", "what"),
)
LONGEST = 90
APART = frozenset({"made"})
Place = tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """A value that is not as recorded; `difference` and `tolerance` are those of a number."""

    place: str
    recorded: Any
    found: Any
    matters: bool
    difference: float | None = None
    tolerance: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Versions and input files that differ, how many numbers were compared, and the values that moved."""

    versions: tuple[str, ...]
    inputs: tuple[str, ...]
    compared: int
    moved: tuple[Moved, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing moved that matters."""
        return not any(one.matters for one in self.moved)


def compare(record: Mapping[str, Any], found: Mapping[str, Any]) -> Comparison:
    """Compare results with their record.

    The tolerance of a number x is t * max(1, |x|): t = 1e-6, and 1e-4 for what rests on random draws, as the
    record's own origin says (`resampled` under each stage). Versions and hashes of inputs are told apart.
    """
    pairs = list(_pairs(_without_apart(record), _without_apart(found), ()))
    values = [pair for pair in pairs if not _is_hash(pair[0])]
    moved = [_moved(place, before, after, record) for place, before, after in values]
    return Comparison(
        tuple(_versions(record.get("made") or {}, found.get("made") or {})),
        tuple(_inputs(record, found)),
        sum(_is_number(before) for _, before, _ in values),
        tuple(one for one in moved if one is not None),
    )


def record_file(workspace: Workspace) -> Path:
    """Where a study's record lies."""
    return workspace.declared / "record.json"


def read_record(study: LoadedStudy, workspace: Workspace) -> dict[str, Any]:
    """The committed record; StudyError where there is none, or where it is none of this study."""
    file = record_file(workspace)
    shown = file.relative_to(workspace.root).as_posix()
    make = f"make record STUDY={study.id} writes it"
    if not file.exists():
        raise StudyError.of(shown, "the study has no record to compare with", make)
    try:
        record = read_json(file)
    except ValueError as error:
        raise StudyError.of(shown, f"the record cannot be read ({error})", make) from error
    if record.get("study") != study.id or not isinstance(record.get("stages"), dict):
        raise StudyError.of(shown, f"this is no record of the study '{study.id}'", make)
    return record


def write_record(workspace: Workspace, found: Mapping[str, Any]) -> Path:
    """Write results as the study's record: every digit, no blanks."""
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
    file = record_file(workspace)
    write_whole(file, lambda partial: partial.write_text(text, encoding="utf-8"))
    return file


def lines(comparison: Comparison) -> Iterator[str]:
    """What to tell: versions first, then input files, then what moved, what matters before the rest."""
    if comparison.versions:
        yield "Versions differ from those of the record:"
        yield from (f"  {line}" for line in comparison.versions)
    if comparison.inputs:
        yield "Input files differ from those of the record:"
        yield from (f"  {line}" for line in comparison.inputs)
    beyond = [one for one in comparison.moved if one.matters]
    within = [one for one in comparison.moved if not one.matters]
    if beyond:
        yield f"Moved, and it matters ({len(beyond)}):"
        yield from (f"  {_line(one)}" for one in beyond)
    if within:
        yield f"Moved within tolerance, so it does not matter ({len(within)}):"
        yield from (f"  {_line(one)}" for one in within)
    numbers = f"{comparison.compared} numbers compared with the record"
    if not comparison.moved:
        yield f"{numbers}: all the same."
    else:
        yield f"{numbers}; {len(beyond)} values moved that matter, {len(within)} within tolerance."


def _line(one: Moved) -> str:
    if one.difference is None or one.tolerance is None:
        return f"{one.place}: was {_short(one.recorded)}, is {_short(one.found)}"
    return (
        f"{one.place}: was {one.recorded!r}, is {one.found!r}, "
        f"moved by {one.difference:.2g} (tolerance {one.tolerance:.2g})"
    )


def _short(value: Any) -> str:
    """A value on one line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _without_apart(results: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in results.items() if name not in APART}


def _is_hash(place: Sequence[str]) -> bool:
    """Whether a place holds the hash of an input, which is told by file and is no result."""
    is_input = place[:1] == ("stages",) and place[2:3] == ("inputs",)
    return is_input or (place[:2] == ("stages", "ingest") and place[-1] == "sha256")


def _pairs(before: Any, after: Any, place: Place) -> Iterator[tuple[Place, Any, Any]]:
    """Leaves of both sides, side by side; what one side lacks is paired with None."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _pairs(before.get(key), after.get(key), (*place, str(key)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _entries(before, after, place)
    else:
        yield place, before, after


def _entries(before: list[Any], after: list[Any], place: Place) -> Iterator[tuple[Place, Any, Any]]:
    """Entries of two lists: by name where names tell them apart on both sides, else in order."""
    one, other = _names(before), _names(after)
    if one is not None and other is not None:
        left, right = dict(zip(one, before, strict=True)), dict(zip(other, after, strict=True))
        yield from _pairs(left, right, place)
        return
    for number in range(max(len(before), len(after))):
        left_entry, right_entry = (side[number] if number < len(side) else None for side in (before, after))
        yield from _pairs(left_entry, right_entry, (*place, str(number + 1)))


def _names(entries: list[Any]) -> list[str] | None:
    """A name for each entry, or None where an entry has none or two share one."""
    if not all(isinstance(entry, Mapping) for entry in entries):
        return None
    names = [", ".join(str(e[key]) for key in NAMING if isinstance(e.get(key), str)) for e in entries]
    return names if all(names) and len(set(names)) == len(names) else None


def _moved(place: Place, before: Any, after: Any, record: Mapping[str, Any]) -> Moved | None:
    if before == after and type(before) is type(after):
        return None
    name = " > ".join(part for part in place if part not in {"stages", "results"})
    if not (_is_number(before) and _is_number(after)):
        return None if _reads_the_same(before, after) else Moved(name, before, after, matters=True)
    limit = RESAMPLED if _rests_on_draws(place, record) else DETERMINISTIC
    difference, tolerance = after - before, limit * max(1.0, abs(before))
    if difference == 0:
        return None
    return Moved(name, before, after, not abs(difference) <= tolerance, difference, tolerance)


def _rests_on_draws(place: Place, record: Mapping[str, Any]) -> bool:
    if place[:1] != ("stages",) or place[2:3] != ("results",):
        return False
    return is_resampled(place[3:], record["stages"][place[1]].get("resampled") or ())


def _reads_the_same(before: Any, after: Any) -> bool:
    """Whether two texts differ at most by numbers that agree."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return False
    if NUMBER.split(before) != NUMBER.split(after):
        return False
    pairs = zip(map(_value, NUMBER.findall(before)), map(_value, NUMBER.findall(after)), strict=True)
    return all(abs(one - other) <= DETERMINISTIC * max(1.0, abs(one)) for one, other in pairs)


def _value(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    one, other = ({**made, **(made.get("libraries") or {})} for made in (before, after))
    for name in dict.fromkeys((*one, *other)):
        if name != "libraries" and one.get(name) != other.get(name):
            yield f"{name}: {one.get(name) or 'none'} then, {other.get(name) or 'none'} now"


def _inputs(record: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Exports with another hash than then."""
    one, other = ((side["stages"].get("ingest") or {}).get("inputs") or {} for side in (record, found))
    for file in dict.fromkeys((*one, *other)):
        if one.get(file) != other.get(file):
            yield f"{file}: SHA-256 {str(one.get(file))[:16]}… then, {str(other.get(file))[:16]}… now"
