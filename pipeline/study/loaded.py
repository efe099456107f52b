"""A study as the stages see it: read, checked, with each scale's instrument as this study uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline import declaration
from pipeline.declaration import Document, Node, Problem, StudyError, did_you_mean
from pipeline.instrument import Instrument, check_instrument
from pipeline.study import rules
from pipeline.study.columns import columns_of
from pipeline.study.declared import Covariate, Scale, Study
from pipeline.study.path import edges_of


@dataclass(frozen=True)
class LoadedStudy:
    """A study with the instruments it names, read and found sound.

    `instruments` holds, by scale name, the instrument as this study uses it: the codebook applied, and
    only the facet's items where the scale names a facet. `edges` are the arrows of the path, in order of
    appearance. `document` is the file, for messages about it.
    """

    id: str
    declared: Study
    instruments: Mapping[str, Instrument]
    edges: tuple[tuple[str, str], ...]
    document: Document | None = field(default=None, repr=False, compare=False)

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the levels, lowest first."""
        return tuple(self.declared.levels)

    def above(self, level: str) -> tuple[str, ...]:
        """The levels above `level`, nearest first."""
        return self.levels[self.levels.index(level) + 1 :]

    def level_of(self, name: str) -> str:
        """The level at which a scale or a covariate is measured."""
        return self.declared.exports[self._measured(name).export].level

    def columns(self, scale: str) -> Mapping[str, str]:
        """Item id -> column of the export, in item order; empty for a scale that is a ready score."""
        pattern = self.declared.scales[scale].columns
        return columns_of(pattern, self.instruments[scale]) if pattern is not None else {}

    def turned(self, scale: str) -> tuple[str, ...]:
        """Items whose recorded codes run against the score, so that scoring turns them round.

        Not among them: items that the form prints the other way round, and those that the platform has
        turned already.
        """
        done = self.declared.scales[scale].already_reversed
        items = self.instruments[scale].items if scale in self.instruments else ()
        return tuple(
            item.id for item in items if item.reverse and not item.printed_reversed and item.id not in done
        )

    def title(self, name: str) -> str:
        """What people call a scale, a covariate or a level."""
        if name in self.declared.levels:
            return self.declared.levels[name].title or _spoken(name)
        given = self._measured(name).title
        if given is None and name in self.instruments:
            given = self.instruments[name].title
        return given or _spoken(name)

    def plural(self, level: str) -> str:
        """What people call the units of a level."""
        return self.declared.levels[level].plural or f"{self.title(level).lower()}s"

    def problem(self, path: tuple[str | int, ...], message: str, hint: str | None = None) -> Problem:
        """A problem that data show in a declaration, told at its place in study.yaml."""
        if self.document is None:
            return Problem(f"data/{self.id}/study.yaml", message, hint=hint)
        return self.document.problem(path, message, hint)

    def _measured(self, name: str) -> Scale | Covariate:
        if name in self.declared.scales:
            return self.declared.scales[name]
        return self.declared.covariates[name]


def load_study(root: Path, study_id: str) -> LoadedStudy:
    """Read `data/<study_id>/study.yaml` and the instruments it names; StudyError with every mistake."""
    known = studies(root)
    if study_id not in known:
        have = f"studies here: {', '.join(known)}" if known else "no folder in data/ has a study.yaml yet"
        raise StudyError.of("data", f"there is no study '{study_id}'; {have}", did_you_mean(study_id, known))
    folder = root / "data" / study_id
    document = declaration.read(folder / "study.yaml", f"data/{study_id}/study.yaml")
    named, faults = _named_instruments(root, document.root)
    available = tuple(sorted(file.stem for file in (root / "instruments").glob("*.yaml")))
    context = rules.Context(document.root, folder, available, named)
    study, problems = declaration.declared(document, Study, (lambda _: rules.problems(context),))
    if study is None or faults:
        raise StudyError(declaration.in_order([*problems, *faults]))
    used = {
        name: _as_used(named[scale.instrument], scale)
        for name, scale in study.scales.items()
        if scale.instrument is not None
    }
    return LoadedStudy(study_id, study, used, edges_of(study.path), document)


def studies(root: Path) -> tuple[str, ...]:
    """Names of the studies in data/, in alphabetical order."""
    return tuple(sorted(file.parent.name for file in (root / "data").glob("*/study.yaml")))


def schema_text() -> str:
    """The JSON Schema of a study, as committed in data/study.schema.json."""
    return declaration.schema_text(Study, "Study")


def _named_instruments(root: Path, study: Node) -> tuple[dict[str, Instrument], list[Problem]]:
    """The instruments that the scales name and that can be read, and the mistakes in the others."""
    found: dict[str, Instrument] = {}
    faults: list[Problem] = []
    names = [scale["instrument"].text or "" for scale in study["scales"].members().values()]
    for name in dict.fromkeys(names):
        file = root / "instruments" / f"{name}.yaml"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not file.is_file():
            continue
        instrument, problems = check_instrument(file, f"instruments/{name}.yaml")
        faults += problems
        if instrument is not None:
            found[name] = instrument
    return found, faults


def _as_used(instrument: Instrument, scale: Scale) -> Instrument:
    """The instrument with the scale's facet and codebook applied."""
    used = instrument if scale.facet is None else instrument.only(scale.facet)
    if scale.codebook is None:
        return used
    stated = scale.codebook
    return used.settled(stated.reverse, stated.minimum_answered, stated.responses)


def _spoken(name: str) -> str:
    """A name as a title."""
    return name.replace("_", " ").capitalize()
