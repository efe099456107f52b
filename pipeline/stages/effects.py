"""Bootstrap resamples of the main model, and what is told beside its indirect effects.

`stages/model` calls it: resamples before the effects are worked out, sections of model.json after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.stages import laid
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import IndirectEffects, PathModel, Resamples

EQUATION_BY_EQUATION = (
    "the model with manifest means is fitted equation by equation, so it is not refitted in resamples"
)


def resampled(study: LoadedStudy, main: PathModel) -> Resamples | None:
    """Resamples of the main model's units; None where it is fitted equation by equation."""
    from pipeline.mediation import resample

    if main.refit is None:
        return None
    return resample(main, study.declared.intervals.bootstrap, study.declared.seed)


def sections(effects: IndirectEffects, resamples: Resamples | None) -> dict[str, Any]:
    """Contrasts, proportions mediated, differences between levels, and how the bootstrap went."""
    return {
        "contrasts": laid.rows(effects.contrasts),
        "proportions": laid.rows(effects.proportions),
        "contextual_indirect": laid.rows(effects.contextual_indirect),
        "bootstrap": bootstrap(resamples),
    }


def warnings(resamples: Resamples | None) -> list[str]:
    """What the bootstrap warns of: withheld intervals, few units."""
    if resamples is None:
        return []
    withheld = [f"bootstrap intervals are withheld: {resamples.reason}"] if resamples.reason else []
    return [*withheld, *([resamples.caution] if resamples.caution else [])]


def bootstrap(resamples: Resamples | None) -> dict[str, Any]:
    """How the bootstrap went: draws, units, what was usable, and why intervals are withheld."""
    if resamples is None:
        return {"draws": 0, "reason": EQUATION_BY_EQUATION}
    return {
        "draws": resamples.draws,
        "seed": resamples.seed,
        "level": resamples.level,
        "units": resamples.units,
        "usable": resamples.usable,
        "inadmissible": resamples.inadmissible,
        "intervals": ["percentile", "bc"],
        "reason": resamples.reason or None,
        "caution": resamples.caution or None,
    }
