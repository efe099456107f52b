"""The share folder: what it holds and does not hold, its metadata, and the report made from it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small_study

from pipeline import cli, plan
from pipeline.declaration import StudyError
from pipeline.instrument import load_instrument
from pipeline.stages import deidentified
from pipeline.stages import lock as locking
from pipeline.stages.artefacts import Workspace
from pipeline.stages.bundle import bundle
from pipeline.stages.identity import KEY_FOLDER
from pipeline.study import load_study

REPOSITORY = Path(__file__).resolve().parents[2]
LOCK = REPOSITORY / "tests" / "frictionless.lock"
STUDY = "data/small/study.yaml"
SHARED = "\nshare: {data: true, licence: CC-BY-4.0}\n"
ROWS = "data/study-small_description-person_data.csv"
CORRECTED = "links: {team: team}, correct: {team: {TEAM24: TEAM00}}}"
TYPES = {"string", "number", "integer", "boolean", "date", "any"}


def quiet(line: str) -> None:
    pass


def lay_out(root: Path, more: str = SHARED) -> None:
    small_study.build(root)
    text = (root / STUDY).read_text(encoding="utf-8").replace("links: {team: team}}", CORRECTED)
    text = text.replace("ids: public", "ids: private")
    text += "report: {formats: [docx]}\n"
    (root / STUDY).write_text(text + more, encoding="utf-8")
    calm = root / "instruments" / "calm.yaml"
    withheld = re.sub(r', text: "[^"]*"', "", calm.read_text(encoding="utf-8"))
    withheld = withheld.replace("wording_may_be_shipped: true", "wording_may_be_shipped: false")
    calm.write_text(withheld, encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A locked study that has been run, and its bundle."""
    root = tmp_path_factory.mktemp("shared")
    lay_out(root)
    study, workspace = load_study(root, "small"), Workspace(root, "small")
    locking.lock(study, workspace, pd.Timestamp(2026, 1, 2).date())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "ROOT", root)
        patch.setenv(KEY_FOLDER, str(tmp_path_factory.mktemp("keys")))
        assert cli.main(["bundle", "small"]) == 0
    return root


@pytest.fixture(scope="module")
def folder(made: Path) -> Path:
    return made / "reports" / "small" / "bundle"


@pytest.fixture(scope="module")
def package(folder: Path) -> dict[str, Any]:
    return read(folder / "datapackage.json")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def without_inputs(results: dict[str, Any]) -> dict[str, Any]:
    for told in results["stages"].values():
        del told["inputs"]
    return results


