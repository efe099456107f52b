"""Each platform's shapes and traps (domain notes 4): one small file a trap, read through `read_export`."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import export_files as files
import pandas as pd
import pytest

from pipeline.exports import Export, ExportError, Part, read_export
from pipeline.exports.multiple import NEVER_REACHED

NAN = math.nan


def values(export: Export, name: str) -> list[object]:
    return [None if v is None or v != v else v for v in export.frame[name]]


def kinds(export: Export) -> dict[str, str]:
    return {name: column.kind for name, column in export.columns.items()}


def read(path: Path, platform: str, **part: object) -> Export:
    return read_export(path, platform, part=Part(**part))


SHAPES: dict[str, Callable[[Path], Path]] = {
    "three header rows": lambda folder: files.save(folder, files.QUALTRICS),
    "two header rows": lambda folder: files.save(folder, [*files.QUALTRICS[:2], *files.QUALTRICS_ROWS]),
    "one header row": lambda folder: files.save(folder, [files.QUALTRICS_NAMES, *files.QUALTRICS_ROWS]),
    "python quotes": lambda folder: files.save(
        folder,
        [*files.QUALTRICS[:2], [c.replace('"', "'") for c in files.QUALTRICS_IDS], *files.QUALTRICS_ROWS],
    ),
    "UTF-16 TSV": lambda folder: files.save(
        folder, files.QUALTRICS, "export.tsv", delimiter="\t", encoding="utf-16"
    ),
    "zipped": lambda folder: files.zipped(
        folder, {"a/b.csv": files.text(files.QUALTRICS), "__MACOSX/b.csv": b""}
    ),
    "workbook": lambda folder: files.workbook(folder, {"Sheet0": files.QUALTRICS}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_qualtrics_in_every_shape_reads_alike(tmp_path: Path, shape: str) -> None:
    export = read(SHAPES[shape](tmp_path), "qualtrics")
    assert export.provenance.platform == "qualtrics"
    assert values(export, "Q1") == [5, 4, None]
    assert (values(export, "Q2_1"), values(export, "Q2_2")) == ([1, 1, None], [0, 1, None])
    assert kinds(export)["IPAddress"] == "identifier"
    assert kinds(export)["Q2_1"] == "multiple"
    assert export.role("status") == export.columns["Status"]


def test_qualtrics_sav_keeps_its_platform(tmp_path: Path) -> None:
    frame = pd.DataFrame({"Status": [0.0], "Finished": [1.0], "Progress": [100.0], "Q1": [3.0]})
    export = read(files.statistics(tmp_path, "q.sav", frame), "qualtrics")
    assert (export.provenance.platform, values(export, "Q1")) == ("qualtrics", [3])


def test_qualtrics_columns_beside_the_answers_are_set_apart(tmp_path: Path) -> None:
    names = ["ResponseId", "Q1", "Q1_5_TEXT", "Q9_First Click", "Q1_DO", "Q_RecaptchaScore", "Q3_-1", "Q3_2"]
    export = read(files.save(tmp_path, [names, ["R_1", 5, "x", 0.5, "1|2", 0.9, 1, ""]]), "qualtrics")
    assert kinds(export) == {
        "ResponseId": "answer",
        "Q1": "answer",
        "Q1_5_TEXT": "other text",
        "Q9_First Click": "meta",
        "Q1_DO": "meta",
        "Q_RecaptchaScore": "meta",
        "Q3_-1": "multiple",
        "Q3_2": "multiple",
    }


def test_qualtrics_choices_joined_in_one_cell_are_parted_and_a_text_entry_is_not(tmp_path: Path) -> None:
    """Two questions with the same shortened text stay two; 1,5 that somebody typed stays text."""
    ids = ['{"ImportId":"_recordId"}', *(f'{{"ImportId":"{one}"}}' for one in ("QID1_1", "QID1_2", "QID3"))]
    header = [
        ["ResponseId", "Q1", "Q2", "Q3", "Q4"],
        ["Response ID", "Rate - I feel that my...", "Rate - I feel that my...", "Which?", "How many?"],
        [*ids, '{"ImportId":"QID4_TEXT"}'],
    ]
    told = [[1, -1, "1,2", "1,5"], [2, -2, "2", "2,5"], [3, 4, "1,2,3", "1,5"], [3, 4, "", "2,5"]]
    rows = [*told, [1, 4, "3,2", "2,5"]]
    export = read(
        files.save(tmp_path, [*header, *([f"R_{i}", *row] for i, row in enumerate(rows))]), "qualtrics"
    )
    assert values(export, "Q3 [2]") == [1, 1, 1, None, 1]
    assert values(export, "Q3 [3]") == [0, 0, 1, None, 1]
    assert kinds(export)["Q3 [1]"] == "multiple"
    assert values(export, "Q4") == ["1,5", "2,5", "1,5", "2,5", "2,5"]
    assert (values(export, "Q1"), values(export, "Q2")) == ([1, 2, 3, 3, 1], [-1, -2, 4, 4, 4])
    assert export.columns["Q1"].label == export.columns["Q2"].label


def test_a_matrix_answered_alike_by_everyone_is_no_multi_select(tmp_path: Path) -> None:
    rows = [["ResponseId", "Q1_1", "Q1_2"], ["R_1", 1, 1], ["R_2", 1, 1], ["R_3", "", ""]]
    export = read(files.save(tmp_path, rows), "qualtrics")
    assert set(kinds(export).values()) == {"answer"}


def test_redcap_refuses_mixed_rows_until_told_which(tmp_path: Path) -> None:
    path = files.save(tmp_path, files.REDCAP)
    with pytest.raises(
        ExportError, match=r"mixes 2 kinds of rows.*rows: \{redcap_event_name: 'baseline_arm_1', "
    ):
        read(path, "redcap")


def test_redcap_repeats_take_what_stands_once_for_the_record(tmp_path: Path) -> None:
    path = files.save(tmp_path, files.REDCAP)
    export = read(path, "redcap", rows={"redcap_repeat_instrument": "visit"})
    assert values(export, "visit_score") == [4, 5, 3]
    assert values(export, "county") == ["A", "A", "B"]
    assert values(export, "redcap_data_access_group") == ["north", "north", None]
    assert export.missing_counts["visit_timestamp"] == {"[not completed]": 1}
    assert (export.elsewhere, export.frame.index.tolist()) == (3, [2, 3, 5])
    assert any("other rows" in note for note in export.provenance.notes)


def test_redcap_checkbox_never_reached_is_missing_not_no(tmp_path: Path) -> None:
    path = files.save(tmp_path, files.REDCAP)
    export = read(path, "redcap", rows={"redcap_repeat_instrument": ""})
    assert values(export, "race___1") == [1, None, None]
    assert values(export, "race___2") == [0, None, None]
    assert export.missing_counts["race___1"] == {NEVER_REACHED: 2}


def test_redcap_labels_are_matched_with_the_dictionary(tmp_path: Path) -> None:
    dictionary = files.save(tmp_path, files.DICTIONARY, "dictionary.csv")
    export = read(files.save(tmp_path, files.REDCAP_LABELS), "redcap", dictionary=dictionary)
    assert list(export.frame)[:4] == ["record_id", "redcap_data_access_group", "county", "who"]
    assert kinds(export)["who"] == "identifier"
    assert export.columns["born"].value_labels == {1.0: "Yes", 2.0: "No"}
    assert values(export, "race___1") == [1, None, None]
    assert export.columns["race___2"].label == "Race - Other"


def test_redcap_branching_decides_whether_a_checkbox_was_shown(tmp_path: Path) -> None:
    dictionary = files.save(tmp_path, files.DICTIONARY, "dictionary.csv")
    rows = [["record_id", "born", "race___1", "race___2", "base_complete"]]
    rows += [[1, 1, 0, 0, 2], [2, 2, 0, 0, 2], [3, 1, 0, 0, 0]]
    export = read(files.save(tmp_path, rows), "redcap", dictionary=dictionary)
    assert values(export, "race___1") == [0, None, None]


def test_redcap_without_a_dictionary_never_takes_a_hidden_checkbox_for_no(tmp_path: Path) -> None:
    rows = [["record_id", "born", "race___1", "race___2", "base_complete"]]
    rows += [[1, 1, 0, 0, 2], [2, 2, 0, 1, 2]]
    export = read(files.save(tmp_path, rows), "redcap")
    assert (values(export, "race___1"), values(export, "race___2")) == ([None, 0], [None, 1])
    assert export.missing_counts["race___1"] == {NEVER_REACHED: 1}
    assert any("branching may have hidden" in note for note in export.provenance.notes)


FIELDS = [
    [
        "Variable / Field Name",
        "Form Name",
        "Field Type",
        "Field Label",
        "Choices, Calculations, OR Slider Labels",
    ],
    ["record_id", "base", "text", "ID", ""],
    ["race", "base", "checkbox", "Race", "-1, Refused | A, Apple"],
    ["weight", "base", "text", "Weight", ""],
    ["seen", "base", "yesno", "Seen?", ""],
]


def test_redcap_codes_below_zero_letters_and_decimal_commas(tmp_path: Path) -> None:
    """A dictionary alone tells that 1,5 is a number; codes of checkboxes are spelled as REDCap does."""
    validation = ["Text Validation Type OR Show Slider Number", "", "", "number_1dp_comma_decimal", ""]
    fields = [[*row, one] for row, one in zip(FIELDS, validation, strict=True)]
    dictionary = files.save(tmp_path, fields, "dictionary.csv")
    rows = [["record_id", "race____1", "race___a", "weight", "seen", "base_complete"]]
    path = files.save(tmp_path, [*rows, [1, 1, 0, "61,5", 1, 2], [2, 0, 1, "70", 0, 2]])
    export = read(path, "redcap", dictionary=dictionary)
    assert values(export, "weight") == [61.5, 70]
    assert export.columns["race____1"].label == "Race - Refused"
    assert (values(export, "race____1"), values(export, "race___a")) == ([1, 0], [0, 1])
    assert export.columns["seen"].value_labels == {1.0: "Yes", 0.0: "No"}
    assert values(read(path, "redcap"), "weight") == ["61,5", "70"]


def test_redcap_labels_that_occur_twice_are_numbered(tmp_path: Path) -> None:
    rows = [["Record ID", "Data Access Group", "Mood", "Complete?", "Mood", "Complete?"]]
    path = files.save(tmp_path, [*rows, [1, "N", "a", "Complete", "b", "Incomplete"]])
    export = read(path, "redcap")
    assert (values(export, "Mood"), values(export, "Mood (2)")) == (["a"], ["b"])
    assert kinds(export)["Complete? (2)"] == "meta"
    assert any("numbered in the order of the file" in note for note in export.provenance.notes)


def test_a_file_that_is_no_dictionary_is_told(tmp_path: Path) -> None:
    path = files.save(tmp_path, files.REDCAP)
    with pytest.raises(ExportError, match="no REDCap data dictionary"):
        read(path, "redcap", dictionary=path)


def test_limesurvey_codes(tmp_path: Path) -> None:
    export = read(files.save(tmp_path, files.LIMESURVEY, encoding="utf-8-sig"), "limesurvey")
    assert values(export, "Q1[SQ001]") == ["A1", "A2", "A4"]
    assert (values(export, "Q2[SQ001]"), values(export, "Q2[SQ002]")) == ([1, None, 1], [0, None, 1])
    assert (kinds(export)["token"], kinds(export)["ipaddr"], kinds(export)["Q2[other]"]) == (
        *("identifier", "identifier"),
        "other text",
    )
    assert export.role("ended") == export.columns["submitdate"]
    assert export.role("seconds") == export.columns["interviewtime"]
    assert next(iter(export.frame)) == "id"


def test_limesurvey_abbreviated_headings_of_two_scales_and_words_for_other(tmp_path: Path) -> None:
    head = ["id", "submitdate", "lastpage", "Array (5 point .. [SQ001]", "Array (5 point .. [SQ001]"]
    head += ["Q9[SQ001][Scale 1]", "8 [Other]", "sel", "groupTime12", "Q1Time"]
    done = "2024-03-01 10:00:00"
    rows = [head, [1, done, 3, 1, 2, "A1", "x", "-oth-", 3.5, 2], [2, "", 1, "", "", "", "", "A1", 1, ""]]
    export = read(files.save(tmp_path, rows), "limesurvey")
    assert values(export, "Array (5 point .. [SQ001]") == [1, None]
    assert values(export, "Array (5 point .. [SQ001] (2)") == [2, None]
    assert values(export, "sel") == ["-oth-", "A1"]
    assert kinds(export) | {"8 [Other]": "other text", "groupTime12": "meta", "Q1Time": "meta"} == kinds(
        export
    )
    assert values(export, "submitdate") == [done, None]


OLD_CHOICES = {
    "names of old versions": (["123X4X6SQ001", "123X4X6SQ002"], "Y"),
    "Y turned to 1": (["Q6[SQ001]", "Q6[SQ002]"], 1),
}


@pytest.mark.parametrize(("names", "mark"), OLD_CHOICES.values(), ids=OLD_CHOICES)
def test_limesurvey_choices_of_other_spellings_are_multi_select(
    tmp_path: Path, names: list[str], mark: object
) -> None:
    rows = [["id", "submitdate", "lastpage", *names], [1, "", 3, mark, ""], [2, "", 3, "", mark]]
    export = read(files.save(tmp_path, [*rows, [3, "", 1, "", ""]]), "limesurvey")
    assert [values(export, name) for name in names] == [[1, 0, None], [0, 1, None]]
    assert {kinds(export)[name] for name in names} == {"multiple"}


def test_limesurvey_full_headings_no_that_was_never_reached_and_dates_never_kept(tmp_path: Path) -> None:
    export = read(files.save(tmp_path, files.LIMESURVEY_FULL, delimiter=";"), "limesurvey")
    assert values(export, "Date submitted") == [None, None, None]
    assert any("1980-01-01" in note for note in export.provenance.notes)
    assert (values(export, "Drinks [Tea]"), values(export, "Drinks [Coffee]")) == ([1, 0, None], [0, 1, None])
    assert values(export, "11 - comment (2)") == ["b", None, None]
    assert kinds(export)["How often? [I sleep]"] == "answer"


def test_limesurvey_yes_and_no_that_could_be_a_table_are_left_and_told(tmp_path: Path) -> None:
    rows = [row for row in files.LIMESURVEY_FULL if row[0] != 3]
    export = read(files.save(tmp_path, rows), "limesurvey")
    assert values(export, "Drinks [Tea]") == ["Yes", "No"]
    assert any("could be multi-select" in note for note in export.provenance.notes)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_surveymonkey_condensed(tmp_path: Path, form: str) -> None:
    rows = files.SURVEYMONKEY
    path = files.save(tmp_path, rows) if form == "csv" else files.workbook(tmp_path, {"Sheet": rows})
    export = read(path, "surveymonkey")
    assert values(export, "How often, in <b>all</b>?") == ["Often", "Never", None]
    assert values(export, "My team [helps]") == ["Disagree", None, None]
    assert (values(export, "Drinks [Tea]"), values(export, "Drinks [Coffee]")) == ([1, 1, None], [1, 0, None])
    assert kinds(export)["Drinks [Other (please specify)]"] == "other text"
    assert kinds(export)["First Name"] == "identifier"
    assert values(export, "Start Date")[1] == "2024-03-21 13:15:32"
    assert "'Start Date' names no time zone" in export.provenance.notes
    assert export.provenance.header_rows == 2
    assert values(export, "Respondent ID") == [11834567890, 11834567891, 11834567892]


def test_surveymonkey_with_a_blank_second_row_has_two_header_rows(tmp_path: Path) -> None:
    head = ["Respondent ID", "Collector ID", "Start Date", "End Date", "How?", "Why?"]
    rows = [head, [""] * 6, [11834567890, 1, "03/21/2024 10:15:32 AM", "", 3, "x"]]
    export = read(files.save(tmp_path, rows), "surveymonkey")
    assert (export.provenance.header_rows, values(export, "How?"), values(export, "Why?")) == (2, [3], ["x"])


def test_surveymonkey_expanded_single_choice_is_one_column_again(tmp_path: Path) -> None:
    export = read(files.save(tmp_path, files.SURVEYMONKEY_EXPANDED), "surveymonkey")
    assert values(export, "How often?") == [3, 1, None]
    assert export.columns["How often?"].value_labels == {1.0: "Never", 2.0: "Sometimes", 3.0: "Often"}
    assert (values(export, "Drinks [Tea]"), values(export, "Drinks [Coffee]")) == ([1, 1, None], [1, 0, None])


@pytest.mark.parametrize("delimiter", [";", ","])
def test_kobo_with_either_delimiter(tmp_path: Path, delimiter: str) -> None:
    export = read(files.save(tmp_path, files.KOBO, delimiter=delimiter), "kobo")
    assert values(export, "g/often") == [4, 2, None]
    assert (values(export, "drinks/tea"), values(export, "drinks/other")) == ([1, 1, None], [1, 0, None])
    assert kinds(export)["drinks_other"] == "other text"
    assert {kinds(export)[name] for name in ("deviceid", "_loc_latitude")} == {"identifier"}
    assert any("2 versions of the form (1, 2 rows)" in note for note in export.provenance.notes)


def test_kobo_headings_in_any_language_with_either_kind_of_choice(tmp_path: Path) -> None:
    """What one version asked as select_one and the next as select_multiple is read by its choices' names."""
    head = ["Wie geht es?", "Getränke", "Getränke/Tee", "Getränke/Kaffee", "_id", "_uuid", "_index"]
    told = [("gut", "Tee Kaffee", 1, 1, "v2"), ("gut", "Tee", "", "", "v1")]
    told += [("schlecht", "Saft", "", "", "v1"), ("gut", "Kaffee", 0, 1, "v2"), ("gut", "", "", "", "v2")]
    rows = [[*cells, i, f"u{i}", i, version] for i, (*cells, version) in enumerate(told, 1)]
    export = read(files.save(tmp_path, [[*head, "__version__"], *rows]), "kobo")
    assert values(export, "Wie geht es?")[2] == "schlecht"
    assert values(export, "Getränke/Tee") == [1, 1, None, 0, None]
    assert values(export, "Getränke/Kaffee") == [1, 0, None, 1, None]
    assert any("2 versions of the form" in note for note in export.provenance.notes)


