"""Interaction of two latent variables by products of their indicators, for single-level models.

Nobody in the stages calls it yet: they moderate scores. Numbers come from `sem.fit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Literal

from pipeline import sem
from pipeline.mediation.errors import MediationError

if TYPE_CHECKING:
    import pandas as pd

Pairs = Literal["all", "matched"]


@dataclass(frozen=True)
class LatentInteraction:
    """A fitted latent interaction: the fit, the product indicators by name, and the syntax."""

    fit: sem.Fit
    indicators: Mapping[str, tuple[str, str]]
    syntax: str


def fit_latent_interaction(
    data: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    structure: str,
    *,
    predictor: str,
    moderator: str,
    pairs: Pairs = "all",
    estimator: str = "MLR",
) -> LatentInteraction:
    """Fit a structural model with the product of two factors, by the double-mean-centred approach.

    `factors` maps each factor to its items; `structure` is the rest of the model in the fitting room's syntax
    and may use `<predictor>_x_<moderator>`, as in `y ~ x + w + x_w_name`. Indicators are centred, multiplied,
    and their products centred again, so that no mean structure is needed and non-normal factors do little
    harm (Lin, Wen, Marsh & Lin, 2010). With all pairs, products that share an item have correlated residuals;
    matched pairs (Marsh, Wen & Hau, 2004) use each item once, in the order given. The product factor covaries
    with both. MediationError where items are missing, shared, or not alike in number for matched pairs.
    """
    table, indicators = product_indicators(data, factors[predictor], factors[moderator], pairs)
    own = f"{predictor}_x_{moderator}"
    lines = [f"{name} =~ {' + '.join(items)}" for name, items in factors.items()]
    lines.append(f"{own} =~ {' + '.join(indicators)}")
    lines += [f"{one} ~~ {other}" for one, other in _sharing(indicators)]
    lines += [f"{own} ~~ {predictor}", f"{own} ~~ {moderator}"]
    syntax = "\n".join([*lines, structure])
    return LatentInteraction(sem.fit(syntax, table, estimator=estimator), indicators, syntax)


def product_indicators(
    data: pd.DataFrame, first: Sequence[str], second: Sequence[str], pairs: Pairs = "all"
) -> tuple[pd.DataFrame, dict[str, tuple[str, str]]]:
    """The data with centred items and their double-mean-centred products, and which pair made each."""
    shared = [item for item in first if item in second]
    absent = [item for item in (*first, *second) if item not in data.columns]
    if absent or shared:
        what = f"'{absent[0]}' is no column" if absent else f"'{shared[0]}' is an item of both factors"
        raise MediationError(f"products of indicators cannot be made: {what}")
    if pairs == "matched" and len(first) != len(second):
        raise MediationError(
            f"matched pairs need as many items in one factor as in the other, not {len(first)} and "
            f"{len(second)}: use all pairs, or parcels"
        )
    chosen = list(product(first, second) if pairs == "all" else zip(first, second, strict=True))
    table = data.assign(**{item: data[item] - data[item].mean() for item in (*first, *second)})
    named = {f"{one}.{other}": (one, other) for one, other in chosen}
    for name, (one, other) in named.items():
        raw = table[one] * table[other]
        table[name] = raw - raw.mean()
    return table, named


def _sharing(indicators: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Products with an item in common."""
    return [
        (one, other)
        for one, other in combinations(indicators, 2)
        if set(indicators[one]) & set(indicators[other])
    ]
