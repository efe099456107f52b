"""The two-level reference fits: which key of which JSON is reproduced by which call of sem.fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from pipeline import sem

from ..references import frame, load

DEMO, LQ, PARCELS = "Demo_twolevel.csv", "lq2002.csv", "lq2002_parcels.csv"
# lavaan's default fixes covariates at the sample. Its numbers are not those of maximum likelihood where a
# covariate has a between part, and its likelihood leaves covariates out: the same models with fixed.x = FALSE
# stand in c_twolevel_more.json.
FIXED = {
    "tutorial", "uvn", "m111", "m211", "m221", "m212", "lq_m111", "lq_m211", "lq_m221",
}  # fmt: skip
# Keys whose covariate is at both levels: fixing its within part moves estimates or errors.
SPLIT = {"m111", "m211", "lq_m111", "lq_m211"}
# lavaan's saturated model stops early: its chi-square is too small by up to .2
# (c_twolevel_more.json has the same fits with the saturated model run further).
EARLY = {"lq_tsig_hostil_cfa", "lq_latent111", "lq_lead_cfa"}
# lavaan stops .0024 standard errors before the optimum, at a lower log-likelihood (see test_early_stop).
STOPPED = {"two_groups"}


@dataclass(frozen=True)
class Case:
    """One reference fit."""

    file: str
    key: str
    data: str
    cluster: str
    options: dict = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.file}:{self.key}"

    @property
    def model(self) -> str:
        return self.key.removesuffix("_mlr")

    @property
    def reference(self) -> dict:
        return load(self.file)[self.key]

    @property
    def robust(self) -> bool:
        return self.key.endswith("_mlr")

    @property
    def fixed(self) -> bool:
        return self.file == "c_twolevel" and self.model in FIXED


def _cases() -> list[Case]:
    out = []
    for file in ("c_twolevel", "c_twolevel_more"):
        for key, node in load(file).items():
            if isinstance(node, dict) and "level:" in node.get("syntax", ""):
                company = key.startswith("lq_")
                data = (PARCELS if "latent" in key else LQ) if company else DEMO
                options = {"estimator": "MLR"} if key.endswith("_mlr") else {}
                if key.startswith("two_groups"):
                    options["group"] = "half"
                if "loadings" in key:
                    options["group_equal"] = ["loadings"]
                out.append(Case(file, key, data, "COMPID" if company else "cluster", options))
    return out


CASES = {case.name: case for case in _cases()}


@cache
def data_of(name: str) -> pd.DataFrame:
    data = frame(name)
    return (
        data.assign(half=(data["cluster"] > 100).map({False: "first", True: "second"}))
        if name == DEMO
        else data
    )


@cache
def fitted(name: str) -> sem.TwoLevelFit:
    case = CASES[name]
    fit = sem.fit(case.reference["syntax"], data_of(case.data), cluster=case.cluster, **case.options)
    assert isinstance(fit, sem.TwoLevelFit)
    return fit
