"""From the answers of an export to the values of a response set, with a count for every change.

`ingest` calls this for each column that the study names. Labels become the values that the instrument
gives them; codes for "no answer" become missing; anything else is returned as outside the response set.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.exports import NO_ANSWER, Code, Column, code_text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SHIFTED = 0.02
Responses = Mapping[int, str]
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?")
_NUMBER_FIRST = re.compile(r"\(?([+-]?[0-9]+)\)?\s*[-.:=)]?\s*(\D.*)")
_LETTER_FIRST = re.compile(r"\(?[a-z][.)]\s+(.+)")
_NUMBER_LAST = re.compile(r"(.+?)\s*[(\[]([+-]?[0-9]+)[)\]]")
_SAME_MARK = str.maketrans("\u2018\u2019\u201c\u201d\u2010\u2011\u2012\u2013\u2014\u2212", "''\"\"------")


@dataclass(frozen=True)
class Recoding:
    """One change of an answer: by which rule, from what, to what, in how many rows."""

    rule: str
    answer: str
    value: float
    n: int


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of values: what was missing by code, what was recoded, what could not be.

    `outside` holds positions and answers. `conflict` says why the column's codes cannot be trusted.
    """

    values: np.ndarray
    missing: Mapping[str, int]
    recodings: tuple[Recoding, ...]
    outside: tuple[tuple[int, Any], ...]
    conflict: str | None = None


@dataclass(frozen=True)
class _Reading:
    value: float | None = None
    rule: str | None = None
    missing: str | None = None


def code_answers(
    answers: pd.Series,
    column: Column,
    responses: Responses | None,
    missing: Sequence[Code] = (),
    *,
    turned: bool = False,
) -> Coded:
    """Read a column against a response set, or as plain numbers where there is none.

    `turned` says that the platform has reversed the codes: then the file's value labels do not count.
    """
    import numpy as np
    import pandas as pd

    places, distinct = pd.factorize(answers)
    moved, conflict = ({}, None) if turned or not responses else _moved(column, responses, distinct)
    read = _Reader.of(responses, missing, moved).read
    readings = [read(answer) for answer in distinct]
    counts = np.bincount(places[places >= 0], minlength=len(readings))
    values = np.array([_or_nan(reading.value) for reading in readings] + [np.nan])[places]
    lost = [i for i, reading in enumerate(readings) if reading.value is None and reading.missing is None]
    recodings = tuple(
        Recoding(reading.rule, str(code_text(answer)), _or_nan(reading.value), int(n))
        for reading, answer, n in zip(readings, distinct, counts, strict=True)
        if reading.rule
    )
    if turned and any("label" in recoding.rule for recoding in recodings):
        conflict = (
            "it is declared under `already_reversed`, but it holds labels, which have no codes to reverse"
        )
    return Coded(
        values=values,
        missing=_by_code(readings, counts),
        recodings=recodings,
        outside=tuple((int(i), answers.iloc[i]) for i in np.flatnonzero(np.isin(places, lost))),
        conflict=conflict,
    )


def other_coding(outside: Sequence[Any], responses: Responses, rows: int) -> str | None:
    """What to write where answers look coded otherwise: by words of another language, or from 0.

    Nothing is recoded on the strength of it: a shifted code is still an answer to another reader.
    """
    words = list(dict.fromkeys(answer for answer in outside if isinstance(answer, str)))
    recurring = len(words) <= len(responses) and len(outside) > len(words)
    if words and recurring and not any(_NUMBER.fullmatch(plain(word)) for word in words):
        return (
            "are these the anchors in another language or wording? Write them under the scale's "
            "codebook.responses, value: label"
        )
    codes = {float(answer) for answer in outside if not isinstance(answer, str)}
    low, high = min(responses), max(responses)
    if codes == {low - 1.0} and len(outside) >= SHIFTED * rows:
        return f"do the codes run from {low - 1} to {high - 1}? Then write them under codebook.responses"
    if codes == {high + 1.0} and len(outside) >= SHIFTED * rows:
        return f"do the codes run from {low + 1} to {high + 1}? Then write them under codebook.responses"
    return None


