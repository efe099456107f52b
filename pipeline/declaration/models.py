"""From a document to a model's value: pydantic checks, we say in plain language what it found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pipeline.declaration.document import Document, Node, Path_
from pipeline.declaration.problems import Problem, did_you_mean, in_order

M = TypeVar("M", bound=BaseModel)
Rule = Callable[[Node], Iterable[Problem]]
Detail = Mapping[str, Any]

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
}
_BOUND = {
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than": "less than {lt:g}",
    "less_than_equal": "{le:g} or less",
}


def declared(
    document: Document, model: type[M], rules: Iterable[Rule] = ()
) -> tuple[M | None, tuple[Problem, ...]]:
    """The model's value, or None, and every problem: of the YAML, of the model, of the rules.

    Rules walk the raw values, so that they speak even where other parts of the file are mistaken.
    """
    value: M | None = None
    problems = list(document.faults)
    try:
        value = model.model_validate_json(json.dumps(document.value), strict=True)
    except ValidationError as error:
        problems += _problems(document, model, error)
    for rule in rules:
        problems += rule(document.root)
    return (None if problems else value), in_order(problems)


def schema_text(model: type[BaseModel], title: str) -> str:
    """The model's JSON Schema, for completion in editors."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= model.model_json_schema() | {"title": title}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _problems(document: Document, model: type[BaseModel], error: ValidationError) -> Iterator[Problem]:
    """What pydantic found, a problem a place."""
    grouped: dict[tuple[Path_, bool, bool], list[Detail]] = {}
    for detail in error.errors(include_url=False):
        path, on_key, branch = _path(document, detail)
        if not any(path[: len(refused)] == refused for refused in document.refused):
            grouped.setdefault((path, on_key, branch), []).append(detail)
    words = _Words(document, model)
    for (path, on_key, branch), details in grouped.items():
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other, _, _ in grouped)
        if branch and deeper:
            continue
        yield from words.problems(path, details, on_key=on_key)


def _path(document: Document, detail: Detail) -> tuple[Path_, bool, bool]:
    """The path of a finding; whether it is about the key; whether it is one of several allowed kinds.

    pydantic's location also names the kinds that it tried ("str", "dict[...]"): parts that the file does
    not hold are left out.
    """
    path: Path_ = ()
    branch = False
    for part in detail["loc"]:
        step = (*path, part)
        held = step in document.keys or step in document.values
        path, branch = (step, False) if held else (path, part != "[key]" and detail["type"] != "missing")
    return path, detail["loc"][-1:] == ("[key]",), branch


