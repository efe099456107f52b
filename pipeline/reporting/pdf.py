"""The report as a tagged PDF (PDF/UA-1), typeset by Typst from the look in `assets/report.typ`.

Whatever a document says goes to Typst as strings, which it never interprets. The standard is enforced while
writing: a picture without alternative text, or a letter that no face can show, is refused. So for scripts
that the shipped faces lack, faces of this computer are used; where it has none either, a box stands for the
letter, a notice in the PDF says so, and `write_pdf` returns the letters. `stages/report` calls it.
"""

from __future__ import annotations

import json
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Set
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path

from pipeline.reporting import fonts, numbering
from pipeline.reporting.pdf_source import floating, typst_source
from pipeline.reporting.values import Document, Figure, Heading, Table

Spot = tuple[int, float]
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_BOX = "\u25a1"
SECTION = "section"


def write_pdf(document: Document, path: Path) -> tuple[str, ...]:
    """Write the report to `path`; return the characters that no face on this computer can show."""
    content, missing = pdf_bytes(document)
    path.write_bytes(content)
    return missing


def pdf_bytes(document: Document) -> tuple[bytes, tuple[str, ...]]:
    """Return the report as a PDF, with the characters that had to be left out."""
    import typst

    letters = set(typst_source(document)) - fonts.covered()
    strange = {it for it in letters if unicodedata.category(it) not in _UNSEEN}
    system_fonts, missing = bool(strange), set[str]()
    held = _held(document, system_fonts)
    source = typst_source(document, held=held)
    while True:
        try:
            return _compiled(document, source, system_fonts=system_fonts), tuple(sorted(missing))
        except typst.TypstError as error:
            undisplayed = _undisplayed(str(error)) - missing
            if not undisplayed:
                raise
        if system_fonts:
            missing |= undisplayed | _neighbours(undisplayed, strange)
            source = typst_source(document, tuple(sorted(missing)), held=held)
            source = source.translate(dict.fromkeys(map(ord, missing), _BOX))
        system_fonts = True


def _undisplayed(message: str) -> set[str]:
    """Return the characters that Typst says no face can show."""
    found = "".join(re.findall(r'the text `"(.*?)"` could not be displayed', message))
    coded = {chr(int(code, 16)) for code in re.findall(r"\\u\{([0-9a-fA-F]+)\}", found)}
    return coded | set(re.sub(r"\\u\{[0-9a-fA-F]+\}", "", found))


def _neighbours(characters: Set[str], strange: Set[str]) -> set[str]:
    """Return the strange characters of the same scripts, so that a script takes one attempt, not many."""
    blocks = {ord(character) >> 8 for character in characters}
    return {character for character in strange if ord(character) >> 8 in blocks}


def _held(document: Document, system_fonts: bool) -> frozenset[str]:
    """Return the ids that may not float, so that numbers rise and each stays in its section.

    A float can land below or above a table that runs over pages, or beyond the heading of its section.
    Whichever is out of order is set where it stands, until none is.
    """
    held: set[str] = set()
    while len(numbering.label(document)) > 1:
        places = _places(document, typst_source(document, held=held), system_fonts)
        free = {block.id for block in floating(document)} - held
        for (before, _, end), (after, start, _) in pairwise(places):
            if end > start and {before, after} & free:
                held.add(before if before in free else after)
                break
        else:
            break
    return frozenset(held)


def _places(document: Document, source: str, system_fonts: bool) -> list[tuple[str, Spot, Spot]]:
    """Return where each heading, table and figure starts and ends, in the document's order."""
    import typst

    with _workplace(document, source) as main:
        found = typst.query(
            main,
            "<place>",
            field="value",
            root=main.parent,
            font_paths=list(fonts.font_files()),
            ignore_system_fonts=not system_fonts,
        )
    told: dict[str, list[Spot]] = {}
    sections = count()
    for anchor, page, height in json.loads(found):
        name = f"{SECTION}{next(sections)}" if anchor == SECTION else anchor
        told.setdefault(name, []).append((page, float(height.removesuffix("pt"))))
    return [(name, min(told[anchor]), max(told[anchor])) for name, anchor in _in_order(document)]


def _in_order(document: Document) -> Iterator[tuple[str, str]]:
    """Yield what has a place of its own, by its id and by how its place is told."""
    labels, sections = numbering.label(document), count()
    for block in document.blocks:
        if isinstance(block, Table | Figure):
            yield block.id, labels[block.id].anchor
        elif isinstance(block, Heading):
            name = f"{SECTION}{next(sections)}"
            yield f" {name}", name


@contextmanager
def _workplace(document: Document, source: str) -> Iterator[Path]:
    """Write source and pictures into a folder for Typst."""
    labels = numbering.label(document)
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        for block in document.blocks:
            if isinstance(block, Figure):
                (Path(folder) / f"{labels[block.id].anchor}.png").write_bytes(block.png)
        main = Path(folder) / "main.typ"
        main.write_text(source, encoding="utf-8", newline="\n")
        yield main


def _compiled(document: Document, source: str, *, system_fonts: bool) -> bytes:
    import typst

    with _workplace(document, source) as main:
        content: bytes = typst.compile(
            main,
            root=main.parent,
            format="pdf",
            font_paths=list(fonts.font_files()),
            ignore_system_fonts=not system_fonts,
            pdf_standards=["ua-1"],
            timestamp=0,
        )
    return content
