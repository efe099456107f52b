"""The ordinal reference fits: which key of which JSON is reproduced by which call of sem.fit."""

from __future__ import annotations

from functools import cache

from pipeline import sem

from ..references import Case, frame, load

ITEMS = [f"{scale}{number}" for scale in "ACN" for number in range(1, 6)]
NEURO = ITEMS[10:]
UNITS = [f"u{number}" for number in range(1, 5)]
HALF, AGE, GENDER = "bfi15_n800.csv", "bfi15_n800_age.csv", "bfi_neuro_gender_n1200.csv"


def _single() -> list[Case]:
    all_items, neuro = {"ordered": ITEMS}, {"ordered": NEURO}
    table = [
        ("wlsmv_800", HALF, all_items),
        ("wlsmv_800_theta", HALF, all_items | {"parameterization": "theta"}),
        ("wlsm_800", HALF, all_items | {"estimator": "WLSM"}),
        ("wlsmvs_800", HALF, all_items | {"estimator": "WLSMVS"}),
        ("dwls_plain_800", HALF, all_items | {"estimator": "DWLS"}),
        ("ulsmv_800", HALF, all_items | {"estimator": "ULSMV"}),
        ("wlsmv_800_stdlv", HALF, all_items | {"std_lv": True}),
        ("wlsmv_full", "bfi15_complete.csv", all_items),
        ("wlsmv_pairwise", "bfi15_withNA.csv", all_items | {"missing": "pairwise"}),
        ("neuro_wlsmv_800", HALF, neuro),
        ("neuro_wls_full", HALF, neuro | {"estimator": "WLS"}),
        ("orthogonal_800", HALF, all_items),
        ("sem_mixed_wlsmv", AGE, all_items),
        ("sem_mixed_wlsmv_fixedxF", AGE, all_items | {"fixed_x": False}),
        ("mediation_wlsmv_800", HALF, all_items),
    ]
    return [Case("b_ordinal", (key,), data, {"estimator": "WLSMV"} | options) for key, data, options in table]


def _grouped() -> list[Case]:
    steps = {"config": [], "thresholds": ["thresholds"], "thresholds_loadings": ["thresholds", "loadings"]}
    own = {"estimator": "WLSMV", "ordered": NEURO, "group": "gender"}
    out = [
        Case("b_ordinal", ("ordinal_invariance", key), GENDER, own | {"group_equal": equal})
        for key, equal in steps.items()
    ]
    for key, kind in (("datCat", "delta"), ("datCat_theta", "theta")):
        own = {"estimator": "WLSMV", "ordered": UNITS, "group": "g", "parameterization": kind}
        out += [Case("e_invariance", (key, step), "datCat.csv", own) for step in load("e_invariance")[key]]
    return out


CASES = {case.name: case for case in [*_single(), *_grouped()]}


@cache
def fitted(name: str) -> sem.Fit:
    case = CASES[name]
    return sem.fit(case.reference["syntax"], frame(case.data), **case.options)
