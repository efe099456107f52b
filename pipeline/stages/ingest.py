"""From export files to typed answers under the study's names, one table an export.

The plan runs `ingest`. It reads `data/<study>/exports` and writes `build/<study>/ingest`: for each
export a parquet of the columns that the study names and a JSON of what was dropped, missing, recoded
and corrected. Direct identifiers and columns that the study does not name go no further than here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.exports import Provenance, code_text, holds_identifiers, never_an_answer
from pipeline.stages import identity, paradata
from pipeline.stages.answers import Coded, code_answers, other_coding
from pipeline.stages.artefacts import Workspace, write_frame, write_json
from pipeline.stages.small_cells import withheld
from pipeline.stages.sources import (
    Source,
    Wanted,
    Where,
    export_paths,
    listed,
    named_columns,
    read_sources,
    wanted_columns,
)
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 10
_RECORDED = ("status", "channel", "started", "ended", "seconds")


def ingest(study: LoadedStudy, workspace: Workspace) -> None:
    """Read every export of a study; StudyError with all mistakes at once, or all artefacts written."""
    sources = read_sources(study, workspace)
    for source in sources:
        _identify(source)
    known = _rosters(sources)
    built = {source.name: _build(source, known) for source in sources}
    problems = [problem for source in sources for problem in source.problems]
    if problems:
        raise StudyError(problems)
    hidden = _hidden_ids(study, workspace, sources)
    folder = workspace.build / "ingest"
    for name, (frame, results) in built.items():
        write_frame(folder / f"{name}.parquet", frame.assign(**hidden.get(name, {})))
        write_json(folder / f"{name}.json", results)


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The export files, and the data dictionaries beside them."""
    exports = study.declared.exports.values()
    files = tuple(path for export in exports for path in export_paths(workspace, export))
    return files + tuple(workspace.declared / told.dictionary for told in exports if told.dictionary)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """A parquet and a JSON for each export."""
    folder = workspace.build / "ingest"
    return tuple(folder / f"{name}.{kind}" for name in study.declared.exports for kind in ("parquet", "json"))


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """What of the declarations decides how answers are read."""
    return {
        "ids": study.declared.ids,
        "levels": list(study.levels),
        "exports": {name: export.model_dump(mode="json") for name, export in study.declared.exports.items()},
        "columns": {
            name: [
                [wanted.variable, wanted.column, dict(wanted.responses or {}), wanted.turned]
                for wanted in wanted_columns(study, name)
            ]
            for name in study.declared.exports
        },
    }


def _identify(source: Source) -> None:
    """Read the ids of the units and of what they belong to."""
    export, place = source.declared, ("exports", source.name)
    columns: dict[str, tuple[str, str, Where]] = {}
    if export.id is not None:
        columns["_id"] = (export.level, export.id, (*place, "id"))
    for level, column in export.links.items():
        columns[f"_link_{level}"] = (level, column, (*place, "links", level))
    for name, (level, column, where) in columns.items():
        values = source.export.frame[column]
        ids = identity.read_ids(values, level, export.correct.get(level, {}))
        _check_spelling(source, ids, where)
        source.ids[name] = _showable(source, ids)
        if name != "_id" and export.kind == "survey":
            _check_clusters(source, ids, where)


def _showable(source: Source, ids: identity.Ids) -> identity.Ids:
    """Public ids without the addresses that somebody typed instead of a code."""
    if not source.public:
        return ids
    ids, held = identity.without_addresses(ids)
    if held:
        source.warnings.append(
            f"'{ids.column}': {paradata.counted(held, 'row')} with an e-mail, network or telephone address "
            "instead of an id; left without one"
        )
    return ids


def _check_spelling(source: Source, ids: identity.Ids, where: Where) -> None:
    """Ids that may not be shown as they are, and ids that a spreadsheet has spoilt."""
    dated = identity.turned_to_dates(ids)
    if dated:
        source.in_data(
            f"{dated} ids in '{ids.column}' have been turned to dates by a spreadsheet (1-5 to 5-Jan)",
            "export the file again and do not save it from a spreadsheet",
        )
    if source.public and holds_identifiers(source.export.frame[ids.column]):
        source.in_study(
            where,
            f"the ids in '{ids.column}' are e-mail, network or telephone addresses",
            "write `ids: private`, and they are replaced by keyed hashes",
        )
    shortened = identity.shortened_by_a_spreadsheet(ids)
    if shortened:
        source.in_data(
            f"{shortened} ids in '{ids.column}' have been shortened by a spreadsheet to the form 1.33764E+10",
            "export the file again and do not save it from a spreadsheet",
        )
    if ids.values.isna().all():
        source.in_study(where, f"no row has an id in '{ids.column}'", f"is this the {ids.level}'s id?")


