"""Metadata of a share folder: Psych-DS, Frictionless Data Package (v1), CITATION, licences, what it holds.

`stages/bundle` calls it. Everything here is a text or a value; nothing is read or written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline import __version__
from pipeline.stages.codebook import Column
from pipeline.study import LoadedStudy

SOFTWARE = "survey-pipeline"


def data_file(study: LoadedStudy, level: str) -> str:
    """A level's file under a Psych-DS name: keywords with letters and digits, then `_data.csv`."""
    return f"data/study-{_word(study.id)}_description-{_word(level)}_data.csv"


def psych_ds(study: LoadedStudy, found: Sequence[Column]) -> dict[str, Any]:
    """dataset_description.json: a schema.org Dataset that names every variable once."""
    told: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": study.declared.title,
        "description": described(study),
        "author": [{"@type": "Person", "name": author(study)}],
        "variableMeasured": [_variable(one) for one in _by_name(found).values()],
    }
    if study.declared.share.licence:
        told["license"] = study.declared.share.licence
    return told


def data_package(
    study: LoadedStudy, found: Sequence[Column], files: Mapping[str, Mapping[str, Any]], keyed: Sequence[str]
) -> dict[str, Any]:
    """datapackage.json: one resource a file; rows of a level with fields, ranges and keys.

    `files` maps path -> bytes and hash; `keyed` are the levels whose ids differ from row to row.
    """
    levels = {data_file(study, level): level for level in study.levels}
    package: dict[str, Any] = {
        "profile": "data-package",
        "name": re.sub(r"[^-a-z0-9._]", "-", study.id.lower()),
        "title": study.declared.title,
        "description": described(study),
        "resources": [
            _rows(study, levels[path], facts, found, keyed) if path in levels else _plain(path, facts)
            for path, facts in files.items()
        ],
    }
    if study.declared.share.licence:
        package["licenses"] = [{"name": study.declared.share.licence}]
    return package


def citation(study: LoadedStudy) -> dict[str, Any]:
    """CITATION.cff (1.2.0) of the data set and of the software that made it."""
    told: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "Please cite the study and the software.",
        "type": "dataset",
        "title": study.declared.title,
        "authors": [{"name": author(study)}],
        "references": [
            {
                "type": "software",
                "title": SOFTWARE,
                "version": __version__,
                "authors": [{"name": f"{SOFTWARE} contributors"}],
            }
        ],
    }
    if study.declared.share.licence:
        told["license"] = study.declared.share.licence
    return told


def licences(study: LoadedStudy) -> str:
    """What may be done with the data and with each instrument, and who says so."""
    data = study.declared.share.licence
    lines = [
        "# Licences",
        "",
        f"**Data**: {data or 'no licence is declared: ask the author before you pass the data on'}.",
        "",
    ]
    for used in {one.id: one for one in study.instruments.values()}.values():
        told = used.licence
        shown = (
            "may be shown"
            if told.wording_may_be_shipped
            else "may not be shown, and is not part of this folder"
        )
        changed = "may be changed" if told.may_be_changed else "may not be changed"
        lines += [
            f"**{used.title}** (`{used.id}`, version {used.version}): {told.name}; holder: {told.holder}. "
            f"The wording {shown}; it {changed}.{f' {told.note}' if told.note else ''}",
            f"Source: {used.source.citation}",
            "",
        ]
    if not study.instruments:
        lines += ["No instruments: the scales came as ready scores.", ""]
    return "\n".join(lines)


def readme(study: LoadedStudy, privacy: Mapping[str, Any], left_out: Sequence[str]) -> str:
    """What lies in the folder, how to make the report from it, and how alike the rows are.

    `privacy` is what privacy.json holds; `left_out`: columns not handed on because of a safety item.
    """
    lines = [
        f"# {study.declared.title}",
        "",
        described(study),
        "",
        "| file | what it is |",
        "|---|---|",
        "| `dataset_description.json` | the data set in Psych-DS terms |",
        "| `datapackage.json` | the same as a Frictionless data package, with hashes |",
        "| `codebook.csv`, `codebook.json` | every column |",
        "| `results.json` | every number of the report, with its origin |",
        "| `version.json` | code and libraries that made it |",
        "| `requirements.lock` | the libraries, locked |",
        "| `materials/` | study, lock, instruments, and what the stages before scoring found |",
        "| `privacy.json` | how alike the rows are |",
        "| `LICENCES.md`, `CITATION.cff` | what may be done with it, and how to cite it |",
        "",
    ]
    if not privacy["shared"]:
        return "\n".join(
            [*lines, "The study does not allow its rows to be shared: `data/` is not part of it.", ""]
        )
    lines += [
        "| `data/` | rows after screening and scoring, one file a level; ids are numbers |",
        "",
        f"In a checkout of {SOFTWARE}, `make report BUNDLE=<this folder>` makes the report anew.",
        "",
        *_left_out(left_out),
        *map(_telling_line, privacy["safety_scores"]),
        "## How alike the rows are",
        "",
    ]
    return "\n".join([*lines, *map(_alike_line, privacy["k_anonymity"]), ""])