def test_the_report_from_the_bundle_has_the_same_results(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    assert cli.main(["report", "--bundle", str(folder)]) == 0
    written = capsys.readouterr().out.split()
    assert written == ["build/bundle/small/reports/small/report.docx"]
    assert (tmp_path / written[0]).stat().st_size > 10_000
    again = read(tmp_path / "build/bundle/small/reports/small/results.json")
    assert again["lock"]["locks"][0]["date"] == "2026-01-02"
    assert again["lock"]["deviations"] == []
    assert without_inputs(again) == without_inputs(read(folder / "results.json"))


def test_no_id_and_no_withheld_wording_is_in_any_file(made: Path, folder: Path) -> None:
    survey = pd.read_csv(made / "data/small/exports/survey.csv", dtype=str)
    scored = pd.read_parquet(made / "build/small/score/person.parquet")
    ids = {*survey["person"], *survey["team"], "TEAM24", *scored["id"], *scored["team"]}
    for path in folder.rglob("*"):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        assert not {name for name in ids if name in text}, path
        assert "of calm" not in text or "more calm" in text, path


def test_rows_are_those_that_were_analysed_under_numbers(made: Path, folder: Path) -> None:
    scored = pd.read_parquet(made / "build/small/score/person.parquet")
    study = load_study(made, "small")
    rows = deidentified.read_rows(study, "person", folder / ROWS)
    numbers = [name for name in scored if name not in {"id", "team", "_seconds"}]
    pd.testing.assert_frame_equal(rows[numbers], scored[numbers], check_exact=True)
    assert list(rows["id"][:2]) == ["person-001", "person-002"]
    assert rows["team"].nunique() == scored["team"].nunique() == 24
    assert len(pd.DataFrame({"old": scored["team"], "new": rows["team"]}).drop_duplicates()) == 24


def test_the_data_package_has_the_shape_of_the_standard(package: dict[str, Any], folder: Path) -> None:
    """Data Package v1: required properties, names, types and keys; the files, their sizes and hashes."""
    assert package["profile"] == "data-package"
    assert re.fullmatch(r"[-a-z0-9._/]+", package["name"])
    assert package["licenses"] == [{"name": "CC-BY-4.0"}]
    names = [resource["name"] for resource in package["resources"]]
    assert len(set(names)) == len(names) > 10
    for resource in package["resources"]:
        assert re.fullmatch(r"[-a-z0-9._/]+", resource["name"])
        assert not resource["path"].startswith(("/", "."))
        content = (folder / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    listed = {resource["path"] for resource in package["resources"]} | {"datapackage.json"}
    assert listed == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def frictionless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The validator of the standard's makers, as tests/frictionless.lock has it, in a place of its own."""
    home = tmp_path_factory.mktemp("validator") / "env"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    install = [*uv, "pip", "install", "--quiet", "--python", str(home / "bin" / "python"), "--require-hashes"]
    done = subprocess.run([*install, "-r", str(LOCK)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"frictionless can't be installed here: {done.stderr.strip()[-200:]}")
    return home / "bin" / "frictionless"


def validated(frictionless: Path, folder: Path) -> dict[str, Any]:
    command = [str(frictionless), "validate", "datapackage.json", "--json"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(told.stdout)
    return report


@pytest.mark.slow
def test_frictionless_finds_the_package_valid(
    frictionless: Path, package: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    report = validated(frictionless, folder)
    assert [report["errors"], *(task["errors"] for task in report["tasks"] if task["errors"])] == [[]]
    assert report["valid"]
    assert {task["name"] for task in report["tasks"]} == {one["name"] for one in package["resources"]}
    spoilt = tmp_path / "spoilt"
    shutil.copytree(folder, spoilt)
    rows = (spoilt / ROWS).read_text(encoding="utf-8").splitlines()
    place = rows[0].split(",").index("warmth.w1")
    cells = rows[1].split(",")
    rows[1] = ",".join([*cells[:place], "9", *cells[place + 1 :]])
    (spoilt / ROWS).write_text("\n".join(rows) + "\n", encoding="utf-8")
    errors = [error for task in validated(frictionless, spoilt)["tasks"] for error in task["errors"]]
    assert "constraint-error" in {error["type"] for error in errors}


def test_rows_are_valid_under_their_own_table_schema(package: dict[str, Any], folder: Path) -> None:
    """Header as declared; each cell of its type and in range; keys unique and known."""
    tables = {one["name"]: one for one in package["resources"] if "schema" in one}
    assert set(tables) == {"person", "team"}
    cells = {
        name: list(csv.DictReader((folder / one["path"]).read_text(encoding="utf-8").splitlines()))
        for name, one in tables.items()
    }
    for name, one in tables.items():
        fields = {field["name"]: field for field in one["schema"]["fields"]}
        assert one["profile"] == "tabular-data-resource"
        assert list(cells[name][0]) == list(fields)
        assert {field["type"] for field in fields.values()} <= TYPES
        assert [
            bad for row in cells[name] for bad in row.items() if not is_valid(fields[bad[0]], bad[1])
        ] == []
        (key,) = one["schema"]["primaryKey"]
        assert len({row[key] for row in cells[name]}) == len(cells[name])
        for foreign in one["schema"]["foreignKeys"]:
            known = {
                row[foreign["reference"]["fields"][0]] for row in cells[foreign["reference"]["resource"]]
            }
            assert {row[foreign["fields"][0]] for row in cells[name]} <= {*known, ""}
    assert [key["fields"] for key in tables["person"]["schema"]["foreignKeys"]] == [["team"]]


def is_valid(field: dict[str, Any], cell: str) -> bool:
    if cell == "" or field["type"] == "string":
        return True
    limits = field.get("constraints", {"minimum": float("-inf"), "maximum": float("inf")})
    return bool(limits["minimum"] <= float(cell) <= limits["maximum"])


def test_the_folder_keeps_the_rules_of_psych_ds(folder: Path) -> None:
    """Every rule of level `error` in version 1.5.1 of its schema; PyPI and npm have no validator for it."""
    told = read(folder / "dataset_description.json")
    assert told["@context"] == "https://schema.org/"
    assert told["@type"] == "Dataset"
    assert all(told[key] for key in ("name", "description", "variableMeasured"))
    assert {one["@type"] for one in told["variableMeasured"]} == {"PropertyValue"}
    files = [path for path in folder.rglob("*_data.*") if path.is_file()]
    assert files
    assert all(path.is_relative_to(folder / "data") for path in files)
    assert sorted(files) == sorted(path for path in (folder / "data").rglob("*") if path.is_file())
    name = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.(csv|tsv)")
    assert [path.name for path in files if not name.fullmatch(path.name)] == []
    measured = [one["name"] for one in told["variableMeasured"]]
    columns = set()
    for path in files:
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        assert rows
        assert len(set(header)) == len(header) > 0
        assert {len(row) for row in rows} == {len(header)}
        assert "row_id" not in header
        columns |= set(header)
    assert set(measured) == columns
    assert len(set(measured)) == len(measured)
    for path in folder.rglob("*.json"):
        assert path.stat().st_size > 0
        read(path)
    assert (folder / "README.md").stat().st_size > 0


def test_descriptions_read_well(folder: Path) -> None:
    told = {
        one["name"]: one["description"]
        for one in read(folder / "dataset_description.json")["variableMeasured"]
    }
    assert told["id"] == "Unit of the row: number in place of the id."
    assert not [words for words in told.values() if re.search(r"[.?!]\.|\s\s", words)]


def test_the_codebook_describes_every_column(folder: Path) -> None:
    told = read(folder / "codebook.json")
    rows = {(one["level"], one["name"]): one for one in told}
    assert [name for level, name in rows if level == "person"] == list(
        pd.read_csv(folder / ROWS, nrows=0).columns
    )
    reversed_item = rows["person", "warmth.w3"]
    assert reversed_item["wording"] == "Third of warmth"
    assert reversed_item["reversed"] is True
    assert reversed_item["codes"]["1"] == "Strongly agree"
    assert rows["person", "warmth.w1"]["codes"]["1"] == "Strongly disagree"
    assert rows["person", "calm.c1"]["wording"] is None
    table = list(csv.DictReader((folder / "codebook.csv").read_text(encoding="utf-8").splitlines()))
    assert [(one["level"], one["name"]) for one in table] == list(rows)


def test_version_lock_licences_and_citation_are_in_it(made: Path, folder: Path) -> None:
    version = read(folder / "version.json")
    assert re.fullmatch(r"[0-9a-f]{40}", version["commit"] or "0" * 40)
    assert version["libraries"]["numpy"]
    assert (folder / "requirements.lock").read_bytes() == (REPOSITORY / "requirements.lock").read_bytes()
    assert read(folder / "materials/data/small/lock.json") == read(made / "data/small/lock.json")
    licences = (folder / "LICENCES.md").read_text(encoding="utf-8")
    assert "**Data**: CC-BY-4.0." in licences
    assert licences.count("CC0-1.0") == 3
    assert "may not be shown" in licences
    cited = read(folder / "CITATION.cff")
    assert cited["cff-version"] == "1.2.0"
    assert cited["authors"]
    shipped = folder / "materials/instruments/warmth.yaml"
    assert load_instrument(shipped) == load_instrument(made / "instruments/warmth.yaml")


def test_how_alike_the_rows_are_is_reported(folder: Path) -> None:
    told = read(folder / "privacy.json")
    people = [one for one in told["k_anonymity"] if one["level"] == "person"]
    assert [(one["unit_above"], one["k"]) for one in people] == [(None, 144), ("team", 6)]
    assert "k = 6 of 144 rows by the team" in (folder / "README.md").read_text(encoding="utf-8")


ALIKE = [
    # two of each combination, but one row is alone in its team with its age
    ({"age": [1, 1, 2, 2], "team": ["a", "a", "a", "b"]}, 2, 0, 1, 2),
    ({"age": [1, None, None, 3], "team": ["a", "a", "a", "a"]}, 1, 2, 1, 2),
]


@pytest.mark.parametrize(("people", "k", "few", "k_in_team", "few_in_team"), ALIKE)
def test_k_is_the_smallest_group_of_rows_that_are_alike(
    tmp_path: Path, people: dict[str, Any], k: int, few: int, k_in_team: int, few_in_team: int
) -> None:
    covariate = "covariates: {age: {export: survey, column: AGE, predicts: [thriving]}}\nsmall_cell: 2\n"
    lay_out(tmp_path, f"\n{covariate}")
    study = load_study(tmp_path, "small")
    rows = {
        "person": pd.DataFrame({"id": list("pqrs"), **people}),
        "team": pd.DataFrame({"id": ["a", "b"]}),
    }
    alone, in_team, _ = deidentified.anonymity(study, rows)
    assert (alone["k"], alone["rows_in_smaller_groups"]) == (k, few)
    assert (in_team["k"], in_team["rows_in_smaller_groups"]) == (k_in_team, few_in_team)


def drop(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def link_out(folder: Path) -> None:
    (folder / ROWS).unlink()
    (folder / ROWS).symlink_to(folder.parent / "elsewhere.csv")
    (folder.parent / "elsewhere.csv").write_text("id,team\n", encoding="utf-8")


def spoil(old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / ROWS).read_text(encoding="utf-8")
        assert old in text
        (folder / ROWS).write_text(text.replace(old, new, 1), encoding="utf-8")

    return apply


FAULTS: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "no bundle": (drop("materials/data/small/study.yaml"), ["no bundle", "make bundle"]),
    "no rows": (drop(ROWS), [ROWS, "lacks this file"]),
    "a stage's results lost": (drop("materials/results/score/score.json"), ["score.json", "lacks this file"]),
    "a link out of it": (link_out, [ROWS, "link out of the bundle"]),
    "words for numbers": (spoil("person-001,team-01,", "person-001,team-01,many"), [ROWS, "no scored rows"]),
    "an id column lost": (spoil("id,team,", "id,squad,"), [ROWS, "team", "missing"]),
}


@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS)
def test_a_spoilt_bundle_is_told_plainly(
    folder: Path, tmp_path: Path, case: tuple[Callable[[Path], None], list[str]]
) -> None:
    change, fragments = case
    copied = tmp_path / "bundle"
    shutil.copytree(folder, copied)
    change(copied)
    with pytest.raises(StudyError) as error:
        plan.run_bundle(copied, tmp_path / "laid", quiet)
    assert [fragment for fragment in fragments if fragment not in str(error.value)] == []


def test_a_study_that_does_not_allow_it_shares_no_rows(made: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(made, root)
    text = (root / STUDY).read_text(encoding="utf-8")
    (root / STUDY).write_text(text.replace("data: true", "data: false"), encoding="utf-8")
    folder = bundle(load_study(root, "small"), Workspace(root, "small"))
    assert not (folder / "data").exists()
    assert read(folder / "privacy.json")["shared"] is False
    with pytest.raises(StudyError, match="does not allow them to be shared"):
        plan.run_bundle(folder, tmp_path / "laid", quiet)


def test_rows_with_telling_scores_of_a_few_are_shared_only_where_the_study_says_so(
    made: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(made, root)
    calm = root / "instruments" / "calm.yaml"
    calm.write_text(calm.read_text(encoding="utf-8") + "safety_items: [c3]\n", encoding="utf-8")
    workspace = Workspace(root, "small")
    scored = workspace.build / "score" / "person.parquet"
    rows = pd.read_parquet(scored)
    rows["calm"] = rows["calm"].clip(7 / 3, 11 / 3)
    rows.loc[rows.index[0], "calm"] = 5.0
    rows.to_parquet(scored)
    with pytest.raises(StudyError, match="fewer than 5 people have a score of 'calm'"):
        bundle(load_study(root, "small"), workspace)
    text = (root / STUDY).read_text(encoding="utf-8").replace("data: true", "data: true, safety_scores: true")
    (root / STUDY).write_text(text, encoding="utf-8")
    folder = bundle(load_study(root, "small"), workspace)
    told = read(folder / "privacy.json")["safety_scores"]
    assert told == [{"scale": "calm", "near_lowest": 0, "near_highest": 1}]
    assert "Handle `calm` with care: 0 scores near" in (folder / "README.md").read_text(encoding="utf-8")
    assert "calm.c3" not in pd.read_csv(folder / ROWS, nrows=0)


def test_a_quasi_identifier_that_nothing_bears_is_a_mistake(tmp_path: Path) -> None:
    lay_out(tmp_path, "\nshare: {quasi_identifiers: [warmt]}\n")
    with pytest.raises(StudyError, match=r"study\.yaml:\d+:\d+: .*'warmt'.*did you mean 'warmth'"):
        load_study(tmp_path, "small")


@pytest.mark.slow
def test_the_published_climate_study_gives_the_same_results_from_its_bundle(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for part in ("data/army-climate", "instruments", "reports/templates"):
        shutil.copytree(REPOSITORY / part, root / part)
    study, workspace = load_study(root, "army-climate"), Workspace(root, "army-climate")
    plan.run(study, workspace, quiet)
    folder = bundle(study, workspace)
    _, laid = plan.run_bundle(folder, tmp_path / "laid", quiet)
    again = read(laid.reports / "results.json")
    assert without_inputs(again) == without_inputs(read(folder / "results.json"))
