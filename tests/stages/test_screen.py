from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.artefacts import Workspace, read_frame, read_json
from pipeline.stages.ingest import ingest
from pipeline.stages.screen import (
    RULES,
    Form,
    PrintedItem,
    declared,
    form_of,
    inputs,
    longest_runs,
    outputs,
    screen,
    screen_rows,
)
from pipeline.study import LoadedStudy, Screening, load_study

REPOSITORY = Path(__file__).resolve().parent.parent.parent
BFI = pd.read_csv(REPOSITORY / "tests" / "reference" / "data" / "bfi_items.csv")


def two_scales(**screening: Any) -> LoadedStudy:
    """Four items of `calm`, the second reverse-worded, and four of `belonging`, in one export."""
    return made.study(
        scales={"calm": {"export": "survey"}, "belonging": {"export": "survey"}},
        exports={"survey": {"level": "client", "links": {"staff": "staff"}}},
        levels={"client": {"within": "staff"}, "staff": {}},
        instruments={"calm": made.instrument("calm", 4, [2]), "belonging": made.instrument("belonging", 4)},
        screening=screening,
    )


ITEMS = [f"{scale}.{scale[0]}{number}" for scale in ("calm", "belonging") for number in range(1, 5)]
GOOD = (1, 4, 2, 3, 2, 4, 5, 3)


def answered(*rows: Sequence[float | None], **around: Any) -> pd.DataFrame:
    return made.rows(dict(zip(ITEMS, zip(*rows, strict=True), strict=True)), **around)


def reasons(study: LoadedStudy, frame: pd.DataFrame) -> list[str | None]:
    """The reason by row, None for a row kept."""
    screened = screen_rows(frame, form_of(study, "survey"), study.declared.screening)
    found = dict(screened.excluded)
    return [found.get(row) for row in frame["_row"]]


N = None
BLANK = (N,) * 8
ONE_BLANK_OF_HALF = (1, 2, 3, N, N, N, N, N)
HALF = (1, 2, 3, 4, N, N, N, N)
SAME = (3,) * 8


@pytest.mark.parametrize(
    ("screening", "rows", "around", "expected"),
    [
        ({}, [GOOD, GOOD], {"preview": [True, False]}, ["preview or test", None]),
        ({"previews": False}, [GOOD, GOOD], {"preview": [True, False]}, [None, None]),
        ({}, [BLANK, ONE_BLANK_OF_HALF, HALF, GOOD], {}, ["no answers", "too few answers", None, None]),
        ({"minimum_answered": 1.0}, [HALF, GOOD], {}, ["too few answers", None]),
        ({"minimum_answered": None}, [BLANK, ONE_BLANK_OF_HALF], {}, [None, None]),
        ({}, [GOOD] * 4, {"id": ["A", "B", "A", "A"]}, [None, None, "duplicate", "duplicate"]),
        ({"duplicates": "last"}, [GOOD] * 3, {"id": ["A", "A", "A"]}, ["duplicate", "duplicate", None]),
        ({"duplicates": "keep"}, [GOOD] * 2, {"id": ["A", "A"]}, [None, None]),
        ({}, [GOOD] * 3, {"id": [None, None, None]}, [None, None, None]),
        ({}, [BLANK, GOOD, GOOD], {"id": ["A", "A", "A"]}, ["no answers", None, "duplicate"]),
        ({"longest_run": 8}, [SAME, GOOD], {}, ["straight-lining", None]),
        ({"longest_run": 9}, [SAME, GOOD], {}, [None, None]),
        ({}, [SAME], {}, [None]),
        ({"seconds_per_item": 2}, [GOOD] * 3, {"seconds": [15.9, 16.0, math.nan]}, ["speeding", None, None]),
        ({"seconds_per_item": 2}, [HALF], {"seconds": [8.0]}, [None]),
        ({}, [GOOD], {"seconds": [1.0]}, [None]),
        (
            {"longest_run": 8, "seconds_per_item": 2},
            [SAME, BLANK, GOOD],
            {"seconds": [1.0] * 3, "preview": [False, True, False], "id": ["A", "A", "A"]},
            ["straight-lining", "preview or test", "duplicate"],
        ),
    ],
)
def test_the_first_rule_that_applies_gives_the_reason(
    screening: dict[str, Any], rows: list[Any], around: dict[str, Any], expected: list[str | None]
) -> None:
    assert reasons(two_scales(**screening), answered(*rows, **around)) == expected


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        ([True, True], [None, None]),
        ([True, False], [None, "no consent"]),
        ([True, None], [None, "no consent"]),
    ],
)
def test_consent_has_to_be_given_where_it_was_asked(
    consent: list[bool | None], expected: list[str | None]
) -> None:
    asked = made.study(
        scales={"calm": {"export": "survey"}},
        exports={"survey": {"level": "client", "consent": {"column": "C", "accept": [1]}}},
        levels={"client": {}},
        instruments={"calm": made.instrument("calm", 4)},
    )
    frame = answered(GOOD, GOOD, consent=pd.array(consent, dtype="boolean"))
    assert reasons(asked, frame) == expected
    assert reasons(two_scales(), frame) == [None, None]


