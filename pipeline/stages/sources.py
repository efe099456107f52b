"""The exports of a study as declared and as read, with what is wrong with either.

`ingest` works through the sources that `read_sources` makes: one an export, each with the columns that
the study names in it. A missing file, a file of another platform and columns that are not there are
told together, each at its place in study.yaml and with what comes nearest.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.declaration import Problem, StudyError
from pipeline.exports import (
    Export,
    ExportError,
    Part,
    Version,
    joined,
    read_export,
    sweep,
    told_versions,
)
from pipeline.stages.answers import Responses
from pipeline.stages.artefacts import Workspace
from pipeline.stages.identity import Ids
from pipeline.stages.small_cells import safety_item
from pipeline.study import ExportFile, LoadedStudy

Where = tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """A column that the study names for its answers, and the variable that it becomes.

    `where` is the place in study.yaml; `turned` says that the platform has reversed the codes.
    """

    variable: str
    column: str
    where: Where
    responses: Responses | None = None
    turned: bool = False


@dataclass(frozen=True)
class Source:
    """One export as declared and as read; problems and warnings gather as it is worked through."""

    study: LoadedStudy
    name: str
    export: Export
    ids: dict[str, Ids] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def declared(self) -> ExportFile:
        """The export as study.yaml declares it."""
        return self.study.declared.exports[self.name]

    @property
    def public(self) -> bool:
        """Whether ids may be shown."""
        return self.study.declared.ids == "public"

    @property
    def unit(self) -> Ids | None:
        """The ids of the export's own units."""
        return self.ids.get("_id")

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """The columns of answers that the study takes from this export."""
        return wanted_columns(self.study, self.name)

    def is_safety_item(self, variable: str) -> bool:
        """Whether a variable is an item whose answers are never shown for one person or a few."""
        return safety_item(self.study, variable)

    def in_data(self, message: str, hint: str | None = None) -> None:
        """Note a problem with the file's contents."""
        self.problems.append(Problem(f"data/{self.study.id}/{self.declared.file}", message, hint=hint))

    def in_study(self, where: Where, message: str, hint: str | None = None) -> None:
        """Note a problem with what study.yaml says of the file, at its place there."""
        self.problems.append(self.study.problem(where, f"{self.declared.file}: {message}", hint))

    def row(self, position: int) -> str:
        """How people find a row: counted from 1, and as a spreadsheet counts it."""
        number = int(self.export.frame.index[position])
        origin = self.export.provenance
        header, before, file = origin.header_rows, 0, ""
        for (name, start), version in zip(self.export.starts, origin.versions, strict=True):
            if number > start:
                header, before, file = version.header_rows, start, f" of {name}"
        own = number - before
        return f"row {own}{file}" + (f" (row {own + header} of the sheet)" if header else "")


def read_sources(study: LoadedStudy, workspace: Workspace) -> list[Source]:
    """Read every export; StudyError with every file that cannot be read and every column not there."""
    sweep(workspace.build)
    problems: list[Problem] = []
    sources: list[Source] = []
    for name, told in study.declared.exports.items():
        absent = [path for path in export_paths(workspace, told) if not path.is_file()]
        problems += [_no_such_file(study, name, path, workspace) for path in absent]
        if absent:
            continue
        try:
            sources.append(Source(study, name, _read(study, name, workspace)))
        except ExportError as error:
            file = told.file if Path(told.file).name == error.file else error.file
            place = ("exports", name, _blamed(error))
            problems.append(study.problem(place, f"{file}: {error.message}", error.hint))
    for source in sources:
        _check_columns(source)
        if not len(source.export.frame):
            source.in_data("the file holds column names but no answers", "export it again")
    problems += [problem for source in sources for problem in source.problems]
    if problems:
        raise StudyError(problems)
    return sources


def _read(study: LoadedStudy, name: str, workspace: Workspace) -> Export:
    """One export: its file, followed by those of other versions of the form."""
    told, part = study.declared.exports[name], _part(study.declared.exports[name], workspace)
    paths = export_paths(workspace, told)
    files = [read_export(path, told.platform, part=part, scratch=workspace.build) for path in paths]
    export, ids = files[0], [told.id or "", *told.links.values()]
    if told.versions:
        wanted = dict.fromkeys(column for _, column in named_columns(Source(study, name, export)))
        others = [Version(one.renamed, one.recoded, one.without) for one in told.versions]
        export = joined(files, [Version(without=told.without), *others], list(wanted), ids)
    if told.version is not None and told.version in export.columns:
        export = told_versions(export, told.version, ids)
    return export


