"""Drawing by hand: text that knows its width, elements as strings, and PNG through Typst.

For `flow` and `diagram`. Nothing here uses `<style>`, ids or markers, so that several drawings can stand in
one page without touching each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from pipeline.reporting import fonts

FAMILY = "'Report Sans', 'Source Sans Pro', Helvetica, Arial, sans-serif"
INK = "#18222d"
SOFT = "#56626e"
BLUE = "#1d5d9b"
RED = "#a63a2b"
GREY = "#8a949e"
PALE = "#eaf1f9"
PAPER = "#ffffff"
PNG_PIXELS = 1950


@dataclass(frozen=True)
class Box:
    """A rectangle by its corner and size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def center(self) -> tuple[float, float]:
        """Middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, by: float) -> Box:
        """The same rectangle with a margin around it."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share an area."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )


@dataclass(frozen=True)
class Drawing:
    """A finished SVG with its size in pixels."""

    svg: str
    width: float
    height: float

    def png(self) -> bytes:
        """The drawing as a picture of fixed width, for Word and PDF."""
        return _rendered(self.svg, self.width, self.height)


def drawing(elements: list[str], width: float, height: float, alt: str) -> Drawing:
    """Wrap elements into a document with a white ground and a spoken name."""
    size = f'viewBox="0 0 {coordinate(width)} {coordinate(height)}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} width="{coordinate(width)}" '
        f'height="{coordinate(height)}" role="img" aria-label="{escaped(alt)}" font-family="{FAMILY}">'
    )
    ground = f'<rect width="100%" height="100%" fill="{PAPER}"/>'
    return Drawing("\n".join([head, ground, *elements, "</svg>"]) + "\n", width, height)


def text(
    words: str,
    x: float,
    y: float,
    size: float,
    *,
    bold: bool = False,
    italic: bool = False,
    anchor: str = "middle",
    colour: str = INK,
) -> str:
    """One line of text; `y` is the middle of its capitals."""
    weight = ' font-weight="700"' if bold else ""
    slant = ' font-style="italic"' if italic else ""
    place = f'x="{coordinate(x)}" y="{coordinate(y + 0.34 * size)}" font-size="{coordinate(size)}"'
    return f'<text {place} text-anchor="{anchor}" fill="{colour}"{weight}{slant}>{escaped(words)}</text>'


def lines(words: list[str], x: float, y: float, size: float, *, bold: bool = False) -> list[str]:
    """Several lines around a middle height."""
    top = y - LEADING * size * (len(words) - 1) / 2
    return [text(line, x, top + LEADING * size * i, size, bold=bold) for i, line in enumerate(words)]


def rectangle(
    box: Box, *, fill: str = PAPER, stroke: str = INK, width: float = 1.3, radius: float = 4
) -> str:
    """A rectangle with softened corners."""
    place = f'x="{coordinate(box.x)}" y="{coordinate(box.y)}" width="{coordinate(box.width)}"'
    look = f'rx="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="{width}"'
    return f'<rect {place} height="{coordinate(box.height)}" {look}/>'


def arrow(
    points: list[tuple[float, float]], colour: str, width: float, *, dashed: bool = False, radius: float = 12
) -> str:
    """A line through the points, its corners rounded, with a head at its end."""
    (x0, y0), (x1, y1) = points[-2], points[-1]
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    head, half = 8 + 1.3 * width, 3.4 + 0.9 * width
    base = (x1 - head * ux, y1 - head * uy)
    wings = [(base[0] - half * uy, base[1] + half * ux), (base[0] + half * uy, base[1] - half * ux)]
    dash = ' stroke-dasharray="6 5"' if dashed else ""
    path = f'<path d="{_rounded([*points[:-1], base], radius)}" fill="none" stroke="{colour}"'
    corners = " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in [(x1, y1), *wings])
    return f'{path} stroke-width="{coordinate(width)}"{dash}/><polygon points="{corners}" fill="{colour}"/>'


