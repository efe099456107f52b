"""Where a text that a stage wrote prints a leading zero before a statistic that cannot pass 1."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NAMES = r"\bp|\br|ICC(?:\(\d\))?|R²|β|α|ω|λ|CFI|correlat\w*|alpha|omega|loading|standardized \w+|proportion"
_LEADING = re.compile(
    rf"(?:{_NAMES})(?: (?:of|is|was|above|below|at|by|than))*[ \u00a0(]*[=<>]?[ \u00a0]*[-−]?0\.\d"
)


def leading_zeros(value: Any) -> Iterator[str]:
    """Yield the texts within a value, however deep, that hold such a number."""
    match value:
        case str():
            if _LEADING.search(value):
                yield value
        case dict():
            for one in value.values():
                yield from leading_zeros(one)
        case list():
            for one in value:
                yield from leading_zeros(one)
