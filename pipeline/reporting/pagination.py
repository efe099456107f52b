"""In which order blocks fill the pages of the PDF.

A table or figure that does not fit where it stands goes to the next page; running text that follows it moves
ahead and fills the page before, as in a printed journal. Nothing leaves its chapter (a heading of the first
level), text stays within two sections of a table or figure that it overtakes, and tables rise by number, as
do figures. What still leaves a large gap is mended by a figure ahead of a table, or by letting a table run
over pages; a long table that would show only its first rows starts on a page of its own. `pdf` calls it with
a function that lays an order out and tells where each block starts and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Spot = tuple[int, float]
Spots = Mapping[int, tuple[Spot, Spot]]
Kind = Literal["chapter", "heading", "text", "box", "table", "figure"]
BOTTOM = {False: 723.6, True: 543.6}
_LINE = 15.5
_LEAST = 2 * _LINE
_GAP = 90.0
_HOLE = 200.0
_HEADING = 38.0
_BETWEEN = 14.0
_FLOAT = 30.0
_FIRST_ROWS = 150.0
_SECTIONS = 2


@dataclass(frozen=True)
class Piece:
    """What of a block decides where it can go: its kind, its paper, and how tall it stands."""

    kind: Kind
    wide: bool
    height: float = 0.0
    section: int = 0

    @property
    def floats(self) -> bool:
        """Whether it is a table or figure."""
        return self.kind in {"table", "figure"}


@dataclass(frozen=True)
class Arrangement:
    """The order of the blocks, the tables that may run over pages, and what starts on a page of its own."""

    order: tuple[int, ...]
    split: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()


def arranged(pieces: Sequence[Piece], places: Callable[[Arrangement], Spots]) -> Arrangement:
    """Return the arrangement that leaves the least of each page blank, from the first page to the last."""
    now, place = Arrangement(tuple(range(len(pieces)))), 0
    while place < len(now.order):
        number = now.order[place]
        if pieces[number].floats and (mended := _mended(now, place, pieces, places)) is not None:
            now = mended
            place = now.order.index(number)
        place += 1
    return now


def blank(now: Arrangement, place: int, pieces: Sequence[Piece], spots: Spots) -> float:
    """Return how much of the page before stays blank because what stands at `place` begins a page."""
    ahead, headings = place - 1, 0.0
    while ahead >= 0 and pieces[now.order[ahead]].kind in {"heading", "chapter"}:
        headings += _HEADING
        ahead -= 1
    if ahead < 0 or pieces[now.order[ahead]].wide:
        return 0.0
    (page, end), (start, _) = spots[now.order[ahead]][1], spots[now.order[place]][0]
    return BOTTOM[False] - end - headings if start > page else 0.0


def _mended(
    now: Arrangement, place: int, pieces: Sequence[Piece], places: Callable[[Arrangement], Spots]
) -> Arrangement | None:
    """Return an arrangement in which less is blank before what stands at `place`, if there is one."""
    number, spots = now.order[place], places(now)
    started = _barely_started(number, pieces, spots)
    if started:
        now = replace(now, fresh=now.fresh | {number})
        spots = places(now)
    room = blank(now, place, pieces, spots)
    moved = _filling(now.order, place, pieces, room) if room > _LEAST else []
    if moved:
        now = replace(now, order=_ahead(now.order, place, moved))
        place += len(moved)
        spots = places(now)
        room = blank(now, place, pieces, spots)
    if room > _GAP and (other := _overtaking(now.order, place, pieces, spots, room)) is not None:
        return replace(now, order=_ahead(now.order, place, [other]))
    if room > _HOLE and pieces[number].kind == "table" and not pieces[number].wide:
        return replace(now, split=now.split | {number}, fresh=now.fresh - {number})
    return now if moved or started else None


def _barely_started(number: int, pieces: Sequence[Piece], spots: Spots) -> bool:
    """Whether a table runs over pages and shows no more than its first rows on the first of them."""
    (page, start), (last, _) = spots[number]
    return last > page and not pieces[number].wide and start > BOTTOM[False] - _FIRST_ROWS


def _ahead(order: tuple[int, ...], place: int, moved: Sequence[int]) -> tuple[int, ...]:
    """Return the order with `moved` taken from behind and set before what stands at `place`."""
    rest = (number for number in order[place:] if number not in moved)
    return (*order[:place], *moved, *rest)


def _filling(order: Sequence[int], place: int, pieces: Sequence[Piece], room: float) -> list[int]:
    """Return the text behind `place` that fits into the room, with the headings that it stands under."""
    moved: list[int] = []
    headings: list[int] = []
    for number in order[place + 1 :]:
        piece = pieces[number]
        too_far = piece.section > pieces[order[place]].section + _SECTIONS
        if piece.kind == "chapter" or too_far or (piece.floats and headings):
            break
        if piece.kind == "heading":
            headings.append(number)
        elif not piece.floats:
            room -= _BETWEEN + _HEADING * len(headings)
            partly = _runs_over(piece, room) and not pieces[order[place]].wide
            if piece.height > room and not partly:
                break
            moved += [*headings, number]
            headings, room = [], room - piece.height
            if partly:
                break
    return moved


def _runs_over(piece: Piece, room: float) -> bool:
    """Whether text breaks well at the foot of the page: at least two lines before and after."""
    return piece.kind == "text" and room > _LEAST and piece.height - room > _LEAST


def _overtaking(
    order: Sequence[int], place: int, pieces: Sequence[Piece], spots: Spots, room: float
) -> int | None:
    """Return a table or figure right behind, of the other kind, that fits into the room."""
    behind = order[place + 1] if place + 1 < len(order) else None
    if behind is None or not pieces[behind].floats or pieces[behind].wide:
        return None
    (page, start), (last, end) = spots[behind]
    fits = page == last and end - start + _FLOAT <= room
    return behind if fits and pieces[behind].kind != pieces[order[place]].kind else None
