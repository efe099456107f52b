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
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from pipeline.reporting import fonts, numbering, pagination
from pipeline.reporting.pagination import Arrangement, Paper, Piece, Spot, Spots
from pipeline.reporting.paper import on_paper
from pipeline.reporting.pdf_source import Source, picture_height
from pipeline.reporting.values import Document, Figure, Heading, Illustrated, Table

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_BOX = "\u25a1"
PAPER = Paper(bottom=723.6, line=15.5, heading=38.0, between=14.0, first_rows=150.0)


def write_pdf(document: Document, path: Path) -> tuple[str, ...]:
    """Write the report to `path`; return the characters that no face on this computer can show."""
    content, missing = pdf_bytes(document)
    path.write_bytes(content)
    return missing


def pdf_bytes(document: Document) -> tuple[bytes, tuple[str, ...]]:
    """Return the report as a PDF, with the characters that had to be left out."""
    source = Source.of(on_paper(document))
    letters = set(source.text()) - fonts.covered()
    strange = {it for it in letters if unicodedata.category(it) not in _UNSEEN}
    with _workplace(source.document) as main:
        return _bound(source, main, strange)


def _bound(source: Source, main: Path, strange: Set[str]) -> tuple[bytes, tuple[str, ...]]:
    """Set the source, with faces of this computer where it has strange letters, and boxes for the rest."""
    import typst

    press, missing = Press(main, system_fonts=bool(strange)), set[str]()
    source = press.laid_out(source)
    text = source.text()
    while True:
        try:
            return press.compiled(text), tuple(sorted(missing))
        except typst.TypstError as error:
            undisplayed = _undisplayed(str(error), strange) - missing
            if not undisplayed:
                raise
        if press.system_fonts:
            missing |= undisplayed | _neighbours(undisplayed, strange)
            text = source.text(tuple(sorted(missing)))
            text = text.translate(dict.fromkeys(map(ord, missing), _BOX))
        press = Press(main, system_fonts=True)


def _undisplayed(message: str, strange: Set[str]) -> Set[str]:
    """Return the strange characters that Typst says no face can show.

    It may name a letter beside one of them in its place: then it can be any of them.
    """
    found = "".join(re.findall(r'the text `"(.*?)"` could not be displayed', message))
    coded = {chr(int(code, 16)) for code in re.findall(r"\\u\{([0-9a-fA-F]+)\}", found)}
    told = coded | set(re.sub(r"\\u\{[0-9a-fA-F]+\}", "", found))
    return told & strange or (strange if told else told)


def _neighbours(characters: Set[str], strange: Set[str]) -> set[str]:
    """Return the strange characters of the same scripts, so that a script takes one attempt, not many."""
    blocks = {ord(character) >> 8 for character in characters}
    return {character for character in strange if ord(character) >> 8 in blocks}


@dataclass(frozen=True)
class Press:
    """Typst in one folder: what it has set once it does not set again for the next question."""

    main: Path
    system_fonts: bool

    def laid_out(self, source: Source) -> Source:
        """Return the source with its blocks in the order that fills the pages."""
        if not any(isinstance(block, Table | Figure) for block in source.document.blocks):
            return source

        @cache
        def places(now: Arrangement) -> Spots:
            return self.places(source.arranged(now))

        return source.arranged(pagination.arranged(self._pieces(source), places, PAPER))

    def places(self, source: Source) -> Spots:
        """Return where each block but headings starts and ends: page and points from its top."""
        told: dict[int, list[Spot]] = {}
        for number, page, height in self._answers(source.text(), "<spots>")[0]:
            told.setdefault(number, []).append((page, height))
        return {number: (min(spots), max(spots)) for number, spots in told.items()}

    def compiled(self, text: str) -> bytes:
        """Return the PDF of a source."""
        content: bytes = self._compiler(text).compile(format="pdf", pdf_standards=["ua-1"], timestamp=0)
        return content

    def _pieces(self, source: Source) -> list[Piece]:
        heights = dict(self._answers(source.measured(), "<height>"))
        sections = accumulate(isinstance(it, Heading) and it.level < 3 for it in source.document.blocks)
        pictures = (picture_height(it) if isinstance(it, Figure) else 0.0 for it in source.document.blocks)
        told = zip(source.document.blocks, source.wide, sections, pictures, strict=True)
        return [
            Piece(pagination.kind(block), wide, heights.get(number, 0.0), section, picture)
            for number, (block, wide, section, picture) in enumerate(told)
        ]

    def _answers(self, text: str, selector: str) -> Any:
        return json.loads(self._compiler(text).query(selector, field="value"))

    def _compiler(self, text: str) -> Any:
        import typst

        self.main.write_text(text, encoding="utf-8", newline="\n")
        return typst.Compiler(
            self.main,
            root=self.main.parent,
            font_paths=list(fonts.font_files()),
            ignore_system_fonts=not self.system_fonts,
        )


@contextmanager
def _workplace(document: Document) -> Iterator[Path]:
    """Write the pictures into a folder for Typst; yield where its source goes."""
    labels = numbering.label(document)
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        for block in document.blocks:
            if isinstance(block, Illustrated):
                (Path(folder) / f"{block.figure.id}.png").write_bytes(block.figure.png)
            if isinstance(block, Figure):
                (Path(folder) / f"{labels[block.id].anchor}.png").write_bytes(block.png)
        yield Path(folder) / "main.typ"
