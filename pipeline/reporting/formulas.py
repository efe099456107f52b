"""What every table rests on: the stage that made it, its formulas, and which of the stage's options matter.

`origins` reads it to say under each table how it was made. Nothing here is computed; formulas are in the
field's notation, and an option is named by its key in results.json or by one of the groups of `origins`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SPREAD = "*M* = sum / *n*; *SD* = √(sum of squared deviations / (*n* − 1))"
ALPHA = "α = k / (k − 1) · (1 − sum of item variances / variance of the sum) (Cronbach, 1951)"
OMEGA = "ω = (sum of loadings)^2^ / variance of the sum, by one factor (McDonald, 1999)"
ICC = "ICC(1) = (MSB − MSW) / (MSB + (k − 1) MSW); ICC(2) = (MSB − MSW) / MSB (Bliese, 2000)"
FACTOR = "item = intercept + loading · factor + residual; λ = loading · *SD*(factor) / *SD*(item)"
FIT = (
    "misfit d = max(χ^2^ − df, 0); RMSEA = √(d / (df · *N*)); CFI = 1 − d / d of the model without "
    "relations; SRMR = root of the mean squared residual correlation; corrected as the estimator asks"
)
DIFFERENCE = "Δχ^2^ = difference of the χ^2^ of two nested models, scaled where they are"
PRODUCT = "indirect effect = product of the slopes along its route; total = direct + indirect"
CONFOUNDED = (
    "b(ρ) = b − ρ / √(1 − ρ²) · √(residual variance of the outcome / residual variance of the mediator) "
    "(Imai et al., 2010)"
)
MODERATED = "slope at w = b~x~ + b~xw~ · w; indirect effect at w = product of the slopes at w"
INDEX = "index = change of the product of slopes with one unit of the moderator (Hayes, 2015)"
SURFACE = (
    "z = b~0~ + b~1~ x + b~2~ y + b~3~ x^2^ + b~4~ x y + b~5~ y^2^; a~1~ = b~1~ + b~2~; "
    "a~2~ = b~3~ + b~4~ + b~5~; a~3~ = b~1~ − b~2~; a~4~ = b~3~ − b~4~ + b~5~ (Edwards & Parry, 1993)"
)
VERDICT = (
    "supported: interval beyond zero on the expected side; not supported: whole interval below the smallest "
    "effect of interest or on the other side; else inconclusive"
)
POWER = "power = chance that every slope along the route is significant (Fritz & MacKinnon, 2007)"
SIMILARITY = "congruence = sum of products of loadings / √(product of their sums of squares) (Tucker, 1951)"
AGREE = (
    "rwg(j) = J (1 − s^2^ / σ^2^) / (J (1 − s^2^ / σ^2^) + s^2^ / σ^2^), s^2^ the mean variance of J items "
    "in a group, σ^2^ that of random answers; AD~M~ = mean distance from the item's mean"
)
KMO = (
    "KMO = sum of r^2^ / (sum of r^2^ + sum of partial r^2^); factors kept: those with an eigenvalue above "
    "that of random data"
)
EXTRACTED = (
    "AVE = mean of λ^2^; CR = (sum of λ)^2^ / ((sum of λ)^2^ + sum of (1 − λ^2^)); HTMT = mean r between "
    "scales / √(product of the mean r within each)"
)
DISTANCE = "Mahalanobis D^2^ = (x − mean)′ S^−1^ (x − mean); other indices as named below"
LITTLE = "d^2^ = sum over patterns of n (mean − m)′ Σ^−1^ (mean − m), m and Σ by EM (Little, 1988)"
LOGIT = "log odds of lacking the score = b~0~ + sum of b x; OR = exp(b)"
RESPONSE = "P(answer ≥ k) = 1 / (1 + exp(−a (θ − b~k~))) (Samejima, 1969)"
WABA = "r total = η between x · η between y · r between + η within x · η within y · r within"
COUNT = "number of rows"


@dataclass(frozen=True)
class Origin:
    """Where a table comes from; `formulas` and `options` may also be names of groups in `origins`."""

    stage: str
    formulas: tuple[str, ...]
    options: tuple[str, ...] = ()


_FACTOR = ("factor", "factor_clusters", "factor_indices", "estimator", "wlsmv", "indices_to_read")
_MODEL = ("estimation",)
_DRAWN = ("estimation", "intervals")

# By the table's id; an id that ends in "_" stands for all that start with it.
ORIGINS: Mapping[str, Origin] = {
    "flow": Origin("screen", ("kept = received − excluded, each record counted once",), ("rules",)),
    "unlinked": Origin("score", ("linked = kept rows whose id names a unit of the level above",)),
    "clusters": Origin("score", ("size = linked rows of a unit",)),
    "instruments": Origin("score", ("score = mean or sum of the items answered, as each scale's rule says",)),
    "descriptives": Origin(
        "validate", (SPREAD, "alpha_formula", "icc_formula"), ("alpha", "omega", "icc", "correlations")
    ),
    "correlations": Origin(
        "validate", ("r = covariance / product of standard deviations",), ("correlations",)
    ),
    "loadings": Origin("validate", (FACTOR, FIT), (*_FACTOR, "disagreement", "factor_second")),
    "fit": Origin("validate", (FIT,), (*_FACTOR, "factor_second")),
    "estimators": Origin("validate", (FIT,), (*_FACTOR, "disagreement")),
    "paths": Origin("model", ("path_formula",), _MODEL),
    "model_fit": Origin("model", (FIT,), _MODEL),
    "indirect": Origin("model", (PRODUCT,), ("intervals",)),
    "contrasts": Origin("model", ("difference = one indirect effect − the other",), _DRAWN),
    "sensitivity": Origin("model", (CONFOUNDED,), ("confounding",)),
    "conditional": Origin("model", (MODERATED,), _DRAWN),
    "moderation_index": Origin("model", (INDEX,), _DRAWN),
    "congruence": Origin("model", (SURFACE,), _MODEL),
    "hypotheses": Origin("model", (VERDICT,), _DRAWN),
    "power": Origin("model", (POWER,), ("design",)),
    "contextual": Origin(
        "model", ("difference = slope between − slope within; *z* = difference / *SE*",), _MODEL
    ),
    "flat": Origin("model", ("flat_formula", "path_formula"), ("flat_estimation", *_DRAWN)),
    "undecomposed": Origin(
        "model", ("y = b~0~ + b x + random intercepts of clusters + residual",), ("undecomposed",)
    ),
    "measured": Origin("model", ("latent_formula", "path_formula"), _DRAWN),
    "rivals": Origin("model", ("AIC = 2 k − 2 log-likelihood; BIC = k ln(*N*) − 2 log-likelihood",), _MODEL),
    "files": Origin("ingest", ("SHA-256 of the bytes of each file",)),
    "changes": Origin("ingest", (COUNT + " or of answers that a declared change touched",)),
    "deviations": Origin("report", ("difference = what was locked beside what was analysed",)),
    "reliability": Origin(
        "validate",
        (OMEGA, ALPHA),
        ("omega", "omega_higher", "omega_levels", "omega_categorical", "alpha", "alpha_bootstrap", "bounds"),
    ),
    "aggregation": Origin("validate", (ICC,), ("icc", "icc_intervals", "agreement_rule", "design_effect")),
    "agreement": Origin("validate", (AGREE,), ("agreement", "agreement_null", "agreement_rule")),
    "waba": Origin("validate", (WABA,), ("waba",)),
    "dimensions": Origin("validate", (KMO,), ("dimensionality", "parallel")),
    "exploratory": Origin("validate", ("R = Λ Φ Λ′ + Ψ", SIMILARITY), ("efa",)),
    "competing": Origin("validate", (FIT, DIFFERENCE), ("competing", "together")),
    "validity": Origin("validate", (EXTRACTED,), ("convergent", "htmt", "together")),
    "discriminant": Origin("validate", (DIFFERENCE,), ("discriminant", "htmt")),
    "invariance": Origin("validate", (FIT, DIFFERENCE), ("invariance", "invariance_groups")),
    "dmacs": Origin(
        "validate",
        ("d = √(mean squared difference of expected answers) / pooled *SD* (Nye & Drasgow, 2011)",),
        ("dmacs", "invariance_groups"),
    ),
    "dif": Origin(
        "validate",
        ("log odds of answering higher = sum of items + group + their product",),
        ("dif", "mantel_haenszel"),
    ),
    "irt_": Origin("validate", (RESPONSE,), ("irt", "irt_precision")),
    "published_": Origin("validate", (SIMILARITY,), ("published",)),
    "careless": Origin("validate", (DISTANCE,), ("careless",)),
    "careless_hypotheses": Origin("model", (VERDICT,), _DRAWN),
    "missing": Origin("validate", (LITTLE,), ("missing",)),
    "dropout": Origin("validate", (LOGIT,), ("dropout",)),
    "items_": Origin("validate", (ALPHA, FACTOR), ("factor", "estimator", "alpha", "skew")),
    "checklist_": Origin("report", ("met = results.json holds every part that the item names",)),
}


def origin_of(table: str) -> Origin | None:
    """Where a table comes from; None for one that is not known."""
    starts = [name for name in ORIGINS if name.endswith("_") and table.startswith(name)]
    return ORIGINS.get(table) or (ORIGINS[max(starts, key=len)] if starts else None)
