"""Whether a scale measures the same at several waves: one model of all waves, ever more of it equal.

`stages/invariance` calls it where the same instrument was given to the same people more than once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pipeline import sem
from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.invariance.ladder import Invariance, Rung, Step, beside, measured

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.sem.fitting import Options

STEPS = ("configural", "metric", "scalar", "strict")
EQUAL = ("loadings", "intercepts", "residuals")


def over_waves(
    data: pd.DataFrame,
    waves: Mapping[str, Sequence[str]],
    estimator: str = "MLR",
    *,
    cluster: str | None = None,
    missing: str = "listwise",
) -> Invariance:
    """One factor a wave, the residuals of the same item correlated over waves (Widaman et al., 2010).

    `waves`: wave -> its items, in the same order at each. Equal over waves are, step by step, loadings
    (metric), intercepts (scalar), residual variances (strict); the first factor has mean 0 and variance 1.
    """
    counts = {len(items) for items in waves.values()}
    if len(waves) < 2 or len(counts) > 1:
        raise PsychometricsError("invariance over time needs two waves or more with the same items")
    if min(counts) < 3:
        raise PsychometricsError("with fewer than three items a factor at each wave is not identified")
    options: Options = {"estimator": estimator, "missing": missing, "meanstructure": True}
    rungs: list[Rung] = []
    for number, name in enumerate(STEPS):
        rung = _rung(name, waves_syntax(waves, number), data, cluster, options)
        rungs.append(beside(rung, rungs[-1] if rungs else None))
        if rungs[-1].fit is None:
            break
    first = rungs[0].fit
    n = int(first.nobs) if first else len(data)
    steps = tuple(rung.step for rung in rungs)
    sizes = tuple(int(data[list(items)].notna().any(axis="columns").sum()) for items in waves.values())
    return Invariance(estimator, tuple(waves), sizes, n, steps, ())


def waves_syntax(waves: Mapping[str, Sequence[str]], step: int) -> str:
    """The model with the first `step` kinds of parameters equal over waves."""
    lines = []
    for wave, items in enumerate(waves.values()):
        for at, item in enumerate(items):
            label = f"l{at}" if step >= 1 else f"l{at}w{wave}"
            lines.append(f"wave{wave}_ =~ NA*{item} + {label}*{item}")
            lines.append(f"{item} ~ {f'i{at}' if step >= 2 else f'i{at}w{wave}'}*1")
            lines.append(f"{item} ~~ {f'r{at}' if step >= 3 else f'r{at}w{wave}'}*{item}")
    lines += ["wave0_ ~~ 1*wave0_", "wave0_ ~ 0*1"]
    for wave in range(1, len(waves)):
        lines.append(f"wave{wave}_ ~~ {'NA' if step >= 1 else '1'}*wave{wave}_")
        lines.append(f"wave{wave}_ ~ {'NA' if step >= 2 else '0'}*1")
    columns = list(waves.values())
    for at in range(len(columns[0])):
        for one in range(len(columns)):
            lines += [f"{columns[one][at]} ~~ {columns[two][at]}" for two in range(one + 1, len(columns))]
    return "\n".join(lines)


def _rung(name: str, syntax: str, data: pd.DataFrame, cluster: str | None, options: Options) -> Rung:
    equal = EQUAL[: STEPS.index(name)]
    try:
        fit = sem.fit(syntax, data, cluster=cluster, **options)
    except (sem.ModelError, sem.DataError) as error:
        return Rung(Step(name, equal, None, None, None, None, reason=str(error)), None)
    assert isinstance(fit, sem.Fit)
    return Rung(measured(name, equal, fit, ()), fit if fit.converged else None)
