"""How a number is printed, in one place: APA 7 (2020), sections 6.36 to 6.45.

Two decimals; no leading zero where the statistic cannot pass 1 in absolute value; *p* to three decimals;
a true minus sign; an em dash where there is nothing. Tables, figures and prose all print through here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

MISSING = "—"
MINUS = "−"
BOUNDED = frozenset({"r", "p", "alpha", "omega", "icc", "r2", "proportion", "cfi"})
"""Statistics printed without a leading zero. CFI is here by convention; a journal may want it out."""


def number(value: float | None, decimals: int = 2) -> str:
    """A statistic that may pass 1, with its leading zero: `0.50`, `−1.20`."""
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return MINUS + text if negative else text


def bounded(value: float | None, decimals: int = 2) -> str:
    """A statistic that cannot pass 1, without its leading zero: `.50`, `−.20`, `1.00`."""
    return (
        number(value, decimals).replace("0.", ".", 1)
        if _below_one(value, decimals)
        else number(value, decimals)
    )


def statistic(
    name: str, value: float | None, decimals: int = 2, without_zero: frozenset[str] = BOUNDED
) -> str:
    """A statistic by its name; the names in `without_zero` lose the leading zero."""
    return bounded(value, decimals) if name in without_zero else number(value, decimals)


def p_value(value: float | None, *, is_bound: bool = False) -> str:
    """A *p* value for a table cell: `.042`, `< .001`, `> .999`; `is_bound`: *p* lies below the value."""
    if value is None or not math.isfinite(value):
        return MISSING
    if value < 0.001 or (is_bound and round(value, 3) <= 0.001):
        return "< .001"
    if is_bound:
        return f"< {bounded(value, 3)}"
    return "> .999" if value > 0.999 else bounded(value, 3)


def p_phrase(value: float | None, *, is_bound: bool = False) -> str:
    """A *p* value for a sentence: `*p* = .042`, `*p* < .001`."""
    printed = p_value(value, is_bound=is_bound)
    return f"*p* {printed}" if printed[0] in "<>" else f"*p* = {printed}"


def interval(lower: float | None, upper: float | None, decimals: int = 2, name: str = "estimate") -> str:
    """An interval: `[−0.12, 0.30]`; one dash where either end is missing."""
    ends = (statistic(name, lower, decimals), statistic(name, upper, decimals))
    return MISSING if MISSING in ends else f"[{ends[0]}, {ends[1]}]"


def declared(value: float | None, least: int = 2) -> str:
    """A number that somebody wrote down: with all the decimals that it was given, `0.005`, `0.50`."""
    if value is None or not math.isfinite(value):
        return MISSING
    given = len(f"{value:.10f}".rstrip("0").partition(".")[2])
    return number(value, max(least, given))


def decimals_for(widths: Iterable[float | None], least: int = 2, most: int = 5) -> int:
    """Decimals that show the narrowest of some intervals with two significant digits."""
    known = [width for width in widths if width is not None and math.isfinite(width) and width > 0]
    if not known:
        return least
    return min(max(least, 1 - math.floor(math.log10(min(known)))), most)


def count(value: float | None) -> str:
    """A whole number with thousands separators: `7,382`."""
    return number(value, 0)


def percent(share: float | None, decimals: int = 0) -> str:
    """A share of one as a percentage: `95%`."""
    return MISSING if share is None or not math.isfinite(share) else f"{number(100 * share, decimals)}%"


def confidence(level: float) -> str:
    """A confidence level as it stands before CI: `95%`, `99.5%`."""
    return f"{100 * level:.10g}%"


def ci_phrase(
    level: float, lower: float | None, upper: float | None, decimals: int = 2, name: str = "estimate"
) -> str:
    """An interval for a sentence, kept on one line: `95% CI [−0.12, 0.30]`."""
    return f"{confidence(level)} CI {interval(lower, upper, decimals, name)}".replace(" ", "\u00a0")


def stars(p: float | None) -> str:
    """Asterisks of the probability note."""
    if p is None or not math.isfinite(p):
        return ""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""


def _below_one(value: float | None, decimals: int) -> bool:
    return value is not None and math.isfinite(value) and round(abs(value), decimals) < 1
