"""The report: results.json from what the stages found, then page, Word file and PDF from results.json alone.

The plan calls `report`. Beside the reports it writes each table as CSV and Word file, each figure as SVG and
PNG, for use in somebody's own document, and what is cited as BibTeX. The text comes from
`reports/templates/report.md.j2`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages import lock
from pipeline.stages.artefacts import Workspace, write_json, write_whole
from pipeline.stages.results import collect, describe, result_files
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.reporting.compose import Composed
    from pipeline.reporting.values import Document

FORMATS = ("html", "docx", "pdf")
TEMPLATE = Path("reports") / "templates" / "report.md.j2"
OWN_TEMPLATE = Path(__file__).resolve().parents[2] / TEMPLATE


def report(study: LoadedStudy, workspace: Workspace) -> None:
    """Write results.json and everything that people read."""
    from pipeline.stages.artefacts import read_json

    file = workspace.reports / "results.json"
    write_json(file, collect(study, workspace))
    results = read_json(file)
    composed = _composed(results, _template(workspace))
    _write_parts(composed, workspace.reports)
    _write_codebook(results, composed, workspace)
    for form in FORMATS:
        if form in study.declared.report.formats:
            _write(composed.document, form, workspace)
        else:
            (workspace.reports / f"report.{form}").unlink(missing_ok=True)


def compose(results: Mapping[str, Any]) -> Document:
    """The document of these results, by the project's own template; nothing else goes into it."""
    return _composed(results, OWN_TEMPLATE).document


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The results of the other stages, the lock, the template and the works that can be cited."""
    works = Path(__file__).resolve().parents[1] / "reporting" / "assets" / "references.json"
    return (*result_files(study, workspace), lock.lock_file(workspace), _template(workspace), works)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """results.json, the codebook, and the report in each format."""
    reports = (workspace.reports / f"report.{form}" for form in study.declared.report.formats)
    return (workspace.reports / "results.json", workspace.reports / "codebook.html", *reports)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """What of the declarations the report tells."""
    told = study.declared
    return {
        "title": told.title,
        "synthetic": told.synthetic,
        "report": told.report.model_dump(mode="json"),
        "told": describe(study),
        "screening": told.screening.model_dump(mode="json"),
        "locked": lock.parts(study),
    }


def _template(workspace: Workspace) -> Path:
    """The template of the repository that the study lies in, or the project's own."""
    own = workspace.root / TEMPLATE
    return own if own.exists() else OWN_TEMPLATE


def _composed(results: Mapping[str, Any], template: Path) -> Composed:
    from pipeline.reporting.compose import compose_report
    from pipeline.reporting.source import TemplateError

    try:
        return compose_report(results, template.read_text(encoding="utf-8"))
    except TemplateError as error:
        raise StudyError.of(TEMPLATE.as_posix(), str(error)) from error


def _write(document: Document, form: str, workspace: Workspace) -> None:
    """Write the document in one format."""
    path = workspace.reports / f"report.{form}"
    if form == "html":
        from pipeline.reporting.html import write_html

        page = write_html(document, font_cache=workspace.build / "report")
        _write_bytes(path, page.encode("utf-8"))
    elif form == "docx":
        from pipeline.reporting.word import write_word

        write_whole(path, lambda partial: write_word(document, partial))
    else:
        from pipeline.reporting.pdf import write_pdf

        write_whole(path, lambda partial: write_pdf(document, partial))


def _write_codebook(results: Mapping[str, Any], composed: Composed, workspace: Workspace) -> None:
    from pipeline.reporting.codebook import compose_codebook
    from pipeline.reporting.html import write_html

    page = write_html(compose_codebook(results, composed.pictures), font_cache=workspace.build / "report")
    _write_bytes(workspace.reports / "codebook.html", page.encode("utf-8"))


def _write_bytes(path: Path, data: bytes) -> None:
    write_whole(path, lambda partial: partial.write_bytes(data))


def _write_parts(composed: Composed, folder: Path) -> None:
    """Write each table as CSV and Word file, each figure as SVG and PNG; those of an earlier run go."""
    from pipeline.reporting.tables.as_csv import as_csv
    from pipeline.reporting.values import Table
    from pipeline.reporting.word import table_bytes

    tables = [block for block in composed.document.blocks if isinstance(block, Table)]
    texts = {folder / "tables" / f"{table.id}.csv": "\ufeff" + as_csv(table) for table in tables}
    texts |= {folder / "figures" / f"{name}.svg": drawn.svg for name, drawn in composed.pictures.items()}
    files = {path: text.encode("utf-8") for path, text in texts.items()}
    for table in tables:
        files[folder / "tables" / f"{table.id}.docx"] = table_bytes(table, composed.document)
    for name, drawn in composed.pictures.items():
        files[folder / "figures" / f"{name}.png"] = drawn.figure.png
    for path, data in files.items():
        _write_bytes(path, data)
    _write_bytes(folder / "references.bib", composed.bibliography.encode("utf-8"))
    for old in {*folder.glob("tables/*"), *folder.glob("figures/*")} - set(files):
        old.unlink()
