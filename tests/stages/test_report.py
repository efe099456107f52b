"""The report stage: from the stages' JSON to results.json, and from that alone to everything people read."""

from __future__ import annotations

import dataclasses
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import recorded

from pipeline.declaration import StudyError
from pipeline.stages import report as stage
from pipeline.stages import results
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.study import LoadedStudy, load_study

REPOSITORY = Path(__file__).resolve().parents[2]
STUDY = "army-leadership"


@pytest.fixture(scope="module")
def study() -> LoadedStudy:
    return load_study(REPOSITORY, STUDY)


def lay_out(workspace: Workspace) -> None:
    """Write what the other stages would have written."""
    stages = recorded.results(STUDY)["stages"]
    for name, export in stages["ingest"]["results"]["exports"].items():
        told = export | {
            "columns": {"leadership.lead01": "LEAD01"},
            "labels": {"leadership.lead01": "Their words"},
        }
        write_json(workspace.build / "ingest" / f"{name}.json", told | {"id_proposals": [{"typed": "S7"}]})
    for name in results.STAGES:
        write_json(workspace.build / name / f"{name}.json", stages[name]["results"])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, study: LoadedStudy) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("root"), STUDY)
    lay_out(made)
    (made.reports / "tables").mkdir(parents=True)
    (made.reports / "tables" / "of_an_earlier_run.csv").write_text("old", encoding="utf-8")
    stage.report(study, made)
    return made


def read(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace.reports / "results.json").read_text(encoding="utf-8"))
    return found


def files(workspace: Workspace) -> dict[str, bytes]:
    return {
        path.relative_to(workspace.reports).as_posix(): path.read_bytes()
        for path in sorted(workspace.reports.rglob("*"))
        if path.is_file()
    }


def test_everything_is_written_and_nothing_old_is_left(workspace: Workspace, study: LoadedStudy) -> None:
    made = set(files(workspace))
    promised = {path.relative_to(workspace.reports).as_posix() for path in stage.outputs(study, workspace)}
    assert promised == {"results.json", "report.html", "report.docx", "report.pdf", "codebook.html"}
    assert promised <= made
    assert {f"figures/{name}.{form}" for name in ("diagram", "densities") for form in ("svg", "png")} <= made
    assert {f"tables/{name}.{form}" for name in ("paths", "loadings") for form in ("csv", "docx")} <= made
    assert {name[:-4] for name in made if name.endswith(".csv")} == {
        name[:-5] for name in made if name.startswith("tables/") and name.endswith(".docx")
    }
    assert "references.bib" in made
    assert "tables/of_an_earlier_run.csv" not in made


def test_reports_are_what_they_claim_to_be(workspace: Workspace) -> None:
    page = (workspace.reports / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert len(page) < 2_000_000
    assert (workspace.reports / "report.pdf").read_bytes().startswith(b"%PDF-")
    with zipfile.ZipFile(workspace.reports / "report.docx") as word:
        assert "word/document.xml" in word.namelist()


def test_a_second_run_gives_the_same_bytes(workspace: Workspace, study: LoadedStudy) -> None:
    before = files(workspace)
    stage.report(study, workspace)
    after = files(workspace)
    assert [name for name in before if before[name] != after.get(name)] == []
    assert set(before) == set(after)


def test_results_hold_what_every_stage_found_with_its_origin(
    workspace: Workspace, study: LoadedStudy
) -> None:
    found = read(workspace)
    assert list(found["stages"]) == ["ingest", "screen", "score", "validate", "model"]
    assert found["stages"]["model"]["seed"] == study.declared.seed == 2002
    assert found["stages"]["model"]["results"] == recorded.results(STUDY)["stages"]["model"]["results"]
    assert set(found["made"]["libraries"]) == set(results.LIBRARIES)
    hashes = [sha for told in found["stages"].values() for sha in told["inputs"].values()]
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in hashes)


def test_no_input_hash_is_of_a_file_that_holds_ids(workspace: Workspace) -> None:
    found = read(workspace)["stages"]
    named = [name for stage_name in results.STAGES for name in found[stage_name]["inputs"]]
    assert named
    assert all(name.endswith(".json") for name in named)


def test_texts_of_columns_and_unsettled_ids_go_no_further(workspace: Workspace) -> None:
    export = read(workspace)["stages"]["ingest"]["results"]["exports"]["survey"]
    assert not {"labels", "columns", "id_proposals"} & set(export)
    assert "Their words" not in (workspace.reports / "results.json").read_text(encoding="utf-8")


