"""The answers of the small study as each platform would export them, for `inspect`, `new` and the readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import export_files as files
import pandas as pd
import small_study

ANSWERS = small_study.answers()
ITEMS = [f"{letter}{number}" for letter in "WCT" for number in (1, 2, 3)]
SCALE = {name[0].upper(): name for name in small_study.SCALES}
TEXT = {
    item: f"{nth} of {SCALE[item[0]]}"
    for item in ITEMS
    for nth in [("First", "Second", "Third")[int(item[1]) - 1]]
}
LABELS = {1: "Strongly disagree", 2: "Disagree", 3: "Neither", 4: "Agree", 5: "Strongly agree"}
WORDS = [TEXT[item] for item in ITEMS]
CODES = [[int(code) for code in row] for row in ANSWERS[ITEMS].to_numpy()]
LABELLED = [[LABELS[code] for code in row] for row in CODES]
Rows = list[list[object]]


def _stamp(i: int) -> str:
    return f"2024-03-{1 + i % 28:02} 10:{i % 60:02}:00"


def _table(head: list[str], before: Callable[[int, str], list[object]], cells: list[list[object]]) -> Rows:
    return [list(head), *([*before(i, team), *cells[i]] for i, team in enumerate(ANSWERS["team"]))]


def qualtrics(labels: bool) -> Rows:
    names = ["StartDate", "EndDate", "Status", "IPAddress", "Finished", "ResponseId", "team"]
    told = ["Start Date", "End Date", "Response Type", "IP Address", "Finished", "Response ID", "Your team"]
    ids = ["startDate", "endDate", "status", "ipAddress", "finished", "_recordId", "QID99_TEXT"]
    ids += [f"QID{number}" for number in range(1, 10)]
    rows = _table(
        [*names, *(f"Q{number}" for number in range(1, 10))],
        lambda i, team: [_stamp(i), _stamp(i), 0, "192.0.2.1", 1, f"R_{i:05}", team],
        LABELLED if labels else CODES,
    )
    return [rows[0], [*told, *WORDS], [f'{{"ImportId":"{one}"}}' for one in ids], *rows[1:]]


def redcap() -> Rows:
    head = ["record_id", "redcap_data_access_group", *(item.lower() for item in ITEMS), "base_complete"]
    cells = [[*row, 2] for row in CODES]
    return _table(head, lambda i, team: [i + 1, team], cells)


def limesurvey(full: bool) -> Rows:
    meta = ["Response ID", "Date submitted", "Last page", "Start language", "Your team"]
    short = ["id", "submitdate", "lastpage", "startlanguage", "team"]
    full_names = [f"How much do you agree? [{text}]" for text in WORDS]
    names = [f"{SCALE[item[0]]}[SQ00{item[1]}]" for item in ITEMS]
    return _table(
        [*meta, *full_names] if full else [*short, *names],
        lambda i, team: [i + 1, _stamp(i), 3, "en", team],
        LABELLED if full else [[f"A{code}" for code in row] for row in CODES],
    )


def surveymonkey() -> Rows:
    head = ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Team"]
    dates = ["03/21/2024 10:15:32 AM", "03/21/2024 10:20:00 AM", "192.0.2.1"]
    rows = _table(
        [*head, "How much do you agree?", *[""] * 8],
        lambda i, team: [11834567000 + i, 1, *dates, team],
        LABELLED,
    )
    return [rows[0], [*[""] * 5, "Open-Ended Response", *WORDS], *rows[1:]]


def kobo() -> Rows:
    head = ["start", "end", "team", *(f"g/{item.lower()}" for item in ITEMS), "_id", "_uuid", "_index"]
    moments = ["2024-03-01T10:00:00.000+01:00", "2024-03-01T10:05:00.000+01:00"]
    cells = [[*row, i + 1, f"u{i}", i + 1] for i, row in enumerate(CODES)]
    return _table(head, lambda i, team: [*moments, team], cells)


def google_forms() -> Rows:
    head = ["Timestamp", "Email Address", "Your team", *WORDS]
    return _table(
        head, lambda i, team: [f"2024/03/21 10:{i % 60:02}:32 AM GMT+1", f"a{i}@b.org", team], LABELLED
    )


def microsoft_forms() -> Rows:
    head = ["ID", "Start time", "Completion time", "Email", "Name", "Your team", *WORDS]
    dates = ["3/21/24 10:15:32", "3/21/24 10:20:00", "anonymous", ""]
    return _table(head, lambda i, team: [i + 1, *dates, team], LABELLED)


def _labelled_sav(folder: Path) -> Path:
    return files.statistics(
        folder,
        "a.sav",
        ANSWERS,
        column_labels=["Person", "Team", *WORDS],
        variable_value_labels={item: {float(code): text for code, text in LABELS.items()} for item in ITEMS},
    )


def _parquet(folder: Path) -> Path:
    ANSWERS.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def _plain_workbook(folder: Path) -> Path:
    return files.workbook(folder, {"S": [list(ANSWERS), *ANSWERS.to_numpy().tolist()]})


WHOLE: Mapping[str, Callable[[Path], Path]] = {
    "qualtrics, codes": lambda folder: files.save(folder, qualtrics(labels=False)),
    "qualtrics, choice text": lambda folder: files.save(folder, qualtrics(labels=True)),
    "redcap": lambda folder: files.save(folder, redcap()),
    "limesurvey, codes": lambda folder: files.save(folder, limesurvey(full=False)),
    "limesurvey, full headings": lambda folder: files.save(folder, limesurvey(full=True), delimiter=";"),
    "surveymonkey": lambda folder: files.save(folder, surveymonkey()),
    "kobo": lambda folder: files.save(folder, kobo(), delimiter=";"),
    "google_forms": lambda folder: files.save(folder, google_forms()),
    "microsoft_forms": lambda folder: files.workbook(folder, {"Sheet1": microsoft_forms()}),
    "spss": _labelled_sav,
    "stata": lambda folder: files.statistics(folder, "a.dta", ANSWERS),
    "sas": lambda folder: files.statistics(folder, "a.xpt", ANSWERS),
    "parquet": _parquet,
    "xlsx": _plain_workbook,
}


def scores() -> pd.DataFrame:
    """The scale scores by hand: the mean of three items, the third turned."""
    turned = ANSWERS.assign(**{f"{letter}3": 6 - ANSWERS[f"{letter}3"] for letter in "WCT"})
    return pd.DataFrame(
        {name: turned[[f"{letter}{n}" for n in (1, 2, 3)]].mean(axis=1) for letter, name in SCALE.items()}
    )
