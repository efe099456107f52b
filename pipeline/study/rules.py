"""Mistakes that lie between the parts of a study: what one part names and another does not hold.

`load_study` calls `problems` on the raw values, so that these rules speak even where a part is malformed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path, PurePosixPath, PureWindowsPath

from pipeline.declaration import Node, Problem, did_you_mean
from pipeline.instrument import Instrument
from pipeline.study import conditional, scales
from pipeline.study.path import ARROW, chains, circle, edges_of, malformed, routes


@dataclass(frozen=True)
class Context:
    """A study as written, and the instruments that could be read, by id."""

    root: Node
    folder: Path
    available: tuple[str, ...]
    instruments: Mapping[str, Instrument]

    @property
    def scales(self) -> list[str]:
        """Names of the scales."""
        return list(self.root["scales"].members())

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """The arrows of the path as written."""
        return edges_of(self.root["path"].text or "")

    @property
    def forgiven(self) -> list[str]:
        """Scales that may be missing from the path because a name on it is mistaken, which is told there."""
        named = [name for edge in self.edges for name in edge]
        return self.scales if any(name not in self.scales for name in named) or not named else []

    @property
    def levels(self) -> list[str]:
        """Names of the levels as declared, lowest first."""
        return list(self.root["levels"].members())

    def level_of(self, name: str) -> str | None:
        """The level of a scale or covariate, where its export and the level exist."""
        kind = "scales" if name in self.root["scales"] else "covariates"
        export = self.root[kind][name]["export"].text or ""
        level = self.root["exports"][export]["level"].text
        return level if level in self.levels else None


def problems(context: Context) -> Iterator[Problem]:
    """Every mistake between the parts of a study."""
    yield from _of_levels(context.root["levels"])
    yield from _of_lowest(context)
    for export in context.root["exports"].members().values():
        yield from _of_export(context, export)
    yield from scales.problems(context.root, context.available, context.instruments)
    yield from _of_names(context)
    yield from _of_covariates(context)
    yield from _of_invariance(context)
    yield from _of_path(context)
    yield from _of_hypotheses(context)
    yield from _of_rivals(context)
    yield from conditional.problems(context)
    yield from _of_options(context)
    yield from _of_sharing(context)


def named(name: str, known: Iterable[str], what: str) -> tuple[str, str | None]:
    """Message and hint for a name that nothing bears."""
    there = ", ".join(known)
    return f"there is no {what} '{name}'" + (f"; there are: {there}" if there else ""), did_you_mean(
        name, known
    )


def _of_levels(levels: Node) -> Iterator[Problem]:
    """The levels form one chain, lowest first."""
    names = list(levels.members())
    for name, above in zip_longest(names, names[1:]):
        within = levels[name]["within"]
        if within.value is None and above is not None:
            message = f"'{name}' lies in no level: levels are declared lowest first, each within the next"
            yield levels[name].problem(message, f"add within: {above}", key=True)
        elif within.text is not None and within.text not in names:
            yield within.problem(*named(within.text, names, "level"))
        elif within.text is not None and within.text != above:
            then = f"after '{name}' comes '{above}'" if above else f"'{name}' is the highest"
            yield within.problem(f"levels are declared lowest first, each within the next: {then}")


def _of_lowest(context: Context) -> Iterator[Problem]:
    """Somebody answered at the lowest level."""
    exports = context.root["exports"].members().values()
    levels, lowest = context.levels, next(iter(context.levels), None)
    surveyed = [export["level"].text for export in exports if export["kind"].text != "roster"]
    if lowest is not None and lowest not in surveyed and set(surveyed) <= set(levels):
        hint = f"leave this level out, or add an export with level: {lowest}"
        yield context.root["levels"][lowest].problem(f"no survey was answered per {lowest}", hint, key=True)


def _of_export(context: Context, export: Node) -> Iterator[Problem]:
    """An export lies in the study's folder and says where its rows belong."""
    levels, level = context.levels, export["level"].text
    yield from _of_files(context, export)
    if level is None:
        return
    if level not in levels:
        yield export["level"].problem(*named(level, levels, "level"))
        return
    above = levels[levels.index(level) + 1 :]
    for upper, link in export["links"].members().items():
        if upper not in levels:
            yield link.problem(*named(upper, levels, "level"), key=True)
        elif upper not in above:
            yield link.problem(f"a link leads upwards, and '{upper}' is not above '{level}'", key=True)
    for upper, corrections in export["correct"].members().items():
        if upper != level and upper not in export["links"]:
            yield corrections.problem(
                f"'{export.name}' holds no ids of a level '{upper}' to correct", key=True
            )
    yield from _of_ids(context, export, level)
    missing = _unreached(context, export, level)
    if missing is not None:
        message = f"no column says in which {missing} a {level} of '{export.name}' lies"
        hint = f"add links: {{{missing}: <column>}}"
        yield export["links"].problem(message, hint, key=True)


