"""The models of ordered answers over waves: thresholds first, as over groups (Wu & Estabrook, 2016).

`waves` calls it for the steps of its ladder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence


def ordered_waves_syntax(
    waves: Mapping[str, Sequence[str]], categories: Mapping[str, int], equal: Collection[str]
) -> str:
    """One factor a wave, residuals of the same item correlated, with these kinds of parameters equal.

    Equal thresholds free intercepts and scales of the later waves (residual variances under theta), equal
    loadings their factor variances, equal intercepts their factor means; equal residual variances (theta)
    are 1 at every wave. `categories` has the number of answers of each item of the first wave.
    """
    columns = list(waves.values())
    lines = [
        line
        for at, item in enumerate(columns[0])
        for line in _item([items[at] for items in columns], at, categories[item], equal)
    ]
    for wave in range(len(columns)):
        lines.append(f"wave{wave}_ ~~ {'NA' if wave and 'loadings' in equal else '1'}*wave{wave}_")
        lines.append(f"wave{wave}_ ~ {'NA' if wave and 'intercepts' in equal else '0'}*1")
    return "\n".join(lines)


def _item(named: Sequence[str], at: int, categories: int, equal: Collection[str]) -> Iterator[str]:
    """Loading, thresholds, intercept and scale of an item at each wave, and its residual covariances."""
    free_intercept = "thresholds" in equal and "intercepts" not in equal
    free_scale = "thresholds" in equal and "residuals" not in equal
    operator = "~~" if "residuals" in equal else "~*~"
    for wave, item in enumerate(named):
        own = {kind: "" if kind in equal else f"w{wave}" for kind in ("loadings", "thresholds")}
        yield f"wave{wave}_ =~ NA*{item} + l{at}{own['loadings']}*{item}"
        for step in range(1, categories):
            yield f"{item} | t{at}s{step}{own['thresholds']}*t{step}"
        yield f"{item} ~ {'NA' if wave and free_intercept else '0'}*1"
        yield f"{item} {operator} {'NA' if wave and free_scale else '1'}*{item}"
        yield from (f"{item} ~~ {later}" for later in named[wave + 1 :])
