r"""The small inline markup of the report's text fields: from a string to runs that a writer can set.

`*italic*`, `**bold**`, `x^2^`, `b~1~`, `[@id]` (live reference to a table or figure) and
`[text](https://...)`; a backslash takes the meaning from the character after it. Markers that do not pair up
stand for themselves, so `.44***` needs no escape. Called by the three writers, by `source` and by whoever
fills the values; knows no format. Text that came from a user goes through `literal` before anything else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache


@dataclass(frozen=True)
class Run:
    """A stretch of text set in one way; a reference has the id of its target and no text of its own."""

    text: str
    italic: bool = False
    bold: bool = False
    sup: bool = False
    sub: bool = False
    ref: str | None = None
    href: str | None = None


class Marked(str):
    """Text in our own markup: a template puts it in as it is, where other values pass `literal`."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell Jinja that this text has been dealt with."""
        return str(self)

    def strip(self, chars: str | None = None, /) -> Marked:
        """Strip the ends; the text stays marked."""
        return Marked(super().strip(chars))


@lru_cache(maxsize=16384)
def parse(text: str) -> tuple[Run, ...]:
    """Read markup into runs on one line; never fails: what is not markup is text."""
    return tuple(_merged(_parsed(clean(text), None)))


def plain(text: str) -> str:
    """Return the text without markup; a reference reads as its id."""
    return "".join(run.ref or run.text for run in parse(text))


def references(text: str) -> tuple[str, ...]:
    """Return the ids that the text refers to, in order."""
    return tuple(run.ref for run in parse(text) if run.ref is not None)


def literal(text: str) -> str:
    """Make any text safe to stand in marked-up text: it comes out as it was typed, whatever it holds.

    Line breaks and tabs become spaces; control characters, lone surrogates and noncharacters, which no
    document format can hold, are dropped. Marks of writing direction are text and stay.
    """
    escaped = _SPECIAL.sub(r"\\\g<0>", clean(text))
    return _NUMBERED.sub(r"\1\\\2", _LEADING.sub(r"\1\\\2", escaped))


def clean(text: str) -> str:
    """Return the text on one line, without the characters that XML and PDF cannot hold."""
    return _FORBIDDEN.sub("", _BREAKS.sub(" ", text))


_SPECIAL = re.compile(r"[\\*^~\[\]`<>{}|$_#@]")
_LEADING = re.compile(r"^(\s*)([!-/:-?])")
_NUMBERED = re.compile(r"^(\s*\d+)([.)])")
_BREAKS = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_TOKEN = re.compile(
    r"""\\(?P<escaped>[!-/:-@\[-`{-~])
      | \[@(?P<ref>[A-Za-z][\w.:-]*)\]
      | \[(?P<label>(?:\\.|[^\[\]\\])+)\]\((?P<href>https?://[^\s()<>"'\\]+)\)
      | (?P<marker>\*+|[\^~])""",
    re.VERBOSE | re.DOTALL,
)
_STYLES = {"*": "italic", "**": "bold", "^": "sup", "~": "sub"}
_TIGHT = ("^", "~")


@dataclass(eq=False)
class _Piece:
    """Text, a reference, or a marker (`*`, `**`, `^`, `~`) that may turn out to be text."""

    run: Run
    marker: str = ""
    paired: bool = False


@dataclass
class _Pairing:
    """The pieces read so far and the markers still open among them."""

    pieces: list[_Piece] = field(default_factory=list)
    open: list[_Piece] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Add text; white space in it ends the hope of a superscript that is open."""
        self.pieces.append(_Piece(run))
        if any(character.isspace() for character in run.text):
            self.open = [piece for piece in self.open if piece.marker not in _TIGHT]

    def mark(self, markers: str, opens: bool, closes: bool) -> None:
        """Add a run of markers: close what it can, open with the rest, or let it be text."""
        left = markers
        while closes and left and (opener := self._opener(left)):
            self._close(opener)
            left = left[len(opener.marker) :]
        if opens:
            left = self._open(left)
        if left:
            self.pieces.append(_Piece(Run(left)))

    def _opener(self, left: str) -> _Piece | None:
        matching = [piece for piece in self.open if piece.marker[0] == left[0]]
        return matching[-1] if matching and len(matching[-1].marker) <= len(left) else None

    def _close(self, opener: _Piece) -> None:
        opener.paired = True
        self.pieces.append(_Piece(Run(opener.marker), opener.marker, paired=True))
        self.open = self.open[: self.open.index(opener)]

    def _open(self, left: str) -> str:
        if len(left) > 3 or {piece.marker for piece in self.open} & set(_split(left)):
            return left
        for marker in _split(left):
            self.pieces.append(_Piece(Run(marker), marker))
            self.open.append(self.pieces[-1])
        return ""


def _parsed(text: str, href: str | None) -> Iterator[Run]:
    pairing = _Pairing()
    end = 0
    for found in _TOKEN.finditer(text):
        if found.start() > end:
            pairing.add(Run(text[end : found.start()], href=href))
        _take(pairing, found, text, href)
        end = found.end()
    if end < len(text):
        pairing.add(Run(text[end:], href=href))
    return _styled(pairing.pieces, href)


def _take(pairing: _Pairing, found: re.Match[str], text: str, href: str | None) -> None:
    if (escaped := found["escaped"]) is not None:
        pairing.add(Run(escaped, href=href))
    elif (ref := found["ref"]) is not None:
        pairing.add(Run("", ref=ref))
    elif found["label"] is not None:
        for run in _parsed(found["label"], href or found["href"]):
            pairing.add(run)
    else:
        pairing.mark(found["marker"], *_flanks(text, found))


def _flanks(text: str, found: re.Match[str]) -> tuple[bool, bool]:
    """Return whether a marker may open and may close, by CommonMark's rule of flanking runs."""
    before = text[found.start() - 1] if found.start() else " "
    after = text[found.end()] if found.end() < len(text) else " "
    if found["marker"] in _TIGHT:
        return not after.isspace(), not before.isspace()
    opens = not after.isspace() and (not _is_punctuation(after) or _is_edge(before))
    closes = not before.isspace() and (not _is_punctuation(before) or _is_edge(after))
    return opens, closes


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


def _is_edge(character: str) -> bool:
    return character.isspace() or _is_punctuation(character)


def _split(stars: str) -> tuple[str, ...]:
    return ("**", "*") if stars == "***" else (stars,) if stars else ()


def _styled(pieces: Iterable[_Piece], href: str | None) -> Iterator[Run]:
    on: dict[str, bool] = dict.fromkeys(_STYLES.values(), False)
    for piece in pieces:
        if piece.paired:
            on[_STYLES[piece.marker]] = not on[_STYLES[piece.marker]]
        elif piece.run.text or piece.run.ref:
            yield _with_styles(piece.run, on, href)


def _with_styles(run: Run, on: dict[str, bool], href: str | None) -> Run:
    return replace(
        run,
        italic=run.italic or on["italic"],
        bold=run.bold or on["bold"],
        sup=run.sup or on["sup"],
        sub=run.sub or on["sub"],
        href=run.href or (None if run.ref else href),
    )


def _merged(runs: Iterable[Run]) -> Iterator[Run]:
    """Join neighbours that are set alike."""
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last and not last.ref and not run.ref and replace(last, text=run.text) == run:
            merged[-1] = replace(last, text=last.text + run.text)
        else:
            merged.append(run)
    return iter(merged)