def printed(*scales: str, turned: str = "", codes: Sequence[int] = (1, 2, 3, 4, 5)) -> list[PrintedItem]:
    """Items named a1, a2, ... per scale; a name in capitals is worded the other way."""
    items = []
    for scale in scales:
        for number, mark in enumerate(scale, 1):
            column = f"{scale[0].lower()}{number}"
            items.append(
                PrintedItem(
                    column, tuple(codes), column in turned.split(), (scale[0].lower(), mark.isupper())
                )
            )
    return items


@pytest.mark.parametrize(
    ("items", "answers", "longest", "suspect"),
    [
        (printed("aaaa"), (5, 5, 5, 5), 4, 0),
        (printed("aaAa"), (5, 5, 5, 5), 4, 4),
        (printed("aaAa"), (5, 5, 1, 5), 2, 0),
        (printed("aaa", "bbb"), (5, 5, 5, 5, 5, 2), 5, 5),
        (printed("aaa", "bbb"), (5, 5, 5, 2, 2, 2), 3, 0),
        (printed("aaa", "bbb"), (1, 5, 5, 5, 2, 2), 3, 3),
        (printed("aaa", "bbb"), (N, 5, N, 5, N, 5), 3, 3),
        (printed("aaa", "bbb"), (N, N, N, N, N, N), 0, 0),
        (printed("aaA", turned="a3"), (4, 4, 2), 3, 3),
        (printed("aaA", turned="a3"), (4, 4, 4), 2, 0),
        (printed("aA", codes=(10, 25, 50)), (25, 25), 2, 2),
        ([*printed("aa"), *printed("bb", codes=(0, 1, 2, 3, 4))], (3, 3, 2, 2), 4, 4),
    ],
    ids=[
        "one scale, one direction: may be honest",
        "one scale, both directions",
        "an honest answer to a reversed item",
        "over two scales",
        "a run ends where a scale begins",
        "a run that crosses over",
        "blanks are skipped",
        "nothing answered",
        "turned by the platform: same place on the page",
        "turned by the platform: another place",
        "codes that are not 1, 2, 3",
        "scales coded from 1 and from 0",
    ],
)
def test_runs_are_of_places_on_the_page(
    items: list[PrintedItem], answers: Sequence[float | None], longest: int, suspect: int
) -> None:
    frame = pd.DataFrame([answers], columns=[item.column for item in items], dtype=float)
    assert [int(found[0]) for found in longest_runs(frame, items)] == [longest, suspect]


def test_longest_runs_are_those_of_the_reference() -> None:
    """Long-string index of the R reference (complete rows of bfi, 25 items): the first 20 rows."""
    expected = [3, 4, 3, 3, 3, 3, 2, 1, 5, 2, 4, 3, 3, 3, 5, 4, 3, 3, 2, 2]
    items = [PrintedItem(name, (1, 2, 3, 4, 5, 6), False, (name[0], False)) for name in BFI]
    longest, suspect = longest_runs(BFI.dropna().iloc[:20], items)
    assert longest.tolist() == expected
    assert (suspect <= longest).all()


