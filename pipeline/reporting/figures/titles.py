"""Titles of small panels: a route breaks at its arrows, a long name in itself, and none is too wide.

A panel whose title is wider than its share of the figure runs over the next one, or has its axes squeezed.
Arrows of a route point onward in any script: a line of Arabic names is still read from left to right.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.reporting.direction import has_right_to_left
from pipeline.reporting.figures import svg

ARROW = " →"
LEFT_TO_RIGHT = "\u200e"


def folded(title: str, width: float, size: float = 9.5, most: int = 2) -> list[str]:
    """Lines of a bold title no wider than `width`; each name along a route takes at most `most` of them."""
    *before, last = title.split(f"{ARROW} ")
    lines: list[str] = []
    for words in [*(f"{name}{ARROW}" for name in before), last]:
        if lines and svg.text_width(f"{lines[-1]} {words}", size, bold=True) <= width:
            lines[-1] += f" {words}"
        else:
            lines += _name(words, width, size, most)
    return [_onward(line) if ARROW in line and has_right_to_left(line) else line for line in lines]


def _onward(line: str) -> str:
    return f"{LEFT_TO_RIGHT}{line.replace(ARROW, f'{LEFT_TO_RIGHT}{ARROW}{LEFT_TO_RIGHT}')}"


def shortened(words: str, width: float, size: float) -> str:
    """Words on one line no wider than `width`, with an ellipsis where they do not fit."""
    return " ".join(svg.wrapped(words, size, width, most=1))


def abreast(names: Sequence[str], width: float, size: float, key: float) -> int:
    """How many entries of a legend are sure to fit side by side, each with its key."""
    widest = max(svg.text_width(name, size) for name in names) + key
    return max(1, min(len(names), int(width // widest)))


def _name(words: str, width: float, size: float, most: int) -> list[str]:
    arrow = ARROW if words.endswith(ARROW) else ""
    room = width - svg.text_width(arrow, size, bold=True)
    *before, end = svg.wrapped(words.removesuffix(arrow), size, room, bold=True, most=most) or [""]
    return [*before, f"{end}{arrow}"]
