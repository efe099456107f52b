"""Fits and resampling indices that the tests of the bootstrap share."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from pipeline import sem
from sem.references import HERE, frame, load

CFA = "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
CLUSTERED = "TSIG ~ a*LEAD\nHOSTILE ~ b*TSIG + LEAD\nind := a*b"
GARCIA = """
respappr ~ a1*prot2 + sexism + a3*product
liking ~ prot2 + sexism + product + b*respappr
index := a3*b
"""


@cache
def indices(name: str) -> np.ndarray:
    return np.loadtxt(HERE / "data" / name, delimiter=",").astype(int) - 1


def draws(name: str) -> np.ndarray:
    return pd.read_csv(HERE / "data" / name).to_numpy(dtype=float)


@cache
def democracy() -> sem.Fit:
    return sem.fit(load("d_mediation_latent")["ml"]["syntax"], frame("PoliticalDemocracy.csv"))


@cache
def democracy_bootstrap() -> sem.Bootstrap:
    return democracy().bootstrap(indices=indices("boot_idx_poldem_1000.csv.gz"))


@cache
def media(key: str) -> sem.Bootstrap:
    node = (
        load("d_mediation_observed")["tal_or"]["lavaan"]
        if key == "tal_or"
        else load("d_mediation_observed")[key]
    )
    fit = sem.fit(node["syntax"], frame("Tal_Or.csv"))
    return fit.bootstrap(indices=indices("boot_idx_tal_or_2000.csv.gz"))


@cache
def protest() -> sem.Bootstrap:
    data = frame("Garcia.csv").assign(product=lambda d: d.prot2 * d.sexism)
    return sem.fit(GARCIA, data).bootstrap(indices=indices("boot_idx_garcia_2000.csv.gz"))


@cache
def factors() -> sem.Fit:
    return sem.fit(CFA, frame("HolzingerSwineford1939.csv"))


@cache
def schools() -> sem.Fit:
    data = frame("HolzingerSwineford1939.csv")
    return sem.fit(CFA, data, group="school", group_equal=["loadings", "intercepts"])


@cache
def incomplete() -> sem.Fit:
    return sem.fit(CFA, frame("HS_mcar10.csv"), missing="fiml")


@cache
def ordered() -> sem.Fit:
    data = frame("HolzingerSwineford1939.csv")[[f"x{item}" for item in range(1, 10)]]
    return sem.fit(CFA, data.apply(pd.qcut, q=3, labels=False), ordered=True)