@st.composite
def exports(draw: st.DrawFn) -> tuple[pd.DataFrame, Screening]:
    size = draw(st.integers(0, 12))

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=size, max_size=size))

    frame = made.rows(
        {name: column(st.sampled_from([None, 3, 3, 3, 4])) for name in ITEMS},
        id=column(st.sampled_from([None, "A", "B", "C"])),
        preview=column(st.booleans()),
        consent=pd.array(column(st.one_of(st.none(), st.booleans())), dtype="boolean"),
        seconds=column(st.one_of(st.just(math.nan), st.floats(0, 60))),
    )
    screening = Screening(
        previews=draw(st.booleans()),
        duplicates=draw(st.sampled_from(["first", "last", "keep"])),
        minimum_answered=draw(st.sampled_from([None, 0.3, 0.5, 1.0])),
        longest_run=draw(st.sampled_from([None, 3, 6])),
        seconds_per_item=draw(st.sampled_from([None, 2.0])),
    )
    return frame, screening


@settings(max_examples=50, deadline=None)
@given(exports())
def test_every_row_is_kept_or_excluded_once(drawn: tuple[pd.DataFrame, Screening]) -> None:
    frame, screening = drawn
    form = form_of(two_scales(), "survey")
    form = Form(form.level, form.kind, form.identified, True, form.items, form.answers)
    screened = screen_rows(frame, form, screening)
    excluded = [row for row, _ in screened.excluded]
    assert len(frame) == len(screened.kept) + sum(screened.counts.values())
    assert sorted([*screened.kept["_row"], *excluded]) == list(frame["_row"])
    assert [reason for _, reason in screened.excluded if reason not in screened.counts] == []
    assert list(screened.counts) == [rule.reason for rule in RULES if rule.reason in screened.counts]
    assert screened.kept["_row"].is_monotonic_increasing
    assert screen_rows(screened.kept, form, screening).excluded == ()


def full_study(**screening: Any) -> LoadedStudy:
    return made.study(
        scales={"calm": {"export": "clients"}, "support": {"export": "staff_survey", "score": "S"}},
        exports={
            "clients": {"level": "client"},
            "staff_survey": {"level": "staff", "id": None},
            "roster": {"level": "staff", "kind": "roster"},
        },
        levels={"client": {"within": "staff"}, "staff": {}},
        instruments={"calm": made.instrument("calm", 4)},
        screening=screening,
    )


def run(root: Path, study: LoadedStudy, frames: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    workspace = made.workspace(root, "ingest", frames)
    screen(study, workspace)
    assert [path for path in outputs(study, workspace) if not path.exists()] == []
    assert [path for path in inputs(study, workspace) if not path.exists()] == []
    return read_json(workspace.build / "screen" / "screen.json")


FULL = {
    "clients": answered(
        GOOD, GOOD, BLANK, SAME, SAME, id=["A", "A", "B", "C", "D"], preview=[False] * 4 + [True]
    ),
    "staff_survey": made.rows({"support": [3.5, None, 4.0]}, id=[None] * 3),
    "roster": made.rows({}, id=["S1", "S2", "S1"]),
}


def test_counts_by_reason_export_and_level(tmp_path: Path) -> None:
    told = run(tmp_path, full_study(longest_run=4), FULL)
    clients = told["exports"]["clients"]
    assert (clients["received"], clients["kept"]) == (5, 2)
    assert clients["excluded"] == [
        {"reason": "preview or test", "n": 1},
        {"reason": "no answers", "n": 1},
        {"reason": "too few answers", "n": 0},
        {"reason": "duplicate", "n": 1},
        {"reason": "straight-lining", "n": 0},
    ]
    assert told["exports"]["staff_survey"]["excluded"][1] == {"reason": "no answers", "n": 1}
    assert told["exports"]["roster"]["excluded"] == [{"reason": "duplicate", "n": 1}]
    assert told["levels"]["staff"]["received"] == 3
    assert told["rules"]["speeding"] == {"on": False, "rule": None}
    for part in [*told["exports"].values(), *told["levels"].values()]:
        assert part["received"] == part["kept"] + sum(entry["n"] for entry in part["excluded"])


def test_exclusions_name_export_level_row_and_reason(tmp_path: Path) -> None:
    run(tmp_path, full_study(), FULL)
    excluded = read_frame(tmp_path / "build" / "made" / "screen" / "exclusions.parquet")
    assert excluded.to_numpy().tolist() == [
        ["clients", "client", 2, "duplicate"],
        ["clients", "client", 3, "no answers"],
        ["clients", "client", 5, "preview or test"],
        ["staff_survey", "staff", 2, "no answers"],
        ["roster", "staff", 3, "duplicate"],
    ]


def test_what_cannot_be_judged_is_said(tmp_path: Path) -> None:
    told = run(tmp_path, full_study(longest_run=4, seconds_per_item=2), FULL)
    notes = {name: " | ".join(export["notes"]) for name, export in told["exports"].items()}
    assert "straight-lining cannot be seen: the items are one scale's" in notes["clients"]
    assert "speeding could not be judged in 2 of 2 rows" in notes["clients"]
    assert "duplicates could not be looked for: the export has no id" in notes["staff_survey"]
    assert notes["roster"] == ""


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (9, "8 items are fewer than a run of 9"),
        (3, "1 rows kept: 3 or more like answers, all to one scale worded in one direction"),
        (4, "one scale has 4 items in a row worded in one direction"),
    ],
)
def test_a_limit_that_does_not_suit_the_items_is_said(tmp_path: Path, limit: int, said: str) -> None:
    frame = answered(GOOD, (1, 2, 3, 4, 5, 5, 5, 4))
    told = run(tmp_path, two_scales(longest_run=limit), {"survey": frame})
    assert said in " | ".join(told["exports"]["survey"]["notes"])


