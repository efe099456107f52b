"""OpenMx's fits of the three-factor model of Holzinger and Swineford's data, complete and with gaps."""

from __future__ import annotations

import pytest

from .references import fitted, load
from .tolerances import close

FITS = {
    "hs_ml": "a_cfa_hs_ml:ml_meanstructure",
    "hs_fiml_mcar": "a_fiml:fiml_mcar",
    "hs_fiml_mar": "a_fiml:fiml_mar",
}


@pytest.mark.parametrize("key", ["hs_ml", "hs_fiml_mcar", "hs_fiml_mar"])
def test_likelihood_test_and_indices(key):
    reference, fit = load("k_openmx_crosscheck")[key], fitted(FITS[key])
    assert close("log-likelihood", -2 * fit.logl, reference["minus2LL"])
    assert fit.df == reference["df"]
    assert close("chi-square", fit.measures["chisq"], reference["chi"])
    for name in ("cfi", "tli", "rmsea"):
        assert close("fit index", fit.measures[name], reference[name]), name
