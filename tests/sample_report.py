"""A report with one of everything, small enough to set many times."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from pipeline.reporting.markup import literal
from pipeline.reporting.pdf_source import Source
from pipeline.reporting.values import (
    Bullets,
    Cell,
    Details,
    Document,
    Figure,
    Heading,
    Notice,
    Paragraph,
    Row,
    Table,
)

INJECTIONS = (
    "<script>alert(1)</script>",
    "=cmd()|' /C calc'!A0",
    "{{7*7}}",
    '#import "x"',
    "$x$",
    "\\",
    "]",
    "*not italic* [@flow] ^2^ [a](https://example.org)",
    "&amp; \"quoted\" 'single'",
    "1. no list",
    "# no heading",
    "%PDF /*x*/ // @ref <label> `raw`",
)
SCRIPTS = ("Ο προϊστάμενός μου", "يمكنني طلب المساعدة", "Мой руководитель", "ἀρχή")


def png(width: int = 8, height: int = 6) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\x80\x90\xa0" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 60">'
    '<g id="d-a"><rect width="80" height="60"/></g><use href="#d-a"/><text x="4" y="9">a &lt; b</text></svg>'
)


def row(stub: str, *cells: str, indent: int = 0) -> Row:
    return Row((Cell(stub, align="left", indent=indent), *(Cell(text) for text in cells)))


def group(title: str, span: int) -> Row:
    return Row((Cell(title, span=span, align="left"),), group=True)


def spanned() -> Table:
    spanner = Row(
        (
            Cell("", align="left"),
            Cell("Within staff", span=2, align="center", rule_below=True),
            Cell("Between staff", span=2, align="center", rule_below=True),
        )
    )
    return Table(
        id="paths",
        title="Paths Within and Between Staff: α and *B*",
        header=(spanner, row("Path", "*B*", "95% CI", "*B*", "*p*")),
        body=(
            group("Outcome: belonging", 5),
            row("Alliance", "0.30***", "[0.26, 0.34]", "−0.40", "< .001", indent=1),
            row("Support", "10.35", "[−0.02, 0.42]", "0.20^a^", ".078", indent=1),
            group("Outcome: functioning", 5),
            row("Alliance", "—", "[10.06, 10.64]", "1,234.50", ".183", indent=1),
        ),
        widths=(2.0, 1.0, 1.5, 1.0, 1.0),
        general="*N* = 812; see [@flow]. CI = confidence interval.",
        specific=("^a^ Two items reversed.",),
        probability="* *p* < .05. *** *p* < .001.",
        alt="Slopes of each path at two levels.",
    )


def flow() -> Table:
    return Table(
        id="flow",
        title="Clients Received and Kept",
        header=(row("Step", "*n*", "%"),),
        body=(row("Received", "3,840", "100.0"), row("Kept", "3,120", "81.3")),
        widths=(3.0, 1.0, 1.0),
    )


def matrix(size: int = 24) -> Table:
    return Table(
        id="items",
        title="Correlations of Items",
        header=(row("Item", *(str(number + 1) for number in range(size))),),
        body=tuple(
            row(f"{number + 1}. LS{number + 1}", *("−.36" if it < number else "—" for it in range(size)))
            for number in range(size)
        ),
        widths=(2.0, *(1.0 for _ in range(size))),
    )


def long_table(rows: int = 70) -> Table:
    wordings = (*INJECTIONS, *SCRIPTS, "A_label_without_any_space_" * 5)
    return Table(
        id="loadings",
        title="Loadings of All Items",
        header=(row("Item", "λ"),),
        body=tuple(row(literal(wordings[n % len(wordings)]), f".{40 + n % 50}") for n in range(rows)),
        widths=(5.0, 1.0),
        general="All items.",
    )


def report(**changes: object) -> Document:
    blocks = (
        Notice("These answers are synthetic. **Do not cite.**", "warning"),
        Heading("Summary", 1),
        Paragraph(
            f"Of 3,840 clients 3,120 were kept ([@flow]); paths are in [@paths]. {literal(INJECTIONS[0])}"
        ),
        Bullets(("Leader support goes with *more* support.", "Within, *B* = 0.30 ([@diagram]).")),
        Bullets(("First", "Then"), ordered=True),
        Bullets(("First again",), ordered=True),
        Heading("Sample", 2),
        flow(),
        Paragraph(" ".join(literal(text) for text in INJECTIONS)),
        Heading("Items", 1),
        matrix(),
        Details("How this table was made", (("Stage", "validate"), ("Input hash", "3f9a2c" * 10))),
        long_table(),
        Heading("Paths", 2),
        Heading("Within and Between", 3),
        spanned(),
        Figure(
            "diagram", "Path Diagram", "Leader support to alliance.", png(), SVG, 0.8, "Solid: *p* < .05."
        ),
        Figure("density", "Density of the Indirect Effect", "One peak near .12.", png(8, 30)),
        Paragraph("Preacher, K. J. (2010). *Psychological Methods, 15*(3).", hanging=True),
        Paragraph(literal(SCRIPTS[1])),
        Paragraph(f"See [the licence](https://www.gnu.org/licenses/gpl-3.0.html) and {literal(SCRIPTS[1])}."),
    )
    values: dict[str, object] = {
        "title": f"Support and Belonging: {literal('<b>*x*</b> & الدعم')}",
        "subtitle": "Validation and mediation report",
        "author": "A. Researcher",
        "date": "11 June 2024",
        "blocks": blocks,
        "footer": "Made by survey-pipeline 0.1.0.",
        "banner": "Synthetic data: nothing here is a finding about people.",
    }
    return Document(**(values | changes))  # type: ignore[arg-type]


def minimal(*blocks: object, **changes: object) -> Document:
    return report(blocks=tuple(blocks), **changes)


def typst_source(document: Document, missing: Sequence[str] = ()) -> str:
    """The document in Typst, every block where the document has it."""
    return Source.of(document).text(missing=missing)
