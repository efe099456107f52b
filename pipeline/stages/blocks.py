"""Blocks of items in a file, and the instrument that each is most like.

`inspection` and `drafting` call this. A match is a proposal with the reasons for it; nothing is scored here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.exports.inspection import Described, Inspection
from pipeline.instrument import Instrument, check_instrument
from pipeline.stages.answers import plain

ENOUGH = 0.6
ALIKE = 0.85
LETTERED = 0.8
"""How well answers fit that are codes: their order in the survey is only likely to be that of the values."""


@dataclass(frozen=True)
class Block:
    """Items under one stem, or worded as an instrument's are, with the columns in the order of the file."""

    stem: str
    columns: tuple[Described, ...]

    @property
    def title(self) -> str:
        """What people are shown: the stem, or the first and the last column where there is none."""
        return f"{self.stem}..." if self.stem else f"{self.columns[0].name} to {self.columns[-1].name}"


@dataclass(frozen=True)
class Match:
    """The instrument that a block is most like, how sure that is, and item id -> column.

    `answers` are LimeSurvey's codes for the instrument's values, in their order, where the file holds codes.
    """

    block: Block
    instrument: str
    confidence: float
    columns: Mapping[str, str]
    why: str
    answers: Mapping[int, str]


def known_instruments(folder: Path) -> dict[str, Instrument]:
    """The definitions in a folder that can be read."""
    found = {file.stem: check_instrument(file)[0] for file in sorted(folder.glob("*.yaml"))}
    return {name: instrument for name, instrument in found.items() if instrument is not None}


def blocks_of(inspection: Inspection) -> tuple[Block, ...]:
    """Items grouped by the stem of their names: LS_1, LS_2; Q5 [Today], Q5 [Yesterday]."""
    groups: dict[str, list[Described]] = {}
    for column in inspection.columns:
        stem = stem_of(column.name)
        if column.kind == "item" and stem is not None:
            groups.setdefault(stem, []).append(column)
    return tuple(Block(stem, tuple(group)) for stem, group in groups.items() if len(group) > 1)


def stem_of(name: str) -> str | None:
    """What an item's name shares with its neighbours, or None where it has no number and no row."""
    bracket = re.fullmatch(r"(?P<stem>.+?)\s*\[[^\]]+\]", name)
    if bracket:
        return bracket["stem"]
    number = re.fullmatch(r"(?P<stem>.*[^0-9])[0-9]{1,3}[a-z]?", name)
    return number["stem"] if number else None


def matches(inspection: Inspection, instruments: Mapping[str, Instrument]) -> tuple[Match, ...]:
    """The best instrument for each block that is enough like one; no instrument and no column twice."""
    blocks = blocks_of(inspection)
    found = [
        match
        for name, instrument in instruments.items()
        for block in (*blocks, *_worded_as(inspection, instrument))
        if (match := _match(block, name, instrument)).confidence >= ENOUGH
    ]
    taken: set[str] = set()
    best: list[Match] = []
    for match in sorted(found, key=lambda match: -match.confidence):
        wanted = {*match.columns.values(), f"instrument {match.instrument}"}
        if not wanted & taken:
            taken |= wanted
            best.append(match)
    order = {column.name: i for i, column in enumerate(inspection.columns)}
    return tuple(sorted(best, key=lambda match: order[match.block.columns[0].name]))


def _worded_as(inspection: Inspection, instrument: Instrument) -> tuple[Block, ...]:
    """The items of a file that are worded as all of an instrument's are, whatever their names.

    Forms name every question Q1, Q2, ... or by its wording, so that no stem tells one scale from the next.
    """
    items = tuple(column for column in inspection.columns if column.kind == "item")
    worded = set(_by_wording(Block("", items), instrument).values())
    if len(worded) < len(instrument.items) or len(worded) < 2:
        return ()
    return (Block("", tuple(column for column in items if column.name in worded)),)