def plain(text: str) -> str:
    """A label without differences of case, white space, quotation marks and dashes."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME_MARK).casefold().split())


@dataclass(frozen=True)
class _Reader:
    """How one answer is read: the values allowed, the labels that name one, the codes for none."""

    values: frozenset[float] | None
    labels: Mapping[str, float]
    verbatim: frozenset[str]
    missing: Mapping[float, str]
    missing_text: Mapping[str, str]
    moved: Mapping[float, float]

    @classmethod
    def of(
        cls, responses: Responses | None, missing: Sequence[Code], moved: Mapping[float, float]
    ) -> _Reader:
        return cls(
            values=None if responses is None else frozenset(map(float, responses)),
            labels=_values_by_label(responses or {}),
            verbatim=frozenset((responses or {}).values()),
            missing={float(code): code_text(code) for code in missing if not isinstance(code, str)},
            missing_text={plain(code): code for code in missing if isinstance(code, str)},
            moved=moved,
        )

    def read(self, answer: float | str) -> _Reading:
        return self._text(answer) if isinstance(answer, str) else self._number(float(answer))

    def _number(self, answer: float, rule: str | None = None) -> _Reading:
        if answer in self.missing:
            return _Reading(missing=self.missing[answer])
        if answer in self.moved and self.moved[answer] != answer:
            return _Reading(self.moved[answer], "value label of the file")
        allowed = self.values is None or answer in self.values
        return _Reading(answer, rule) if allowed else _Reading()

    def _text(self, answer: str) -> _Reading:
        text = plain(answer)
        if text in self.missing_text:
            return _Reading(missing=self.missing_text[text])
        if text in self.labels:
            exact = answer in self.verbatim
            return _Reading(self.labels[text], "label" if exact else "label, spelled otherwise")
        if _NUMBER.fullmatch(text):
            return self._number(float(text), "number as text")
        if answer.strip() in NO_ANSWER:
            return _Reading(missing=answer.strip())
        return self._number_and_label(text)

    def _number_and_label(self, text: str) -> _Reading:
        first, last = _NUMBER_FIRST.fullmatch(text), _NUMBER_LAST.fullmatch(text)
        pairs = [first.groups()] if first else []
        pairs += [(last.group(2), last.group(1))] if last else []
        for number, label in pairs:
            if self.labels.get(label.strip()) == float(number):
                return _Reading(float(number), "number and label")
        lettered = _LETTER_FIRST.fullmatch(text)
        if lettered and lettered.group(1) in self.labels:
            return _Reading(self.labels[lettered.group(1)], "letter and label")
        return _Reading()


def _moved(column: Column, responses: Responses, distinct: Any) -> tuple[Mapping[float, float], str | None]:
    """Where the file's value labels give the instrument's labels to other codes: code -> value.

    A file coded 1 = "Strongly agree" under an instrument with 5 = "Strongly agree" is read by its
    labels; where they do not cover every code in use, the two cannot be reconciled.
    """
    labels = _values_by_label(responses)
    pairs = {
        float(code): labels[plain(label)]
        for code, label in column.value_labels.items()
        if not isinstance(code, str) and plain(label) in labels
    }
    wrong = [code for code, value in pairs.items() if code != value]
    if not wrong:
        return {}, None
    bare = [float(code) for code in distinct if not isinstance(code, str) and float(code) not in pairs]
    if not bare and len(set(pairs.values())) == len(pairs):
        return pairs, None
    code = wrong[0]
    return {}, (
        f"the file labels {code_text(code)} '{column.value_labels[code]}', "
        f"the instrument {code_text(pairs[code])}, and the labels do not settle every code"
    )


def _values_by_label(responses: Responses) -> dict[str, float]:
    """Plain label -> value; a label that two values share names neither."""
    spelled = [plain(label) for label in responses.values()]
    return {
        plain(label): float(value)
        for value, label in responses.items()
        if label.strip() and spelled.count(plain(label)) == 1
    }


def _by_code(readings: Sequence[_Reading], counts: np.ndarray) -> dict[str, int]:
    found: dict[str, int] = {}
    for reading, n in zip(readings, counts, strict=True):
        if reading.missing is not None:
            found[reading.missing] = found.get(reading.missing, 0) + int(n)
    return found


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