def wanted_columns(study: LoadedStudy, export: str) -> tuple[Wanted, ...]:
    """The columns of answers that the study takes from an export, in the order it declares them."""
    scales = [name for name, scale in study.declared.scales.items() if scale.export == export]
    found = [wanted for name in scales for wanted in _of_scale(study, name)]
    for name, covariate in study.declared.covariates.items():
        if covariate.export == export:
            found.append(Wanted(name, covariate.column, ("covariates", name, "column")))
    return tuple(found)


def named_columns(source: Source) -> list[tuple[Where, str]]:
    """Place in study.yaml and column, for every column that the study names in an export."""
    export, place = source.declared, ("exports", source.name)
    named: list[tuple[Where, str]] = [
        ((*place, "links", level), column) for level, column in export.links.items()
    ]
    named += [((*place, "id"), export.id)] if export.id else []
    named += [((*place, "consent", "column"), export.consent.column)] if export.consent else []
    named += [((*place, "seconds"), export.seconds)] if export.seconds else []
    named += [((*place, "version"), export.version)] if export.version else []
    named += [((*place, "attention", column), column) for column in export.attention]
    return [*named, *((wanted.where, wanted.column) for wanted in source.wanted)]


def export_paths(workspace: Workspace, export: ExportFile) -> tuple[Path, ...]:
    """Where an export lies, and the other versions of its form: files are named from the study's folder."""
    return tuple(workspace.declared / file for file in (export.file, *(one.file for one in export.versions)))


def _part(told: ExportFile, workspace: Workspace) -> Part:
    dictionary = workspace.declared / told.dictionary if told.dictionary is not None else None
    return Part(told.sheet, told.rows, dictionary)


def _blamed(error: ExportError) -> str:
    """The entry of an export in study.yaml that an error is about."""
    if "`rows`" in error.message:
        return "rows"
    return "platform" if "platform" in (error.hint or "") else "file"


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names in a row; the first ones and how many more, where there are many."""
    every = [str(name) for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def _of_scale(study: LoadedStudy, name: str) -> Iterable[Wanted]:
    scale = study.declared.scales[name]
    if scale.score is not None:
        return [Wanted(name, scale.score, ("scales", name, "score"))]
    return [
        Wanted(
            f"{name}.{item}",
            column,
            ("scales", name, "columns"),
            study.instruments[name].responses(item),
            item in scale.already_reversed,
        )
        for item, column in study.columns(name).items()
    ]


def _no_such_file(study: LoadedStudy, name: str, path: Path, workspace: Workspace) -> Problem:
    folder = workspace.declared
    file = path.relative_to(folder).as_posix()
    places = dict.fromkeys((folder, (folder / file).parent, folder / "exports"))
    there = [
        other.relative_to(folder).as_posix()
        for place in places
        for other in sorted(place.glob("*"))
        if other.is_file() and not other.name.startswith(".") and other.name != "study.yaml"
    ]
    near = _nearest(Path(file).name, {Path(other).name: other for other in there}, 1)
    exports = [other for other in there if other.startswith("exports/")]
    hint = f"there is {listed(exports)}" if exports else f"put it into data/{study.id}/exports"
    message = f"there is no file {file} in data/{study.id}"
    return study.problem(("exports", name, "file"), message, f"did you mean '{near[0]}'?" if near else hint)


def _check_columns(source: Source) -> None:
    """Note one problem for each place in study.yaml that names columns which the file does not have."""
    there = [str(name) for name in source.export.frame.columns]
    spelled = {_spelled(name): name for name in there}
    lacking: dict[Where, list[str]] = {}
    helped: set[Where] = set()
    for where, column in named_columns(source):
        if column in there:
            continue
        near = _nearest(column, spelled, 2)
        helped |= {where} if near else set()
        nearest = f" (nearest: {', '.join(near)})" if near else ""
        lacking.setdefault(where, []).append(f"'{column}'{nearest}")
    for where, columns in lacking.items():
        what = "there is no column" if len(columns) == 1 else "there are no columns"
        hint = None if where in helped else f"the file has {listed(there)}"
        source.in_study(where, f"{what} {'; '.join(columns)}", hint)


def _nearest(name: str, candidates: dict[str, str], most: int) -> Sequence[str]:
    return [candidates[near] for near in difflib.get_close_matches(_spelled(name), candidates, most, 0.5)]


def _spelled(name: str) -> str:
    return " ".join(name.casefold().split())
