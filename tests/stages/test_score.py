from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import made
import numpy as np
import pandas as pd
import pytest

from pipeline.declaration import StudyError
from pipeline.instrument import Instrument
from pipeline.stages.artefacts import read_frame, read_json, write_frame
from pipeline.stages.score import declared, inputs, outputs, score, score_scale
from pipeline.study import LoadedStudy

DATA = Path(__file__).parent.parent / "reference" / "data"
N = None
NAN = math.nan


def one_scale(instrument: Instrument, facet: str | None = None, **scale: Any) -> LoadedStudy:
    used = instrument.only(facet) if facet else instrument
    return made.study(
        scales={"calm": {"export": "clients", "facet": facet} | scale},
        exports={"clients": {"level": "client"}},
        levels={"client": {}},
        instruments={"calm": used},
    )


def answers(*rows: Sequence[float | None], scale: str = "calm", letter: str = "c") -> pd.DataFrame:
    columns = zip(*rows, strict=True)
    return made.rows({f"{scale}.{letter}{number}": list(each) for number, each in enumerate(columns, 1)})


ROWS = [(1, 2, 3, 4), (5, 4, N, N), (N, N, N, 1), (N, N, N, N)]


@pytest.mark.parametrize(
    ("options", "facet", "expected"),
    [
        ({}, None, [2.5, 4.5, NAN, NAN]),
        ({"reverse": [1]}, None, [3.5, 2.5, NAN, NAN]),
        ({"reverse": [1], "codes": range(5, 0, -1)}, None, [3.5, 2.5, NAN, NAN]),
        ({"reverse": [1], "codes": range(7)}, None, [3.5, 2.5, NAN, NAN]),
        ({"reverse": [1], "printed_reversed": [1]}, None, [2.5, 4.5, NAN, NAN]),
        ({"scoring": {"rule": "sum"}}, None, [10.0, 18.0, NAN, NAN]),
        ({"scoring": {"rule": "scaled", "factor": 10.0, "offset": 1.0}}, None, [26.0, 46.0, NAN, NAN]),
        ({"scoring": {"minimum_answered": 1.0}}, None, [2.5, NAN, NAN, NAN]),
        ({"scoring": {"minimum_answered": 0.25}}, None, [2.5, 4.5, 1.0, NAN]),
        ({"facets": {"first": [1, 2], "last": [3, 4]}}, "last", [3.5, NAN, 1.0, NAN]),
    ],
    ids=[
        "mean",
        "reversed",
        "reversed, codes listed downwards",
        "reversed by the set's own ends",
        "printed reversed",
        "sum, prorated",
        "scaled",
        "all needed",
        "one is enough",
        "one facet",
    ],
)
def test_scores(options: dict[str, Any], facet: str | None, expected: list[float]) -> None:
    study = one_scale(made.instrument("calm", 4, **options), facet)
    found = score_scale(study, "calm", answers(*ROWS)).scores["calm"]
    assert found.tolist() == pytest.approx(expected, nan_ok=True)


def test_what_the_platform_has_reversed_is_not_reversed_again() -> None:
    study = one_scale(made.instrument("calm", 4, [1, 2]), already_reversed=["c2"])
    found = score_scale(study, "calm", answers((1, 2, 3, 4)))
    assert found.items.iloc[0].tolist() == [5, 2, 3, 4]
    assert found.result["reversed"] == ("c1",)
    assert found.result["already_reversed"] == ("c2",)


def test_facets_are_scored_beside_the_total() -> None:
    instrument = made.instrument("calm", 4, [4], facets={"first": [1, 2], "last": [3, 4]})
    found = score_scale(one_scale(instrument), "calm", answers(*ROWS))
    assert found.facets["calm.first"].tolist() == pytest.approx([1.5, 4.5, NAN, NAN], nan_ok=True)
    assert found.facets["calm.last"].tolist() == pytest.approx([2.5, NAN, 5.0, NAN], nan_ok=True)
    assert found.result["facets"]["last"] == {
        "title": "Last",
        "items": ("c3", "c4"),
        "needed": 1,
        "scored": 2,
        "not_scored": 2,
    }


