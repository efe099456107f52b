"""The faces that reports are set in: Source Sans and Source Serif (SIL Open Font License), from PyPI.

The PDF embeds what it uses; the page carries a subset as data, so that it looks alike everywhere and asks no
network. Making the subset takes a second or two, so the writers' caller may name a folder to keep it in.
DejaVu, which comes with matplotlib, stands in for scripts that Source does not have.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from io import BytesIO
from pathlib import Path


@dataclass(frozen=True)
class PageFace:
    """One face of the page: file, and how the style sheet calls it."""

    file: str
    family: str
    weight: int
    style: str


PAGE_FACES = (
    PageFace("SourceSansPro-Regular.ttf", "Report Sans", 400, "normal"),
    PageFace("SourceSansPro-Semibold.ttf", "Report Sans", 600, "normal"),
    PageFace("SourceSansPro-It.ttf", "Report Sans", 400, "italic"),
    PageFace("SourceSerifPro-Regular.ttf", "Report Serif", 400, "normal"),
    PageFace("SourceSerifPro-Semibold.ttf", "Report Serif", 600, "normal"),
    PageFace("SourceSerifPro-It.ttf", "Report Serif", 400, "italic"),
)
_BASIC = frozenset(
    chr(code)
    for start, end in ((0x20, 0x7E), (0xA0, 0xFF), (0x391, 0x3C9), (0x2010, 0x2014))
    for code in range(start, end + 1)
) | frozenset("‘’“”†‡•…′″‹›€−×√∞≈≠≤≥→←↔↑↓∆∑₀₁₂₃₄₅₆₇₈₉⁰⁴⁵⁶⁷⁸⁹ŒœŠšŸŽžıłŁ\u2007\u2009\u202f")


def page_faces(characters: Iterable[str] = (), cache_folder: Path | None = None) -> str:
    """Return `@font-face` rules with the subset in them, for the basic characters and these."""
    wanted = "".join(sorted(_BASIC | (set(characters) & _in_source())))
    if cache_folder is None:
        return _rules(wanted)
    kept = cache_folder / f"page-fonts-{_signature(wanted)}.css"
    if not kept.exists():
        _write_whole(kept, _rules(wanted))
    return kept.read_text(encoding="ascii")


def font_files() -> tuple[Path, ...]:
    """Return the files and folders that a typesetter should look for faces in."""
    return (*_source_folders(), *(_dejavu() / name for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")))


@cache
def covered() -> frozenset[str]:
    """Return the characters that the shipped upright faces can show between them."""
    return _in_source() | _characters(_dejavu() / "DejaVuSans.ttf")


@cache
def _in_source() -> frozenset[str]:
    return _characters(_find("SourceSansPro-Regular.ttf")) | _characters(_find("SourceSerifPro-Regular.ttf"))


def _characters(file: Path) -> frozenset[str]:
    from fontTools.ttLib import TTFont

    with TTFont(file, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _source_folders() -> tuple[Path, ...]:
    return tuple(_installed(f"font_source_{kind}_pro") / "files" for kind in ("sans", "serif"))


def _dejavu() -> Path:
    return _installed("matplotlib") / "mpl-data" / "fonts" / "ttf"


def _installed(package: str) -> Path:
    spec = util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package '{package}' is not installed, so its typefaces are missing")
    return Path(spec.origin).parent


def _find(file: str) -> Path:
    return next(folder / file for folder in _source_folders() if (folder / file).exists())


def _signature(wanted: str) -> str:
    parts = (metadata.version("fonttools"), wanted, repr(PAGE_FACES))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="ascii") as file:
        file.write(text)
    Path(file.name).replace(path)


@cache
def _rules(wanted: str) -> str:
    return "\n".join(_rule(face, wanted) for face in PAGE_FACES)


def _rule(face: PageFace, wanted: str) -> str:
    data = base64.b64encode(_subset(_find(face.file), wanted)).decode("ascii")
    return (
        f'@font-face{{font-family:"{face.family}";font-weight:{face.weight};font-style:{face.style};'
        f'src:url(data:font/woff;base64,{data}) format("woff")}}'
    )


def _subset(file: Path, wanted: str) -> bytes:
    from fontTools import subset

    options = subset.Options(flavor="woff", hinting=False, name_IDs=[], notdef_outline=True)
    options.layout_features = ["kern", "mark", "ccmp", "locl"]
    options.recalc_timestamp = False
    font = subset.load_font(str(file), options)
    maker = subset.Subsetter(options)
    maker.populate(text=wanted)
    maker.subset(font)
    out = BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()