def described(study: LoadedStudy) -> str:
    """Question and design in one paragraph."""
    told = study.declared
    start = "Synthetic data. " if told.synthetic else ""
    words = " ".join(part.strip() for part in (told.question, told.design) if part)
    return f"{start}{words or told.title}"


def author(study: LoadedStudy) -> str:
    """Who made the study, as far as it says so."""
    return study.declared.report.author or f"The authors of “{study.declared.title}”"


def _left_out(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    told = (
        "Left out, because an answer to a safety item can be worked out from the score and the other items: "
        f"{', '.join(f'`{name}`' for name in names)}. A report made from this folder has the scores of these "
        "scales, and nothing about their items."
    )
    return [told, ""]


def _telling_line(one: Mapping[str, Any]) -> str:
    return (
        f"Handle `{one['scale']}` with care: {one['near_lowest']} scores near its lowest and "
        f"{one['near_highest']} near its highest rule out some answers to a safety item, the extreme ones "
        "all but one.\n"
    )


def _alike_line(one: Mapping[str, Any]) -> str:
    known = [*one["quasi_identifiers"], *([f"the {one['unit_above']}"] if one["unit_above"] else [])]
    by = f"by {', '.join(known)}" if known else "with no column to recognise them by"
    return (
        f"- {one['level']}: k = {one['k']} of {one['rows']} rows {by}; "
        f"{one['rows_in_smaller_groups']} rows in groups under {one['small_cell']}."
    )


def _rows(
    study: LoadedStudy,
    level: str,
    facts: Mapping[str, Any],
    found: Sequence[Column],
    keyed: Sequence[str],
) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(one) for one in found if one.level == level],
        "missingValues": [""],
    }
    if level in keyed:
        schema["primaryKey"] = ["id"]
    above = [upper for upper in study.above(level) if upper in keyed]
    schema["foreignKeys"] = [
        {"fields": [upper], "reference": {"resource": upper.lower(), "fields": ["id"]}} for upper in above
    ]
    return {
        "profile": "tabular-data-resource",
        "name": level.lower(),
        "path": data_file(study, level),
        "title": study.plural(level),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        **facts,
        "schema": schema,
    }


def _plain(path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A file beside the rows; named as a file, so that no validator takes a study's YAML for a descriptor."""
    kind = path.rpartition(".")[2].lower()
    name = re.sub(r"[^-a-z0-9._/]", "-", path.lower())
    return {"name": name, "path": path, "type": "table" if kind == "csv" else "file", "format": kind, **facts}


def _field(one: Column) -> dict[str, Any]:
    is_id = one.kind.startswith("number ")
    field: dict[str, Any] = {
        "name": one.name,
        "type": "string" if is_id else "number",
        "title": one.title,
        "description": one.description,
    }
    if one.minimum is not None:
        field["constraints"] = {"minimum": one.minimum, "maximum": one.maximum}
    return field


def _by_name(found: Sequence[Column]) -> dict[str, Column]:
    """Each name once; a column of the same name at several levels is described by its kind."""
    named: dict[str, Column] = {}
    for one in found:
        is_shared = one.name in named and named[one.name].title != one.title
        named[one.name] = replace(one, title="Unit of the row") if is_shared else one
    return named


def _variable(one: Column) -> dict[str, Any]:
    told: dict[str, Any] = {"@type": "PropertyValue", "name": one.name, "description": one.description}
    if one.minimum is not None:
        told |= {"minValue": one.minimum, "maxValue": one.maximum}
    return told


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name)
