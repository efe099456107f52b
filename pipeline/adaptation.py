"""Adapting an instrument: a copy that names its parent and records each difference from it.

The command line calls `check` (`instrument check FILE`) and `adapt` (`instrument adapt OLD NEW`). Only the
new file is ever written. Where the licence forbids changes, nothing is, and the reason is told.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline import declaration
from pipeline.declaration import Document, Problem, StudyError
from pipeline.instrument import Change, Instrument, check_instrument, load_instrument

NOT_COMPARED = {"id", "version", "adaptation"}
KINDS = ("items", "response_sets", "facets", "cutoffs")


def check(path: Path) -> tuple[Problem, ...]:
    """Every mistake in an instrument; for an adapted one also changes that are not recorded.

    An empty tuple means that the file is sound. The parent is looked for in the same folder.
    """
    instrument, problems = check_instrument(path)
    if instrument is None or instrument.adaptation is None:
        return problems
    parent_file = path.with_name(f"{instrument.adaptation.parent}.yaml")
    parent, _ = check_instrument(parent_file)
    return tuple(_of_adaptation(declaration.read(path), instrument, parent_file, parent)) if parent else ()


def adapt(old: Path, new: Path) -> Path:
    """Copy `old` to `new` for adapting; where `new` exists, record how it differs from `old` by now.

    The copy keeps order and comments, takes its id from the new file's name, and names its parent with
    version and SHA-256. Edit it, then call this again: `adaptation.changes` is rewritten. StudyError where
    the licence of `old` forbids changes, or where `new` is something else than an adaptation of `old`.
    """
    parent = load_instrument(old)
    _refuse_without_licence(old, parent)
    _refuse_bad_name(old, new)
    if not new.exists():
        text = _copied(old, parent.id, new)
        document = declaration.read(old)
        changes: tuple[Change, ...] = ()
    else:
        changes = differences(parent, _adapted(new, parent.id))
        text, document = _text(new), declaration.read(new)
    _write(new, _with_block(text, document, _block(parent, _digest(old), changes)))
    load_instrument(new)
    return new


def differences(parent: Instrument, child: Instrument) -> tuple[Change, ...]:
    """Each fact that differs, in the order of the parent; what is removed or added counts as one change."""
    before, after = _facts(parent), _facts(child)
    changes: dict[str, Change] = {}
    for where in [*before, *(fact for fact in after if fact not in before)]:
        whole = _whole(where)
        one_sided = whole is not None and not (_holds(before, whole) and _holds(after, whole))
        if whole is not None and one_sided:
            changes[whole] = Change(where=whole, before=_told(before, whole), after=_told(after, whole))
        elif before.get(where) != after.get(where):
            changes[where] = Change(where=where, before=before.get(where), after=after.get(where))
    return tuple(changes.values())


def _of_adaptation(
    document: Document, child: Instrument, parent_file: Path, parent: Instrument
) -> Iterator[Problem]:
    """The parent may be changed, and what differs from it is recorded."""
    told = child.adaptation
    if told is None:
        return
    if not parent.licence.may_be_changed:
        yield document.problem(("adaptation", "parent"), _forbidden(parent), parent.licence.note)
    elif told.changes != differences(parent, child) or told.parent_sha256 != _digest(parent_file):
        message = f"the changes recorded are not the differences from '{parent.id}' as it is now"
        yield document.problem(("adaptation", "changes"), message, "run `instrument adapt` again", key=True)


def _refuse_without_licence(old: Path, parent: Instrument) -> None:
    """Nothing is adapted whose licence forbids it."""
    if not parent.licence.may_be_changed:
        place = ("licence", "may_be_changed")
        problem = declaration.read(old).problem(place, _forbidden(parent), parent.licence.note, key=True)
        raise StudyError([problem])


def _forbidden(parent: Instrument) -> str:
    licence = parent.licence
    return f"'{parent.title}' may not be changed: {licence.name}; holder: {licence.holder}"


def _refuse_bad_name(old: Path, new: Path) -> None:
    """The new file is a YAML file of its own whose name can be an id."""
    name = new.as_posix()
    if new.suffix != ".yaml" or not re.fullmatch(r"[a-z][a-z0-9_]*", new.stem):
        message = "an instrument's file is named after its id: small letters, digits and _, then .yaml"
        raise StudyError.of(name, message, "such as belonging_youth.yaml")
    if not new.parent.is_dir():
        raise StudyError.of(name, "its folder does not exist")
    if new.exists() and new.samefile(old):
        raise StudyError.of(name, "this is the instrument itself", "give the adapted one a name of its own")


def _adapted(new: Path, parent_id: str) -> Instrument:
    """The instrument in `new`, which says itself that it is an adaptation of that parent."""
    child = load_instrument(new)
    if child.adaptation is None or child.adaptation.parent != parent_id:
        message = f"exists already and is not an adaptation of '{parent_id}'"
        raise StudyError.of(new.as_posix(), message, "choose another name")
    return child


def _copied(old: Path, parent_id: str, new: Path) -> str:
    """The text of `old` under the id of `new`."""
    lines = _text(old).split("\n")
    line, column = declaration.read(old).place(("id",))
    start, rest = lines[line - 1][: column - 1], lines[line - 1][column - 1 :]
    lines[line - 1] = start + rest.replace(parent_id, new.stem, 1)
    schema = re.match(r"(# yaml-language-server: \$schema=)(?!\w+:)(\S+)", lines[0])
    if schema:
        target = os.path.relpath(old.resolve().parent / schema[2], new.resolve().parent)
        lines[0] = schema[1] + Path(target).as_posix() + lines[0][schema.end() :]
    return "\n".join(lines)


def _with_block(text: str, document: Document, block: list[str]) -> str:
    """The text with its `adaptation` part replaced, or with one added at the end."""
    lines = text.rstrip("\n").split("\n")
    starts = sorted(place for path, place in document.keys.items() if len(path) == 1)
    if any(column != 1 for _, column in starts):
        raise StudyError(
            [document.at(starts[0], "the keys of the file must stand one a line, without braces")]
        )
    if "adaptation" not in document.root:
        return "\n".join([*lines, *block, ""])
    first = document.place(("adaptation",), key=True)[0]
    last = next((line - 1 for line, _ in starts if line > first), len(lines))
    while last > first and re.match(r"#|\s*$", lines[last - 1]):
        last -= 1
    return "\n".join([*lines[: first - 1], *block, *lines[last:], ""])


def _block(parent: Instrument, digest: str, changes: tuple[Change, ...]) -> list[str]:
    """The `adaptation` part as lines of YAML."""
    lines = [
        "adaptation:  # written by `instrument adapt`: after editing, run it again to record the changes",
        f"  parent: {parent.id}",
        f"  parent_version: {_quoted(parent.version)}",
        f"  parent_sha256: {_quoted(digest)}",
        "  changes:" if changes else "  changes: []",
    ]
    for change in changes:
        lines += [
            f"    - where: {_quoted(change.where)}",
            f"      before: {_quoted(change.before)}",
            f"      after: {_quoted(change.after)}",
        ]
    return lines


def _quoted(text: str | None) -> str:
    """Text in double quotes, so that YAML reads back exactly this; null for none."""
    if text is None:
        return "null"
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(mark if mark.isprintable() else f"\\U{ord(mark):08x}" for mark in plain)


def _facts(instrument: Instrument) -> dict[str, str | None]:
    """Every fact of an instrument by a dotted name; items by their id, other lists by position."""
    found: dict[str, str | None] = {}

    def walk(where: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(f"{where}.{key}" if where else str(key), inner)
        elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
            for at, entry in enumerate(value, 1):
                walk(f"{where}.{entry.get('id', at)}", entry)
        else:
            found[where] = _as_text(value)

    walk("", instrument.model_dump(mode="json", by_alias=True, exclude=NOT_COMPARED))
    return found


def _as_text(value: Any) -> str | None:
    """A single value as it is recorded."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return (", ".join(value) or None) if isinstance(value, list) else f"{value:g}"


def _whole(where: str) -> str | None:
    """The item, response set, facet or cut-off that a fact belongs to."""
    kind, _, rest = where.partition(".")
    return f"{kind}.{rest.partition('.')[0]}" if kind in KINDS and rest else None


def _holds(facts: Mapping[str, str | None], whole: str) -> bool:
    return any(fact.startswith(f"{whole}.") for fact in facts)


def _told(facts: Mapping[str, str | None], whole: str) -> str | None:
    """What a whole thing says, in one line; None where it is not there."""
    inner = {fact[len(whole) + 1 :]: told for fact, told in facts.items() if fact.startswith(f"{whole}.")}
    if not inner:
        return None
    if whole.startswith("items."):
        return inner.get("text") or f"item {inner['number']}"
    return "; ".join(f"{fact}: {told}" for fact, told in inner.items() if told is not None)


def _text(path: Path) -> str:
    """The text of a file that has been read before, with plain line ends."""
    return path.read_text(encoding="utf-8-sig")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
