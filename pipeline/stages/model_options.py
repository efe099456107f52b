"""What goes with the numbers of the model stage: its options as they were used, and sentences.

`stages/model` calls these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import PathModel

BETA = "beta: the slope times the standard deviation of the predictor over that of the outcome"
STANDARDIZED = {
    "latent": f"{BETA}, both at the slope's level and implied by the model",
    "decomposed": f"{BETA}, both at the slope's level (within: deviations from cluster means; between: "
    "cluster means as observed)",
    "flat": f"{BETA}, both as the model implies them",
}
DRAWN = "Monte Carlo intervals: percentiles of products of slopes drawn from the"
DRAWS = {
    "latent": f"{DRAWN} joint normal distribution of all slopes",
    "decomposed": f"{DRAWN} normal distribution of each equation's estimates, equations independent of each "
    "other",
    "flat": f"{DRAWN} joint normal distribution of all estimates",
}
SINGLE_LEVEL = "single-level: the study declares no level above the one measured, so there are no clusters"
SCORES = (
    "scale scores: this version fits the path to scale scores; models with latent variables behind the "
    "items are not part of it"
)


def options(study: LoadedStudy, main: PathModel) -> dict[str, Any]:
    """The options of the model."""
    told = study.declared
    return {
        "draws": told.intervals.draws,
        "seed": told.seed,
        "confidence": told.intervals.level,
        "interval": told.intervals.method,
        "means": {"latent": "latent", "decomposed": "manifest"}.get(main.kind),
        "robust_unit": main.unit,
        "measurement": "scores",
        "measurement_declared": told.measurement,
        "measurement_reason": SCORES,
        "missing": missing(study) if main.kind == "latent" else told.missing,
    }


def missing(study: LoadedStudy) -> str:
    """Full information with latent means, unless the study says otherwise."""
    told = study.declared
    return told.missing if "missing" in told.model_fields_set else "fiml"


def in_its_place(reason: str) -> str:
    """Why manifest means stand where latent ones should."""
    return (
        f"the model with latent cluster means has no usable solution: {reason}. The model with manifest "
        f"means stands in its place"
    )


def labels(main: PathModel, why_not: str | None) -> dict[str, str]:
    """Sentences that go with the numbers wherever they are shown."""
    from pipeline.mediation import FLAT_IGNORES, LATENT_MEANS, MANIFEST_MEANS

    kind = main.kind
    place = {"means": in_its_place(why_not)} if why_not else {}
    shared = place | {"measurement": SCORES, "standardized": STANDARDIZED[kind], "intervals": DRAWS[kind]}
    if main.kind == "flat":
        return {"model": SINGLE_LEVEL} | shared
    told = {"model": "within and between clusters", "flat": FLAT_IGNORES}
    if main.kind == "latent":
        told |= {"between": LATENT_MEANS, "manifest": MANIFEST_MEANS}
    elif main.frame["cluster_mean"].any():
        told["between"] = MANIFEST_MEANS
    return told | shared