def _match(block: Block, name: str, instrument: Instrument) -> Match:
    """How like an instrument a block is: its wording, its names, its length, its answers."""
    worded = _by_wording(block, instrument)
    named = _by_number(block, instrument)
    wording, naming = len(worded) / len(instrument.items), _naming(block, instrument)
    answers = _letter_codes(block, instrument)
    coded = LETTERED if answers else _codes_fit(block, instrument)
    columns = worded if len(worded) >= len(named) * naming and worded else named
    complete = len(columns) == len(instrument.items)
    length = 1.0 if complete and len(block.columns) == len(instrument.items) else 0.5 if complete else 0.0
    confidence = max(wording, 0.75 * naming) * (0.5 + 0.5 * coded) * (0.6 + 0.4 * length)
    if not complete or not coded:
        confidence = 0.0
    why = [f"{len(worded)} of {len(instrument.items)} items worded alike"] if worded else []
    why += ["named alike"] if naming >= ALIKE else []
    fit = "answers are codes" if answers else "answers fit" if coded == 1 else "answers fit in part"
    why += [f"{len(block.columns)} items", fit]
    return Match(block, name, round(min(confidence, 1.0), 2), columns, ", ".join(why), answers)


def _by_wording(block: Block, instrument: Instrument) -> dict[str, str]:
    """Item id -> column whose label is worded as the item is."""
    found: dict[str, str] = {}
    labels = {column.name: plain(column.label or "") for column in block.columns}
    for item in instrument.items:
        text = plain(item.text or "").rstrip(".")
        for name, label in labels.items():
            ends = bool(text) and (label.rstrip(".").endswith(text) or label.rstrip("]. ").endswith(text))
            if text and (ends or _alike(text, label)):
                found.setdefault(item.id, name)
    return found if len(set(found.values())) == len(found) else {}


def _alike(text: str, label: str) -> bool:
    matcher = difflib.SequenceMatcher(None, text, label)
    bounds = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(ratio() >= ALIKE for ratio in bounds)


def _by_number(block: Block, instrument: Instrument) -> dict[str, str]:
    """Item id -> column with the item's number."""
    numbers = {_number(column.name): column.name for column in block.columns}
    return {item.id: numbers[item.number] for item in instrument.items if item.number in numbers}


def _number(name: str) -> int:
    found = re.findall(r"[0-9]{1,3}", name)
    return int(found[-1]) if found else -1


def _naming(block: Block, instrument: Instrument) -> float:
    """Whether the stem is that of the instrument's item ids, or its name."""
    stem = re.sub(r"[^a-z]", "", block.stem.rpartition("/")[2].lower())
    ids = {re.sub(r"[^a-z]", "", item.id.lower()) for item in instrument.items}
    if stem in ids or stem == re.sub(r"[^a-z]", "", instrument.id):
        return 1.0
    names = {re.sub(r"[^a-z]", "", text.lower()) for text in (instrument.id, instrument.title)}
    return 0.9 if stem and any(stem in name for name in names) and len(stem) > 3 else 0.0


def _letter_codes(block: Block, instrument: Instrument) -> dict[int, str]:
    """LimeSurvey's codes A1, A2, ... for the instrument's values in their order, where a block holds such."""
    values = sorted(instrument.responses(instrument.items[0].id))
    codes = {value: f"A{i}" for i, value in enumerate(values, 1)}
    found = {code for column in block.columns for code in column.coding}
    return codes if found and found <= set(codes.values()) else {}


def _codes_fit(block: Block, instrument: Instrument) -> float:
    """1 where every answer is one of the instrument's, by code or label; 0 where most are not."""
    items = {item.number: item for item in instrument.items}
    some = next(iter(items.values()))
    fits = []
    for column in block.columns:
        allowed = instrument.responses((items.get(_number(column.name)) or some).id)
        words = {plain(label) for label in allowed.values()} | {str(code) for code in allowed}
        cells = [
            plain(code).partition(" ")[0] if code[:1].isdigit() else plain(code) for code in column.coding
        ]
        fits += [cell in words for cell in cells]
    share = sum(fits) / len(fits) if fits else 0.0
    return 1.0 if share == 1 else 0.5 if share >= 0.8 else 0.0
