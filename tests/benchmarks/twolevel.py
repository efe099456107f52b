"""Two-level cases of the benchmarks: lq2002 and bh1996 (data shipped with R's multilevel package), and cost.

`run.py` calls it. The model of lq2002 has 19 items, three factors at each level and a mediation at both; its
equal-loadings version has one loading for both levels, its scores version the mean of every scale's items.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import referee
from timing import Line, median

from pipeline import sem

DATA = Path(__file__).parents[1] / "reference" / "data"
SCALES = {"L": ("LEAD", 11), "T": ("TSIG", 3), "H": ("HOSTIL", 5)}
PATHS = {"w": "T ~ aw*L\nH ~ bw*T + cw*L", "b": "T ~ ab*L\nH ~ bb*T + cb*L"}
BOTH = "indw := aw*bw\nindb := ab*bb"
DRAWS = 1000
SIMULATED = (
    "level: 1\ny2 ~ aw*y1\ny3 ~ bw*y2 + cw*y1\nlevel: 2\ny2 ~ ab*y1\ny3 ~ bb*y2 + cb*y1\nindb := ab*bb"
)
CLUSTERS, PEOPLE = (50, 500, 5_000, 50_000), (1_000, 10_000, 100_000, 1_000_000)
MOST_RESAMPLED = 5_000


def agreed_cases(*, quick: bool) -> list[Callable[[], Line]]:
    """Return the cases, each a function that times both programs."""
    companies = pd.read_csv(DATA / "lq2002.csv")
    army = pd.read_csv(DATA / "bh1996.csv")
    free, equal, scores = latent(equal=False), latent(equal=True), levels("", "")
    means = companies[["COMPID"]].join(scored(companies))
    observed = levels("", "").translate(str.maketrans({"L": "LEAD", "T": "COHES", "H": "WBEING"}))
    cases = [
        lambda: fitted("bh1996, 1-1-1 path: with test", observed, army, "GRP", test=True),
        lambda: fitted("lq2002, scale scores: with test", scores, means, "COMPID", test=True),
        lambda: resampled("lq2002, scale scores", scores, means, "none"),
    ]
    if quick:
        return cases
    return [
        *cases,
        lambda: fitted("lq2002, 19 items: errors", free, companies, "COMPID", test=False),
        lambda: fitted("lq2002, 19 items: errors and test", free, companies, "COMPID", test=True),
        lambda: resampled("lq2002, equal loadings", equal, companies, "none"),
        lambda: resampled("lq2002, equal loadings, bounds='between'", equal, companies, "between"),
    ]


def latent(*, equal: bool) -> str:
    """Return the mediation between three factors at each level, with loadings equal across levels or free."""
    return levels(*(measurement(labelled=equal) for _ in PATHS))


def levels(within: str, between: str) -> str:
    """Return both levels' paths after what measures their variables."""
    return f"level: 1\n{within}\n{PATHS['w']}\nlevel: 2\n{between}\n{PATHS['b']}\n{BOTH}"


def measurement(*, labelled: bool) -> str:
    """Return the factors of one level; the first loading of each is fixed, the others may carry labels."""
    lines = []
    for factor, (stem, count) in SCALES.items():
        items = [f"{stem}{i:02d}" for i in range(1, count + 1)]
        named = [f"l{item}*{item}" if labelled and i else item for i, item in enumerate(items)]
        lines.append(f"{factor} =~ " + " + ".join(named))
    return "\n".join(lines)


def scored(data: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of every scale's items."""
    return pd.DataFrame(
        {
            name: data[[f"{stem}{i:02d}" for i in range(1, count + 1)]].mean(axis=1)
            for name, (stem, count) in SCALES.items()
        }
    )


def fitted(case: str, model: str, data: pd.DataFrame, cluster: str, *, test: bool) -> Line:
    """Time estimates with errors, and with the test and fit measures where asked."""

    def whole() -> None:
        fit = sem.fit(model, data, cluster=cluster)
        _ = (fit.estimates, fit.measures) if test else fit.vcov

    lavaan = referee.seconds(model, data, repeat=1, cluster=cluster, test=test)
    return Line(case, median(whole, 5), lavaan)


def resampled(case: str, model: str, data: pd.DataFrame, bounds: str) -> Line:
    """Time a cluster bootstrap: fit, resamples, status, one interval; lavaan's time is that of one fit."""
    boots = []

    def whole() -> None:
        boot = sem.fit(model, data, cluster="COMPID", bounds=bounds).bootstrap(draws=DRAWS, seed=1)
        _ = boot.status, boot.interval("indb")
        boots.append(boot)

    ours, usable = median(whole, 3), 1 - boots[0].failed / DRAWS
    lavaan = referee.seconds(model, data, repeat=1, cluster="COMPID", test=True)
    return Line(f"{case}: {DRAWS:,} resamples", ours, lavaan, f"{usable:.1%} usable; lavaan: one fit")


def cost_of_clusters() -> pd.DataFrame:
    """Return seconds against the number of clusters of ten people, three observed variables."""
    return pd.DataFrame([{"clusters": number} | costs(number, 10) for number in CLUSTERS])


def cost_of_people() -> pd.DataFrame:
    """Return seconds against the number of people in 100 clusters."""
    return pd.DataFrame([{"people": number} | costs(100, number // 100) for number in PEOPLE])


def costs(clusters: int, size: int) -> dict[str, float]:
    """Return seconds of estimates with errors, with the test too, and of 100 resamples where cheap."""
    data = sample(clusters, size)

    def fit() -> sem.TwoLevelFit:
        return sem.fit(SIMULATED, data, cluster="cluster")

    timed = {
        "ML": median(lambda: fit().vcov, 3),
        "ML and test": median(lambda: fit().measures, 3),
        "MLR": median(lambda: sem.fit(SIMULATED, data, cluster="cluster", estimator="MLR").vcov, 3),
    }
    few = clusters <= MOST_RESAMPLED
    return timed | {"100 resamples": median(lambda: fit().bootstrap(100, 1), 3) if few else float("nan")}


def sample(clusters: int, size: int, seed: int = 1) -> pd.DataFrame:
    """Draw three variables whose paths are .5 within clusters and between them, ICC .2."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(clusters), size)
    parts = []
    for rows, spread in ((clusters, 0.5), (clusters * size, 1.0)):
        y1, e2, e3 = random.standard_normal((3, rows)) * spread
        y2 = 0.5 * y1 + e2
        parts.append(np.column_stack([y1, y2, 0.5 * y2 + e3]))
    frame = pd.DataFrame(parts[0][owner] + parts[1], columns=["y1", "y2", "y3"])
    return frame.assign(cluster=owner)
