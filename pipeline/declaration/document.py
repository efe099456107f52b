"""A YAML file as plain values that know where they stand.

YAML 1.2 core values only. Refused with a message: tags, duplicate keys, aliases that unfold into too
much, deep nesting, large files, anything but UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pipeline.declaration.problems import Problem, StudyError, did_you_mean

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

LARGEST_FILE = 1_000_000
MOST_VALUES = 20_000
DEEPEST = 20

Part = str | int
Path_ = tuple[Part, ...]
Place = tuple[int, int]

_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}")
_NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_WORDS = {"": None, "~": None, **dict.fromkeys(("null", "Null", "NULL"))} | {
    word: truth for truth in (True, False) for word in (str(truth), str(truth).lower(), str(truth).upper())
}


@dataclass(frozen=True)
class Document:
    """The values of a file and the places of their keys and values, by path.

    `faults` are mistakes that did not stop the reading; what stands at the `refused` paths was left out,
    so nothing more should be said about it.
    """

    file: str
    lines: tuple[str, ...]
    value: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[Path_, Place] = field(default_factory=dict)
    keys: Mapping[Path_, Place] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()
    refused: frozenset[Path_] = frozenset()

    @property
    def root(self) -> Node:
        """A cursor on the whole file."""
        return Node(self, (), self.value)

    def problem(
        self, path: Sequence[Part], message: str, hint: str | None = None, *, key: bool = False
    ) -> Problem:
        """A problem with the value at that path (or its key), or with the nearest thing above it."""
        return self.at(self.place(path, key=key), message, hint)

    def at(self, place: Place, message: str, hint: str | None = None) -> Problem:
        """A problem at a line and a column, counted from 1."""
        line, column = place
        source = self.lines[line - 1] if line <= len(self.lines) else ""
        return Problem(self.file, message, line, column, source, hint)

    def place(self, path: Sequence[Part], *, key: bool = False) -> Place:
        """Line and column of a value; of its key where `key`, or of what holds it where it is absent."""
        path = tuple(path)
        here = (self.keys, self.values) if key or path not in self.values else (self.values, self.keys)
        while path and not any(path in places for places in here):
            path = path[:-1]
        return here[0].get(path) or here[1].get(path) or (1, 1)


@dataclass(frozen=True)
class Node:
    """A cursor on a value of any kind, or on none: rules walk it without asking first what it is."""

    document: Document
    path: Path_
    value: Any

    def __getitem__(self, key: str) -> Node:
        found = self.value.get(key) if isinstance(self.value, dict) else None
        return Node(self.document, (*self.path, key), found)

    def within(self, path: Path_) -> Node:
        """The cursor further in."""
        node = self
        for part in path:
            node = node[part] if isinstance(part, str) else node.entries()[part]
        return node

    def __contains__(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    @property
    def name(self) -> str:
        """The key or position that leads here."""
        return str(self.path[-1]) if self.path else ""

    @property
    def text(self) -> str | None:
        """The text, where this is text."""
        return self.value if isinstance(self.value, str) else None

    def members(self) -> dict[str, Node]:
        """The values by key, where this holds keys."""
        return {key: self[key] for key in self.value} if isinstance(self.value, dict) else {}

    def entries(self) -> list[Node]:
        """The entries, where this is a list."""
        if not isinstance(self.value, list):
            return []
        return [Node(self.document, (*self.path, at), value) for at, value in enumerate(self.value)]

    def words(self) -> list[Node]:
        """The entries that are text, where this is a list."""
        return [entry for entry in self.entries() if entry.text is not None]

    def problem(self, message: str, hint: str | None = None, *, key: bool = False) -> Problem:
        """A problem with this value, or with its key."""
        return self.document.problem(self.path, message, hint, key=key)


def read(path: Path, shown: str | None = None) -> Document:
    """Read a file; StudyError where nothing in it can be read. `shown` is its name in messages."""
    name = shown or _short(path)
    text = _decoded(_content(path, name), name)
    blank = Document(name, tuple(_LINE_END.split(text)))
    control = _CONTROL.search(text)
    if control:
        message = f"the character U+{ord(control.group()):04X} does not belong in a text file"
        raise StudyError([blank.at(_place_of(text, control.start()), message, "save it as plain text")])
    reader = _Reader(blank, text)
    value = reader.read()
    if value is None:
        raise StudyError.of(name, "the file is empty")
    if not isinstance(value, dict):
        found = "a list" if isinstance(value, list) else "a single value"
        message = f"expected keys with values at the top of the file, found {found}"
        raise StudyError([blank.at(reader.values[()], message)])
    return Document(
        name, blank.lines, value, reader.values, reader.keys, tuple(reader.faults), frozenset(reader.refused)
    )


def _short(path: Path) -> str:
    """A path as seen from the working directory, where it lies below it."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def _content(path: Path, name: str) -> bytes:
    """The bytes of a file that is there and not too large."""
    if path.is_dir():
        raise StudyError.of(name, "is a folder; a YAML file is expected")
    if not path.is_file():
        others = [other.name for other in path.parent.glob("*.yaml")] if path.parent.is_dir() else []
        raise StudyError.of(name, "there is no such file", did_you_mean(path.name, others))
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE + 1)
    except OSError as error:
        raise StudyError.of(name, f"cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise StudyError.of(
            name, "is larger than 1 MB: a declaration is a page of text, this is something else"
        )
    return content


