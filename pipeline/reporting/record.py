"""results.json as the report reads it: names in words, stages, and what is not there.

Everything that is printed comes through here. `label` gives words ready for marked-up text (whatever a user
typed comes out as typed); `title` gives them plain, for drawings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.reporting import markup, numbers

Entries = Sequence[Mapping[str, Any]]
ARROW = " -> "
_INTERVALS = ("ci_lower", "ci_upper", "pvalue", "boot_se", "boot_lower", "boot_upper", "bc_lower", "bc_upper")
BLANK = dict.fromkeys(("est", "se", "z", "beta", "joint_pvalue", *_INTERVALS))
NO_VERDICT = {"verdict": None, "reason": "an equation that it rests on did not converge"}


@dataclass(frozen=True)
class Record:
    """One study's results."""

    results: Mapping[str, Any]

    @property
    def declared(self) -> Mapping[str, Any]:
        """What the researcher declared, as far as the report tells it."""
        found: Mapping[str, Any] = self.results.get("declared", {})
        return found

    @property
    def synthetic(self) -> bool:
        """Whether the data are made up."""
        return bool(self.results.get("synthetic"))

    def stage(self, name: str) -> Mapping[str, Any]:
        """Results of a stage; empty where it has none."""
        found: Mapping[str, Any] = self.results.get("stages", {}).get(name, {}).get("results") or {}
        return found

    def part(self, stage: str, name: str) -> Any:
        """One part of a stage's results; an empty mapping where it is absent or null."""
        return self.stage(stage).get(name) or {}

    def title(self, name: str) -> str:
        """What people call a variable or a level, plain."""
        found = self.declared.get("variables", {}).get(name) or self._level(name)
        return str(found.get("title") or name.replace("_", " ").capitalize())

    def label(self, name: str) -> str:
        """What people call a variable or a level, for marked-up text."""
        return markup.literal(self.title(name))

    def phrase(self, name: str) -> str:
        """What people call a variable, within a sentence: `leader support`."""
        return markup.literal(uncapitalised(self.title(name)))

    def route(self, route: str, *, plain: bool = False) -> str:
        """A route `a -> b` in words."""
        names = [self.title(name) if plain else self.label(name) for name in route.split(ARROW)]
        return " → ".join(names)

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels of the study, lowest first."""
        return tuple(str(level["name"]) for level in self.declared.get("levels", ()))

    def one(self, level: str) -> str:
        """One unit of a level within a sentence: `client`."""
        return markup.literal(uncapitalised(str(self._level(level).get("title") or level.replace("_", " "))))

    def many(self, level: str) -> str:
        """Units of a level within a sentence: `clients`."""
        found = self._level(level)
        plural = found.get("plural") or f"{found.get('title') or level.replace('_', ' ')}s"
        return markup.literal(uncapitalised(str(plural)))

    def level_of(self, variable: str) -> str:
        """The level at which a variable is measured."""
        found = self.declared.get("variables", {}).get(variable, {}).get("level")
        return str(found or (self.levels[0] if self.levels else ""))

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Arrows of the hypothesised path."""
        return tuple((str(source), str(target)) for source, target in self.declared.get("edges", ()))

    @property
    def path_variables(self) -> tuple[str, ...]:
        """Variables of the path, predictors before outcomes as declared."""
        return tuple(dict.fromkeys(name for edge in self.edges for name in edge))

    @property
    def lowest(self) -> str:
        """The lowest level with a variable of the path: the rows of the model."""
        used = {self.level_of(name) for name in self.path_variables}
        return next((level for level in self.levels if level in used), "")

    @property
    def cluster(self) -> str | None:
        """The level within and between whose units the model tells slopes apart; None without clusters."""
        if not self.is_clustered:
            return None
        return self.levels[self.levels.index(self.lowest) + 1]

    @property
    def is_clustered(self) -> bool:
        """Whether the model has slopes within and between."""
        kinds = {row["level"] for row in self.slopes}
        return bool(kinds & {"within", "between"}) and self.lowest != self.levels[-1:][0]

    def cluster_size(self, sizes: Mapping[str, Any], name: str, decimals: int | None = None) -> str:
        """The least, middle or greatest size of clusters, as printed; `under 5` where it is withheld."""
        size = sizes.get(name)
        if size is None and sizes.get("clusters"):
            return f"under {numbers.count(self.declared.get('small_cell'))}"
        whole = size is None or float(size).is_integer()
        return numbers.number(size, (0 if whole else 1) if decimals is None else decimals)

    def level_words(self, level: str) -> str:
        """A level of the model in words: `Within staff`, `Between companies`, `Single-level`."""
        if level not in {"within", "between"} or self.cluster is None:
            return "Single-level"
        return f"{level.capitalize()} {self.many(self.cluster)}"

    @property
    def withheld(self) -> frozenset[str]:
        """Outcomes whose equation did not converge: no number that rests on it is shown."""
        equations: Mapping[str, Any] = self.part("model", "equations")
        return frozenset(name for name, told in equations.items() if told.get("converged") is False)

    @property
    def improper(self) -> frozenset[tuple[str, str]]:
        """Outcome and level of each residual variance of the path model that is estimated below zero."""
        equations: Mapping[str, Any] = self.part("model", "equations")
        return frozenset(
            (name, level)
            for name, told in equations.items()
            for level, variance in (told.get("variances") or {}).items()
            if name not in self.withheld and variance is not None and variance < 0
        )

    def rests_on_improper(self, effect: Mapping[str, Any]) -> bool:
        """Whether an effect or hypothesis runs through an outcome of `improper` at its level."""
        passed = set(str(effect.get("effect") or effect.get("route")).split(ARROW)[1:])
        level = str(effect.get("level"))
        return any(name in passed and where in {level, "residual"} for name, where in self.improper)

    @property
    def slopes(self) -> Entries:
        """Paths of the model by level."""
        rows: Entries = self.part("model", "paths") or ()
        return [r | BLANK if r["outcome"] in self.withheld else r for r in map(dict, rows)]

    @property
    def effects(self) -> Entries:
        """Indirect, direct and total effects by level."""
        rows: Entries = self.part("model", "indirect") or ()
        return [r | BLANK if self._rests_on_withheld(r) else r for r in map(dict, rows)]

    @property
    def differences(self) -> Entries:
        """Slopes between minus slopes within."""
        rows: Entries = self.part("model", "contextual") or ()
        return [r | BLANK if r["outcome"] in self.withheld else r for r in map(dict, rows)]

    @property
    def contrasts(self) -> Entries:
        """Differences between indirect effects of one level; none where an equation is withheld."""
        return self._compared("contrasts")

    @property
    def contextual_indirect(self) -> Entries:
        """Indirect effects between minus those within; none where an equation is withheld."""
        return self._compared("contextual_indirect")

    @property
    def proportions(self) -> Entries:
        """Shares of total effects that are indirect; none where an equation is withheld."""
        return self._compared("proportions")

    @property
    def is_bootstrapped(self) -> bool:
        """Whether effects have bootstrap intervals."""
        return any(r.get("boot_lower") is not None for r in self.effects)

    @property
    def hypotheses(self) -> Entries:
        """Hypotheses with estimate and verdict; no verdict on what is withheld."""
        rows: Entries = self.part("model", "hypotheses") or ()
        return [
            r | BLANK | NO_VERDICT if self.withheld & set(str(r["effect"]).split(ARROW)[1:]) else r
            for r in map(dict, rows)
        ]

    @property
    def latent(self) -> frozenset[str]:
        """Variables of the path that the main model has as latent variables behind their items."""
        if self.part("model", "options").get("measurement") != "latent":
            return frozenset()
        instruments: Mapping[str, Any] = self.declared.get("instruments", {})
        behind = {name for name, told in instruments.items() if len(told.get("items") or ()) > 1}
        variables: Mapping[str, Any] = self.declared.get("variables", {})
        return frozenset(name for name in behind if variables.get(name, {}).get("kind") == "items")

    @property
    def confidence(self) -> float:
        """Level of the intervals."""
        return float(self.part("model", "options").get("confidence") or 0.95)

    @property
    def effect_decimals(self) -> int:
        """Decimals of indirect effects: products are small, and their intervals narrow."""
        rows = self.effects
        ends = [(row.get("ci_lower"), row.get("ci_upper")) for row in rows]
        widths = [upper - lower for lower, upper in ends if lower is not None and upper is not None]
        return numbers.decimals_for(widths, least=3)

    def decimals_of(self, effect: str) -> int:
        """Decimals of an effect: those of slopes for a single arrow, more for products."""
        return self.effect_decimals if effect.count(ARROW) > 1 else 2

    def _compared(self, name: str) -> Entries:
        rows: Entries = self.part("model", name) or ()
        return [] if self.withheld else [dict(r) for r in rows]

    def _rests_on_withheld(self, effect: Mapping[str, Any]) -> bool:
        if effect.get("kind") in {"total", "total_indirect"}:
            return bool(self.withheld)
        return bool(self.withheld & set(str(effect["route"]).split(ARROW)[1:]))

    def _level(self, name: str) -> Mapping[str, Any]:
        return next((level for level in self.declared.get("levels", ()) if level["name"] == name), {})


def uncapitalised(words: str) -> str:
    """A title as it stands within a sentence; acronyms keep their capitals.

    Where every long word begins with a capital (a title in title case), all words are lowered.
    """
    first, *rest = words.split(" ")
    later = [word for word in rest if len(word) > 3]
    is_title_case = bool(later) and all(word[:1].isupper() for word in later)
    return " ".join([_lowered(first), *(_lowered(word) if is_title_case else word for word in rest)])


def _lowered(word: str) -> str:
    """A word in small letters, part by part; what holds more than one capital stays."""
    parts = word.split("-")
    return "-".join(part if sum(letter.isupper() for letter in part) > 1 else part.lower() for part in parts)
