"""What a second program says of the models of the path, as model.json holds it.

`stages/model` calls these: least squares beside the flat model, statsmodels MixedLM beside random intercepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.stages.laid import rounded

if TYPE_CHECKING:
    from pipeline.mediation import PathModel
    from pipeline.stages.path_models import PathModels

AGREEMENT = 1e-3


def of_models(models: PathModels) -> dict[str, Any]:
    """What another program says of the main model; of latent variables none does here."""
    scores = models.manifest or models.flat
    found = of_equations(scores) | within(models.manifest, models.complete)
    if models.measured.used == "scores":
        return found
    return found | {
        "sentence": f"none for latent variables; of the scale scores beside them: {found['sentence']}"
    }


def of_equations(main: PathModel) -> dict[str, Any]:
    """How far statsmodels lies from what is reported, over all equations."""
    if main.kind == "flat":
        return two_programs(main)
    asked = [one.second for one in main.equations.values() if one.second is not None]
    if not asked:
        return {"program": None, "sentence": "none: no equation has random intercepts"}
    shift, agree = max(one.shift for one in asked), all(one.agrees for one in asked)
    found = "stays there" if agree else "does not confirm every equation"
    distance = f"at most {shift:.1g}" if shift > 1e-6 else "less than a millionth of"
    differences = {
        "largest_shift": shift,
        "largest_logl_gap": max(one.logl_gap for one in asked),
        "largest_logl_difference": max(abs(one.logl_difference) for one in asked),
    }
    return {
        "program": "statsmodels MixedLM",
        "equations": len(asked),
        "agrees": agree,
        **rounded(differences),
        "sentence": f"statsmodels MixedLM, started at the maximum of the likelihood, {found}; its slopes "
        f"differ by {distance} a standard error",
    }


def within(manifest: PathModel | None, complete: PathModel | None) -> dict[str, Any]:
    """How far slopes within lie from those of the random-intercept models, which MixedLM has seen."""
    if manifest is None or complete is None:
        return {}
    own, theirs = complete.slopes(), manifest.slopes()
    shared = [slope for slope in own if slope[2] == "within" and slope in theirs]
    if not shared:
        return {}
    gaps = {slope: abs(own[slope]["est"] - theirs[slope]["est"]) for slope in shared}
    widest = max(gaps, key=lambda slope: gaps[slope] / own[slope]["se"])
    share = gaps[widest] / own[widest]["se"]
    opinion = of_equations(manifest)["sentence"]
    return {
        "largest_difference_within": max(gaps.values()),
        "largest_difference_within_se": share,
        "sentence": f"fitted to complete rows, slopes within differ from those of random-intercept models "
        f"with manifest means by at most {max(gaps.values()):.2g} ({share:.2g} of a standard error); of "
        f"those models, {opinion}",
    }


def two_programs(flat: PathModel) -> dict[str, Any]:
    """How far least squares lies from the path model on the same complete rows."""
    second = flat.second
    if second is None or second.program is None:
        return {"program": None, "sentence": f"none: {second.reason if second else 'not asked'}"}
    gap = second.largest_difference_estimates or 0.0
    agree = gap <= AGREEMENT
    distance = f"{gap:.1g}" if gap >= 1e-8 else "less than 0.00000001"
    return {
        "program": second.program,
        "n": second.n,
        "agrees": agree,
        "largest_difference_estimates": gap,
        "largest_difference_chisq": None,
        "sentence": f"two programs on the {second.n:,} complete rows, pipeline.sem and {second.program} "
        f"equation by equation: largest difference of a slope {distance}"
        + ("" if agree else "; the programs disagree, treat the numbers as provisional"),
    }


def disagreement(flat: PathModel) -> list[str]:
    """What to warn of where two programs disagree about the flat model."""
    found = two_programs(flat)
    return [] if found.get("agrees", True) else [f"the flat model: {found['sentence']}"]
