"""The report: results.json from what the stages found, then page, Word file and PDF from results.json alone.

The plan calls `report`. The text comes from `reports/templates/report.md.j2`; a study replaces a section of
it by `data/<study>/report/<block>.md.j2`, and the Word styles by `report: {word_template: ...}`. Beside the
reports it writes each table as CSV and Word file, each figure as SVG and PNG, for use in somebody's own
document, and what is cited as BibTeX.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
SECTIONS = "report"
TEMPLATE = Path("reports") / "templates" / "report.md.j2"
REFERENCE = Path("reports") / "templates" / "reference.docx"
OWN_TEMPLATE = Path(__file__).resolve().parents[2] / TEMPLATE


def report(study: LoadedStudy, workspace: Workspace) -> None:
    """Write results.json and everything that people read."""
    from pipeline.reporting.checklists import filled
    from pipeline.stages.artefacts import read_json

    file = workspace.reports / "results.json"
    gathered = collect(study, workspace)
    write_json(file, gathered | {"checklists": filled(gathered)})
    results = read_json(file)
    composed = _composed(results, _template(workspace), _sections(workspace))
    reference = _reference(study, workspace)
    _write_parts(composed, workspace.reports)
    _write_codebook(results, composed, workspace)
    document = _with_notice(composed.document, unshown(workspace))
    for form in FORMATS:
        if form in study.declared.report.formats:
            _write(composed.document if form == "pdf" else document, form, workspace, reference)
        else:
            (workspace.reports / f"report.{form}").unlink(missing_ok=True)


def unshown(workspace: Workspace) -> str | None:
    """What to tell where no face on this computer shows some letters of the results; None where all are."""
    from pipeline.reporting.lettering import warning

    return warning((workspace.reports / "results.json").read_text(encoding="utf-8"))


def compose(results: Mapping[str, Any]) -> Document:
    """The document of these results, by the project's own template; nothing else goes into it."""
    return _composed(results, OWN_TEMPLATE).document


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The results of the other stages, the lock, the template and the works that can be cited."""
    works = Path(__file__).resolve().parents[1] / "reporting" / "assets" / "references.json"
    own = (*_sections(workspace), *filter(None, [_reference(study, workspace)]))
    return (*result_files(study, workspace), lock.lock_file(workspace), _template(workspace), works, *own)


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


def _sections(workspace: Workspace) -> tuple[Path, ...]:
    """The study's own text of sections, one file a block of the template."""
    return tuple(sorted((workspace.declared / SECTIONS).glob("*.md.j2")))


def _reference(study: LoadedStudy, workspace: Workspace) -> Path | None:
    """The study's own Word template, or that of the repository, where there is one."""
    named = study.declared.report.word_template
    if named is None:
        return next(iter(path for path in [workspace.root / REFERENCE] if path.exists()), None)
    path = (workspace.declared / named).resolve()
    place = f"data/{study.id}/study.yaml"
    if not path.is_relative_to(workspace.declared.resolve()):
        raise StudyError.of(place, f"report: word_template: '{named}' lies outside the study's folder")
    if not path.exists():
        raise StudyError.of(place, f"report: word_template: there is no file '{named}' beside study.yaml")
    return path


def _composed(results: Mapping[str, Any], template: Path, sections: Sequence[Path] = ()) -> Composed:
    from pipeline.reporting.compose import compose_report
    from pipeline.reporting.source import TemplateError

    try:
        own = {path.name: path.read_text(encoding="utf-8") for path in sections}
        return compose_report(results, template.read_text(encoding="utf-8"), own)
    except (TemplateError, UnicodeDecodeError) as error:
        place = f"data/{results['study']}/{SECTIONS}" if sections else TEMPLATE.as_posix()
        raise StudyError.of(place, str(error)) from error


def _with_notice(document: Document, text: str | None) -> Document:
    """The document with a warning at its head; a PDF has one of its own."""
    from pipeline.reporting.markup import literal
    from pipeline.reporting.values import Notice

    first = (Notice(literal(text), "warning"),) if text else ()
    return replace(document, blocks=(*first, *document.blocks))


def _write(document: Document, form: str, workspace: Workspace, reference: Path | None) -> None:
    """Write the document in one format."""
    path = workspace.reports / f"report.{form}"
    if form == "html":
        from pipeline.reporting.html import write_html

        page = write_html(document, font_cache=workspace.build / "report")
        _write_bytes(path, page.encode("utf-8"))
    elif form == "docx":
        _write_word(document, path, reference)
    else:
        from pipeline.reporting.pdf import write_pdf

        write_whole(path, lambda partial: write_pdf(document, partial))


def _write_word(document: Document, path: Path, reference: Path | None) -> None:
    from pipeline.reporting.word import write_word
    from pipeline.reporting.word_styles import TemplateFileError

    try:
        write_whole(path, lambda partial: write_word(document, partial, reference=reference))
    except TemplateFileError as error:
        raise StudyError.of(str(reference and reference.name), str(error)) from error


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
