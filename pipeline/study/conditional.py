"""Mistakes in moderators and congruence: absent arrows, levels and scales that do not go together.

`rules` calls `problems`; the model stage takes `score_range` for the midpoint of a response scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.declaration import Node, Problem, did_you_mean
from pipeline.instrument import Instrument
from pipeline.study.path import ARROW, circle, routes

if TYPE_CHECKING:
    from pipeline.study.rules import Context


def problems(context: Context) -> Iterator[Problem]:
    """Every mistake in `moderators` and `congruence`."""
    seen: dict[tuple[str, str], Node] = {}
    values: dict[str, tuple[object, object]] = {}
    for entry in context.root["moderators"].entries():
        yield from _of_moderator(context, entry)
        yield from _of_values(entry)
        name, arrow = entry["moderator"].text, entry["of"].text
        if name is None or arrow is None:
            continue
        if seen.setdefault((name, ARROW.join(_arrow(arrow))), entry) is not entry:
            yield entry["of"].problem(f"'{name}' is declared twice as moderator of this arrow")
        own = (entry["values"].value or [-1, 0, 1], entry["unit"].value or "sd")
        if values.setdefault(name, own) != own:
            message = f"'{name}' has other values above: effects along a route are told at one set of them"
            yield entry["moderator"].problem(message, "write the same `values` and `unit`")
    for entry in context.root["congruence"].entries():
        yield from _of_congruence(context, entry)


def score_range(instrument: Instrument) -> tuple[float, float] | None:
    """The lowest and the highest score that the answers can give; None where they are not stated."""
    if not instrument.response_sets:
        return None
    answers = [instrument.responses(item) for item in instrument.item_ids]
    ends = [sum(end(codes) for codes in answers) / len(answers) for end in (min, max)]
    rule = instrument.scoring
    if rule.rule == "sum":
        ends = [end * len(answers) for end in ends]
    elif rule.rule == "scaled":
        ends = sorted(end * rule.factor + rule.offset for end in ends)
    return ends[0], ends[1]


def _of_moderator(context: Context, entry: Node) -> Iterator[Problem]:
    """The moderator is measured, and the arrow is one of the path."""
    name, of = entry["moderator"], entry["of"]
    known = _measured(context)
    if name.text is not None and name.text not in known:
        yield name.problem(f"nothing measures '{name.text}'", did_you_mean(name.text, known))
        return
    if of.text is None or name.text is None:
        return
    ends = _arrow(of.text)
    if len(ends) != 2:
        yield of.problem("a moderator changes one arrow of the path", "such as: alliance -> outcome")
    elif ends not in context.edges:
        if context.forgiven:
            return
        there = [f" {ARROW} ".join(edge) for edge in context.edges]
        message = f"the path has no arrow {f' {ARROW} '.join(ends)}; it has: {', '.join(there)}"
        yield of.problem(message, did_you_mean(of.text, there))
    elif name.text in ends:
        yield name.problem(f"'{name.text}' is an end of this arrow and cannot moderate it")
    elif not circle(context.edges) and any(routes(context.edges, ends[1], name.text)):
        message = f"'{name.text}' follows from '{ends[1]}' on the path and cannot moderate what leads to it"
        yield name.problem(message)
    else:
        yield from _of_levels(context, entry, ends)


def _of_levels(context: Context, entry: Node, ends: tuple[str, ...]) -> Iterator[Problem]:
    """Within needs both ends at the lowest level; between needs predictor and moderator above it."""
    name, levels = str(entry["moderator"].text), context.levels
    measured = {each: context.level_of(each) for each in (*ends, name)}
    path = {context.level_of(each) for edge in context.edges for each in edge}
    if None in {*measured.values(), *path}:
        return
    lowest = min((str(level) for level in path), key=levels.index)
    stated = entry["level"].text
    level = stated or default_level(ends, {each: str(at) for each, at in measured.items()}, lowest)
    place = entry["level"] if stated else entry["of"]
    if levels.index(str(measured[name])) < levels.index(str(measured[ends[1]])):
        message = f"'{name}' is measured below '{ends[1]}' and cannot moderate what leads to it"
        yield entry["moderator"].problem(message)
    elif level == "between" and lowest == levels[-1]:
        yield place.problem("no level lies above: there is no between", "level: within")
    elif level == "within" and {measured[end] for end in ends} != {lowest}:
        higher = next(end for end in ends if measured[end] != lowest)
        message = f"'{higher}' is measured per {measured[higher]}, so this arrow has no slope within one"
        yield place.problem(message, "level: between")
    elif level == "between" and lowest in {measured[ends[0]], measured[name]}:
        low = next(each for each in (ends[0], name) if measured[each] == lowest)
        message = (
            f"'{low}' is measured per {lowest}: a product between would be made of means, which hold error"
        )
        yield place.problem(message, "moderate the slope within, or take a moderator of a higher level")


def default_level(ends: tuple[str, ...], measured: dict[str, str], lowest: str) -> str:
    """The level at which an arrow is moderated where none is declared."""
    return "within" if {measured[end] for end in ends} == {lowest} else "between"


def _of_values(entry: Node) -> Iterator[Problem]:
    """Percentiles lie between 0 and 100; values differ."""
    given = [-1, 0, 1] if entry["values"].value is None else entry["values"].value
    values = [x for x in given if isinstance(x, (int, float))] if isinstance(given, list) else []
    if len(set(values)) < len(values):
        yield entry["values"].problem("a value stands here twice")
    if entry["unit"].text == "percentile" and any(not 0 < x < 100 for x in values):
        yield entry["values"].problem("percentiles lie between 0 and 100", "such as: [16, 50, 84]", key=True)


def _of_congruence(context: Context, entry: Node) -> Iterator[Problem]:
    """Two variables of one level and one response scale, and an outcome there."""
    known, names = _measured(context), [entry["outcome"], *entry["of"].words()]
    for name in names:
        if name.text is not None and name.text not in known:
            yield name.problem(f"nothing measures '{name.text}'", did_you_mean(name.text, known))
    texts = [name.text for name in names]
    if len(texts) != 3 or any(text not in known for text in texts):
        return
    if len(set(texts)) < 3:
        yield entry["of"].problem("the outcome and the two that are compared must be three variables")
        return
    levels = {str(text): context.level_of(str(text)) for text in texts}
    if None not in levels.values() and len(set(levels.values())) > 1:
        told = ", ".join(f"{name} per {level}" for name, level in levels.items())
        yield entry["of"].problem(f"congruence needs all three at one level: {told}")
        return
    yield from _of_scales(context, entry)


def _of_scales(context: Context, entry: Node) -> Iterator[Problem]:
    """Both have the same range of scores, known from their instruments or given a midpoint."""
    ends = {str(word.text): _range(context, str(word.text)) for word in entry["of"].words()}
    midpoint = entry["midpoint"]
    (first, one), (second, other) = ends.items()
    unknown = [name for name, end in ends.items() if end is None]
    if one and other and one != other:
        message = (
            f"'{first}' runs from {one[0]:g} to {one[1]:g} and '{second}' from {other[0]:g} to {other[1]:g}: "
            f"whether they agree cannot be asked of scores on different scales"
        )
        yield entry["of"].problem(message)
    elif unknown and midpoint.value is None:
        message = f"'{unknown[0]}' has no response scale here, so its midpoint is not known"
        yield entry["of"].problem(message, "add midpoint: <the middle of the scale that both share>")
    elif not unknown and midpoint.value is not None:
        message = "the midpoint follows from the response scale of the instruments"
        yield midpoint.problem(message, "leave it out", key=True)


def _range(context: Context, name: str) -> tuple[float, float] | None:
    scale = context.root["scales"][name]
    instrument = context.instruments.get(scale["instrument"].text or "")
    if instrument is None or scale["score"].value is not None:
        return None
    facet = scale["facet"].text or ""
    used = instrument.only(facet) if facet in instrument.facets else instrument
    codes = scale["codebook"]["responses"].members()
    if codes and all(code.lstrip("-").isdigit() for code in codes):
        used = used.settled(None, None, {int(code): "" for code in codes})
    return score_range(used)


def _measured(context: Context) -> list[str]:
    return [*context.scales, *context.root["covariates"].members()]


def _arrow(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(ARROW))
