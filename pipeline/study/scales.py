"""Mistakes in the scales of a study: what they take from exports and instruments that do not hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from pipeline.declaration import Node, Problem, did_you_mean
from pipeline.instrument import SETTLED_BY, Instrument, Item
from pipeline.study.columns import PLACEHOLDERS, column_of, unknown_placeholders, varies


def problems(
    root: Node, available: tuple[str, ...], instruments: Mapping[str, Instrument]
) -> Iterator[Problem]:
    """Every mistake in the scales; `available` are the instruments there are, by file name."""
    for scale in root["scales"].members().values():
        yield from _of_export(root, scale)
        yield from _of_kind(scale)
        name = scale["instrument"].text
        if name is not None and name.isidentifier() and name not in available:
            message = f"there is no instrument '{name}' in instruments/"
            yield scale["instrument"].problem(message, did_you_mean(name, available))
        elif name is not None and name in instruments:
            yield from _of_instrument(scale, instruments[name])
    yield from _of_shared_columns(root, instruments)


def _of_export(root: Node, scale: Node) -> Iterator[Problem]:
    """The export exists and holds answers."""
    exports, export = root["exports"].members(), scale["export"]
    if export.text is None:
        return
    if export.text not in exports:
        message = f"there is no export '{export.text}'; there are: {', '.join(exports)}"
        yield export.problem(message, did_you_mean(export.text, exports))
    elif exports[export.text]["kind"].text == "roster":
        yield export.problem(f"'{export.text}' is a roster: it lists units and holds no answers")


def _of_kind(scale: Node) -> Iterator[Problem]:
    """A scale is made of items or is a ready score, not both and not neither."""
    items, score = scale["columns"].value is not None, scale["score"].value is not None
    if items and score:
        message = "`columns` are items and `score` is a ready score: a scale has one of them"
        yield scale["score"].problem(message, key=True)
    elif not items and not score and isinstance(scale.value, dict):
        message = f"'{scale.name}' does not say where its answers are"
        yield scale.problem(message, 'add columns: "..." for items or score: ... for a ready score', key=True)
    elif items and scale["instrument"].value is None:
        yield scale.problem(
            f"'{scale.name}' has items, but of which instrument?", "add instrument: ...", key=True
        )
    for key in ("facet", "already_reversed", "codebook") if score and not items else ():
        if key in scale:
            yield scale[key].problem(
                f"'{key}' says how items are scored, and this is a ready score", key=True
            )


def _of_instrument(scale: Node, instrument: Instrument) -> Iterator[Problem]:
    """What the scale says of its instrument holds for it."""
    facet = scale["facet"].text
    if facet is not None and facet not in instrument.facets:
        message = f"'{instrument.id}' has no facet '{facet}'"
        there = f"; it has: {', '.join(instrument.facets)}" if instrument.facets else ""
        yield scale["facet"].problem(message + there, did_you_mean(facet, instrument.facets))
        return
    if scale["columns"].value is None:
        return
    if facet is None and not instrument.scoring.total:
        message = f"'{instrument.id}' has no total score, only facets: {', '.join(instrument.facets)}"
        yield scale["instrument"].problem(message, "add facet: ...")
        return
    used = instrument if facet is None else instrument.only(facet)
    yield from _of_columns(scale["columns"], used)
    yield from _of_codebook(scale, instrument, used)
    yield from _of_already_reversed(scale, used)


def _of_columns(columns: Node, instrument: Instrument) -> Iterator[Problem]:
    """Every item has one column of its own."""
    if columns.text is not None:
        for placeholder in unknown_placeholders(columns.text):
            message = f"'{placeholder}' means nothing in a pattern; known are {', '.join(PLACEHOLDERS)}"
            yield columns.problem(message, did_you_mean(placeholder, PLACEHOLDERS))
        if not unknown_placeholders(columns.text) and not varies(columns.text):
            message = "this names one column for all items: say where the item's number or id stands"
            yield columns.problem(message, 'such as "LS_{n}"')
        return
    given = columns.members()
    for item_id, column in given.items():
        if item_id not in instrument.item_ids:
            message = f"'{instrument.id}' has no item '{item_id}' here"
            yield column.problem(message, did_you_mean(item_id, instrument.item_ids), key=True)
    absent = [item_id for item_id in instrument.item_ids if item_id not in given]
    if given and absent:
        message = f"no column is named for {', '.join(absent)}"
        yield columns.problem(message, "a short form is an instrument of its own: adapt it", key=True)
    first: dict[str, str] = {}
    for item_id, column in given.items():
        if column.text is not None and first.setdefault(column.text, item_id) != item_id:
            yield column.problem(f"the column '{column.text}' is also that of {first[column.text]}")


def _of_codebook(scale: Node, instrument: Instrument, used: Instrument) -> Iterator[Problem]:
    """The codebook settles what the instrument leaves open, in terms of its items."""
    codebook = scale["codebook"]
    for name in codebook["reverse"].words():
        if name.text not in used.item_ids:
            message = f"'{instrument.id}' has no item '{name.text}' here"
            yield name.problem(message, did_you_mean(name.text, used.item_ids))
    sets = {item.response_set or next(iter(used.response_sets), "") for item in used.items}
    if codebook["responses"].value is not None and len(sets) > 1:
        message = f"one set cannot replace the {len(sets)} that these items have: {', '.join(sorted(sets))}"
        yield codebook["responses"].problem(message, "adapt the instrument instead", key=True)
    for fact, doubt in instrument.open_facts.items():
        key = SETTLED_BY[fact]
        if codebook[key].value is None:
            message = f"'{instrument.id}' leaves {fact} open ({doubt}): your codebook has to state it"
            yield codebook.problem(message, f"add codebook: {{source: ..., {key}: ...}}", key=True)


def _of_already_reversed(scale: Node, used: Instrument) -> Iterator[Problem]:
    """Only reversed items can be reversed already."""
    stated = scale["codebook"]["reverse"]
    reverse = [item.id for item in used.items if item.reverse]
    if stated.value is not None:
        reverse = [str(name.text) for name in stated.words()]
    for name in scale["already_reversed"].words():
        if name.text not in used.item_ids:
            message = f"'{used.id}' has no item '{name.text}' here"
            yield name.problem(message, did_you_mean(name.text, used.item_ids))
        elif name.text not in reverse:
            there = f"; reversed are: {', '.join(reverse)}" if reverse else "; it has no reversed items"
            yield name.problem(f"'{name.text}' is not a reversed item of '{used.id}'{there}")


def _of_shared_columns(root: Node, instruments: Mapping[str, Instrument]) -> Iterator[Problem]:
    """No column holds items of two instruments."""
    owners: dict[tuple[str, str], Node] = {}
    for scale in root["scales"].members().values():
        instrument = instruments.get(scale["instrument"].text or "")
        export, columns = scale["export"].text, scale["columns"]
        if instrument is None or export is None:
            continue
        pattern = columns.text
        patterned = [column_of(pattern, item) for item in _items(scale, instrument)] if pattern else []
        mapped = [column.text for column in columns.members().values() if column.text is not None]
        for column in chain(patterned, mapped):
            owner = owners.setdefault((export, column), scale)
            if owner["instrument"].text != instrument.id:
                yield columns.problem(f"the column '{column}' also holds an item of '{owner.name}'")
                break


def _items(scale: Node, instrument: Instrument) -> tuple[Item, ...]:
    """The items that a scale uses."""
    facet = scale["facet"].text or ""
    return instrument.only(facet).items if facet in instrument.facets else instrument.items