def test_wording_that_may_not_be_shipped_reaches_no_file(study: LoadedStudy, tmp_path: Path) -> None:
    made = Workspace(tmp_path, STUDY)
    lay_out(made)
    path = made.build / "validate" / "validate.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    for item in found["items"]["hostility"]:
        item["text"] = "Words that somebody sells"
    write_json(path, found)
    assert "somebody sells" not in json.dumps(results.collect(study, made))


def test_sums_are_made_once_and_kept(workspace: Workspace) -> None:
    demo = recorded.results("demo")["stages"]
    ingested = {
        "clients": {
            "missing_codes": {
                "a.1": {"-9": {"label": "Refused", "n": 3}},
                "a.2": {"-9": {"label": "Refused", "n": 4}},
            },
            "recodings": [{"column": "a.1", "rule": "label", "from": "Never", "to": 1.0, "n": 2}] * 2,
            "id_corrections": [{"level": "team", "typed": None, "meant": None, "n": 2}],
        }
    }
    derived = results.derive(ingested, {name: demo[name]["results"] for name in ("screen", "score")})
    assert derived["excluded"] == {"clients": 147, "staff": 28, "teams": 0}
    assert derived["unlinked"]["client"] == {"staff": 441, "team": 441}
    assert derived["missing_codes"] == [{"export": "clients", "code": "-9", "label": "Refused", "n": 7}]
    assert derived["recodings"][0]["n"] == 4
    assert derived["id_corrections"][0]["export"] == "clients"
    assert read(workspace)["derived"]["excluded"] == {"survey": 0}


def test_the_report_of_shipped_results_is_written_from_them_alone(workspace: Workspace) -> None:
    again = stage.compose(read(workspace))
    written = (workspace.reports / "report.html").read_text(encoding="utf-8")
    from pipeline.reporting.html import write_html

    assert write_html(again, font_cache=workspace.build / "report") == written


def with_report(study: LoadedStudy, **changes: Any) -> LoadedStudy:
    options = study.declared.report.model_copy(update=changes)
    return dataclasses.replace(study, declared=study.declared.model_copy(update={"report": options}))


def test_formats_that_are_no_longer_wanted_go(study: LoadedStudy, tmp_path: Path) -> None:
    made = Workspace(tmp_path, STUDY)
    lay_out(made)
    with_template(tmp_path, '# Report\n\n{{ table("paths") }}\n')
    made.reports.mkdir(parents=True)
    for form in ("docx", "html"):
        (made.reports / f"report.{form}").write_bytes(b"old")
    stage.report(with_report(study, formats=("pdf",)), made)
    assert (made.reports / "report.pdf").read_bytes().startswith(b"%PDF-")
    assert [path.name for path in made.reports.glob("report.*")] == ["report.pdf"]
    assert {path.name for path in made.reports.glob("tables/*")} == {"paths.csv", "paths.docx"}


def with_template(root: Path, text: str) -> Path:
    template = root / stage.TEMPLATE
    template.parent.mkdir(parents=True)
    template.write_text(text, encoding="utf-8")
    return template


def test_a_mistake_in_a_template_is_told_with_its_line(study: LoadedStudy, tmp_path: Path) -> None:
    made = Workspace(tmp_path, STUDY)
    lay_out(made)
    template = with_template(tmp_path, '# Report\n\n{{ table("pathss") }}\n')
    assert template in stage.inputs(study, made)
    with pytest.raises(StudyError, match=r"report\.md\.j2:3.*pathss"):
        stage.report(study, made)
    assert not (made.reports / "report.html").exists()


@pytest.mark.parametrize(
    ("change", "same"),
    [({"title": "Another"}, False), ({"seed": 3}, False), ({"small_cell": 7}, False), ({}, True)],
)
def test_what_the_report_tells_of_the_declarations(
    study: LoadedStudy, change: dict[str, Any], same: bool
) -> None:
    changed = dataclasses.replace(study, declared=study.declared.model_copy(update=change))
    assert (json.dumps(stage.declared(changed)) == json.dumps(stage.declared(study))) is same


def test_the_declarations_are_told_in_words(study: LoadedStudy) -> None:
    told = results.describe(study)
    assert told["levels"][1] == {"name": "company", "title": "Company", "plural": "companies", "within": None}
    assert told["variables"]["hostility"] == {"title": "Hostility", "level": "soldier", "kind": "items"}
    assert told["instruments"]["hostility"]["items"]["hostil01"] == {
        "number": 1,
        "reverse": False,
        "text": None,
    }
    assert told["waves"] == []
