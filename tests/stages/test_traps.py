"""Traps that lie across platforms, each with a small file: told or undone, never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, read_frame, read_json
from pipeline.stages.ingest import ingest
from pipeline.stages.screen import screen
from pipeline.study import LoadedStudy

LEVELS = {"staff": {"within": "team"}, "team": {}}
FIVE = {1: "Never", 2: "Rarely", 3: "Sometimes", 4: "Often", 5: "Always"}
TEAMS = {"id": ["T01", "T02"]}
STAFF: Mapping[str, Sequence[object]] = {
    "id": [f"S{i}" for i in range(8)],
    "team": ["T01", "T01", "T01", "T01", "T02", "T02", "T02", "T02"],
    "C1": [1, 2, 3, 4, 5, 4, 3, 2],
    "C2": [5, 4, 3, 2, 1, 2, 3, 4],
    "C3": [1, 1, 2, 3, 4, 5, 5, 4],
}


def study(
    scales: Mapping[str, Any] | None = None, screening: Mapping[str, Any] | None = None, **staff: Any
) -> LoadedStudy:
    calm = made.instrument("calm").model_copy(update={"response_sets": {"frequency": FIVE}})
    wanted = scales or {"calm": {"export": "staff"}}
    exports = {
        "staff": {"level": "staff", "links": {"team": "team"}, **staff},
        "teams": {"level": "team", "kind": "roster"},
    }
    more = {"screening": screening} if screening else {}
    return made.study(wanted, exports, LEVELS, dict.fromkeys(wanted, calm), ids="public", **more)


def saved(root: Path, **columns: Sequence[object]) -> Workspace:
    folder = root / "data" / "made" / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({**STAFF, **columns}).to_csv(folder / "staff.csv", index=False)
    pd.DataFrame(TEAMS).to_csv(folder / "teams.csv", index=False)
    return Workspace(root, "made")


def run(root: Path, told: LoadedStudy, **columns: Sequence[object]) -> tuple[pd.DataFrame, dict[str, Any]]:
    workspace = saved(root, **columns)
    ingest(told, workspace)
    folder = workspace.build / "ingest"
    return read_frame(folder / "staff.parquet"), read_json(folder / "staff.json")


REFUSED = {
    "shifted to 0": ({"C1": [0, 1, 2, 3, 4, 3, 2, 1]}, ["C1", "row 1", "do the codes run from 0 to 4?"]),
    "shifted up": ({"C1": [2, 3, 4, 5, 6, 5, 4, 3]}, ["C1", "row 5", "do the codes run from 2 to 6?"]),
    "recode values of Qualtrics": ({"C1": [10, 11, 12, 13, 10, 11, 12, 13]}, ["C1", "row 1", "10"]),
    "anchors in another language": (
        {"C1": ["Nie", "Selten", "Nie", "Oft", "Immer", "Oft", "Nie", "Selten"]},
        ["C1", "'Nie'", "another language", "codebook.responses"],
    ),
    "ids shortened by a spreadsheet": (
        {"id": ["1.33764E+10", "1.33765E+10", *(f"S{i}" for i in range(6))]},
        ["2 ids in 'id'", "shortened by a spreadsheet"],
    ),
    "ids turned to dates": (
        {"id": ["5-Jan", "2024-03-04 00:00:00", *(f"1-{i}" for i in range(6))]},
        ["2 ids in 'id'", "turned to dates"],
    ),
    "one group for all": ({"team": ["T01"] * 8}, ["same id of the team"]),
}


@pytest.mark.parametrize(("columns", "fragments"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_undone_is_told_with_what_to_write(
    tmp_path: Path, columns: Mapping[str, Sequence[object]], fragments: list[str]
) -> None:
    with pytest.raises(StudyError) as caught:
        run(tmp_path, study(), **columns)
    assert [part for part in fragments if part not in str(caught.value)] == []


DECLARED = {
    "codes of LimeSurvey in another order": (
        {"C1": ["A1", "A2", "A3", "A1", "A2", "A3", "A5", "A4"]},
        {"responses": {5: "A1", 4: "A2", 3: "A3", 2: "A4", 1: "A5"}},
        {},
        [5, 4, 3, 5, 4, 3, 1, 2],
    ),
    "anchors in another language": (
        {"C1": ["Nie", "Selten", "Nie", "Oft", "Immer", "Oft", "Nie", "Selten"]},
        {"responses": {1: "Nie", 2: "Selten", 3: "Manchmal", 4: "Oft", 5: "Immer"}},
        {},
        [1, 2, 1, 4, 5, 4, 1, 2],
    ),
    "no basis and prefer not to say of Qualtrics": (
        {"C1": [1, -1, 3, 4, -2, 4, -99, 2]},
        None,
        {"missing_codes": [-1, -2, -99]},
        [1, None, 3, 4, None, 4, None, 2],
    ),
    "words with a letter before them": (
        {"C1": ["a. Never", "Never", "b) Rarely", "Rarely", "Often", "d. Often", "Always", "Always"]},
        None,
        {},
        [1, 1, 2, 2, 4, 4, 5, 5],
    ),
}


@pytest.mark.parametrize(("columns", "codebook", "export", "wanted"), DECLARED.values(), ids=DECLARED)
def test_what_the_study_declares_is_read_so(
    tmp_path: Path,
    columns: Mapping[str, Sequence[object]],
    codebook: Mapping[str, Any] | None,
    export: Mapping[str, Any],
    wanted: list[float | None],
) -> None:
    told = study(**export)
    if codebook is not None:
        told.instruments["calm"] = told.instruments["calm"].settled(**codebook)
        same = {f"C{n}": ["A1" if "A1" in columns["C1"] else "Oft"] * 8 for n in (2, 3)}
        columns = {**same, **columns}
    frame, _ = run(tmp_path, told, **columns)
    assert [None if value != value else value for value in frame["calm.c1"]] == wanted


def test_items_in_another_order_than_the_instrument_are_read_by_their_names(tmp_path: Path) -> None:
    frame, _ = run(tmp_path, study())
    workspace = Workspace(tmp_path, "made")
    path = workspace.declared / "exports" / "staff.csv"
    pd.read_csv(path)[["C3", "team", "C1", "id", "C2"]].to_csv(path, index=False)
    ingest(study(), workspace)
    turned = read_frame(workspace.build / "ingest" / "staff.parquet")
    items = ["calm.c1", "calm.c2", "calm.c3"]
    pd.testing.assert_frame_equal(turned[items], frame[items])


SPELLED = ["5 - Always", "always ", "Always", "5", "ALWAYS", "5.0", "(5) Always", "Always (5)"]


def test_one_answer_in_eight_spellings_is_one_answer_and_each_change_is_counted(tmp_path: Path) -> None:
    frame, told = run(tmp_path, study(), C1=SPELLED)
    assert frame["calm.c1"].tolist() == [5.0] * 8
    changes = [(one["from"], one["to"], one["n"]) for one in told["recodings"] if one["column"] == "calm.c1"]
    assert sum(n for _, _, n in changes) == 8
    assert {to for _, to, _ in changes} == {5.0}


@pytest.mark.parametrize(
    ("typed", "proposals"),
    [("Team 1", ["T01"]), ("t1", ["T01"]), ("T-01", ["T01"]), ("1", ["T01"]), ("zzz", [])],
)
def test_keys_typed_by_hand_are_proposed_and_never_guessed(
    tmp_path: Path, typed: str, proposals: list[str]
) -> None:
    frame, told = run(tmp_path, study(), team=[typed, *["T01"] * 3, *["T02"] * 4])
    assert frame["_link_team"][0] == typed.upper()
    assert [one["proposals"] for one in told["id_proposals"]] == [proposals]


@pytest.mark.parametrize("typed", ["t01 ", "T01\u200b", "\u00a0T01", "Ｔ01"])
def test_keys_that_differ_only_in_typing_are_one_key(tmp_path: Path, typed: str) -> None:
    frame, told = run(tmp_path, study(), team=[typed, *["T01"] * 3, *["T02"] * 4])
    assert frame["_link_team"][0] == "T01"
    assert told["id_proposals"] == []


def test_wide_waves_are_two_scales_of_one_instrument(tmp_path: Path) -> None:
    scales = {
        "calm_first": {"export": "staff", "columns": "C{n}"},
        "calm_second": {"export": "staff", "columns": "C{n}_w2"},
    }
    second = {f"C{n}_w2": list(reversed(STAFF[f"C{n}"])) for n in (1, 2, 3)}
    frame, _ = run(tmp_path, study(scales), **second)
    assert frame["calm_second.c1"].tolist() == list(reversed(frame["calm_first.c1"].tolist()))


def test_long_waves_are_two_exports_of_one_file(tmp_path: Path) -> None:
    wave = [1, 1, 2, 1, 1, 2, 2, 1]
    ids = ["S0", "S1", "S0", "S3", "S4", "S1", "S4", "S5"]
    frame, told = run(tmp_path, study(rows={"wave": "2"}), wave=wave, id=ids)
    assert frame["_id"].tolist() == ["S0", "S1", "S4"]
    assert (told["rows"], told["rows_of_other_parts"]) == (3, 5)


def test_consent_and_attention_leave_people_out_with_their_reason(tmp_path: Path) -> None:
    told = study(consent={"column": "agree", "accept": ["Yes"]}, attention={"check": [4, "Often"]})
    agree = ["Yes", "yes ", "No", "", "Yes", "Yes", "Yes", "Yes"]
    workspace = saved(tmp_path, agree=agree, check=[4, 4, 4, 4, 3, "", 4, 5])
    ingest(told, workspace)
    screen(told, workspace)
    found = read_json(workspace.build / "screen" / "screen.json")["exports"]["staff"]
    counts = {one["reason"]: one["n"] for one in found["excluded"]}
    assert (counts["no consent"], counts["attention check failed"], found["kept"]) == (2, 2, 4)


def test_reversed_coding_is_read_by_the_files_own_labels(tmp_path: Path) -> None:
    import pyreadstat

    told = study(file="exports/staff.sav", platform="spss")
    workspace = saved(tmp_path)
    labels = {6 - value: label for value, label in FIVE.items()}
    frame = pd.DataFrame(STAFF).astype({"C1": float})
    path = tmp_path / "data" / "made" / "exports" / "staff.sav"
    pyreadstat.write_sav(frame, str(path), variable_value_labels={"C1": labels})
    ingest(told, workspace)
    read = read_frame(workspace.build / "ingest" / "staff.parquet")
    assert read["calm.c1"].tolist() == [6 - value for value in STAFF["C1"]]  # type: ignore[operator]
    changes = read_json(workspace.build / "ingest" / "staff.json")["recodings"]
    assert {one["rule"] for one in changes} == {"value label of the file"}


REFUSAL = "no row has|gives consent|no row has an id|different id|same id"


def ingested(told: LoadedStudy, workspace: Workspace) -> bool:
    """Whether a file could be ingested; one that could not is refused for a reason that is known here."""
    refused = None
    try:
        ingest(told, workspace)
    except StudyError as error:
        refused = str(error)
    assert refused is None or re.search(REFUSAL, refused)
    return refused is None


rows = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2", "S3", "", " s1"]),
        st.sampled_from(["T01", "T02", ""]),
        *(st.sampled_from(["1", "3", "5", "", "-99", "Never"]) for _ in range(3)),
        st.sampled_from(["Yes", "No", ""]),
        st.sampled_from(["4", "3", ""]),
        st.sampled_from(["1", "2"]),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=rows, duplicates=st.sampled_from(["first", "last", "keep"]), share=st.sampled_from([None, 0.5, 1.0])
)
def test_every_row_is_kept_or_excluded_for_one_reason(
    tmp_path: Path, rows: list[tuple[str, ...]], duplicates: str, share: float | None
) -> None:
    """Rows in the file = blank + of other parts + kept + excluded with a reason, at each level."""
    names = ["id", "team", "C1", "C2", "C3", "agree", "check", "wave"]
    told = study(
        screening={"duplicates": duplicates, "minimum_answered": share, "longest_run": 3},
        consent={"column": "agree", "accept": ["Yes"]},
        attention={"check": [4]},
        missing_codes=[-99],
        rows={"wave": "1"},
    )
    workspace = saved(tmp_path)
    pd.DataFrame(rows, columns=names).to_csv(workspace.declared / "exports" / "staff.csv", index=False)
    if not ingested(told, workspace):
        return
    screen(told, workspace)
    here = read_json(workspace.build / "ingest" / "staff.json")
    found = read_json(workspace.build / "screen" / "screen.json")
    excluded = read_frame(workspace.build / "screen" / "exclusions.parquet")
    kept = read_frame(workspace.build / "screen" / "staff.parquet")
    left = excluded[excluded["export"] == "staff"]
    assert len(rows) == here["rows"] + here["rows_of_other_parts"]
    assert here["rows"] == len(kept) + len(left)
    assert set(kept["_row"]).isdisjoint(left["row"])
    assert left["row"].is_unique
    level = found["levels"]["staff"]
    assert level["received"] == level["kept"] + sum(one["n"] for one in level["excluded"]) == here["rows"]