def test_an_export_without_rows_goes_through(tmp_path: Path) -> None:
    told = run(tmp_path, two_scales(longest_run=4, seconds_per_item=2), {"survey": answered(GOOD).iloc[:0]})
    assert told["exports"]["survey"]["received"] == told["exports"]["survey"]["kept"] == 0


def test_an_item_of_two_scales_is_counted_once() -> None:
    shared = made.study(
        scales={"calm": {"export": "survey"}, "calm_again": {"export": "survey", "instrument": "calm"}},
        exports={"survey": {"level": "client"}},
        levels={"client": {}},
        instruments={"calm": made.instrument("calm", 4), "calm_again": made.instrument("calm", 4)},
    )
    assert form_of(shared, "survey").answers == ("calm.c1", "calm.c2", "calm.c3", "calm.c4")


@pytest.mark.parametrize(
    ("change", "same"),
    [({"seed": 9}, True), ({"title": "Another"}, True), ({"screening": {"longest_run": 5}}, False)],
)
def test_only_what_matters_here_makes_the_stage_run_again(change: dict[str, Any], same: bool) -> None:
    before = two_scales()
    after = LoadedStudy(
        before.id,
        before.declared.model_validate(before.declared.model_dump() | change),
        before.instruments,
        (),
    )
    assert (json.dumps(declared(before)) == json.dumps(declared(after))) is same


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        run(tmp_path / name, full_study(longest_run=4), FULL)
        files = sorted((tmp_path / name / "build" / "made" / "screen").iterdir())
        written.append([(file.name, file.read_bytes()) for file in files])
    assert written[0] == written[1]
    assert len(written[0]) == 5


PLANTED = {
    "preview or test": ("preview", "test"),
    "no consent": ("no_consent",),
    "too few answers": ("too_few_answers",),
    "duplicate": ("duplicate",),
    "straight-lining": ("straight_lining",),
    "speeding": ("speeding",),
}


def test_the_trouble_planted_in_the_demonstration_is_found_row_by_row(tmp_path: Path) -> None:
    for folder in ("data/demo", "instruments"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    demo, workspace = load_study(tmp_path, "demo"), Workspace(tmp_path, "demo")
    ingest(demo, workspace)
    screen(demo, workspace)
    truth = read_json(tmp_path / "data" / "demo" / "truth.json")["exports"]
    excluded = read_frame(workspace.build / "screen" / "exclusions.parquet")
    for export in ("staff", "clients"):
        found = excluded[excluded["export"] == export].groupby("reason")["row"].agg(sorted).to_dict()
        planted = {
            reason: sorted(row for kind in kinds for row in truth[export].get(kind, {}).get("rows", []))
            for reason, kinds in PLANTED.items()
        }
        assert found == {reason: rows for reason, rows in planted.items() if rows}
