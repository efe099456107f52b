"""Whether a scale measures the same at several waves: one model of all waves, ever more of it equal.

`stages/invariance` calls it where the same instrument was given to the same people more than once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.invariance.ladder import CONTINUOUS, ORDINAL, Fitter, Invariance, climb
from pipeline.psychometrics.invariance.ordered_waves import ordered_waves_syntax

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.fitting import Options

FIRST = "wave0_"
STEPS = ("configural", "metric", "scalar", "strict")
LADDER = {name: CONTINUOUS[name] for name in STEPS}
Waves = Mapping[str, Sequence[str]]


def over_waves(
    data: pd.DataFrame,
    waves: Waves,
    estimator: str = "MLR",
    *,
    cluster: str | None = None,
    missing: str = "listwise",
    categories: Mapping[str, int] | None = None,
    search: bool = True,
) -> Invariance:
    """One factor a wave, the residuals of the same item correlated over waves (Widaman et al., 2010).

    `waves`: wave -> its items, in the same order at each. ML, MLR: equal over waves are, step by step,
    loadings (metric), intercepts (scalar), residual variances (strict); the first factor has mean 0 and
    variance 1.
    Where the metric or the scalar step fails and `search` is on, partial models are looked for as over groups
    (Byrne, Shavelson & Muthen, 1989); what is `freed` is named by the item of the first wave. WLSMV, with the
    number of `categories` of each item of the first wave: thresholds, loadings, intercepts, residual
    variances (Wu & Estabrook, 2016), on complete rows.
    """
    _refuse(waves)
    ordinal = estimator == "WLSMV"
    options: Options = {"estimator": estimator, "missing": missing, "meanstructure": True}
    fitter = (
        _ordered_fitter(data, waves, categories or {}) if ordinal else _fitter(data, waves, cluster, options)
    )
    first = f"{FIRST} =~ {' + '.join(next(iter(waves.values())))}"
    rungs, loose = climb(first, fitter, ORDINAL if ordinal else LADDER, search=search and not ordinal)
    whole = rungs[0].fit
    n = int(whole.nobs) if whole else len(data)
    sizes = tuple(int(data[list(items)].notna().any(axis="columns").sum()) for items in waves.values())
    return Invariance(estimator, tuple(waves), sizes, n, tuple(rung.step for rung in rungs), loose)


def _refuse(waves: Waves) -> None:
    counts = {len(items) for items in waves.values()}
    if len(waves) < 2 or len(counts) > 1:
        raise PsychometricsError("invariance over time needs two waves or more with the same items")
    if min(counts) < 3:
        raise PsychometricsError("with fewer than three items a factor at each wave is not identified")


def _fitter(data: pd.DataFrame, waves: Waves, cluster: str | None, options: Options) -> Fitter:
    def fitted(equal: tuple[str, ...], free: tuple[str, ...]) -> sem.Fit:
        fit = sem.fit(waves_syntax(waves, equal, free), data, cluster=cluster, **options)
        assert isinstance(fit, sem.Fit)
        return fit

    return fitted


def _ordered_fitter(data: pd.DataFrame, waves: Waves, categories: Mapping[str, int]) -> Fitter:
    every = [item for items in waves.values() for item in items]

    def fitted(equal: tuple[str, ...], _: tuple[str, ...]) -> sem.Fit:
        kind = "theta" if "residuals" in equal else "delta"
        text = ordered_waves_syntax(waves, categories, equal)
        return sem.fit(text, data, ordered=every, parameterization=kind)

    return fitted


def waves_syntax(waves: Waves, equal: Collection[str], free: Collection[str] = ()) -> str:
    """The model with these kinds of parameters equal over waves, but for the loadings and intercepts named.

    `free` names them as `wave0_ =~ item` and `item ~ 1`, by the items of the first wave.
    """
    columns = list(waves.values())
    lines = [line for at in range(len(columns[0])) for line in _item(columns, at, equal, free)]
    lines += [f"{FIRST} ~~ 1*{FIRST}", f"{FIRST} ~ 0*1"]
    for wave in range(1, len(columns)):
        lines.append(f"wave{wave}_ ~~ {'NA' if 'loadings' in equal else '1'}*wave{wave}_")
        lines.append(f"wave{wave}_ ~ {'NA' if 'intercepts' in equal else '0'}*1")
    return "\n".join(lines)


def _item(
    columns: Sequence[Sequence[str]], at: int, equal: Collection[str], free: Collection[str]
) -> Iterator[str]:
    """Loading, intercept and residual variance of an item at each wave, and its residual covariances."""
    named = columns[0][at]
    ties = {
        "l": "loadings" in equal and f"{FIRST} =~ {named}" not in free,
        "i": "intercepts" in equal and f"{named} ~ 1" not in free,
        "r": "residuals" in equal,
    }
    for wave, items in enumerate(columns):
        loading, intercept, residual = (
            f"{kind}{at}{'' if tied else f'w{wave}'}" for kind, tied in ties.items()
        )
        item = items[at]
        yield from (f"wave{wave}_ =~ NA*{item} + {loading}*{item}", f"{item} ~ {intercept}*1")
        yield f"{item} ~~ {residual}*{item}"
        yield from (f"{item} ~~ {later[at]}" for later in columns[wave + 1 :])