def _check_clusters(source: Source, ids: identity.Ids, where: Where) -> None:
    """A link that groups nothing, or everything, cannot be the link that was meant."""
    answered = ids.values[~paradata.previews(source.export)]
    rows, clusters = int(answered.notna().sum()), answered.nunique()
    if rows > 2 and clusters == rows:
        message = (
            f"all {rows} rows have a different id of the {ids.level} in '{ids.column}': with one "
            f"{source.declared.level} in each {ids.level}, nothing within and between can be told apart"
        )
        source.in_study(where, message, f"which column holds the id of the {ids.level}?")
    elif rows > 2 and clusters == 1:
        message = f"all {rows} rows have the same id of the {ids.level} in '{ids.column}'"
        hint = f"which column holds the id of the {ids.level}? With only one, leave the level out"
        source.in_study(where, message, hint)


def _rosters(sources: Sequence[Source]) -> dict[str, list[str]]:
    """Level -> ids that its rosters list, by first appearance."""
    known: dict[str, list[str]] = {}
    for source in sources:
        if source.declared.kind == "roster" and source.unit is not None:
            known.setdefault(source.declared.level, []).extend(source.unit.values.dropna())
    return known


def _build(source: Source, known: Mapping[str, Sequence[str]]) -> tuple[pd.DataFrame, dict[str, Any]]:
    import pandas as pd

    _check_codes(source)
    columns = _envelope(source)
    coded: dict[str, Coded] = {}
    for wanted in source.wanted:
        if _is_refused(source, wanted):
            continue
        coded[wanted.variable] = _code(source, wanted)
        columns[wanted.variable] = coded[wanted.variable].values
    proposals = _proposals(source, known)
    results = _results(source, coded, proposals)
    return pd.DataFrame(columns), results


def _envelope(source: Source) -> dict[str, Any]:
    """The columns that every export has: row, ids, consent, preview, moments, seconds."""
    import numpy as np
    import pandas as pd

    export, rows = source.export, len(source.export.frame)
    nobody = pd.Series([None] * rows, dtype=object)
    columns: dict[str, Any] = {"_row": export.frame.index.to_numpy(dtype="int64")}
    columns["_id"] = nobody if source.unit is None else source.unit.values.to_numpy()
    for level in source.study.above(source.declared.level):
        ids = source.ids.get(f"_link_{level}")
        if ids is not None:
            columns[f"_link_{level}"] = ids.values.to_numpy()
    columns["_consent"] = pd.Series([None] * rows, dtype="boolean")
    if source.declared.consent is not None:
        consent = source.declared.consent
        columns["_consent"], told = paradata.consent(export, consent.column, consent.accept)
        if told:
            source.in_study(("exports", source.name, "consent", "accept"), f"'{consent.column}': {told}")
    if source.declared.attention:
        columns["_attention"] = paradata.attentive(export, source.declared.attention).to_numpy()
    columns["_preview"] = paradata.previews(export).to_numpy()
    for name, role in (("_started", "started"), ("_finished", "ended")):
        values, note = paradata.moments(export, role)
        columns[name] = pd.Series(values, dtype=object)
        source.warnings.extend([note] if note else [])
    recorded = export.role("seconds")
    column = source.declared.seconds or (recorded.name if recorded else None)
    columns["_seconds"] = np.full(rows, np.nan)
    if column is not None:
        wanted = Wanted("_seconds", column, ("exports", source.name, "seconds"))
        columns["_seconds"] = _code(source, wanted).values
    return columns


def _check_codes(source: Source) -> None:
    """A declared missing code that is an answer of the instrument would empty its scale."""
    clashes: dict[str, list[str]] = {}
    for wanted in source.wanted:
        for code in source.declared.missing_codes:
            if wanted.responses and code in wanted.responses:
                clashes.setdefault(code_text(code), []).append(wanted.variable)
    for spelled, variables in clashes.items():
        message = (
            f"the missing code {spelled} is an answer that the instrument allows to {listed(variables, 3)}"
        )
        source.in_study(("exports", source.name, "missing_codes"), message)


