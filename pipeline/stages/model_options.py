"""What goes with the numbers of the model stage: its options as they were used, and sentences.

`stages/model` calls these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import Bounds, PathModel
    from pipeline.mediation.rows import Missing
    from pipeline.stages.measurement import Measured

BETA = "beta: the slope times the standard deviation of the predictor over that of the outcome"
STANDARDIZED = {
    "latent": f"{BETA}, both at the slope's level and implied by the model",
    "decomposed": f"{BETA}, both at the slope's level (within: deviations from cluster means; between: "
    "cluster means as observed)",
    "latent_variables": f"{BETA}, both as the model implies them, at the slope's level where there are two",
    "flat": f"{BETA}, both as the model implies them",
}
DRAWN = "Monte Carlo intervals: percentiles of products of slopes drawn from the"
DRAWS = {
    "latent": f"{DRAWN} joint normal distribution of all slopes",
    "latent_variables": f"{DRAWN} joint normal distribution of all slopes",
    "decomposed": f"{DRAWN} normal distribution of each equation's estimates, equations independent of each "
    "other",
    "flat": f"{DRAWN} joint normal distribution of all estimates",
}
SINGLE_LEVEL = "single-level: the study declares no level above the one measured, so there are no clusters"
BOUNDED = (
    "variances between clusters are kept from falling below zero, as the study declares; where one rests at "
    "zero, errors, tests and fit are approximate"
)
MEANS = {"latent": "latent", "latent_variables": "latent", "decomposed": "manifest"}


def options(study: LoadedStudy, main: PathModel, measured: Measured) -> dict[str, Any]:
    """The options of the model, as they were used."""
    told = study.declared
    return {
        "draws": told.intervals.draws,
        "seed": told.seed,
        "confidence": told.intervals.level,
        "interval": told.intervals.method,
        "means": None if main.single_level else MEANS[main.kind],
        "robust_unit": main.unit,
        "measurement": measured.used,
        "measurement_declared": told.measurement,
        "measurement_reason": measured.reason,
        "missing": main.missing,
        "between_variances": told.between_variances if _has_latent_means(main) else None,
    }


def bounds(study: LoadedStudy) -> Bounds:
    """Which variances of two-level models may not fall below zero: those between clusters, or none."""
    return "between" if study.declared.between_variances == "bounded" else "none"


def missing(study: LoadedStudy) -> Missing:
    """Full information, unless the study says otherwise."""
    told = study.declared
    return told.missing if "missing" in told.model_fields_set else "fiml"


def in_its_place(reason: str) -> str:
    """Why manifest means stand where latent ones should."""
    return (
        f"the model with latent cluster means has no usable solution: {reason}. The model with manifest "
        f"means stands in its place"
    )


def labels(study: LoadedStudy, main: PathModel, measured: Measured, why_not: str | None) -> dict[str, str]:
    """Sentences that go with the numbers wherever they are shown."""
    from pipeline.mediation import FLAT_IGNORES, MANIFEST_MEANS

    kind = main.kind
    place = {"means": in_its_place(why_not)} if why_not else {}
    shared = {
        "measurement": measured_by(measured),
        "standardized": STANDARDIZED[kind],
        "intervals": DRAWS[kind],
    }
    if main.single_level:
        return {"model": SINGLE_LEVEL} | place | shared
    told = {"model": "within and between clusters", "flat": FLAT_IGNORES}
    if _has_latent_means(main):
        told |= {"between_variances": BOUNDED} if bounds(study) == "between" else {}
        told |= {"between": _between(kind), "manifest": MANIFEST_MEANS}
    elif main.frame["cluster_mean"].any():
        told["between"] = MANIFEST_MEANS
    return told | place | shared


def _has_latent_means(main: PathModel) -> bool:
    return not main.single_level and main.kind != "decomposed"


def measured_by(measured: Measured) -> str:
    """What the path was fitted to, and why."""
    words = {"scores": "scale scores", "latent": "latent variables behind the items"}
    return f"{words[measured.used]}: {measured.reason}"


def _between(kind: str) -> str:
    from pipeline.mediation import LATENT_MEANS, LATENT_VARIABLES_BETWEEN

    return LATENT_MEANS if kind == "latent" else LATENT_VARIABLES_BETWEEN
