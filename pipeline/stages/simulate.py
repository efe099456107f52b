"""Rebuild the exports of a synthetic study, to the byte: the one stage that writes below `data/`.

The command line calls it for the demonstration. The instruments and the columns' names come from the
study's declarations; what the answers are comes from `demonstration`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, write_json, write_whole
from pipeline.study import ExportFile, LoadedStudy

if TYPE_CHECKING:
    from pipeline.demonstration.items import Form, Question
    from pipeline.demonstration.study import Layout

TRUTH = "truth.json"


def simulate(study: LoadedStudy, workspace: Workspace) -> None:
    """Write the exports and the truth file of a synthetic study."""
    from pipeline.demonstration import truth
    from pipeline.demonstration.qualtrics import staff_survey
    from pipeline.demonstration.roster import team_roster
    from pipeline.demonstration.spss import write_client_survey
    from pipeline.demonstration.study import make

    staff, clients, teams = _exports(study)
    layout = _layout(study, staff, clients, teams)
    made = make(truth.SEED, _forms(study))
    planted = made.planted
    folder = workspace.declared
    staff_text = staff_survey(truth.SEED, planted.staff, made.staff_forms, layout)
    _write_text(folder / staff.file, staff_text)
    write_whole(
        folder / clients.file,
        lambda partial: write_client_survey(partial, planted.clients, made.client_forms, layout),
    )
    _write_text(folder / teams.file, team_roster(planted.roster, layout))
    write_json(folder / TRUTH, made.truth)


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:  # noqa: ARG001
    """Nothing but declarations and code."""
    return ()


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The three exports and the truth file."""
    files = [export.file for export in _exports(study)]
    return tuple(workspace.declared / name for name in (*files, TRUTH))


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """Exports, scales and instruments."""
    return {
        "exports": {name: export.model_dump(mode="json") for name, export in study.declared.exports.items()},
        "scales": {name: scale.model_dump(mode="json") for name, scale in study.declared.scales.items()},
        "instruments": {
            name: instrument.model_dump(mode="json", by_alias=True)
            for name, instrument in study.instruments.items()
        },
    }


def _exports(study: LoadedStudy) -> tuple[ExportFile, ExportFile, ExportFile]:
    """The staff survey, the client survey and the roster of teams."""
    if not study.declared.synthetic:
        raise _refusal(study, "only a study declared `synthetic: true` can be simulated: these data are real")
    wanted = (("staff", "survey", "qualtrics"), ("client", "survey", "spss"), ("team", "roster", "csv"))
    found: dict[tuple[str, str, str], ExportFile] = {
        (export.level, export.kind, export.platform): export for export in study.declared.exports.values()
    }
    missing = [key for key in wanted if key not in found]
    if missing:
        level, kind, platform = missing[0]
        raise _refusal(
            study, f"simulating needs an export of level '{level}', kind {kind}, platform {platform}"
        )
    staff, client, team = (found[key] for key in wanted)
    return staff, client, team


def _layout(study: LoadedStudy, staff: ExportFile, clients: ExportFile, teams: ExportFile) -> Layout:
    from pipeline.demonstration.study import Layout

    covariates = study.declared.covariates
    names = {
        "staff_id": staff.id,
        "staff_team": staff.links.get("team"),
        "staff_consent": staff.consent.column if staff.consent else None,
        "client_id": clients.id,
        "client_staff": clients.links.get("staff"),
        "client_consent": clients.consent.column if clients.consent else None,
        "client_seconds": clients.seconds,
        "complexity": covariates["complexity"].column if "complexity" in covariates else None,
        "team_id": teams.id,
    }
    undeclared = [name for name, column in names.items() if column is None]
    if undeclared:
        raise _refusal(study, f"simulating needs a declared column for: {', '.join(undeclared)}")
    return Layout(**{name: column for name, column in names.items() if column is not None})


def _forms(study: LoadedStudy) -> list[Form]:
    from pipeline.demonstration.items import Form, missing_forms
    from pipeline.demonstration.truth import SHARES

    forms = []
    for name in study.declared.scales:
        if name in SHARES and name in study.instruments:
            instrument = study.instruments[name]
            labels = instrument.responses(instrument.item_ids[0])
            if sorted(labels) != [1, 2, 3, 4, 5]:
                raise _refusal(study, f"simulating needs answers from 1 to 5, which '{name}' does not have")
            stem = f"{instrument.title} ({instrument.recall})" if instrument.recall else instrument.title
            forms.append(Form(name, stem, dict(labels), _questions(study, name)))
    absent = missing_forms(forms)
    if absent:
        raise _refusal(study, f"simulating needs a scale for: {', '.join(absent)}")
    return forms


def _questions(study: LoadedStudy, scale: str) -> tuple[Question, ...]:
    from pipeline.demonstration.items import Question

    instrument, columns = study.instruments[scale], study.columns(scale)
    facets = {item: name for name, facet in instrument.facets.items() for item in facet.items}
    return tuple(
        Question(item.id, columns[item.id], item.text or item.id, item.reverse, facets.get(item.id))
        for item in (instrument.item(item_id) for item_id in instrument.item_ids)
    )


def _write_text(path: Path, text: str) -> None:
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8", newline="\n"))


def _refusal(study: LoadedStudy, message: str) -> StudyError:
    return StudyError.of(f"data/{study.id}/study.yaml", message)
