"""Names, e-mails and phones planted in every kind of column: in no file, message, log or bundle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import small_study

from pipeline import cli
from pipeline.declaration import StudyError
from pipeline.stages import identity, ingest, score, screen
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study

MAIL = "quentin.plantagenet@example.org"
PHONE = "+44 20 7946 1234"
NAME = "Quentin Plantagenet"
PLANTED = {"e-mail": MAIL, "telephone": PHONE, "name": NAME}
MARKS = [b"plantagenet", b"quentin", b"example.org", b"7946 1234", b"79461234"]
Change = Callable[[pd.DataFrame, str], pd.DataFrame]
FIRST_EXPORT = "links: {team: team}}"


def cell(column: str, row: int = 3) -> Change:
    """Plant in one cell of a column that the study uses."""

    def change(frame: pd.DataFrame, planted: str) -> pd.DataFrame:
        frame = frame.astype({column: object})
        frame.loc[row, column] = planted
        return frame

    return change


def beside(column: str, values: str = "7", whole: bool = False) -> Change:
    """Plant in one cell, or in all, of a further column."""

    def change(frame: pd.DataFrame, planted: str) -> pd.DataFrame:
        cells = [f"{planted} {i}" if whole else values for i in range(len(frame))]
        cells[3] = planted
        return frame.assign(**{column: cells})

    return change


def added(text: str) -> Callable[[str], str]:
    return lambda study: study.replace(FIRST_EXPORT, f"{FIRST_EXPORT[:-1]}, {text}}}")


def covariate(study: str) -> str:
    return f"{study}covariates: {{tenure: {{export: survey, column: TENURE, predicts: [thriving]}}}}\n"


def ready(study: str) -> str:
    told = 'thriving: {instrument: thriving, export: survey, columns: "T{n}"}'
    assert told in study
    return study.replace(told, "thriving: {export: survey, score: SCORE}")


def as_it_is(study: str) -> str:
    return study


KINDS: dict[str, tuple[Change, Callable[[str], str]]] = {
    "an item": (cell("W1"), as_it_is),
    "an id": (cell("person"), as_it_is),
    "a link to a team": (cell("team"), as_it_is),
    "ids that occur twice": (
        lambda frame, planted: cell("person", 4)(cell("person")(frame, planted), planted),
        as_it_is,
    ),
    "a covariate": (beside("TENURE"), covariate),
    "a ready score": (beside("SCORE"), ready),
    "consent": (beside("CONSENT", "yes"), added("consent: {column: CONSENT, accept: ['yes']}")),
    "consent that nobody gives": (
        beside("CONSENT", "no"),
        added("consent: {column: CONSENT, accept: ['yes']}"),
    ),
    "an attention check": (beside("CHECK", "5"), added("attention: {CHECK: [5]}")),
    "seconds": (beside("SECONDS", "300"), added("seconds: SECONDS")),
    "a column that is not used": (beside("extra"), as_it_is),
    "free text": (beside("remarks", whole=True), as_it_is),
    "other text": (beside("W1_4_TEXT", "", whole=False), as_it_is),
    "a multi-select": (beside("Q9_1", ""), as_it_is),
    "a moment": (beside("StartDate", "2024-03-01 09:00:00"), as_it_is),
}


def laid(root: Path, kind: str, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_study.build(root)
    change, declared = KINDS[kind]
    path, study = folder / "exports" / "survey.csv", folder / "study.yaml"
    change(pd.read_csv(path), planted).to_csv(path, index=False)
    text = study.read_text(encoding="utf-8").replace("ids: public", "ids: private")
    study.write_text(declared(text), encoding="utf-8")
    monkeypatch.setattr(cli, "ROOT", root)
    monkeypatch.setenv(identity.KEY_FOLDER, str(root.parent / f"{root.name}-keys"))


def written(root: Path, *folders: str) -> bytes:
    paths = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    return b"\0".join(path.name.encode() + path.read_bytes() for path in paths)


def exposed(text: bytes) -> list[bytes]:
    return [mark for mark in MARKS if mark in text.lower()]


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("kind", KINDS)
def test_who_is_planted_in_a_column_is_in_no_message_and_no_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    kind: str,
    planted: str,
) -> None:
    laid(tmp_path, kind, planted, monkeypatch)
    assert exposed(written(tmp_path, "data"))
    study, workspace = load_study(tmp_path, "small"), Workspace(tmp_path, "small")
    problems = ""
    try:
        for stage in (ingest.ingest, screen.screen, score.score):
            stage(study, workspace)
    except StudyError as error:
        problems = str(error)
        assert cli.main(["report", "small"]) == 1
    told = capfd.readouterr()
    assert exposed(written(tmp_path, "build", "reports")) == []
    assert exposed((told.out + told.err + problems).encode()) == []


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED)
@pytest.mark.parametrize("kind", ["an item", "a covariate", "free text", "an id", "a moment"])
def test_inspection_repeats_nobody(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    planted: str,
) -> None:
    laid(tmp_path, kind, planted, monkeypatch)
    path = tmp_path / "data" / "small" / "exports" / "survey.csv"
    assert cli.main(["inspect", str(path)]) == 0
    assert cli.main(["inspect", str(path), "--json"]) == 0
    assert exposed(capsys.readouterr().out.encode()) == []


RISKY = """
small_cell: 5
share: {data: true, licence: CC-BY-4.0}
covariates: {site: {export: survey, column: SITE, predicts: [thriving]}}
invariance: [site]
report: {formats: [html, docx], caterpillar: true}
"""


def risky(root: Path) -> None:
    """People as e-mails, teams as names, a safety item that one person ticks, a site of three people."""
    folder = small_study.build(root)
    path, study = folder / "exports" / "survey.csv", folder / "study.yaml"
    frame = pd.read_csv(path)
    answers = [1 + i % 3 for i in range(len(frame))]
    answers[7] = 5
    frame = frame.assign(
        person=[f"p{i}.plantagenet@example.org" for i in range(len(frame))],
        team=[f"Quentin {team} Plantagenet" for team in frame["team"]],
        C3=answers,
        SITE=[1 if i < 70 else 2 for i in range(len(frame) - 3)] + [3] * 3,
        remarks=[f"ring {PHONE} or {NAME} {i}" for i in range(len(frame))],
    )
    frame.head(len(frame) - 4).to_csv(path, index=False)
    text = study.read_text(encoding="utf-8").replace("ids: public", "ids: private")
    study.write_text(text + RISKY, encoding="utf-8")
    calm = root / "instruments" / "calm.yaml"
    calm.write_text(calm.read_text(encoding="utf-8") + "safety_items: [c3]\n", encoding="utf-8")


@pytest.mark.slow
def test_a_whole_run_and_its_bundle_expose_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    risky(tmp_path)
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setenv(identity.KEY_FOLDER, str(tmp_path.parent / f"{tmp_path.name}-keys"))
    assert cli.main(["bundle", "small"]) == 0
    told = capfd.readouterr()
    assert exposed(written(tmp_path, "build", "reports") + (told.out + told.err).encode()) == []
    results = json.loads((tmp_path / "reports/small/results.json").read_text(encoding="utf-8"))
    safety = {one["item"]: one for one in results["stages"]["validate"]["results"]["items"]["calm"]}["c3"]
    assert safety["frequencies"]["5"] is None
    assert safety["mean"] is None
    bundle = tmp_path / "reports" / "small" / "bundle"
    for path in [*bundle.rglob("*_data.csv"), tmp_path / "build/small/scores.csv"]:
        assert [name for name in pd.read_csv(path).columns if name.startswith("calm.")] == []
    assert "`calm.c3`" in (bundle / "README.md").read_text(encoding="utf-8")
    codebook = (tmp_path / "reports/small/codebook.html").read_text(encoding="utf-8")
    assert "Third of calm" in codebook
    monkeypatch.setattr(cli, "ROOT", tmp_path / "elsewhere")
    assert cli.main(["report", "--bundle", str(bundle)]) == 0