def _of_files(context: Context, export: Node) -> Iterator[Problem]:
    """What an export reads lies in the study's own folder."""
    versions = [version["file"] for version in export["versions"].entries()]
    for node in (export["file"], export["dictionary"], *versions):
        if node.text is not None and not _inside(context.folder, node.text):
            message = "the file must lie in the study's own folder: no '..', no absolute path"
            yield node.problem(message, "such as exports/staff.csv")


def _of_ids(context: Context, export: Node, level: str) -> Iterator[Problem]:
    """Rows that others refer to have an id."""
    if export["id"].value is not None:
        return
    others = context.root["exports"].members().values()
    below = context.levels[: context.levels.index(level)]
    linked = [other.name for other in others if level in other["links"] and other["level"].text in below]
    if linked:
        message = f"'{linked[0]}' links to the level {level}, but the rows of '{export.name}' have no id"
        yield export.problem(message, "add id: <column>", key=True)
    elif export["kind"].text == "roster":
        yield export.problem(
            f"the roster '{export.name}' lists units without an id", "add id: <column>", key=True
        )


def _unreached(context: Context, export: Node, level: str) -> str | None:
    """The first level above to which no links lead from an export that should hold them."""
    exports = context.root["exports"].members().values()
    used = [other["level"].text for other in exports]
    unknown = {*used, *export["links"].members()} - {*context.levels, None}
    reached, new = set[str](), set(export["links"].members())
    while new - reached:
        reached |= new
        there = [other for other in exports if other["level"].text in reached]
        new = {upper for other in there for upper in other["links"].members()}
    missing = [upper for upper in context.levels[context.levels.index(level) + 1 :] if upper not in reached]
    if not missing or unknown or export["kind"].text == "roster":
        return None
    below = context.levels[context.levels.index(missing[0]) - 1]
    return missing[0] if below == level or below not in used else None


def _inside(folder: Path, file: str) -> bool:
    """Whether a path leads to a place in the folder, links followed."""
    windows = PureWindowsPath(file)
    if not file or PurePosixPath(file).is_absolute() or windows.anchor or ".." in windows.parts:
        return False
    try:
        return (folder / file).resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # links that lead round in a ring
        return False


def _of_names(context: Context) -> Iterator[Problem]:
    """Scales, covariates and levels share one space of names: they become columns of one table."""
    taken = {"id": "the id of a row", **dict.fromkeys(context.levels, "a level")}
    for kind in ("scales", "covariates"):
        for name, node in context.root[kind].members().items():
            if name in taken:
                yield node.problem(f"the name '{name}' is taken: it is {taken[name]}", key=True)
        taken |= dict.fromkeys(context.root[kind].members(), "a scale")


def _of_covariates(context: Context) -> Iterator[Problem]:
    """A covariate predicts outcomes of the path, at its own level or below."""
    exports = context.root["exports"].members()
    outcomes = dict.fromkeys(target for _, target in context.edges)
    for name, covariate in context.root["covariates"].members().items():
        if covariate["export"].text not in (None, *exports):
            yield covariate["export"].problem(*named(str(covariate["export"].value), exports, "export"))
        for outcome in covariate["predicts"].words():
            if outcome.text not in {*outcomes, *context.forgiven}:
                yield outcome.problem(*named(str(outcome.text), outcomes, "outcome on the path"))
            elif _is_below(context, name, str(outcome.text)):
                message = f"'{name}' is measured below '{outcome.text}' and cannot predict it as it is"
                yield outcome.problem(message, "leave it out here")


def _of_invariance(context: Context) -> Iterator[Problem]:
    """Groups are told apart by a covariate, or they are the units of a level above the lowest."""
    known = [*context.root["covariates"].members(), *list(context.levels)[1:]]
    for name in context.root["invariance"].words():
        if name.text not in known:
            yield name.problem(*named(str(name.text), known, "covariate or level above the lowest"))


def _is_below(context: Context, name: str, other: str) -> bool:
    """Whether one variable is measured at a lower level than another."""
    low, high = context.level_of(name), context.level_of(other)
    levels = context.levels
    return low is not None and high is not None and levels.index(low) < levels.index(high)


def _of_path(context: Context) -> Iterator[Problem]:
    """The path joins scales and runs in one direction."""
    path, names = context.root["path"], context.scales
    yield from malformed(path)
    told: set[str] = set()
    for step in (step for chain in chains(path) for step in chain):
        if step.name in names or step.name in told or not step.name.isidentifier():
            continue
        told.add(step.name)
        if step.name in context.root["covariates"]:
            message = f"'{step.name}' is a covariate: the path joins scales; use `predicts` for covariates"
            yield path.document.at(step.place, message)
        else:
            message = f"nothing measures '{step.name}'; the scales are: {', '.join(names)}"
            yield path.document.at(step.place, message, did_you_mean(step.name, names))
    around = circle(context.edges)
    if around:
        message = f"the path runs in a circle: {f' {ARROW} '.join(around)}"
        yield path.problem(message, "a mediation model needs one direction: leave out an arrow")


