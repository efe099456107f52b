from __future__ import annotations

import csv
import math
import time
from pathlib import Path
from typing import Any

import made
import pandas as pd
import pyreadstat
import pytest

from pipeline.stages.artefacts import Workspace
from pipeline.stages.scoresfile import merge_levels, spss_names, write_scores, write_still_sav

N = None
NAN = math.nan

STUDY = made.study(
    scales={
        "belonging": {"export": "clients"},
        "support": {"export": "staff_survey", "score": "S", "title": "Support"},
    },
    exports={"clients": {"level": "client"}, "staff_survey": {"level": "staff"}},
    levels={"client": {"within": "staff"}, "staff": {"title": "Staff member"}},
    instruments={"belonging": made.instrument("belonging", 2, [2], facets={"here": [1]})},
    covariates={"age": {"export": "clients", "column": "AGE", "title": "Age in years"}},
)
CLIENTS = pd.DataFrame(
    {
        "id": ["=C1", "Ünal", "-3"],
        "staff": ["@S1", N, "S2"],
        "belonging.b1": [4.0, NAN, 1.0],
        "belonging.b2": [2.0, 5.0, 1.0],
        "belonging": [3.0, NAN, -1.5],
        "belonging.here": [4.0, NAN, 1.0],
        "age": [30.0, 40.0, NAN],
        "_seconds": [60.5, NAN, 80.0],
    }
)
STAFF = pd.DataFrame({"id": ["S2", "@S1"], "support": [2.5, 4.0], "_seconds": [1.0, 2.0]})


@pytest.fixture
def build(tmp_path: Path) -> Path:
    workspace = Workspace(tmp_path, "made")
    write_scores(STUDY, workspace, {"client": CLIENTS, "staff": STAFF})
    return workspace.build


def test_the_lowest_level_has_everything_from_above_beside_it() -> None:
    merged = merge_levels([CLIENTS, STAFF], ["client", "staff"])
    assert list(merged.columns) == [*CLIENTS.columns[:-1], "support", "_seconds"]
    assert merged["support"].tolist() == pytest.approx([4.0, NAN, 2.5], nan_ok=True)
    assert merged["_seconds"].equals(CLIENTS["_seconds"])


def test_csv_has_safe_cells_and_plain_numbers(build: Path) -> None:
    with (build / "scores.csv").open(encoding="utf-8", newline="") as file:
        header, *cells = list(csv.reader(file))
    assert header[:3] == ["id", "staff", "belonging.b1"]
    assert cells[0] == ["'=C1", "'@S1", "4", "2", "3.0", "4", "30", "4.0", "60.5"]
    assert cells[1] == ["Ünal", "", "", "5", "", "", "40", "", ""]
    assert cells[2][:5] == ["'-3", "S2", "1", "1", "-1.5"]


def test_sav_carries_labels_of_variables_and_keyed_values(build: Path) -> None:
    frame, meta = pyreadstat.read_sav(str(build / "scores.sav"))
    assert frame["belonging_b2"].tolist() == [2, 5, 1]
    assert frame["staff"].tolist() == ["@S1", "", "S2"]
    labels = meta.column_names_to_labels
    assert labels["belonging_b1"] == "Item 1 of belonging"
    assert labels["belonging_b2"] == "Item 2 of belonging (reversed)"
    assert labels["support"] == "Support"
    assert labels["age"] == "Age in years"
    assert labels["belonging_here"] == "Belonging: Here"
    values = meta.variable_value_labels
    assert values["belonging_b1"] == {1: "label 1", 2: "label 2", 3: "label 3", 4: "label 4", 5: "label 5"}
    assert values["belonging_b2"] == {5: "label 1", 4: "label 2", 3: "label 3", 2: "label 4", 1: "label 5"}
    assert meta.variable_measure["belonging_b1"] == "ordinal"
    assert meta.variable_measure["belonging"] == "scale"
    assert meta.file_label == "A study made for a test"


def test_sav_written_at_two_times_has_the_same_bytes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.0, NAN], "b": ["x", "y"]})
    write_still_sav(frame, tmp_path / "one.sav")
    time.sleep(1.1)
    write_still_sav(frame, tmp_path / "two.sav")
    written = [(tmp_path / name).read_bytes() for name in ("one.sav", "two.sav")]
    assert written[0] == written[1]
    pyreadstat.write_sav(frame, str(tmp_path / "plain.sav"))
    plain = (tmp_path / "plain.sav").read_bytes()
    differing = [
        place for place, (one, other) in enumerate(zip(written[0], plain, strict=True)) if one != other
    ]
    assert differing
    assert set(differing) <= set(range(92, 109))
    assert pyreadstat.read_sav(str(tmp_path / "one.sav"))[1].creation_time.year == 1970


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["id", "_seconds"], ["id", "seconds"]),
        (["support.s1", "support_s1"], ["support_s1", "support_s1_2"]),
        (["by", "to", "with"], ["by_2", "to_2", "with_2"]),
        (["a" * 80, "a" * 90], ["a" * 60, "a" * 60 + "_2"]),
        (["1st", "x."], ["v_1st", "x"]),
    ],
)
def test_names_that_spss_takes(columns: list[str], names: list[str]) -> None:
    assert list(spss_names(columns).values()) == names


def test_long_labels_are_cut_at_a_character(tmp_path: Path) -> None:
    instrument = made.instrument("belonging", 1)
    long = instrument.items[0].model_copy(update={"text": "é" * 400})
    labelled = instrument.model_copy(
        update={"items": (long,), "response_sets": {"codes": {1: "ü" * 300, 2: "no"}}}
    )
    study = made.study(
        scales={"belonging": {"export": "clients"}},
        exports={"clients": {"level": "client"}},
        levels={"client": {}},
        instruments={"belonging": labelled},
    )
    frame: Any = pd.DataFrame({"id": ["1"], "belonging.b1": [1.0], "belonging": [1.0], "_seconds": [NAN]})
    write_scores(study, Workspace(tmp_path, "made"), {"client": frame})
    _, meta = pyreadstat.read_sav(str(tmp_path / "build" / "made" / "scores.sav"))
    assert meta.column_names_to_labels["belonging_b1"] == "é" * 125
    assert meta.variable_value_labels["belonging_b1"][1.0] == "ü" * 60
