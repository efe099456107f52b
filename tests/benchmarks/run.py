"""Time the estimation core beside lavaan, in one run on the same data: python tests/benchmarks/run.py.

Fits have one core in both programs (imports not counted). Bootstraps have two in both, and one in both beside
it; lavaan's is timed on 200 draws and scaled. Ratios depend on the machine; no test asserts them.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import pandas as pd  # noqa: E402
import referee  # noqa: E402
import scales  # noqa: E402
import twolevel  # noqa: E402
from simulated import MEDIATION, measurement, sample  # noqa: E402
from timing import Line, median  # noqa: E402

from pipeline import sem  # noqa: E402

DATA = Path(__file__).parents[1] / "reference" / "data"
DEMOCRACY = """
ind60 =~ x1 + x2 + x3
dem60 =~ y1 + y2 + y3 + y4
dem65 =~ y5 + y6 + y7 + y8
dem60 ~ a*ind60
dem65 ~ b*dem60 + cp*ind60
y1 ~~ y5
y2 ~~ y4 + y6
y3 ~~ y7
y4 ~~ y8
y6 ~~ y8
ind := a*b
"""
HOLZINGER = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
ITEMS = [f"{letter}{k}" for letter in "ACN" for k in range(1, 6)]
BFI = "\n".join(f"{letter} =~ " + " + ".join(f"{letter}{k}" for k in range(1, 6)) for letter in "ACN")
DRAWS, TIMED = 10_000, 200


def main() -> None:
    """Print one table of the agreed cases, then cost against items, rows, clusters and people."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="leave out what takes lavaan a minute")
    options.add_argument("--figure", type=Path, help="also draw the tables of cost")
    chosen = options.parse_args()
    if referee.missing_because():
        print(f"lavaan is not timed: {referee.missing_because()}")
    print(f"{'case':<62} {'ours, s':>9} {'lavaan, s':>10} {'ratio':>6}")
    for case in agreed_cases(quick=chosen.quick):
        print(case(), flush=True)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB", flush=True)
    for case in (*twolevel.agreed_cases(quick=chosen.quick), *scales.agreed_cases()):
        print(case(), flush=True)
    costs = []
    for cost in (cost_of_items, cost_of_rows, twolevel.cost_of_clusters, twolevel.cost_of_people):
        costs.append(cost())
        print("\n" + costs[-1].to_string(index=False, float_format="%.4f"), flush=True)
    if chosen.figure:
        draw(costs, chosen.figure)


def agreed_cases(*, quick: bool) -> list[Callable[[], Line]]:
    """Return the cases, each a function that times both programs."""
    large, small = sample(8, 8, 500), sample(4, 6, 500)
    model = measurement(4, 6) + "\n" + MEDIATION
    missing = pd.read_csv(DATA / "HS_mcar10.csv")
    democracy = pd.read_csv(DATA / "PoliticalDemocracy.csv")
    cases = [
        lambda: fitted("24 items, 4 factors, N 500: ML, errors, measures", model, small),
        lambda: fitted("Holzinger, 10 % missing: FIML, errors, measures", HOLZINGER, missing, missing="fiml"),
        lambda: resampled("24 items, 4 factors, N 500", model, small, cores=2),
        lambda: resampled("24 items, 4 factors, N 500", model, small, cores=1),
        lambda: resampled("Political Democracy", DEMOCRACY, democracy, cores=2),
    ]
    bfi, forty = pd.read_csv(DATA / "bfi15_complete.csv")[ITEMS], ordered(sample(5, 8, 1000))
    cases += [
        lambda: fitted("15 bfi items, N 2,632: WLSMV, errors, tests", BFI, bfi, estimator="WLSMV", repeat=3),
        lambda: fitted(
            "40 items, N 1,000: WLSMV, errors, tests", measurement(5, 8), forty, estimator="WLSMV", repeat=1
        ),
        lambda: resampled_categories("15 bfi items, N 2,632: 1,000 resamples in fits of our own", bfi),
    ]
    if not quick:
        cases.append(
            lambda: fitted(
                "64 items, 8 factors, N 500: MLR", measurement(8, 8), large, estimator="MLR", repeat=1
            )
        )
    return cases