def _of_hypotheses(context: Context) -> Iterator[Problem]:
    """A hypothesis is about a route of the path, at a level at which it can be seen."""
    first: dict[str, Node] = {}
    for hypothesis in context.root["hypotheses"].entries():
        name = hypothesis["id"]
        if name.text is not None and first.setdefault(name.text, hypothesis) is not hypothesis:
            yield name.problem(f"two hypotheses have the id '{name.text}'")
        if hypothesis["effect"].text is not None:
            found = list(_of_effect(context, hypothesis["effect"]))
            yield from found or _of_effect_level(context, hypothesis)
    for published in context.root["published"].entries():
        if published["effect"].text is not None:
            found = list(_of_effect(context, published["effect"]))
            yield from found or _of_effect_level(context, published)
        if published["standardized"].value == 0:
            yield published["standardized"].problem("an effect of zero cannot be found by any design")


def _of_rivals(context: Context) -> Iterator[Problem]:
    """A rival is a path of its own, over the same scales as the path of the study."""
    on_path = dict.fromkeys(name for edge in context.edges for name in edge)
    first: dict[str, Node] = {}
    for rival in context.root["rivals"].entries():
        name, path = rival["id"], rival["path"]
        if name.text is not None and first.setdefault(name.text, rival) is not rival:
            yield name.problem(f"two rivals have the id '{name.text}'")
        if path.text is None:
            continue
        faults = list(malformed(path))
        yield from faults
        edges = edges_of(path.text)
        others = dict.fromkeys(name for edge in edges for name in edge)
        apart = [name for name in {**on_path, **others} if (name in on_path) != (name in others)]
        around = circle(edges)
        if around:
            yield path.problem(f"the rival runs in a circle: {f' {ARROW} '.join(around)}")
        elif not faults and apart and not context.forgiven:
            message = f"a rival orders the same scales as the path; this one differs in: {', '.join(apart)}"
            yield path.problem(message, "fit another study where the scales differ")


def _of_effect(context: Context, effect: Node) -> Iterator[Problem]:
    """An effect is written as a route of the path."""
    names, edges = _route(effect), context.edges
    on_path = [*dict.fromkeys(name for edge in edges for name in edge), *context.forgiven]
    unknown = [name for name in names if name not in on_path]
    absent = [edge for edge in pairwise(names) if edge not in edges]
    if len(names) < 2:
        yield effect.problem("an effect is a route of the path", "such as: leader_support -> alliance")
    elif unknown:
        yield effect.problem(f"'{unknown[0]}' is not on the path", did_you_mean(unknown[0], on_path))
    elif absent and not context.forgiven:
        there = [] if circle(edges) else list(routes(edges, names[0], names[-1]))
        hint = f"there is: {f' {ARROW} '.join(there[0])}" if there else None
        yield effect.problem(f"the path has no arrow {f' {ARROW} '.join(absent[0])}", hint)


def _of_effect_level(context: Context, hypothesis: Node) -> Iterator[Problem]:
    """Within needs everything at the lowest level of the path; between needs a level above it."""
    level, levels = hypothesis["level"], context.levels
    on_path = dict.fromkeys(name for edge in context.edges for name in edge)
    measured = {name: context.level_of(name) for name in on_path}
    known = [found for found in measured.values() if found is not None]
    lowest = min(known, key=levels.index, default=None)
    higher = [name for name in _route(hypothesis["effect"]) if measured.get(name) not in (None, lowest)]
    if level.text == "within" and higher:
        message = f"'{higher[0]}' is measured per {measured[higher[0]]}, so it has no effect within one"
        yield level.problem(message, "level: between")
    if level.text == "between" and lowest is not None and lowest == levels[-1]:
        yield level.problem("no level lies above: there is no between", "level: within")


def _route(effect: Node) -> list[str]:
    """The names along an effect."""
    return [name.strip() for name in (effect.text or "").split(ARROW)]


def _of_options(context: Context) -> Iterator[Problem]:
    """Options that need a column."""
    root = context.root
    exports = root["exports"].members().values()
    timed = any("seconds" in export or export["platform"].text == "qualtrics" for export in exports)
    if root["screening"]["seconds_per_item"].value is not None and not timed:
        message = "no export says how long an answer took"
        yield root["screening"]["seconds_per_item"].problem(message, "name the column under `seconds`")


def _of_sharing(context: Context) -> Iterator[Problem]:
    """Quasi-identifiers are covariates or scores."""
    known = [*context.root["covariates"].members(), *context.scales]
    for name in context.root["share"]["quasi_identifiers"].words():
        if name.text not in known:
            yield name.problem(*named(str(name.text), known, "covariate or scale"))