def test_kobo_select_multiple_that_was_not_split_is_split(tmp_path: Path) -> None:
    names = ["_uuid", "_index", "drinks", "why"]
    told = [["tea beer", "so it goes"], ["tea", "a long day"], ["", ""], ["beer tea", "so so"]]
    rows = [names, *([f"u{i}", i, *cells] for i, cells in enumerate(told, 1))]
    export = read(files.save(tmp_path, rows), "kobo")
    assert values(export, "drinks [tea]") == [1, 1, None, 1]
    assert values(export, "drinks [beer]") == [1, 0, None, 1]
    assert values(export, "why") == ["so it goes", "a long day", None, "so so"]


def test_kobo_repeat_sheet_carries_the_form_it_belongs_to(tmp_path: Path) -> None:
    path = files.workbook(tmp_path, files.KOBO_SHEETS)
    export = read(path, "kobo", sheet="clients")
    assert values(export, "client") == ["C1", "C2", "C3"]
    assert values(export, "worker") == ["W1", "W1", "W2"]
    assert values(read(path, "kobo"), "worker") == ["W1", "W2"]
    with pytest.raises(ExportError, match=r"no sheet 'x'.*form, clients"):
        read(path, "kobo", sheet="x")


def test_google_forms(tmp_path: Path) -> None:
    export = read(files.save(tmp_path, files.GOOGLE), "google_forms")
    assert values(export, "Timestamp")[2] == "2024-03-21 12:15:32+01:00"
    assert kinds(export)["Email Address"] == "identifier"
    assert values(export, "Drinks [Tea]") == [1, 1, 0, 1, None]
    assert values(export, "Drinks [Juice, fresh]") == [1, 0, 1, 1, None]
    assert values(export, "Drinks (2) [Beer]") == [1, 0, 1, None, 1]
    assert values(export, "Why?") == ["x", "y, z", None, "w", "w"]