def fitted(case: str, model: str, data: pd.DataFrame, *, repeat: int = 9, **options: str) -> Line:
    """Time a fit with errors, standardized solution, test and all fit measures."""

    def whole() -> None:
        fit = sem.fit(model, data, ordered=options.get("estimator") == "WLSMV", **options)
        _ = fit.estimates, fit.measures

    return Line(case, median(whole, 5), referee.seconds(model, data, repeat=repeat, **options))


def resampled_categories(case: str, data: pd.DataFrame) -> Line:
    """Time a bootstrap of a WLSMV model, and tell how many whole fits it takes."""

    def once() -> None:
        fit = sem.fit(BFI, data, estimator="WLSMV", ordered=True)
        _ = fit.estimates, fit.measures

    def whole() -> None:
        _ = sem.fit(BFI, data, estimator="WLSMV", ordered=True).bootstrap(draws=1000, seed=1).draws

    one, ours = median(once, 5), median(whole, 3)
    return Line(case, ours, None, f"{ours / one:.1f} times one fit with errors and tests ({one:.3f} s)")


def ordered(data: pd.DataFrame) -> pd.DataFrame:
    """Cut into five categories."""
    return data.apply(lambda column: pd.cut(column, [-9, -1.3, -0.4, 0.5, 1.4, 9], labels=False) + 1)


def resampled(case: str, model: str, data: pd.DataFrame, *, cores: int) -> Line:
    """Time a bootstrap: fit, all resamples, draws of every parameter, status and one interval."""
    failed = []

    def whole() -> None:
        boot = sem.fit(model, data).bootstrap(draws=DRAWS, seed=1, workers=cores)
        _ = boot.draws, boot.status, boot.interval("ind")
        failed.append((boot.failed, boot.inadmissible))

    ours = median(whole, 3)
    timed = referee.seconds(model, data, repeat=1, draws=TIMED, cores=cores)
    note = f"{failed[0][0]} failed, {failed[0][1]} inadmissible; lavaan scaled from {TIMED} draws"
    told = f"{case}: {DRAWS:,} resamples, {cores} core{'s' * (cores > 1)}"
    return Line(told, ours, None if timed is None else timed * DRAWS / TIMED, note)


def cost_of_items() -> pd.DataFrame:
    """Return seconds of one fit against the number of items, N = 1000."""
    out = []
    for items in (8, 16, 32, 64, 128):
        factors = max(items // 8, 1)
        data, model = sample(factors, items // factors, 1000), measurement(factors, items // factors)
        out.append(
            {"items": items}
            | {
                name: estimated(model, data, name)
                for name in ("ML", "GLS", "MLR")
                if name != "MLR" or items < 128
            }
        )
    return pd.DataFrame(out)


def cost_of_rows() -> pd.DataFrame:
    """Return seconds against the number of rows, 16 items: taking moments, then fitting to them, then MLR."""
    model, out = measurement(4, 4), []
    for rows in (1_000, 10_000, 100_000, 1_000_000):
        data = sample(4, 4, rows)
        moments = sem.Moments.of(data, list(data.columns))
        out.append(
            {
                "rows": rows,
                "moments": median(lambda data=data: sem.Moments.of(data, list(data.columns)), 3),
                "ML from moments": estimated(model, moments, "ML"),
                "GLS from moments": estimated(model, moments, "GLS"),
                "ML from rows": estimated(model, data, "ML"),
                "MLR from rows": estimated(model, data, "MLR") if rows <= 100_000 else float("nan"),
            }
        )
    return pd.DataFrame(out)


def estimated(model: str, data: pd.DataFrame | sem.Moments, estimator: str) -> float:
    """Return seconds of estimates with errors."""
    return median(lambda: sem.fit(model, data, estimator=estimator).estimates, 3)


def draw(costs: list[pd.DataFrame], path: Path) -> None:
    """Draw the tables of cost on logarithmic axes."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(10, 8), layout="constrained")
    for axis, table in zip(axes.flat, costs, strict=True):
        table.set_index(table.columns[0]).plot(ax=axis, marker="o", logx=True, logy=True)
        axis.set_ylabel("seconds")
    figure.savefig(path)


if __name__ == "__main__":
    main()