class _Words:
    """Plain sentences for pydantic's findings, with what the model's schema knows."""

    def __init__(self, document: Document, model: type[BaseModel]) -> None:
        self.document = document
        self.schema = model.model_json_schema()

    def problems(self, path: Path_, details: list[Detail], *, on_key: bool) -> Iterator[Problem]:
        """The problems at one place: several kinds tried there are one problem."""
        expected = dict.fromkeys(_EXPECTED[d["type"]] for d in details if d["type"] in _EXPECTED)
        if expected:
            if "a number" in expected:
                expected.pop("a whole number", None)
            yield self._expected(path, details[0]["input"], " or ".join(expected), on_key=on_key)
        for detail in details:
            if detail["type"] not in _EXPECTED:
                yield from self._single(path, detail, on_key=on_key)

    def _single(self, path: Path_, detail: Detail, *, on_key: bool) -> Iterator[Problem]:
        """The problem that one finding is."""
        kind, value = detail["type"], detail["input"]
        if kind == "missing":
            yield from self._missing(path, str(detail["loc"][-1]))
        elif kind == "extra_forbidden":
            given = self.document.root.within(path[:-1])
            hint = did_you_mean(path[-1], [key for key in self._keys(path[:-1]) if key not in given])
            yield self.document.problem(path, f"unknown key '{path[-1]}'", hint, key=True)
        elif kind == "literal_error":
            words = self._choices(path)
            message = f"{_told(value)} is not one of: {', '.join(words)}"
            yield self.document.problem(path, message, did_you_mean(value, words), key=on_key)
        elif kind == "string_pattern_mismatch":
            yield self.document.problem(path, *_not_a_name(str(value)), key=on_key)
        elif kind in _BOUND:
            message = f"{value} is out of range: expected {_BOUND[kind].format(**detail['ctx'])}"
            yield self.document.problem(path, message)
        elif kind == "too_short":
            if value:
                return
            yield self.document.problem(path, f"'{path[-1]}' is empty: it needs at least one entry")
        else:
            yield self.document.problem(path, detail["msg"], key=on_key)

    def _expected(self, path: Path_, value: object, expected: str, *, on_key: bool) -> Problem:
        """A value of another kind than expected."""
        hint = None
        line, column = self.document.place(path)
        written = re.match(r"[^\s,#\]}]*", self.document.lines[line - 1][column - 1 :])
        if "text" in expected and isinstance(value, (bool, int, float)) and written:
            hint = f'put it in quotes: "{written.group()}"'
        elif expected == "true or false" and str(value).lower() in ("yes", "no", "on", "off", "y", "n"):
            hint = f"write {'true' if str(value).lower() in ('yes', 'on', 'y') else 'false'}"
        elif "number" in expected and isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d+)?", value):
            hint = "without quotes" if not on_key else None
        elif expected == "a list" and isinstance(value, (str, int)):
            hint = f"write [{value}]"
        return self.document.problem(path, f"expected {expected}, found {_told(value)}", hint, key=on_key)

    def _missing(self, path: Path_, name: str) -> Iterator[Problem]:
        """A key that is not there, unless one that is there was probably meant to be it."""
        wanted, near = set(self._keys(path)), f"did you mean '{name}'?"
        given = self.document.root.within(path).members().keys() - wanted
        if any(did_you_mean(key, wanted) == near for key in given):
            return
        owner = f" from '{path[-1]}'" if path and isinstance(path[-1], str) else ""
        yield self.document.problem(path, f"'{name}' is missing{owner}", key=bool(owner))

    def _keys(self, path: Path_) -> list[str]:
        """The keys that may stand there."""
        return [key for schema in self._schemas(path) for key in schema.get("properties", ())]

    def _choices(self, path: Path_) -> list[str]:
        """The words that may stand there."""
        words = [word for schema in self._schemas(path) for word in schema.get("enum", ())]
        words += [schema["const"] for schema in self._schemas(path) if "const" in schema]
        words += [
            word
            for schema in self._schemas(path[:-1])
            for word in self._resolved(schema.get("propertyNames", {}))[0].get("enum", ())
        ]
        return [str(word) for word in words]

    def _schemas(self, path: Path_) -> list[Detail]:
        """The parts of the schema that describe a path."""
        found = self._resolved(self.schema)
        for part in path:
            inner = [schema.get("properties", {}).get(part) or _of_any(schema, part) for schema in found]
            found = [schema for part in inner if part for schema in self._resolved(part)]
        return found

    def _resolved(self, schema: Detail) -> list[Detail]:
        """A schema with its references followed and its alternatives laid side by side."""
        if "$ref" in schema:
            return self._resolved(self.schema["$defs"][schema["$ref"].rsplit("/", 1)[1]])
        if "anyOf" in schema:
            return [inner for option in schema["anyOf"] for inner in self._resolved(option)]
        return [schema]


def _of_any(schema: Detail, part: str | int) -> Detail | None:
    """The schema of a list's entries or of a mapping's values, whatever the key."""
    if isinstance(part, int):
        return schema.get("items")
    for patterned in schema.get("patternProperties", {}).values():
        return dict(patterned)
    extra = schema.get("additionalProperties")
    return extra if isinstance(extra, dict) else None


def _told(value: object) -> str:
    """A value as it is named in a message."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, dict):
        return "keys with values"
    text = str(value)
    return f"'{text if len(text) <= 40 else text[:39] + '…'}'"


def _not_a_name(text: str) -> tuple[str, str | None]:
    """What a name may be made of, and the nearest one to what was written."""
    near = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    hint = f"perhaps '{near}'" if re.fullmatch(r"[a-z][a-z0-9_]*", near) else None
    return f"{_told(text)} is not a name: small letters, digits and _, beginning with a letter", hint