def _is_refused(source: Source, wanted: Wanted) -> bool:
    """Whether a column named for its answers identifies people; then nothing of it is shown or kept."""
    refused = never_an_answer(wanted.column) or holds_identifiers(source.export.frame[wanted.column])
    if refused:
        source.in_study(
            wanted.where,
            f"'{wanted.column}' identifies people directly",
            "identifiers are dropped and cannot be analysed",
        )
    return refused


def _code(source: Source, wanted: Wanted) -> Coded:
    """Code one column of answers, and say what is wrong with it."""
    column = source.export.columns[wanted.column]
    missing = source.declared.missing_codes
    coded = code_answers(
        source.export.frame[wanted.column], column, wanted.responses, missing, turned=wanted.turned
    )
    if coded.conflict:
        hint = f"write the file's own codes under {'.'.join(wanted.where[:2])}.codebook.responses"
        source.in_study(wanted.where, f"'{wanted.column}' ({wanted.variable}): {coded.conflict}", hint)
    elif coded.outside:
        source.in_data(*_outside(source, wanted, coded))
    counts = source.export.missing_counts.get(wanted.column, {})
    lost = [code for code in counts if wanted.responses and code in set(map(str, wanted.responses))]
    source.warnings.extend(
        f"{wanted.variable}: the file declares {code} as missing, the instrument as the answer "
        f"'{(wanted.responses or {})[int(code)]}'; {paradata.counted(counts[code], 'row')} taken as missing"
        for code in lost
    )
    return coded


def _outside(source: Source, wanted: Wanted, coded: Coded) -> tuple[str, str]:
    """Message and hint on answers that the response set does not have."""
    told = []
    safety = source.is_safety_item(wanted.variable)
    hidden = safety or source.export.columns[wanted.column].kind == "identifier"
    named = source.public and not safety
    for position, answer in coded.outside[:SHOWN]:
        unit = source.unit.values.iloc[position] if named and source.unit is not None else None
        who = f"{source.row(position)}, id {unit}" if unit else source.row(position)
        told.append(f"{who}: {'(withheld)' if hidden else paradata.shown(answer)}")
    more = f"; and {len(coded.outside) - SHOWN} more" if len(coded.outside) > SHOWN else ""
    n = paradata.counted(len(coded.outside), "answer")
    start = f"'{wanted.column}' ({wanted.variable}) holds {n}"
    if wanted.responses is None:
        return (
            f"{start} that are not numbers: {'; '.join(told)}{more}",
            f"a code for 'no answer' goes under exports.{source.name}.missing_codes",
        )
    allowed = ", ".join(f"{value} {label}".strip() for value, label in wanted.responses.items())
    message = f"{start} outside the response set: {'; '.join(told)}{more}. Allowed: {allowed}"
    hint = other_coding([answer for _, answer in coded.outside], wanted.responses, len(coded.values))
    return message, hint or f"a code for 'no answer' goes under exports.{source.name}.missing_codes"