def test_microsoft_forms(tmp_path: Path) -> None:
    export = read(files.workbook(tmp_path, {"Sheet1": files.MICROSOFT}), "microsoft_forms")
    assert values(export, "How often?") == ["a. Excellent", "Excellent", "Excellent"]
    assert values(export, "Drinks [Coffee]") == [1, 0, None]
    assert kinds(export)["Points - How often?"] == "meta"
    assert {kinds(export)[name] for name in ("Email", "Name")} == {"identifier"}
    assert values(export, "Start time")[0] == "2024-03-21 10:15:32"


@pytest.mark.parametrize(
    ("name", "platform"), [("a.sav", "spss"), ("a.zsav", "spss"), ("a.dta", "stata"), ("a.xpt", "sas")]
)
def test_files_of_statistics_programs(tmp_path: Path, name: str, platform: str) -> None:
    how = {"compress": True} if name.endswith("zsav") else {}
    export = read(files.statistics(tmp_path, name, **how), platform)
    assert values(export, "ITEM1") == [1, 2, 3]
    assert values(export, "NOTE") == ["x", None, "é"]
    assert (export.provenance.platform, export.provenance.rows) == (platform, 3)


def test_statas_letters_are_counted_and_its_dates_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"A": [1, "a", "b", "a"], "D": pd.to_datetime(["2024-03-01"] * 4)})
    path = files.statistics(
        tmp_path,
        "a.dta",
        frame,
        missing_user_values={"A": ["a", "b"]},
        variable_value_labels={"A": {1: "Yes"}},
    )
    export = read(path, "stata")
    assert values(export, "A") == [1, None, None, None]
    assert export.missing_counts == {"A": {".a": 2, ".b": 1}}
    assert export.columns["A"].value_labels == {1: "Yes"}
    assert str(values(export, "D")[0]).startswith("2024-03-01")


