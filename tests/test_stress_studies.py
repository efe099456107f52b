"""Unusual studies run whole, from made exports to page, Word file, PDF, tables and figures."""

from __future__ import annotations

import atexit
import csv
import io
import json
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import docx
import pytest
import stress_studies
from leading_zeros import leading_zeros
from lxml import etree
from lxml import html as lxml_html
from stress_studies import ARABIC, CHINESE, GREEK, HOSTILE, LONG

from pipeline import plan
from pipeline.declaration import StudyError
from pipeline.reporting import lettering
from pipeline.stages.artefacts import Workspace
from pipeline.study import load_study

STUDIES = tuple(stress_studies.STUDIES)
PLAIN = tuple(name for name in STUDIES if name != "hostile")
STARS = re.compile(r"(?<=\d)\*{1,3}|\*{1,3}(?=\s?p\s<)")
MARKUP = re.compile(r"\*\*|\[@|\\[*_#\[{]|\{\{|\{%|\bnan\b|\bNone\b|Undefined|Traceback")
BREAK = "\u200b"


@cache
def reports(name: str) -> Path:
    """The folder of a study's reports, made once and gone with the process."""
    root = Path(mkdtemp(prefix="stress-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    stress_studies.build(root, name)
    plan.run(load_study(root, name), Workspace(root, name), lambda _: None)
    return root / "reports" / name


def page(name: str) -> Any:
    """The page of a study without scripts and styles, which hold no words."""
    tree = lxml_html.document_fromstring((reports(name) / "report.html").read_text(encoding="utf-8"))
    for element in tree.xpath("//script | //style"):
        element.drop_tree()
    return tree


def said(tree: Any) -> str:
    return re.sub(r"\s+", " ", tree.text_content().replace("\u00a0", " ").replace(BREAK, ""))


def parts(path: Path) -> dict[str, Any]:
    """The XML parts of a Word file, parsed."""
    with zipfile.ZipFile(path) as file:
        names = [name for name in file.namelist() if name.endswith((".xml", ".rels"))]
        return {name: etree.fromstring(file.read(name)) for name in names}


def in_word(path: Path) -> str:
    paragraphs = parts(path)["word/document.xml"].iter(docx.oxml.ns.qn("w:p"))
    texts = ("".join(one.itertext(docx.oxml.ns.qn("w:t"))) for one in paragraphs)
    return re.sub(r"\s+", " ", " ".join(texts).replace("\u00a0", " ").replace(BREAK, ""))


def in_pdf(name: str) -> str:
    """The text of a study's PDF, its letters in their plain forms."""
    command = ["pdftotext", "-raw", str(reports(name) / "report.pdf"), "-"]
    found = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    return unicodedata.normalize("NFKC", found).replace(BREAK, "")


def declared(root: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Build a study and change what it declares."""
    file = stress_studies.build(root, name) / "study.yaml"
    told = json.loads(file.read_text(encoding="utf-8"))
    change(told)
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_is_sound_as_declared(name: str, tmp_path: Path) -> None:
    folder = stress_studies.build(tmp_path, name)
    study = load_study(tmp_path, name)
    assert study.edges
    assert all((folder / export.file).stat().st_size for export in study.declared.exports.values())


def between(told: dict[str, Any]) -> None:
    told["hypotheses"][0]["level"] = "between"


def unanswered(told: dict[str, Any]) -> None:
    told["levels"] = {"client": {"within": "person"}, "person": {}}


REFUSED = {
    "between without clusters": (between, "no level lies above: there is no between (level: within)"),
    "nobody at the lowest level": (unanswered, "no survey was answered per client (leave this level out"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_one_level_cannot_answer_is_refused_at_the_check(
    change: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    declared(tmp_path, "single", change)
    with pytest.raises(StudyError, match=re.escape(message)) as told:
        load_study(tmp_path, "single")
    assert re.search(r"study\.yaml:\d+:\d+: ", str(told.value))


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_page_word_file_and_pdf_are_made(name: str) -> None:
    folder = reports(name)
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    heading = page(name).xpath("string(//h1)")
    title = json.loads((folder / "results.json").read_text(encoding="utf-8"))["title"]
    assert heading.replace(BREAK, "").split() == title.split()
    word = parts(folder / "report.docx")
    assert len(word["word/document.xml"].xpath("//*[local-name()='tbl']")) > 5
    for figure in folder.glob("figures/*.svg"):
        assert etree.fromstring(figure.read_bytes()).tag.endswith("svg")
    for table in folder.glob("tables/*.docx"):
        assert in_word(table)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_no_markup_and_no_empty_value_is_printed(name: str) -> None:
    folder = reports(name)
    for words in (said(page(name)), in_word(folder / "report.docx")):
        assert MARKUP.findall(STARS.sub("", words)) == []
    for table in folder.glob("tables/*.csv"):
        assert MARKUP.findall(table.read_text(encoding="utf-8-sig").replace("*", "")) == []


@pytest.mark.slow
def test_hostile_words_are_words_on_the_page_and_in_word() -> None:
    tree = lxml_html.document_fromstring((reports("hostile") / "report.html").read_text(encoding="utf-8"))
    assert len(tree.xpath("//script")) == 1
    assert tree.xpath("//main//@*[starts-with(name(), 'on')] | //img[@src='x']") == []
    assert {link.split("/")[2] for link in tree.xpath("//@href") if not link.startswith("#")} <= {"doi.org"}
    for words in (said(page("hostile")), in_word(reports("hostile") / "report.docx")):
        for hostile in HOSTILE[:5]:
            assert " ".join(hostile.split()) in words
        assert not re.search(r"\\[#*\[{<=]", words)
        assert "OPENANSWER" not in words


@pytest.mark.slow
def test_no_cell_of_a_table_is_a_formula_and_no_field_of_word_is_foreign() -> None:
    folder = reports("hostile")
    cells = [
        cell
        for file in folder.glob("tables/*.csv")
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig")))
        for cell in row
    ]
    risky = [cell for cell in cells if cell[:1] in set("=+@\t\r-") and cell]
    assert len(cells) > 1000
    assert [cell for cell in risky if not re.fullmatch(r"[-+]?[\d.,]+", cell)] == []
    for file in (folder / "report.docx", *folder.glob("tables/*.docx")):
        for part in parts(file).values():
            fields = part.xpath("//*[local-name()='instrText']/text() | //@*[local-name()='instr']")
            assert not [field for field in fields if re.search(r"eval|HYPERLINK \"|cmd|alert", field)]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_hostile_words_are_words_in_the_pdf() -> None:
    words = re.sub(r"\s+", "", in_pdf("hostile"))
    for hostile in HOSTILE[:5]:
        assert re.sub(r"\s+", "", hostile) in words
    assert "root:" not in words
    assert "OPENANSWER" not in words


@pytest.mark.slow
def test_open_answers_reach_no_artefact() -> None:
    root = reports("hostile").parent.parent
    found = [
        file
        for folder in ("build", "reports")
        for file in (root / folder).rglob("*")
        if file.is_file() and b"OPENANSWER" in file.read_bytes()
    ]
    assert found == []


@pytest.mark.slow
def test_letters_of_every_script_are_shown_or_told_to_be_lacking() -> None:
    results = (reports("scripts") / "results.json").read_text(encoding="utf-8")
    warning = lettering.warning(results)
    tree = page("scripts")
    assert (warning is not None) == ("No typeface on the computer" in said(tree))
    for words in (said(tree), in_word(reports("scripts") / "report.docx")):
        assert all(name in words for name in (GREEK, ARABIC, CHINESE, LONG))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext")
def test_letters_of_every_script_are_in_the_pdf() -> None:
    results = (reports("scripts") / "results.json").read_text(encoding="utf-8")
    _, lacking = lettering.families(lettering.strange(results))
    wanted = {letter for letter in GREEK + ARABIC + CHINESE if letter.isalpha()} - lacking
    assert wanted - set(in_pdf("scripts")) == set()


@pytest.mark.slow
def test_arabic_runs_from_right_to_left_in_word() -> None:
    runs = parts(reports("scripts") / "report.docx")["word/document.xml"].xpath("//*[local-name()='r']")
    arabic = [run for run in runs if "الفريق" in "".join(run.itertext())]
    assert arabic
    assert all(run.xpath("./*[local-name()='rPr']/*[local-name()='rtl']") for run in arabic)


SAYS = {
    "two": ("The path has no mediator, and so no indirect effect", "no indirect effects to report"),
    "single": ("one level, people, and no clusters", "there is nothing to link"),
    "few": (
        "There are only 5, and comparing teams",
        "the data do not decide",
        "There is no table of fit for warmth, calm, and thriving",
        "The solution is improper: the residual variance of thriving between teams is estimated below zero",
        "Beyond what such a number can properly be",
        "so the verdict must not be relied on",
    ),
    "verdicts": ("the relation runs the other way", "the data do not decide", "smaller than what the study"),
    "waves": ("can still have causes that were not measured",),
    "thin": ("answers",),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES)
def test_stages_print_no_leading_zero_where_a_statistic_cannot_pass_one(name: str) -> None:
    results = json.loads((reports(name) / "results.json").read_text(encoding="utf-8"))
    assert list(leading_zeros(results["stages"])) == []


@pytest.mark.slow
def test_no_interval_of_a_correlation_or_loading_passes_one() -> None:
    found = json.loads((reports("few") / "results.json").read_text(encoding="utf-8"))["stages"]["validate"]
    pairs = [pair for told in found["results"]["validity"].values() for pair in told["discriminant"]["pairs"]]
    items = [item for rows in found["results"]["items"].values() for item in rows]
    ends = [one[name] for one in pairs for name in ("ci_lower", "ci_upper")]
    ends += [one[name] for one in items for name in ("loading_lower", "loading_upper")]
    assert len(ends) == 2 * (3 + 9)
    assert max(abs(end) for end in ends) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SAYS)
def test_what_sets_a_study_apart_is_said(name: str) -> None:
    words = said(page(name))
    assert [phrase for phrase in SAYS[name] if phrase not in words] == []
