"""Letters that the shipped faces lack: which faces of this computer show them, and what to say if none does.

Figures are drawn when the report is made, so a letter without a face is a box in them on any other computer
too. `figures/canvas` asks for faces; `stages/report` tells readers, the command line whoever makes a report.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Set
from functools import cache

from pipeline.reporting import fonts

PREFERRED = (
    *("Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "Arial Unicode MS"),
)
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_NO_FACE = ("lastresort", "last resort")
_SCRIPTS = {"CJK": "Chinese characters"}
_MOST = 12


def strange(text: Iterable[str]) -> frozenset[str]:
    """Letters of a text that the shipped faces cannot show."""
    return frozenset(it for it in set(text) - fonts.covered() if unicodedata.category(it) not in _UNSEEN)


def families(letters: Set[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Families of this computer that show these letters, preferred ones first, and the letters none shows."""
    left, chosen = set(letters), []
    for family in sorted(_files(), key=lambda name: (_rank(name), name)) if left else ():
        shown = left & _characters(_files()[family])
        if shown:
            chosen.append(family)
            left -= shown
        if not left:
            break
    return tuple(chosen), frozenset(left)


def warning(text: str) -> str | None:
    """What to say where letters of a text can be shown by no face of this computer; None where all can."""
    _, lacking = families(strange(text))
    if not lacking:
        return None
    scripts = sorted({_script(letter) for letter in lacking})
    codes = [f"U+{ord(letter):04X}" for letter in sorted(lacking)]
    more = f" and {len(codes) - _MOST} more" if len(codes) > _MOST else ""
    return (
        f"No typeface on the computer that made this report can show {', '.join(codes[:_MOST])}{more} "
        f"({', '.join(scripts)}): boxes stand for them in figures and in the PDF. To mend it, install a "
        "typeface for that script (such as one of the Noto family), remove report.pdf and make the report "
        "again."
    )


def _script(letter: str) -> str:
    first = unicodedata.name(letter, "unnamed").split()[0].split("-")[0]
    return _SCRIPTS.get(first, first.capitalize())


def _rank(family: str) -> int:
    return PREFERRED.index(family) if family in PREFERRED else len(PREFERRED)


@cache
def _files() -> Mapping[str, str]:
    """Family -> its upright file of ordinary weight; not those made of placeholders."""
    from matplotlib.font_manager import fontManager

    found: dict[str, str] = {}
    for entry in sorted(fontManager.ttflist, key=lambda one: (one.name, one.fname)):
        plain = entry.style == "normal" and str(entry.weight) in {"400", "normal", "regular"}
        if plain and not any(word in entry.name.lower() for word in _NO_FACE):
            found.setdefault(entry.name, entry.fname)
    return found


@cache
def _characters(file: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(file).get_charmap()))
