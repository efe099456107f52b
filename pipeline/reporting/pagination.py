"""In which order blocks fill the pages of the PDF.

A table or figure that does not fit where it stands goes to the next page; running text that follows it moves
ahead and fills the page before, as in a printed journal. Nothing leaves its chapter (a heading of the first
level), text stays within two sections of a table or figure that it overtakes, and tables rise by number, as
do figures. What still leaves a large gap is mended by a figure ahead of a table, by setting a figure a little
smaller, or by letting a table run over pages; a long table that would show only its first rows starts on a
page of its own. `pdf` and `word_pages` call it with a function that lays an order out and tells where each
block starts and ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipeline.reporting.values import Block, Figure, Heading, Illustrated, Notice, Table

Spot = tuple[int, float]
Spots = Mapping[int, tuple[Spot, Spot]]
Kind = Literal["chapter", "heading", "text", "box", "table", "figure"]
_GAP = 90.0
_HOLE = 200.0
_FLOAT = 30.0
_SECTIONS = 2
_LEAST = 0.75


@dataclass(frozen=True)
class Paper:
    """Upright paper in points: where its text ends, and how tall a line and a heading stand.

    `between` is the space between blocks; a table over pages must not start lower than `first_rows` above
    the foot; where lines are counted by estimate, text leaves `spare` before a wide table.
    """

    bottom: float
    line: float
    heading: float
    between: float
    first_rows: float
    spare: float = 0.0


@dataclass(frozen=True)
class Piece:
    """What of a block decides where it can go: its kind, its paper, how tall it or its picture stands."""

    kind: Kind
    wide: bool
    height: float = 0.0
    section: int = 0
    picture: float = 0.0

    @property
    def floats(self) -> bool:
        """Whether it is a table or figure."""
        return self.kind in {"table", "figure"}


@dataclass(frozen=True)
class Arrangement:
    """The order of the blocks, the tables that may run over pages, and what starts on a page of its own.

    `shrunk` are figures that are set smaller, each with its share of its own size.
    """

    order: tuple[int, ...]
    split: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    shrunk: frozenset[tuple[int, float]] = frozenset()

    def size(self, number: int) -> float:
        """Return the share of its own size at which a figure is set."""
        return dict(self.shrunk).get(number, 1.0)


def arranged(pieces: Sequence[Piece], places: Callable[[Arrangement], Spots], paper: Paper) -> Arrangement:
    """Return the arrangement that leaves the least of each page blank, from the first page to the last."""
    return _Desk(pieces, places, paper).arranged()


def kind(block: Block) -> Kind:
    """Return what a block is to the filling of pages."""
    match block:
        case Heading():
            return "chapter" if block.level == 1 else "heading"
        case Table():
            return "table"
        case Figure():
            return "figure"
        case Notice() | Illustrated():
            return "box"
    return "text"


@dataclass(frozen=True)
class _Desk:
    """The pieces on their paper, and who lays an arrangement of them out."""

    pieces: Sequence[Piece]
    places: Callable[[Arrangement], Spots]
    paper: Paper

    def arranged(self) -> Arrangement:
        now, place = Arrangement(tuple(range(len(self.pieces)))), 0
        while place < len(now.order):
            number = now.order[place]
            if self.pieces[number].floats and (mended := self._mended(now, place)) is not None:
                now = mended
                place = now.order.index(number)
            place += 1
        return now

    def _mended(self, now: Arrangement, place: int) -> Arrangement | None:
        """Return an arrangement in which less is blank before what stands at `place`, if there is one."""
        number, spots = now.order[place], self.places(now)
        started = self._barely_started(number, spots)
        if started:
            now = replace(now, fresh=now.fresh | {number})
            spots = self.places(now)
        room = self._blank(now, place, spots)
        moved = self._filling(now.order, place, room) if room > 2 * self.paper.line else []
        if moved:
            now = replace(now, order=_ahead(now.order, place, moved))
            place += len(moved)
            spots = self.places(now)
            room = self._blank(now, place, spots)
        if room > _GAP and (other := self._overtaking(now.order, place, spots, room)) is not None:
            return replace(now, order=_ahead(now.order, place, [other]))
        if room > _GAP and (smaller := self._smaller(now, place, spots, room)) is not None:
            return smaller
        if room > _HOLE and self.pieces[number].kind == "table" and not self.pieces[number].wide:
            return replace(now, split=now.split | {number}, fresh=now.fresh - {number})
        return now if moved or started else None

    def _smaller(self, now: Arrangement, place: int, spots: Spots, room: float) -> Arrangement | None:
        """Return an arrangement in which a figure is just so much smaller that it fits, if it can be."""
        number = now.order[place]
        (page, start), (last, end) = spots[number]
        if self.pieces[number].kind != "figure" or page != last:
            return None
        sure = self.paper.spare / 2
        for spare in (sure, sure + _FLOAT):
            share = math.floor(100 - 100 * (end - start + spare - room) / self.pieces[number].picture) / 100
            tried = replace(now, shrunk=now.shrunk | {(number, share)})
            if _LEAST <= share < 1 and self.places(tried)[number][0][0] < page:
                return tried
        return None

    def _blank(self, now: Arrangement, place: int, spots: Spots) -> float:
        """Return how much of the page before stays blank because what stands at `place` begins a page."""
        ahead, headings = place - 1, 0.0
        while ahead >= 0 and self.pieces[now.order[ahead]].kind in {"heading", "chapter"}:
            headings += self.paper.heading
            ahead -= 1
        if ahead < 0 or self.pieces[now.order[ahead]].wide:
            return 0.0
        (page, end), (start, _) = spots[now.order[ahead]][1], spots[now.order[place]][0]
        return self.paper.bottom - end - headings if start > page else 0.0

    def _barely_started(self, number: int, spots: Spots) -> bool:
        """Whether a table runs over pages and shows no more than its first rows on the first of them."""
        (page, start), (last, _) = spots[number]
        low = start > self.paper.bottom - self.paper.first_rows
        return last > page and not self.pieces[number].wide and low

    def _filling(self, order: Sequence[int], place: int, room: float) -> list[int]:
        """Return the text behind `place` that fits into the room, with the headings that it stands under.

        No heading goes ahead of a table or figure that stands right under its own: that one would head
        nothing.
        """
        moved: list[int] = []
        headings: list[int] = []
        held = self.pieces[order[place]]
        room -= self.paper.spare * held.wide
        bare = place > 0 and self.pieces[order[place - 1]].kind in {"heading", "chapter"}
        for number in order[place + 1 :]:
            piece = self.pieces[number]
            too_far = piece.section > held.section + _SECTIONS
            if piece.kind == "chapter" or too_far or (headings and (piece.floats or bare)):
                break
            if piece.kind == "heading":
                headings.append(number)
            elif not piece.floats:
                room -= self.paper.between + self.paper.heading * len(headings)
                partly = self._runs_over(piece, room) and not held.wide
                if piece.height > room and not partly:
                    break
                moved += [*headings, number]
                bare = False
                headings, room = [], room - piece.height
                if partly:
                    break
        return moved

    def _runs_over(self, piece: Piece, room: float) -> bool:
        """Whether text breaks well at the foot of the page: at least two lines before and after."""
        least = 2 * self.paper.line
        return piece.kind == "text" and room > least and piece.height - room > least

    def _overtaking(self, order: Sequence[int], place: int, spots: Spots, room: float) -> int | None:
        """Return a table or figure right behind, of the other kind, that fits into the room."""
        behind = order[place + 1] if place + 1 < len(order) else None
        if behind is None or not self.pieces[behind].floats or self.pieces[behind].wide:
            return None
        (page, start), (last, end) = spots[behind]
        fits = page == last and end - start + _FLOAT <= room
        return behind if fits and self.pieces[behind].kind != self.pieces[order[place]].kind else None


def _ahead(order: tuple[int, ...], place: int, moved: Sequence[int]) -> tuple[int, ...]:
    """Return the order with `moved` taken from behind and set before what stands at `place`."""
    rest = (number for number in order[place:] if number not in moved)
    return (*order[:place], *moved, *rest)