def test_the_result_says_how_the_score_was_made() -> None:
    instrument = made.instrument("calm", 4, [1], scoring={"rule": "sum", "minimum_answered": 0.75})
    result = score_scale(one_scale(instrument), "calm", answers(*ROWS)).result
    told = {
        key: result[key] for key in ("instrument", "level", "items", "rule", "needed", "scored", "not_scored")
    }
    assert told == {
        "instrument": "calm",
        "level": "client",
        "items": ("c1", "c2", "c3", "c4"),
        "rule": "sum",
        "needed": 3,
        "scored": 1,
        "not_scored": 3,
    }
    assert "times the number of items" in result["rule_in_words"]


def agreeable(reverse: Sequence[int] = (), printed: Sequence[int] = (), **scale: Any) -> LoadedStudy:
    instrument = made.instrument("agreeableness", 5, reverse, printed, codes=range(1, 7))
    return made.study(
        scales={"agreeableness": {"export": "clients"} | scale},
        exports={"clients": {"level": "client"}},
        levels={"client": {}},
        instruments={"agreeableness": instrument},
    )


def bfi(turned: Sequence[str] = (), rows: int = 2800) -> pd.DataFrame:
    raw = pd.read_csv(DATA / "bfi_agreeableness.csv").iloc[:rows]
    raw[list(turned)] = 7 - raw[list(turned)]
    return made.rows({f"agreeableness.a{n}": raw[f"A{n}"].tolist() for n in range(1, 6)})


@pytest.mark.parametrize(
    ("study", "turned", "item", "kind", "write"),
    [
        (agreeable(), [], "a1", "not in the key", "reverse: [a1]"),
        (agreeable([1]), ["A1"], "a1", "already reversed", "already_reversed: [a1]"),
        (agreeable([1], already_reversed=["a1"]), [], "a1", "not yet reversed", "already_reversed: []"),
        (agreeable([1], [1]), [], "a1", "not yet reversed", "reverse: [a1]"),
        (agreeable([1, 4]), [], "a4", "already reversed", "already_reversed: [a4]"),
        (
            agreeable([1, 4], already_reversed=["a1"]),
            ["A1"],
            "a4",
            "already reversed",
            "already_reversed: [a1, a4]",
        ),
    ],
)
def test_a_key_that_does_not_fit_is_told_with_what_to_write(
    study: LoadedStudy, turned: list[str], item: str, kind: str, write: str
) -> None:
    [problem] = score_scale(study, "agreeableness", bfi(turned)).result["reverse_check"]["problems"]
    assert (problem["item"], problem["kind"]) == (item, kind)
    assert problem["r"] < -0.2
    assert problem["sure"]
    assert write in problem["write"]
    assert problem["write"].startswith("scales:\n  agreeableness:\n    ")


def test_a_key_that_fits_has_no_problems() -> None:
    check = score_scale(agreeable([1]), "agreeableness", bfi()).result["reverse_check"]
    assert check["problems"] == []
    assert [row["r"] for row in check["items"]] == pytest.approx(
        [0.308, 0.564, 0.587, 0.394, 0.489], abs=5e-4
    )
    assert [row["reversed"] for row in check["items"]] == [True, False, False, False, False]


def test_a_whole_key_applied_to_a_reversed_export_names_the_reversed_items() -> None:
    """Four of five items turned for nothing: the odd one out is not the one to blame."""
    study = agreeable([2, 3, 4, 5])
    problems = score_scale(study, "agreeableness", bfi(["A1"])).result["reverse_check"]["problems"]
    assert [problem["item"] for problem in problems] == ["a2", "a3", "a4", "a5"]
    assert {problem["kind"] for problem in problems} == {"already reversed"}
    assert "already_reversed: [a2, a3, a4, a5]" in problems[0]["write"]


def test_what_may_be_chance_is_told_as_such() -> None:
    rng = np.random.default_rng(2)
    trait = rng.normal(size=30)
    columns = {f"calm.c{n}": (trait + rng.normal(size=30)).tolist() for n in (1, 2, 3)}
    weak = made.rows(columns | {"calm.c4": rng.normal(size=30).tolist()})
    [problem] = score_scale(one_scale(made.instrument("calm", 4)), "calm", weak).result["reverse_check"][
        "problems"
    ]
    assert (problem["item"], problem["sure"]) == ("c4", False)
    assert "can be chance" in problem["message"]


