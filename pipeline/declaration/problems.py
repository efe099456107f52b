"""What is told to a person whose study, instrument or data are at fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

WIDEST = 120


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what is wrong, what may have been meant.

    `line` and `column` count from 1; `source` is the line as written; `hint` is a short clause that is
    shown in brackets after the message ("did you mean 'x'?").
    """

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    source: str | None = None
    hint: str | None = None

    def render(self) -> str:
        """`file:line:column: message (hint)`, then the line and a caret where they are known."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        text = _printable(f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else ""))
        if self.line is None or self.source is None:
            return text
        start = max(0, (self.column or 1) - WIDEST + 20)
        text += f"\n{self.line:>6} | {_printable(self.source[start : start + WIDEST])}".rstrip()
        if self.column is None:
            return text
        before = self.source[start : self.column - 1]
        return f"{text}\n       | " + "".join("\t" if mark == "\t" else " " for mark in before) + "^"


class StudyError(Exception):
    """The study or its data are at fault: a message that a person can act on, never a traceback."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(problem.render() for problem in self.problems))

    @classmethod
    def of(cls, file: str, message: str, hint: str | None = None) -> StudyError:
        """An error with a single problem."""
        return cls((Problem(file, message, hint=hint),))


def did_you_mean(word: object, known: Iterable[object]) -> str | None:
    """The hint that names the known word nearest to what was written, or None."""
    names = {str(name).lower(): name for name in known}
    near = difflib.get_close_matches(str(word).lower(), names, 1, 0.6)
    return f"did you mean '{names[near[0]]}'?" if near else None


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once: files in order of first appearance, then by line and column."""
    unique = {(p.file, p.line, p.column, p.message): p for p in problems}
    files = list(dict.fromkeys(p.file for p in unique.values()))
    return tuple(sorted(unique.values(), key=lambda p: (files.index(p.file), p.line or 0, p.column or 0)))


def _printable(text: str) -> str:
    """Control and direction marks made visible, so that a file cannot steer the terminal."""
    return "".join(
        mark if mark.isprintable() or mark == "\t" else "\N{REPLACEMENT CHARACTER}" for mark in text
    )
