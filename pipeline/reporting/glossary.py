"""Abbreviations of column headings in words; `html` shows them on pointing at one or reaching it by key."""

from __future__ import annotations

import re
from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "AVE": "average variance extracted: mean share of an item's variance that its factor explains",
    "BIC": "Bayesian information criterion: lower is better among models of the same data",
    "AIC": "Akaike information criterion: lower is better among models of the same data",
    "CFI": "comparative fit index: 1 is perfect, .95 and more is usually called good",
    "TLI": "Tucker-Lewis index: as CFI, with a price for each parameter",
    "RMSEA": "root mean square error of approximation: misfit by degree of freedom, .06 and less is good",
    "SRMR": "standardized root mean square residual: mean gap of correlations, .08 and less is good",
    "CI": "confidence interval",
    "CR": "composite reliability",
    "HTMT": "heterotrait-monotrait ratio of correlations: near 1 two scales cannot be told apart",
    "HTMT2": "heterotrait-monotrait ratio with geometric means",
    "ICC(1)": "intraclass correlation: share of the variance that lies between clusters",
    "ICC(2)": "reliability of cluster means",
    "KMO": "sampling adequacy: how far the correlations are shared by all items",
    "MAP": "minimum average partial: a count of components",
    "SE": "standard error",
    "SD": "standard deviation",
    "M": "mean",
    "OR": "odds ratio",
    "B": "unstandardized slope",
    "β": "standardized slope",
    "df": "degrees of freedom",
    "α": "Cronbach's alpha",
    "ω": "omega: share of a score's variance that its factor explains",
    "λ": "standardized loading on the factor",
    "BC": "bias-corrected bootstrap interval",
}
_LEVEL = re.compile(r"^\d+% ")


def words_for(heading: str) -> str | None:
    """What the abbreviation of a heading stands for; None where it has none."""
    return WORDS.get(_LEVEL.sub("", heading.strip()))