def nested(**more: Any) -> LoadedStudy:
    return made.study(
        scales={
            "belonging": {"export": "clients"},
            "support": {"export": "staff_survey"},
            "wellbeing": {"export": "clients", "score": "WB"},
        },
        exports={
            "clients": {"level": "client", "links": {"staff": "S"}},
            "staff_survey": {"level": "staff", "links": {"team": "T"}},
            "teams": {"level": "team", "kind": "roster"},
        },
        levels={
            "client": {"within": "staff"},
            "staff": {"title": "Staff member", "plural": "staff", "within": "team"},
            "team": {},
        },
        instruments={
            "belonging": made.instrument("belonging", 2, [2], facets={"here": [1], "there": [2]}),
            "support": made.instrument("support", 2),
        },
        edges=[("support", "belonging"), ("belonging", "wellbeing")],
        covariates={
            "size": {"export": "teams", "column": "SIZE"},
            "age": {"export": "clients", "column": "AGE"},
        },
        **more,
    )


FRAMES = {
    "clients": made.rows(
        {
            "belonging.b1": [4, 5, 1, 2],
            "belonging.b2": [2, 1, 5, N],
            "wellbeing": [3.25, N, 1, 2],
            "age": [30, 40, N, 50],
        },
        id=["C1", "=C2", "C3", "C4"],
        link_staff=["S1", "S1", "S2", "S3"],
        seconds=[60.5, 70, NAN, 80],
    ),
    "staff_survey": made.rows(
        {"support.s1": [4, 2], "support.s2": [5, N]}, id=["S1", "S2"], link_team=["T1", "T2"]
    ),
    "teams": made.rows({"size": [8, 9, 10]}, id=["T1", "T2", "T3"]),
}


def run(
    root: Path,
    study: LoadedStudy,
    frames: Mapping[str, pd.DataFrame],
    excluded: Mapping[str, list[int]] | None = None,
) -> Path:
    workspace = made.workspace(root, "screen", frames)
    for name, numbers in (excluded or {}).items():
        kept = frames[name][~frames[name]["_row"].isin(numbers)]
        write_frame(workspace.build / "screen" / f"{name}.parquet", kept.reset_index(drop=True))
    assert [path for path in inputs(study, workspace) if not path.exists()] == []
    score(study, workspace)
    assert [path for path in outputs(study, workspace) if not path.exists()] == []
    return workspace.build


def test_one_frame_a_level(tmp_path: Path) -> None:
    build = run(tmp_path, nested(), FRAMES)
    frames = {
        level: read_frame(build / "score" / f"{level}.parquet") for level in ("client", "staff", "team")
    }
    items = ["belonging.b1", "belonging.b2"]
    scores = ["belonging", "wellbeing", "belonging.here", "belonging.there"]
    assert list(frames["client"].columns) == ["id", "staff", "team", *items, *scores, "age", "_seconds"]
    assert frames["client"]["belonging"].tolist() == [4.0, 5.0, 1.0, 2.0]
    assert frames["client"]["belonging.b2"].tolist() == pytest.approx([4, 5, 1, NAN], nan_ok=True)
    assert frames["client"]["team"].dropna().tolist() == ["T1", "T1", "T2"]
    assert frames["staff"]["support"].tolist() == [4.5, 2.0]
    assert frames["team"]["size"].tolist() == [8, 9, 10]


def test_score_json(tmp_path: Path) -> None:
    told = read_json(run(tmp_path, nested(), FRAMES, {"staff_survey": [1]}) / "score" / "score.json")
    assert list(told) == ["levels", "scales", "problems"]
    assert list(told["levels"]) == ["client", "staff", "team"]
    assert told["levels"]["client"]["linked"]["staff"]["unlinked"] == [
        {"reason": "the staff member was excluded by screening", "n": 2},
        {"reason": "id not among the staff who answered", "n": 1},
    ]
    assert told["scales"]["wellbeing"]["rule"] == "ready"
    assert told["scales"]["wellbeing"]["not_scored"] == 1
    assert told["scales"]["belonging"]["reversed"] == ["b2"]


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        build = run(tmp_path / name, nested(), FRAMES)
        files = sorted(path for path in build.rglob("*") if path.is_file())
        written.append([(file.relative_to(build), file.read_bytes()) for file in files])
    assert written[0] == written[1]


