"""Syntax of ordinal invariance models, identified as Wu & Estabrook (2016) show.

Thresholds are tied first, since response variates have no scale before: that frees intercepts and scales
(delta; residual variances under theta) of later groups. Equal loadings then free factor variances, equal
intercepts factor means, and equal residual variances (theta only) fix them at 1 again.
psychometrics' invariance ladder calls it; `sem.fit` estimates what it returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import parse

STEPS = ("thresholds", "loadings", "intercepts", "residuals")


def invariance_syntax(
    model: str,
    categories: Mapping[str, int],
    groups: int,
    equal: Sequence[str] = (),
    *,
    partial: Sequence[str] = (),
    parameterization: str = "delta",
) -> str:
    """Return the syntax of a factor model whose items are all ordered, tied over groups.

    `categories` gives each item's number of categories; `equal` names a start of STEPS; `partial` excepts
    parameters, as 'u1 | t2' or 'f =~ u3'.
    """
    loads = _loadings(model)
    items = list(dict.fromkeys(item for _, item in loads))
    _check(items, categories, groups, equal, parameterization)
    free = {text.replace(" ", "") for text in partial}
    lines = [*_loading_lines(loads, groups, equal, free)]
    for item in items:
        lines += _item_lines(
            item, categories[item], groups, equal, free=free, theta=parameterization == "theta"
        )
    for factor in dict.fromkeys(factor for factor, _ in loads):
        variance = _later("1", "NA" if "loadings" in equal else "1", groups)
        mean = _later("0", "NA" if "intercepts" in equal else "0", groups)
        lines += [f"{factor} ~~ {variance}*{factor}", f"{factor} ~ {mean}*1"]
    return "\n".join(lines)


def _loadings(model: str) -> list[tuple[str, str]]:
    parsed = parse(model)
    other = [f for f in parsed.formulas if f.operator != "=~"]
    if other or parsed.constraints:
        raise ModelError("an invariance ladder takes a plain factor model: lines with =~ and nothing else")
    return [(factor, term.name) for f in parsed.formulas for factor in f.left for term in f.terms]


def _check(
    items: Sequence[str],
    categories: Mapping[str, int],
    groups: int,
    equal: Sequence[str],
    parameterization: str,
) -> None:
    if tuple(equal) != STEPS[: len(equal)]:
        raise ModelError(f"equal= must be a start of {', '.join(STEPS)}: each step builds on those before")
    if groups < 2:
        raise ModelError("invariance needs at least two groups")
    if "residuals" in equal and parameterization != "theta":
        raise ModelError("equal residual variances need parameterization='theta', where they are parameters")
    for item in items:
        if item not in categories:
            raise ModelError(f"categories= lacks '{item}': all items of the ladder must be ordered")
        if categories[item] == 2 and equal and "intercepts" not in equal:
            raise ModelError(
                f"'{item}' has two categories: equal thresholds alone, or with loadings, restrict nothing "
                "in it; tie thresholds, loadings and intercepts together (Wu & Estabrook, 2016)"
            )


def _loading_lines(
    loads: Sequence[tuple[str, str]], groups: int, equal: Sequence[str], free: set[str]
) -> Iterator[str]:
    for factor, item in loads:
        tied = "loadings" in equal and f"{factor}=~{item}" not in free
        label = _labels(f"l.{factor}.{item}", tied, groups)
        yield f"{factor} =~ {_same('NA', groups)}*{item} + {label}*{item}"


def _item_lines(
    item: str, count: int, groups: int, equal: Sequence[str], *, free: set[str], theta: bool
) -> Iterator[str]:
    """Thresholds, intercept, and scale or residual variance of one item."""
    for step in range(1, count):
        tied = "thresholds" in equal and f"{item}|t{step}" not in free
        yield f"{item} | {_labels(f't.{item}.{step}', tied, groups)}*t{step}"
    own_intercept = "thresholds" in equal and ("intercepts" not in equal or f"{item}~1" in free)
    yield f"{item} ~ {_later('0', 'NA' if own_intercept else '0', groups)}*1"
    own_scale = "thresholds" in equal and ("residuals" not in equal or f"{item}~~{item}" in free)
    operator = "~~" if theta else "~*~"
    yield f"{item} {operator} {_later('1', 'NA' if own_scale else '1', groups)}*{item}"


def _later(first: str, others: str, groups: int) -> str:
    return f"c({', '.join([first] + [others] * (groups - 1))})"


def _same(value: str, groups: int) -> str:
    return _later(value, value, groups)


def _labels(name: str, tied: bool, groups: int) -> str:
    return f"c({', '.join(name if tied else f'{name}.g{g}' for g in range(1, groups + 1))})"
