"""The participant flow: a band a survey, from what was received to what is linked, with reasons and counts.

Laid out after the flow diagrams of CONSORT and STROBE, turned sideways so that the levels of a study stand
under each other. Called by the report with counts that are in results.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.reporting import numbers
from pipeline.reporting.figures import svg
from pipeline.reporting.figures.svg import Box, Drawing


@dataclass(frozen=True)
class Loss:
    """Records that leave between two boxes: how many, and why."""

    title: str
    total: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Band:
    """One survey: boxes from left to right (lines of text) and the losses between them."""

    boxes: tuple[tuple[str, ...], ...]
    losses: tuple[Loss | None, ...]


WIDTH = 1040.0
EDGE = 14.0
BOX_WIDTH = 246.0
HANGING_WIDTH = 300.0
SIZE = 16.0
LINE = 1.26 * SIZE
PAD = 9.0
BELOW = 20.0
BETWEEN = 24.0


def draw_flow(bands: Sequence[Band], analysed: Sequence[str], alt: str) -> Drawing:
    """Draw the bands and, under them, what entered the model."""
    elements: list[str] = []
    y = EDGE
    for band in bands:
        elements += _band(band, y)
        y += _band_height(band) + BETWEEN
    if analysed:
        box = Box(EDGE, y, WIDTH - 2 * EDGE, len(analysed) * LINE + 2 * PAD)
        elements += [svg.rectangle(box, fill=svg.PALE), *_written(box, analysed)]
        y = box.bottom + BETWEEN
    return svg.drawing(elements, WIDTH, y - BETWEEN + EDGE, alt)


def boxes_of(band: Band, top: float = 0.0) -> list[Box]:
    """Places of a band's boxes, the hanging ones last."""
    height = _box_height(band)
    step = (WIDTH - 2 * EDGE - BOX_WIDTH) / 2
    main = [Box(EDGE + i * step, top, BOX_WIDTH, height) for i in range(len(band.boxes))]
    hanging = [
        _hanging(loss, (left.right + right.x) / 2, left.bottom + BELOW)
        for loss, (left, right) in zip(band.losses, pairwise(main), strict=True)
        if loss is not None
    ]
    return [*main, *hanging]


def _hanging(loss: Loss, middle: float, top: float) -> Box:
    return Box(middle - HANGING_WIDTH / 2, top, HANGING_WIDTH, len(_loss_lines(loss)) * LINE + 2 * PAD)


def _band(band: Band, top: float) -> list[str]:
    boxes = boxes_of(band, top)
    main, hanging = boxes[: len(band.boxes)], iter(boxes[len(band.boxes) :])
    parts: list[str] = []
    for loss, (left, right) in zip(band.losses, pairwise(main), strict=True):
        y, middle = left.center[1], (left.right + right.x) / 2
        parts.append(svg.arrow([(left.right, y), (right.x, y)], svg.INK, 1.5))
        if loss is not None:
            box = next(hanging)
            parts.append(svg.arrow([(middle, y), (middle, box.y)], svg.INK, 1.5))
            parts += [svg.rectangle(box, stroke=svg.GREY), *_reasons(loss, box)]
    for box, words in zip(main, band.boxes, strict=True):
        parts += [svg.rectangle(box, fill=svg.PALE), *_written(box, _wrapped(words))]
    return parts


def _written(box: Box, words: Sequence[str]) -> list[str]:
    x, y = box.center
    top = y - LINE * (len(words) - 1) / 2
    return [svg.text(line, x, top + LINE * i, SIZE, bold=i == 0) for i, line in enumerate(words)]


def _reasons(loss: Loss, box: Box) -> list[str]:
    parts = []
    for i, (words, count) in enumerate(_loss_lines(loss)):
        y = box.y + PAD + LINE * (i + 0.5)
        parts.append(svg.text(words, box.x + PAD, y, SIZE - 1, bold=i == 0, anchor="start"))
        parts.append(svg.text(count, box.right - PAD, y, SIZE - 1, bold=i == 0, anchor="end"))
    return parts


def _loss_lines(loss: Loss) -> list[tuple[str, str]]:
    """Lines of a loss: words left, count right; a reason that wraps has its count on its last line."""
    found = [(loss.title, numbers.count(loss.total))]
    for reason, n in loss.reasons:
        words = svg.wrapped(reason, SIZE - 1, HANGING_WIDTH - 2 * PAD - 56, most=3)
        found += [(line, "") for line in words[:-1]] + [(words[-1], numbers.count(n))]
    return found


def _wrapped(words: Sequence[str]) -> list[str]:
    first = svg.wrapped(words[0], SIZE, BOX_WIDTH - 2 * PAD, bold=True, most=2)
    rest = [line for text in words[1:] for line in svg.wrapped(text, SIZE, BOX_WIDTH - 2 * PAD, most=2)]
    return [*first, *rest]


def _box_height(band: Band) -> float:
    return max(len(_wrapped(words)) for words in band.boxes) * LINE + 2 * PAD


def _band_height(band: Band) -> float:
    return max(box.bottom for box in boxes_of(band))
