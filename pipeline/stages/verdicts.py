"""Each hypothesis with the estimate it asks about and its verdict, as model.json holds them.

`stages/model` calls `judged`; a hypothesis about an effect that the model does not have is refused.
"""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages.laid import rows
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.mediation import IndirectEffects, PathModel
    from pipeline.study import Hypothesis


def judged(
    study: LoadedStudy, hypothesis: Hypothesis, main: PathModel, effects: IndirectEffects
) -> dict[str, Any]:
    """One hypothesis, its estimate and its verdict."""
    from pipeline.mediation import judge

    level = "flat" if main.single_level else hypothesis.level
    found = _estimate(route_of(hypothesis), level, main, effects)
    if found is None:
        raise StudyError.of(f"data/{study.id}/study.yaml", _why_none(study, hypothesis))
    verdict = judge(found["ci_lower"], found["ci_upper"], hypothesis.sign, hypothesis.smallest)
    names = ("est", "se", "ci_lower", "ci_upper", "pvalue", "pvalue_is_bound", "interval")
    return (
        hypothesis.model_dump(mode="json")
        | {"evaluated_at": level}
        | {name: found[name] for name in names}
        | asdict(verdict)
    )


def route_of(hypothesis: Hypothesis) -> tuple[str, ...]:
    """The variables along a hypothesis's effect."""
    return tuple(step.strip() for step in hypothesis.effect.split("->"))


def _estimate(
    route: tuple[str, ...], level: str, main: PathModel, effects: IndirectEffects
) -> dict[str, Any] | None:
    """The slope of a single arrow, or the specific effect along a longer route."""
    if len(route) == 2:
        slope = main.slopes().get((*route, level))
        return slope and slope | {"pvalue_is_bound": False, "interval": "wald"}
    wanted = {"route": " -> ".join(route), "level": level, "kind": "specific"}
    return next((row for row in rows(effects.frame) if wanted.items() <= row.items()), None)


def _why_none(study: LoadedStudy, hypothesis: Hypothesis) -> str:
    route = route_of(hypothesis)
    absent = [edge for edge in pairwise(route) if edge not in study.edges]
    if absent or len(route) < 2:
        arrows = ", ".join(" -> ".join(edge) for edge in absent) or hypothesis.effect
        return f"hypothesis {hypothesis.id}: '{arrows}' is not an arrow of the path: add or correct it"
    lowest = min((study.level_of(name) for edge in study.edges for name in edge), key=study.levels.index)
    higher = [name for name in route if study.level_of(name) != lowest]
    return (
        f"hypothesis {hypothesis.id}: {hypothesis.effect} has no effect {hypothesis.level}, because "
        f"{', '.join(higher)} is measured once a {study.level_of(higher[0])} and does not differ within one; "
        f"write 'level: between'"
    )