SAS = Path(__file__).parent / "files" / "answers.sas7bdat"


def test_sas_letters_dates_and_labels_of_a_catalogue(tmp_path: Path) -> None:
    export = read(SAS, "sas", dictionary=SAS.with_name("labels.sas7bcat"))
    assert values(export, "ID") == ["S1", "S2", "S3", "S4"]
    assert values(export, "CALM1") == [1, 2, 5, None]
    assert export.missing_counts == {"CALM1": {".B": 1}}
    assert values(export, "SEEN") == ["2024-03-01", "2024-03-02", None, "2024-03-05"]
    assert export.columns["CALM1"].value_labels == {1: "Never", 2: "Rarely", 5: "Always"}
    assert export.columns["CALM1"].label == "I felt calm"
    assert read(SAS, "sas").columns["CALM1"].value_labels == {}
    with pytest.raises(ExportError, match="no catalogue"):
        read(SAS, "sas", dictionary=tmp_path / "absent.sas7bcat")


def test_a_damaged_catalogue_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "labels.sas7bcat"
    broken.write_bytes(SAS.with_name("labels.sas7bcat").read_bytes()[:3000])
    with pytest.raises(ExportError, match=r"answers\.sas7bdat"):
        read(SAS, "sas", dictionary=broken)


def test_missing_codes_are_counted_in_the_part_alone(tmp_path: Path) -> None:
    frame = pd.DataFrame({"WAVE": [1.0, 1.0, 2.0], "A": [-99.0, 3.0, -99.0]})
    path = files.statistics(tmp_path, "a.sav", frame, missing_ranges={"A": [-99]})
    export = read(path, "spss", rows={"WAVE": "1"})
    assert (export.missing_counts, export.elsewhere, len(export.frame)) == ({"A": {"-99": 1}}, 1, 2)


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2, None],
            "t": ["x", None, " "],
            "b": [True, False, None],
            "c": pd.Categorical(["u", "v", "u"]),
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    export = read(tmp_path / "a.parquet", "parquet")
    assert (values(export, "n"), values(export, "t"), values(export, "b")) == (
        *([1, 2, None], ["x", None, None]),
        [1, 0, None],
    )
    assert values(export, "c") == ["u", "v", "u"]
    pd.DataFrame({"n": [[1], [2]]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ExportError, match="'n' holds list"):
        read(tmp_path / "b.parquet", "parquet")


def test_xlsx_cells_are_text_numbers_and_moments(tmp_path: Path) -> None:
    rows = [["id", "a", "b", "when", None], ["007", 1, 2.5, pd.Timestamp("2024-03-01 10:00").to_pydatetime()]]
    export = read(files.workbook(tmp_path, {"one": rows, "two": [["x"], [1]]}), "xlsx")
    assert values(export, "id") == ["007"]
    assert (values(export, "a"), values(export, "b"), values(export, "when")) == (
        [1],
        [2.5],
        ["2024-03-01 10:00:00"],
    )
    assert any("`sheet:` names another: two" in note for note in export.provenance.notes)
    assert values(read(tmp_path / "export.xlsx", "xlsx", sheet="two"), "x") == [1]


def test_a_workbook_as_excel_writes_it_reads_alike_without_a_word_of_the_library(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """Text in a part of its own, and no styles, as the forms of Microsoft come."""
    plain = files.workbook(tmp_path, {"Sheet1": files.MICROSOFT})
    before = read(plain, "microsoft_forms").frame.table()
    shared = files.with_shared_strings(plain)
    with zipfile.ZipFile(shared) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != "xl/styles.xml"}
    after = read(files.zipped(tmp_path, parts, "shared.xlsx"), "microsoft_forms").frame.table()
    strings = b"xl/sharedStrings.xml"
    assert strings in parts["[Content_Types].xml"]
    pd.testing.assert_frame_equal(
        after.drop(columns=list(after)[1:3]), before.drop(columns=list(before)[1:3])
    )
    assert [str(one.message) for one in recwarn] == []


def test_long_waves_are_selected_by_their_column(tmp_path: Path) -> None:
    rows = [["person", "wave", "a"], ["P1", 1, 4], ["P1", 2, 5], ["P2", 1, 3]]
    path = files.save(tmp_path, rows)
    export = read(path, "csv", rows={"wave": "2"})
    assert (values(export, "a"), export.elsewhere, export.frame.index.tolist()) == ([5], 2, [2])
    with pytest.raises(ExportError, match=r"no row has the values under `rows`.*'wave' holds '1', '2'"):
        read(path, "csv", rows={"wave": "3"})
    with pytest.raises(ExportError, match="names a column 'event' that is not there"):
        read(path, "csv", rows={"event": "3"})


MOMENTS = {
    "month first": (["03/21/2024 1:02:03 PM", "04/05/2024 10:00:00 AM"], "2024-04-05 10:00:00"),
    "day first": (["21/03/2024 13:02:03", "04/05/2024 10:00:00"], "2024-05-04 10:00:00"),
    "both ways": (["03/04/2024 13:02:03", "04/05/2024 10:00:00"], "04/05/2024 10:00:00"),
    "contradiction": (["13/04/2024 13:02", "04/15/2024 10:00"], "04/15/2024 10:00"),
    "with offset": (
        ["2024/03/21 1:02:03 PM GMT+5:30", "2024/03/22 10:00:00 AM GMT-3"],
        "2024-03-22 10:00:00-03:00",
    ),
}


@pytest.mark.parametrize(("cells", "second"), MOMENTS.values(), ids=MOMENTS)
def test_the_order_of_day_and_month_is_told_by_the_file_or_not_at_all(
    tmp_path: Path, cells: list[str], second: str
) -> None:
    rows = [["Timestamp", "Q"], *([cell, 1] for cell in cells)]
    assert values(read(files.save(tmp_path, rows), "google_forms"), "Timestamp")[1] == second
