"""The residual correlation that leaving out a covariate as strong as an observed one would bring.

`analysis` calls it: a yardstick for the correlations that would undo an effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.mediation.likelihood import Floats
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.fitted import Source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Benchmark:
    """A covariate and the residual correlation that one like it would leave when left out."""

    covariate: str
    rho: float


def benchmarks(source: Source, arrow: Arrow) -> tuple[Benchmark, ...]:
    """Every covariate that the mediator's or the outcome's equation has at the arrow's level.

    Among rows with all their variables, given the other predictors of both: R_m is the correlation of
    covariate and mediator; with the covariate's slope g on the outcome, given the mediator too, and its
    residual standard deviation s, R_y = g s / sqrt(g² s² + v), v what is left of the outcome. A confounder
    that is as strong gives the residuals the correlation R_m R_y (Imai, Keele & Yamamoto, 2010, 5.2).
    Between clusters the variables are observed means.
    """
    ends = (arrow.mediator, arrow.outcome)
    entering = [origin for origin, target in source.edges(arrow.level) if target in ends]
    roles = source.model.frame[source.model.frame["role"] == "covariate"]
    names = [name for name in dict.fromkeys(entering) if name in set(roles["predictor"])]
    others = [name for name in dict.fromkeys(entering) if name not in {*names, *ends}]
    table = source.columns(arrow.level)[list(dict.fromkeys([*ends, *others, *names]))].dropna()
    return tuple(
        Benchmark(name, _left_behind(table, arrow, name, [*others, *(n for n in names if n != name)]))
        for name in names
    )


def _left_behind(table: pd.DataFrame, arrow: Arrow, covariate: str, others: Sequence[str]) -> float:
    rest = np.column_stack([np.ones(len(table)), table[list(others)].to_numpy(float)])
    mediator, outcome, own = (
        _residuals(table[name].to_numpy(float), rest) for name in (arrow.mediator, arrow.outcome, covariate)
    )
    with_mediator = float(own @ mediator / np.sqrt((own @ own) * (mediator @ mediator)))
    left = _residuals(outcome, np.column_stack([mediator, own]))
    slope = float(np.linalg.lstsq(np.column_stack([mediator, own]), outcome, rcond=None)[0][1])
    explained = slope**2 * float(own @ own)
    with_outcome = np.sign(slope) * np.sqrt(explained / (explained + float(left @ left)))
    return float(with_mediator * with_outcome)


def _residuals(y: Floats, X: Floats) -> Floats:
    out: Floats = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    return out