def wrapped(words: str, size: float, width: float, *, bold: bool = False, most: int = 4) -> list[str]:
    """Break text into lines no wider than `width`; what does not fit in `most` lines ends in an ellipsis."""
    found: list[str] = []
    for word in _breakable(words, size, width, bold):
        if found and text_width(f"{found[-1]} {word}", size, bold=bold) <= width:
            found[-1] = f"{found[-1]} {word}"
        else:
            found.append(word)
    return found if len(found) <= most else [*found[: most - 1], _ended(found[most - 1], size, width, bold)]


def text_width(words: str, size: float, *, bold: bool = False) -> float:
    """How wide a line is when set in Source Sans Pro."""
    advance, unit = _advances(bold)
    return sum(advance.get(ord(letter), unit if ord(letter) > 0x2E80 else 0.6 * unit) for letter in words) * (
        size / unit
    )


def escaped(words: str) -> str:
    """Text as XML takes it: markup is shown, control characters are dropped."""
    return escape("".join(letter for letter in words if letter >= " " or letter == "\t"))


def coordinate(value: float) -> str:
    """A length with at most two decimals."""
    printed = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if printed == "-0" else printed


LEADING = 1.2


def _rounded(points: list[tuple[float, float]], radius: float) -> str:
    path = [f"M{coordinate(points[0][0])} {coordinate(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        reach = min(radius, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _towards(corner, before, reach), _towards(corner, after, reach)
        path.append(f"L{coordinate(start[0])} {coordinate(start[1])}")
        bend = " ".join(coordinate(part) for part in (*corner, *end))
        path.append(f"Q{bend}")
    path.append(f"L{coordinate(points[-1][0])} {coordinate(points[-1][1])}")
    return " ".join(path)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _towards(a: tuple[float, float], b: tuple[float, float], reach: float) -> tuple[float, float]:
    share = reach / max(_distance(a, b), 1e-9)
    return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])


def _ended(line: str, size: float, width: float, bold: bool) -> str:
    """A line that ends in an ellipsis and still fits."""
    kept = line
    while len(kept) > 1 and text_width(f"{kept.rstrip(' ,;')}…", size, bold=bold) > width:
        kept = kept[:-1]
    return f"{kept.rstrip(' ,;')}…"


def _breakable(words: str, size: float, width: float, bold: bool) -> list[str]:
    """Words of a text; one that is wider than a line is cut."""
    found: list[str] = []
    for word in words.split():
        rest = word
        while text_width(rest, size, bold=bold) > width and len(rest) > 1:
            cut = next(
                n
                for n in range(len(rest) - 1, 0, -1)
                if n == 1 or text_width(rest[:n], size, bold=bold) <= width
            )
            found.append(rest[:cut])
            rest = rest[cut:]
        found.append(rest)
    return found


@lru_cache(maxsize=2)
def _advances(bold: bool) -> tuple[dict[int, int], int]:
    from fontTools.ttLib import TTFont

    font = TTFont(_font_file(bold))
    widths = font["hmtx"].metrics
    advances = {code: widths[name][0] for code, name in font.getBestCmap().items()}
    return advances, font["head"].unitsPerEm


def _font_file(bold: bool) -> Path:
    name = "SourceSansPro-Bold.ttf" if bold else "SourceSansPro-Regular.ttf"
    return next(folder / name for folder in fonts.font_files() if (folder / name).exists())


def _rendered(svg: str, width: float, height: float) -> bytes:
    import typst

    page = (
        f"#set page(width: {coordinate(width)}pt, height: {coordinate(height)}pt, margin: 0pt)\n"
        f'#image(bytes(sys.inputs.svg), format: "svg", width: 100%)'
    )
    compiler: Any = typst.compile
    return bytes(
        compiler(
            page.encode(),
            format="png",
            ppi=72 * PNG_PIXELS / width,
            font_paths=[str(path) for path in fonts.font_files()],
            ignore_system_fonts=fonts.covered() >= {letter for letter in svg if letter >= " "},
            sys_inputs={"svg": svg},
        )
    )
