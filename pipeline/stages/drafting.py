"""A first study.yaml for files that nobody has declared yet: written to run, and to be corrected.

The commands `inspect` and `new` call this. What could not be told from the files stands in comments; what
was guessed says so. An existing file is never overwritten.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.declaration import StudyError
from pipeline.exports import ExportError
from pipeline.exports.inspection import Inspection, inspect_export
from pipeline.instrument import Instrument
from pipeline.stages.artefacts import Workspace, refusals_told, write_whole
from pipeline.stages.blocks import Match, blocks_of, known_instruments, matches

_GROUPS = re.compile(
    r"(^|[^a-z])(team|group|staff|worker|therapist|counsel+or|site|unit|clinic|school|class|company|ward|grp"
    r"|data_access_group|department|manager|supervisor)([^a-z]|$)"
)
_OWN = re.compile(r"(^|[^a-z])(id|code|key|participant|person|client|record|respondent|_uuid)([^a-z]|$)")
NEARLY = 0.9
_CONSENT = re.compile(r"consent|agree to (take part|participate)|einwillig|consentement", re.IGNORECASE)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Drafted:
    """A file with the columns that look like its own id and like the id of a group."""

    name: str
    inspection: Inspection
    own: str | None
    group: str | None
    matched: tuple[Match, ...]
    ready: tuple[str, ...]


def new_study(study: str, files: Sequence[Path], root: Path) -> tuple[Path, ...]:
    """Make `data/<study>` with copies of the files and a draft; StudyError where something is there."""
    if not _NAME.fullmatch(study):
        hint = "small letters, digits and -, beginning with a letter"
        raise StudyError.of("data", f"{study[:40]!r} cannot be the name of a study", hint)
    workspace = Workspace(root, study)
    target = workspace.declared / "study.yaml"
    there = [path for path in (target, *_copies(workspace, files)) if path.exists()]
    if there:
        shown = there[0].relative_to(root).as_posix()
        raise StudyError.of(shown, "it is there already, and nothing is overwritten", "choose another name")
    if len({path.name for path in files}) < len(files):
        raise StudyError.of("data", "two of the files have the same name", "rename one of them")
    text = draft([inspected(path, root) for path in files], root / "instruments", study)
    for path, copy in zip(files, _copies(workspace, files), strict=True):
        write_whole(copy, partial(shutil.copyfile, path))
    _write_new(target, text)
    return (target, *_copies(workspace, files))


def inspected(path: Path, root: Path) -> Inspection:
    """What a file holds; what is wrong with it as a StudyError. Archives are unpacked in `build`."""
    try:
        return inspect_export(path, scratch=root / "build")
    except ExportError as error:
        raise StudyError.of(error.file, error.message, error.hint) from error


def draft(inspections: Sequence[Inspection], instruments: Path, study: str = "my-study") -> str:
    """The text of a study.yaml that runs for these files, as far as they allow."""
    known = known_instruments(instruments)
    names = _export_names(inspections)
    files = [_drafted(name, one, known) for name, one in zip(names, inspections, strict=True)]
    main = max(files, key=lambda file: (len(file.matched), len(file.ready)))
    levels = {"person": None} if main.group is None else {"person": "group", "group": None}
    scales = _scales(main)
    path = " -> ".join(scales)
    lines = [
        "# yaml-language-server: $schema=../study.schema.json",
        "# A draft, made from the files alone. Read every line before you believe a result.",
        f"title: {_quoted(study.replace('-', ' ').title())}",
        "ids: private              # ids become keyed hashes; the key stays outside this folder",
        "levels:                   # lowest first",
        *(f"  {name}: {{{f'within: {above}' if above else ''}}}" for name, above in levels.items()),
        "exports:",
        *_export_lines(main),
        *(line for file in files if file is not main for line in _left_out(file)),
        "scales:",
        *(line for name, told in scales.items() for line in _scale_lines(name, main.name, told)),
        *_unmatched(main),
        "path: |                   # in the order of the file: write the order that your theory says",
        f"  {path}",
        "seed: 1",
    ]
    return "\n".join(lines) + "\n"


def _copies(workspace: Workspace, files: Sequence[Path]) -> list[Path]:
    return [workspace.declared / "exports" / path.name for path in files]


def _write_new(path: Path, text: str) -> None:
    """Write a file that must not be there yet, even if somebody makes it meanwhile."""
    whole = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with refusals_told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.write_text(text, encoding="utf-8")
        os.link(whole, path)
    except FileExistsError:
        raise StudyError.of(path.name, "it is there already, and nothing is overwritten") from None
    finally:
        whole.unlink(missing_ok=True)


def _export_names(inspections: Sequence[Inspection]) -> list[str]:
    names: list[str] = []
    for i, one in enumerate(inspections, 1):
        stem = re.sub(r"[^a-z0-9]+", "_", Path(one.file).stem.lower()).strip("_")
        name = stem if re.fullmatch(r"[a-z][a-z0-9_]*", stem) else f"file_{stem or i}"
        names.append(name if name not in names else f"{name}_{i}")
    return names


def _drafted(name: str, inspection: Inspection, known: Mapping[str, Instrument]) -> Drafted:
    found = matches(inspection, known)
    used = {column for match in found for column in match.columns.values()}
    numeric = [
        column.name
        for column in inspection.columns
        if column.kind in {"item", "meta"}
        and column.name not in used
        and inspection.export.columns[column.name].kind == "answer"
        and inspection.export.frame[column.name].dtype != object
        and column.distinct > 2
        and not column.unique
        and not _GROUPS.search(column.name.lower())
    ]
    return Drafted(name, inspection, _own(inspection), _group(inspection), found, tuple(numeric[:3]))


def _own(inspection: Inspection) -> str | None:
    """The column of ids: nearly every row another value, and a name or a role that says so."""
    rows = len(inspection.export.frame)
    found = [
        column
        for column in inspection.columns
        if column.kind == "meta" and rows > 1 and column.distinct >= NEARLY * rows
    ]
    roles = {name: column.role for name, column in inspection.export.columns.items()}
    named = [c.name for c in found if _OWN.search(c.name.lower()) and roles[c.name] is None]
    platform = [c.name for c in found if roles[c.name] == "response_id"]
    return next(iter([*named, *platform]), None)


def _group(inspection: Inspection) -> str | None:
    """The column that says in which group a row lies: named so, filled, with recurring values."""
    rows = len(inspection.export.frame)
    for column in inspection.columns:
        recurs = 1 < column.distinct <= column.answered / 2 and column.answered >= 0.5 * rows
        if recurs and _GROUPS.search(column.name.lower()) and column.kind != "identifier":
            return column.name
    return None


def _scales(main: Drafted) -> dict[str, Match | str]:
    """The scales of the draft: the instruments found, else columns of numbers, so that the draft runs."""
    scales: dict[str, Match | str] = {match.instrument: match for match in main.matched}
    for column in main.ready:
        if len(scales) >= 2:
            break
        name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")[:30]
        scales[f"score_{name}" if name not in scales else f"score_{name}_2"] = column
    if len(scales) < 2:
        raise StudyError.of(
            main.inspection.file,
            "no two scales were found in it: a study needs at least two",
            "write instruments for its items, or study.yaml by hand: see docs/exports.md",
        )
    return scales


def _export_lines(file: Drafted) -> list[str]:
    told = file.inspection
    parts = [f"file: {_quoted(f'exports/{told.file}')}", f"platform: {told.platform}", "level: person"]
    parts += [f"id: {_quoted(file.own)}"] if file.own else []
    parts += [f"links: {{group: {_quoted(file.group)}}}"] if file.group else []
    parts += [f"sheet: {_quoted(told.part.sheet)}"] if told.part.sheet else []
    if told.part.rows:
        rows = ", ".join(f"{_quoted(name)}: {_quoted(value)}" for name, value in told.part.rows.items())
        parts.append(f"rows: {{{rows}}}")
    codes = _codes(file)
    parts += [f"missing_codes: [{', '.join(codes)}]"] if codes else []
    lines = [f"  {file.name}:", *(f"    {part}" for part in parts)]
    consent = next((c for c in told.columns if _CONSENT.search(f"{c.name} {c.label or ''}")), None)
    if consent is not None and consent.kind == "item":
        column, found = _quoted(consent.name), ", ".join(map(_quoted, consent.coding))
        lines.append(f"    # consent: {{column: {column}, accept: []}}   # which of {found} gives consent?")
    if not file.own:
        lines.append("    # id: <column>       # no column holds a different value in every row")
    return lines


def _codes(file: Drafted) -> list[str]:
    """Codes that look like "no answer" and are an answer of no instrument matched."""
    seen = {code for column in file.inspection.columns for code in column.missing_codes}
    return sorted(seen, key=float)


def _left_out(file: Drafted) -> list[str]:
    told = file.inspection
    return [
        f"  # {file.name}: {{file: {_quoted(f'exports/{told.file}')}, platform: {told.platform}, level: ...}}"
        f"   # {told.rows} rows; say at which level they are"
    ]


def _scale_lines(name: str, export: str, told: Match | str) -> list[str]:
    if isinstance(told, str):
        return [
            f"  {name}: {{export: {export}, score: {_quoted(told)}}}"
            "   # a placeholder: a column of numbers, so that the draft runs"
        ]
    columns = ", ".join(f"{item}: {_quoted(column)}" for item, column in told.columns.items())
    codes = ", ".join(f"{value}: {_quoted(code)}" for value, code in told.answers.items())
    guessed = [
        "    codebook:              # a guess: compare the order of the codes with the survey",
        '      source: "LimeSurvey codes, in the order of the instrument\'s values"',
        f"      responses: {{{codes}}}",
    ]
    return [
        f"  {name}:                # {told.why}; sure to {told.confidence:.2f}",
        f"    instrument: {told.instrument}",
        f"    export: {export}",
        f"    columns: {{{columns}}}",
        *(guessed if codes else []),
    ]


def _unmatched(file: Drafted) -> list[str]:
    used = {column for match in file.matched for column in match.columns.values()}
    rest = [block for block in blocks_of(file.inspection) if not used & {c.name for c in block.columns}]
    return [
        f"  # {len(block.columns)} items '{_plain(block.stem)}...': no instrument here is like them"
        for block in rest[:20]
    ]


def _plain(text: str) -> str:
    return " ".join(text.split())[:60]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
