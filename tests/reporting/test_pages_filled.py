"""No page of the Word document or the PDF is nearly empty but at the end of a chapter: measured on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import recorded

from pipeline.reporting import pdf, word
from pipeline.reporting.markup import plain
from pipeline.reporting.values import Document, Heading

MARGIN = 36
LEAST = 0.4
NEEDED = ("pdftoppm", "pdftotext")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="needs poppler's pdftoppm and pdftotext"),
]


def from_word(document: Document, folder: Path) -> Path:
    """The Word document laid out by LibreOffice."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice (soffice) to lay the Word document out")
    (folder / "report.docx").write_bytes(word.word_bytes(document))
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    convert = ["--headless", "--convert-to", "pdf", "--outdir", str(folder), str(folder / "report.docx")]
    subprocess.run([office, profile, *convert], check=True, capture_output=True, timeout=300)
    return folder / "report.pdf"


def from_typst(document: Document, folder: Path) -> Path:
    pdf.write_pdf(document, folder / "report.pdf")
    return folder / "report.pdf"


def filled(file: Path, folder: Path) -> list[float]:
    """How far down each page is printed on, as a share of the height between the margins."""
    subprocess.run(
        ["pdftoppm", "-r", "36", "-gray", str(file), str(folder / "page")], check=True, capture_output=True
    )
    return [_share(page.read_bytes()) for page in sorted(folder.glob("page-*.pgm"))]


def _share(picture: bytes) -> float:
    found = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", picture)
    assert found
    width, height = int(found[1]), int(found[2])
    dots = np.frombuffer(picture[found.end() :], dtype=np.uint8).reshape(height, width)
    printed = np.flatnonzero((dots[MARGIN : height - MARGIN] < 200).any(axis=1))
    return float((printed.max() + 1) / (height - 2 * MARGIN)) if printed.size else 0.0


def ends_of_chapters(file: Path, document: Document) -> set[int]:
    """Pages before one that starts with a chapter, and the last."""
    told = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True).stdout
    pages = told.decode("utf-8").split("\f")[:-1]
    chapters = {plain(it.text) for it in document.blocks if isinstance(it, Heading) and it.level == 1}
    starts = {
        number
        for number, text in enumerate(pages)
        if chapters & {line.strip() for line in [it for it in text.splitlines() if it.strip()][:5]}
    }
    return {number - 1 for number in starts} | {len(pages) - 1}


@pytest.mark.parametrize("paper", [from_word, from_typst])
@pytest.mark.parametrize("study", ["demo", "army-climate", "army-leadership"])
def test_no_page_is_nearly_empty(study: str, paper, tmp_path: Path) -> None:
    document = recorded.document(study)
    file = paper(document, tmp_path)
    shares = filled(file, tmp_path)
    ends = ends_of_chapters(file, document)
    assert len(shares) > 10
    assert {
        number + 1: share for number, share in enumerate(shares) if share < LEAST and number not in ends
    } == {}
