"""Writing direction: which stretches of a text run from right to left, in which way a document is written.

Names, labels and item wordings come in any script. A writer sets a right-to-left stretch apart from the
sentence around it, and turns a paragraph round when nothing in it runs from left to right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LANGUAGES = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_STRETCH = re.compile(rf"[{_RIGHT}](?:(?:(?![→\u200e])[{_RIGHT}\s\W\d_])*[{_RIGHT}])?")
_DRAWN_ALONG = re.compile(rf"(?!\u200e)[\W_]*[\d{_RIGHT}]")
_MARK = "\u200e"
_GREEK = re.compile(r"([\u0370-\u03ff]+)")


def is_right_to_left(language: str) -> bool:
    """Tell whether a language (its BCP 47 tag) is written from right to left."""
    return language.replace("_", "-").split("-")[0].lower() in LANGUAGES


def has_right_to_left(text: str) -> bool:
    """Tell whether any letter of a text runs from right to left."""
    return any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)


def runs_right_to_left(text: str) -> bool:
    """Tell whether a text has letters, and all of them run from right to left."""
    ways = {unicodedata.bidirectional(character) for character in text}
    return bool(ways & {"R", "AL"}) and "L" not in ways


def stretches(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text where its direction turns; yield each piece and whether it runs right to left."""
    end = 0
    for found in _STRETCH.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        end = _closed(text, found)
        yield text[found.start() : end], True
    if end < len(text):
        yield text[end:], False


def marked(text: str) -> str:
    """Set a left-to-right mark after a right-to-left stretch that would draw what follows along.

    Digits, arrows and punctuation have no direction of their own: without the mark `.17` after an Arabic name
    stands before it, and the arrow to the next Arabic name points back.
    """
    out, end = "", 0
    for piece, turned in stretches(text):
        end += len(piece)
        out += piece + _MARK * bool(turned and _DRAWN_ALONG.match(text, end))
    return out


def _closed(text: str, found: re.Match[str]) -> int:
    """Return where a stretch ends, with the bracket that closes one opened in it."""
    end = found.end()
    for opening, closing in ("()", "[]", "«»"):
        if text[end : end + 1] == closing and found[0].count(opening) > found[0].count(closing):
            return end + 1
    return end


def greek(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text into Greek and other letters: Greek statistics stand upright (APA 7, 6.44)."""
    for number, piece in enumerate(_GREEK.split(text)):
        if piece:
            yield piece, number % 2 == 1