def _proposals(source: Source, known: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Ids that no roster lists: with the nearest ones where ids are public, else counted."""
    found: list[dict[str, Any]] = []
    answered = ~paradata.previews(source.export)
    for ids in source.ids.values():
        if ids.level not in known or (ids is source.unit and source.declared.kind == "roster"):
            continue
        strange = identity.unmatched(ids.values[answered], known[ids.level], most=100 if source.public else 0)
        if source.public:
            found += [_proposal(ids, one.typed, one.rows, one.proposals) for one in strange]
        elif strange:
            rows = tuple(sorted(row for one in strange for row in one.rows))
            found.append(_proposal(ids, None, rows, ()))
    source.warnings.extend(_proposed(source.name, one) for one in found[:SHOWN])
    if len(found) > SHOWN:
        source.warnings.append(f"{len(found) - SHOWN} more ids are in no roster; see id_proposals")
    return found


def _proposal(
    ids: identity.Ids, typed: str | None, rows: Sequence[int], proposals: Sequence[str]
) -> dict[str, Any]:
    return {
        "level": ids.level,
        "column": ids.column,
        "typed": typed,
        "n": len(rows),
        "rows": list(rows[:SHOWN]),
        "proposals": list(proposals),
    }


def _proposed(export: str, one: Mapping[str, Any]) -> str:
    rows = paradata.counted(one["n"], "row")
    if one["typed"] is None:
        return f"'{one['column']}': {rows} with an id that no roster of {one['level']} lists"
    text = f"'{one['column']}': '{one['typed']}' ({rows}) is in no roster of {one['level']}"
    if not one["proposals"]:
        return text
    near = ", ".join(one["proposals"])
    fix = f"exports.{export}.correct: {{{one['level']}: {{{one['typed']}: {one['proposals'][0]}}}}}"
    return f"{text}; nearest: {near}. If the first was meant, write {fix}"


def _results(source: Source, coded: Mapping[str, Coded], proposals: list[dict[str, Any]]) -> dict[str, Any]:
    """What the JSON beside an export's table says; nothing in it depends on a hash."""
    origin = source.export.provenance
    columns = {wanted.variable: wanted.column for wanted in source.wanted}
    used = {column for _, column in named_columns(source)}
    used |= {column.name for column in source.export.columns.values() if column.role in _RECORDED}
    rest = [column for column in source.export.columns.values() if column.name not in used]
    return {
        "file": origin.file,
        "sha256": origin.sha256,
        "platform": origin.platform,
        "encoding": origin.encoding,
        "delimiter": origin.delimiter,
        "header_rows": origin.header_rows,
        "rows": origin.rows,
        **({"versions": [_version(one) for one in origin.versions]} if origin.versions else {}),
        **({"rows_of_other_parts": source.export.elsewhere} if source.declared.rows else {}),
        "notes": list(origin.notes),
        "warnings": list(source.warnings),
        "identifiers_dropped": [column.name for column in rest if column.kind == "identifier"],
        "unused_columns": [column.name for column in rest if column.kind != "identifier"],
        "columns": columns,
        "labels": {variable: source.export.columns[column].label for variable, column in columns.items()},
        "missing_codes": _missing_codes(source, coded, columns),
        "recodings": [one for name, answers in coded.items() for one in _recodings(source, name, answers)],
        "id_corrections": [
            {
                "level": ids.level,
                "typed": one.typed if source.public else None,
                "meant": one.meant if source.public else None,
                "n": one.n,
            }
            for ids in source.ids.values()
            for one in ids.corrections
        ],
        "id_proposals": proposals,
    }


def _version(origin: Provenance) -> dict[str, Any]:
    return {"file": origin.file, "sha256": origin.sha256, "rows": origin.rows}


def _recodings(source: Source, name: str, coded: Coded) -> list[dict[str, Any]]:
    """The log of changes to a column; of a safety item, without the counts that are small."""
    counts: dict[int, int | None] = {i: one.n for i, one in enumerate(coded.recodings)}
    if source.is_safety_item(name):
        threshold = source.study.declared.small_cell
        counts = withheld({i: one.n for i, one in enumerate(coded.recodings)}, threshold)
    return [
        {"column": name, "rule": one.rule, "from": one.answer, "to": one.value, "n": counts[i]}
        for i, one in enumerate(coded.recodings)
    ]


def _missing_codes(
    source: Source, coded: Mapping[str, Coded], columns: Mapping[str, str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Variable -> code -> label and count, for codes of the file and of the study alike."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, answers in coded.items():
        summed = dict(source.export.missing_counts.get(columns[name], {}))
        for code, n in answers.missing.items():
            summed[code] = summed.get(code, 0) + n
        counts: dict[str, int | None] = {**summed}
        labels = {
            code_text(code): text for code, text in source.export.columns[columns[name]].value_labels.items()
        }
        if source.is_safety_item(name):
            counts = withheld(summed, source.study.declared.small_cell)
        if counts:
            found[name] = {code: {"label": labels.get(code), "n": n} for code, n in counts.items()}
    return found


def _hidden_ids(
    study: LoadedStudy, workspace: Workspace, sources: Sequence[Source]
) -> dict[str, dict[str, Any]]:
    """Export -> id columns as keyed hashes; nothing where ids are public."""
    if study.declared.ids == "public" or not any(source.ids for source in sources):
        return {}
    key = identity.study_key(study.id, workspace.root)
    return {
        source.name: {name: identity.hide(ids, key).to_numpy() for name, ids in source.ids.items()}
        for source in sources
    }
