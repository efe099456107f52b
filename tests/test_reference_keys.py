"""Every key of the references beyond single-level models is compared, or left out and why.

A fit (a node with `syntax`) is compared by being among the cases of tests/sem; any other key by its name
standing, quoted, in a test module that reads its file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import load_reference
from sem.references import CASES
from sem.twolevel.references import CASES as LEVELED

HERE = Path(__file__).parent
COMPARED = {":".join((case.file, *case.path)) for case in CASES.values()} | set(LEVELED)
# Tests run over these, so that their names stand nowhere: every direct likelihood, PROCESS's models.
COMPARED |= {
    f"c_twolevel_direct:{key}" for key, one in load_reference("c_twolevel_direct").items() if "logl" in one
}
COMPARED |= {f"d_mediation_observed:garcia:model{number}" for number in (1, 7, 8, 14)}
ABOUT = {"meta", "timing", "options", "idx", "boot_idx", "code", "cols", "row", "note"}
# How deep keys are listed, beyond the first: parts of a regression or an interval are read together.
DEPTH = {
    "c_twolevel.lmer": 2,
    "l_screening_power_sensitivity.sensitivity_tal_or": 2,
    "l_screening_power_sensitivity.cluster_bootstrap": 2,
    "d_mediation_observed.tal_or": 2,
    "d_mediation_observed.garcia": 2,
    "d_mediation_observed.preacher_hayes2004": 2,
}
FILES = (
    "c_twolevel",
    "c_twolevel_more",
    "c_twolevel_direct",
    "k_openmx_crosscheck",
    "l_screening_power_sensitivity",
    "d_mediation_observed",
    "m_covariates",
    "m_groups",
    "f_reliability_validity",
    "g_aggregation",
    "h_efa",
    "j_irt_dif",
    "e_invariance",
    "l_screening_careless",
    "a_fiml_little",
    "p_waves_ordinal",
)
SLOPES = "random slopes are not fitted: slopes within clusters are averages, which the report says"
LEFT_OUT = {
    "c_twolevel.cfa_123_fiml": "lavaan 0.6-14 cannot fit it: see c_twolevel_direct, k_openmx",
    "c_twolevel.lmer.bh_rs_reml": SLOPES,
    "c_twolevel.lmer.bh_cli_reml": SLOPES,
    "l_screening_power_sensitivity.careless": "screening: compared by l_screening_careless, whose data ship",
    "l_screening_power_sensitivity.cluster_bootstrap.clusters": "ids of the clusters that were drawn",
    "d_mediation_observed.tal_or.published": "a sentence; its numbers are those of tal_or.a to tal_or.c",
    "d_mediation_observed.preacher_hayes2004.published": "a sentence; its numbers are those beside it",
    "d_mediation_observed.pollack_names": "names of the numbers in pollack",
    "f_reliability_validity.omega_N_3": "three factors of five items: not identified (df -2)",
    "f_reliability_validity.multilevel_rel": "over the sample's variances; test_scales_together has lavaan's",
    "f_reliability_validity.htmt_args": "names of semTools' arguments",
    "f_reliability_validity.mardia": "multivariate kurtosis is not offered: errors are robust",
    "e_invariance.score_parTable": "how lavaan numbers the parameters that score_scalar tests",
    "e_invariance.datCat_lrt_names": "names of the rows of datCat_lrt",
}

# Fields of the two-level fits of c_twolevel that say again what another field says, or how lavaan got there.
FIELDS_LEFT_OUT = {
    "iterations": "how many steps lavaan takes",
    "fmin": "lavaan's discrepancy: a function of loglik",
    "nobs": "ntotal again",
    "test": "the chi-squares of fit again",
}


def keys() -> Iterator[str]:
    for file in FILES:
        yield from _below(file, load_reference(file), 1)


def _below(path: str, node: dict[str, Any], depth: int) -> Iterator[str]:
    for name, value in node.items():
        own = f"{path}.{name}"
        if name in ABOUT or name.startswith("data") or name.endswith("_note"):
            continue
        if isinstance(value, dict) and DEPTH.get(own, 1) > depth and "syntax" not in value:
            yield from _below(own, value, depth + 1)
        else:
            yield own


@cache
def sources(file: str) -> str:
    """The test modules that read a file."""
    texts = {path: path.read_text(encoding="utf-8") for path in HERE.rglob("*.py") if path != Path(__file__)}
    return "\n".join(text for text in texts.values() if f'"{file}"' in text)


def is_compared(key: str) -> bool:
    file, *path = key.split(".")
    return ":".join((file, *path)) in COMPARED or f'"{path[-1]}"' in sources(file)


@pytest.mark.parametrize("key", list(keys()))
def test_a_key_is_compared_or_left_out_for_a_reason(key):
    assert is_compared(key) != (key in LEFT_OUT), LEFT_OUT.get(key, "no test compares it")


def test_only_keys_that_exist_are_left_out():
    assert set(LEFT_OUT) <= set(keys())


def fields() -> set[str]:
    """Those of a two-level fit, besides what was asked for; tests/sem compares the single-level ones."""
    fits = (case.reference for case in LEVELED.values() if case.file == "c_twolevel")
    return {name for fit in fits for name in fit} - ABOUT - {"syntax"}


@pytest.mark.parametrize("field", sorted(fields()))
def test_a_field_of_a_fit_is_compared_or_left_out_for_a_reason(field):
    modules = (HERE / "sem" / "twolevel").glob("*.py")
    compared = any(f'"{field}"' in path.read_text(encoding="utf-8") for path in modules)
    assert compared != (field in FIELDS_LEFT_OUT), FIELDS_LEFT_OUT.get(field, "no test compares it")


def test_only_fields_that_exist_are_left_out():
    assert set(FIELDS_LEFT_OUT) <= fields()
