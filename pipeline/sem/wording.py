"""How a number stands in a message or warning: APA 7 (2020), section 6.36.

`sem` and the rooms above it call it where they put a number into words; the report prints its own numbers.
"""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


def bounded(value: float, decimals: int = 2) -> str:
    """A statistic that cannot properly pass 1, without its leading zero: `.50`, `-.20`, `1.04`."""
    if not math.isfinite(value):
        return "not defined"
    text = f"{abs(value):.{decimals}f}".removeprefix("0")
    return f"{MINUS}{text}" if value < 0 and text.strip(".0") else text


def p_phrase(value: float) -> str:
    """A *p* value in a sentence: `p = .042`, `p < .001`, `p > .999`."""
    if not math.isfinite(value):
        return "p not defined"
    if value < 0.001:
        return "p < .001"
    return "p > .999" if value > 0.999 else f"p = {bounded(value, 3)}"