def test_ids_enter_no_result(tmp_path: Path) -> None:
    """Two keys for private ids give the same score.json."""
    hashed = {
        name: frame.assign(
            **{
                column: frame[column].map(lambda one: f"{hash(one):x}")
                for column in frame
                if column == "_id" or column.startswith("_link")
            }
        )
        for name, frame in FRAMES.items()
    }
    results = [
        run(tmp_path / str(n), nested(), one) / "score" / "score.json"
        for n, one in enumerate((FRAMES, hashed))
    ]
    assert results[0].read_bytes() == results[1].read_bytes()


def soldiers(**columns: Any) -> dict[str, pd.DataFrame]:
    return {"survey": made.rows({"lead": [1, 2, 3, 4], "cohes": [2, 3, 4, 4]}, **columns)}


ARMY = made.study(
    scales={"lead": {"export": "survey", "score": "LEAD"}, "cohes": {"export": "survey", "score": "COHES"}},
    exports={"survey": {"level": "soldier", "id": None, "links": {"company": "GRP"}}},
    levels={"soldier": {"within": "company"}, "company": {"plural": "companies"}},
    instruments={},
    edges=[("lead", "cohes")],
)


def test_a_study_of_ready_scores_whose_clusters_are_only_named(tmp_path: Path) -> None:
    build = run(tmp_path, ARMY, soldiers(id=[N] * 4, link_company=["7", "3", "7", "3"]))
    assert read_frame(build / "score" / "company.parquet")["id"].tolist() == ["7", "3"]
    assert read_frame(build / "score" / "soldier.parquet")["id"].tolist() == ["1", "2", "3", "4"]
    assert read_json(build / "score" / "score.json")["scales"]["lead"]["instrument"] is None


@pytest.mark.parametrize(
    ("links", "said"),
    [
        (["1", "2", "3", "4"], "ids that link soldiers to a company are all different"),
        (["1"] * 4, "ids that link soldiers to a company are all the same"),
        ([N] * 4, r"none of 4 soldiers could be linked to a company \(no id given: 4\)"),
    ],
)
def test_clusters_that_cannot_be_used_are_refused(tmp_path: Path, links: list[str | None], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        run(tmp_path, ARMY, soldiers(id=[N] * 4, link_company=links))
    assert not (tmp_path / "build" / "made" / "score").exists()


def test_a_study_without_rows_is_refused(tmp_path: Path) -> None:
    frames = soldiers(id=[N] * 4, link_company=["1", "1", "2", "2"])
    with pytest.raises(
        StudyError, match=r"exports/survey.csv: no row of the soldiers is left after screening"
    ):
        run(tmp_path, ARMY, frames, {"survey": [1, 2, 3, 4]})


def test_an_answer_that_cannot_be_reversed_is_told_with_its_row() -> None:
    study = one_scale(made.instrument("calm", 2, [1]))
    with pytest.raises(StudyError, match=r"exports/clients.csv: calm: item c1 is answered 9 in row 2"):
        score_scale(study, "calm", answers((1, 2), (9, 3)))


def test_a_missing_rule_is_asked_for() -> None:
    study = one_scale(made.instrument("calm", 2, scoring={"minimum_answered": None}))
    with pytest.raises(StudyError, match=r"codebook\.minimum_answered"):
        score_scale(study, "calm", answers((1, 2)))


@pytest.mark.parametrize(
    ("change", "same"),
    [({"seed": 9}, True), ({"screening": {"longest_run": 5}}, True), ({"title": "Another"}, False)],
)
def test_only_what_matters_here_makes_the_stage_run_again(change: dict[str, Any], same: bool) -> None:
    before, after = nested(), nested(**{} if "title" in change else change)
    if "title" in change:
        renamed = after.declared.model_copy(update=change)
        after = LoadedStudy(after.id, renamed, after.instruments, after.edges)
    assert (json.dumps(declared(before)) == json.dumps(declared(after))) is same