def _decoded(content: bytes, name: str) -> str:
    """The text of a UTF-8 file; where it is not UTF-8, the place is told."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise StudyError.of(name, "is UTF-16 text", "save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content.decode("cp1252", errors="replace")
        blank = Document(name, tuple(_LINE_END.split(text)))
        code, meant = content[error.start], text[error.start]
        message = f"the byte 0x{code:02X} is not UTF-8; in Windows-1252 it would be '{meant}'"
        place = _place_of(text, error.start)
        raise StudyError([blank.at(place, message, "save the file as UTF-8")]) from error


def _place_of(text: str, offset: int) -> Place:
    """Line and column of an offset."""
    before = _LINE_END.split(text[:offset])
    return len(before), len(before[-1]) + 1


class _Reader:
    """Builds plain values from YAML's events, noting places and counting what aliases unfold into."""

    def __init__(self, document: Document, text: str) -> None:
        self.document, self.text = document, text
        self.values: dict[Path_, Place] = {}
        self.keys: dict[Path_, Place] = {}
        self.faults: list[Problem] = []
        self.refused: set[Path_] = set()
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.count = 0

    def read(self) -> Any:
        """The value of the only document in the text."""
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        self.events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(self.text))
        try:
            return self._only_document()
        except YAMLError as error:
            raise StudyError([self._broken(error)]) from error
        except (ValueError, OverflowError, IndexError, AttributeError, TypeError) as error:
            message = "an escape in a quoted text cannot be read"
            raise StudyError.of(self.document.file, message, "remove the '\\'") from error

    def _only_document(self) -> Any:
        from ruamel.yaml.events import DocumentStartEvent, StreamEndEvent

        value, found = None, 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                found += 1
                if found > 1:
                    self._stop(_start(event), "a second document begins here", "remove the '---'")
                value = self._value(next(self.events), ())
            elif isinstance(event, StreamEndEvent):
                break
        if not found:
            raise StudyError.of(self.document.file, "the file is empty")
        return value

    def _value(self, event: Any, path: Path_) -> Any:
        """The value that an event begins."""
        from ruamel.yaml.events import AliasEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent

        self.values[path] = _start(event)
        self._grow(1, event)
        if len(path) > DEEPEST:
            self._stop(_start(event), f"nested more than {DEEPEST} deep")
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self.count
        self._refuse_tag(event, path)
        if isinstance(event, MappingStartEvent):
            value: Any = self._mapping(path)
        elif isinstance(event, SequenceStartEvent):
            value = self._sequence(path)
        elif isinstance(event, ScalarEvent):
            value = self._scalar(event, path)
        if event.anchor:
            self.anchors[event.anchor] = (value, self.count - before + 1)
        return value

    def _mapping(self, path: Path_) -> dict[str, Any]:
        """Keys and values up to the end of a mapping; a key given twice keeps its first value."""
        from ruamel.yaml.events import MappingEndEvent

        found: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event)
            place = _start(event)
            if key in found:
                line = self.keys[(*path, key)][0]
                message = f"the key '{key}' is given twice (first on line {line})"
                self.faults.append(self.document.at(place, message))
                self._discard(next(self.events))
                continue
            self.keys[(*path, key)] = place
            found[key] = self._value(next(self.events), (*path, key))
        return found

    def _key(self, event: Event) -> str:
        """A key, as written."""
        from ruamel.yaml.events import ScalarEvent

        if not isinstance(event, ScalarEvent):
            self._stop(_start(event), "a key must be plain text", "put the key in quotes")
        self._whole_text(event)
        return str(event.value)

    def _sequence(self, path: Path_) -> list[Any]:
        """The entries up to the end of a list."""
        from ruamel.yaml.events import SequenceEndEvent

        found: list[Any] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            found.append(self._value(event, (*path, len(found))))
        return found

    def _scalar(self, event: Any, path: Path_) -> Any:
        """Text, a number, true or false, or nothing, by YAML 1.2's core schema."""
        if path in self.refused:
            return None
        self._whole_text(event)
        if not _is_plain(event):
            return event.value
        if event.value == "":
            del self.values[path]
        return _plain(event.value)

    def _whole_text(self, event: Any) -> None:
        """Stop at an escape that stands for half a character: no file can hold it."""
        if any("\ud800" <= mark <= "\udfff" for mark in event.value):
            self._stop(_start(event), "this text holds half a character", "remove the \\u escape")

    def _alias(self, event: Any) -> Any:
        """The value that an anchor named; unfolding is counted, and nothing holds itself."""
        if event.anchor not in self.anchors:
            message = f"'*{event.anchor}' refers to nothing that is complete above it"
            self._stop(_start(event), message, did_you_mean(event.anchor, self.anchors))
        value, size = self.anchors[event.anchor]
        self._grow(size, event)
        return value

    def _refuse_tag(self, event: Any, path: Path_) -> None:
        """Note a tag: nothing in a declaration is turned into anything but plain values."""
        tag = event.tag
        if tag is None or tag == "!":
            return
        short = str(tag).replace("tag:yaml.org,2002:", "!!")
        message = f"the tag '{short}' is refused: a declaration holds text, numbers, lists and keys only"
        self.faults.append(self.document.at(_start(event), message, "remove the tag"))
        self.refused.add(path)

    def _discard(self, event: Event) -> None:
        """Read past a value that counts for nothing."""
        keys, values = dict(self.keys), dict(self.values)
        self._value(event, ("",))
        self.keys, self.values = keys, values

    def _grow(self, by: int, event: Event) -> None:
        """Count values, those that aliases repeat included."""
        self.count += by
        if self.count > MOST_VALUES:
            message = f"from here on the file unfolds into more than {MOST_VALUES:,} values"
            self._stop(_start(event), message, "write the values out instead of repeating aliases")

    def _stop(self, place: Place, message: str, hint: str | None = None) -> NoReturn:
        """Give up reading, with what was found so far."""
        raise StudyError([*self.faults, self.document.at(place, message, hint)])

    def _broken(self, error: Any) -> Problem:
        """A mistake of form, in words of the trade."""
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            return Problem(self.document.file, "this is not YAML")
        said = str(getattr(error, "problem", "") or "")
        for pattern, message, hint, at_start in _SAID:
            if re.search(pattern, said):
                context = getattr(error, "context_mark", None)
                where = context if at_start and context else mark
                return self.document.at((where.line + 1, where.column + 1), message, hint)
        return self.document.at((mark.line + 1, mark.column + 1), f"this is not YAML: {said}")


_SAID = (
    (
        "mapping values are not allowed",
        "a ':' where none can stand",
        "put text with a colon in quotes",
        False,
    ),
    (r"character '\\t'", "a tab begins this line", "indent with spaces", False),
    ("cannot start any token", "a value cannot begin with this sign", "put the text in quotes", False),
    ("expected <block end>", "the indentation does not fit the lines above", None, False),
    ("unexpected end of stream", "a quote is opened here and never closed", None, True),
    ("expected ',' or", "a bracket is opened here and not closed in time", None, True),
    ("could not find expected ':'", "expected 'key: value' here", None, True),
    ("unknown escape", "a '\\' before this sign means nothing in double quotes", "use single quotes", False),
    ("undefined tag handle", "tags are refused: a declaration holds plain values", "remove the '!'", False),
)


def _start(event: Event) -> Place:
    """Where an event begins, counted from 1."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def _is_plain(event: Any) -> bool:
    """Whether a scalar is written without quotes and without block marks."""
    return event.style in (None, "")


def _plain(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _NUMBER.fullmatch(text):
        return float(text if text[-1] not in "fFnN" else text.replace(".", ""))
    return text
