"""The power that a study's design has: for the model stage by formula, for `power STUDY` by simulation.

Asked at the smallest effect of interest that a hypothesis declares and at published effects, never at the
estimate; with the minimum detectable effect. `stages/model` adds `section` to model.json; the command line
calls `simulate`, which reads the scored frames and writes build/<study>/power.json.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError
from pipeline.stages import scored
from pipeline.stages.artefacts import Workspace, write_json
from pipeline.stages.path_models import covariates_of, design_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.mediation import Design, PathGraph
    from pipeline.mediation.power import Assumed, FlatSetting, TwoLevelSetting

    Setting = FlatSetting | TwoLevelSetting

TARGET = 0.8
SMALLEST, PUBLISHED = "smallest", "published"
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Question:
    """An effect at a level and a size that is assumed for it; `size` is None where nobody has named one."""

    route: tuple[str, ...]
    level: str
    sign: int
    kind: str | None = None
    source: str | None = None
    size: float | None = None


def section(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> dict[str, Any]:
    """Power and minimum detectable effect of every indirect effect, by formula."""
    from pipeline.mediation import NotEstimable
    from pipeline.mediation.power import MOST

    confidence = study.declared.intervals.level
    known = {"confidence": confidence, "target": TARGET, "most": MOST}
    try:
        setting = _setting(study, graph, frames, design)
    except NotEstimable as reason:
        return known | {"rows": [], "why_not": str(reason)}
    rows = [_row(setting, question, confidence) for question in questions(study, graph, setting)]
    return known | {"rows": rows, "why_not": None}


def simulate(
    study: LoadedStudy,
    workspace: Workspace,
    replications: int = 500,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    begun: Callable[[int], Tell] | None = None,
) -> tuple[str, ...]:
    """Simulate every power of the report; returns lines to print. `begun` is told how many samples come."""
    from pipeline.compute import ComputeError, Place, replicate
    from pipeline.mediation import MediationError, PathGraph
    from pipeline.mediation.power.simulation import found_in, plan_of

    if replications < 2:
        raise StudyError.of("--replications", f"{replications} is too few to take a share of", "at least 2")
    file, confidence = f"data/{study.id}/study.yaml", study.declared.intervals.level
    frames = scored.read_frames(study, workspace)
    try:
        graph, place = PathGraph.of(study.edges), Place(workers, cluster)
        setting = _setting(study, graph, frames, design_of(study))
        asked = [(q, a) for q in questions(study, graph, setting) if (a := _assumed(setting, q))]
        tell = begun(replications * len(asked)) if begun else None
        rows = []
        for number, (question, assumed) in enumerate(asked):
            task = partial(found_in, plan_of(setting, assumed, confidence))
            found = replicate(task, replications, study.declared.seed + number, place, tell=tell)
            used = [one for one in found if one.converged]
            simulated = {
                name: _share([getattr(one, name) for one in used]) for name in ("joint", "monte_carlo")
            }
            rows.append(_row(setting, question, confidence) | simulated | {"samples": len(used)})
    except MediationError as error:
        raise StudyError.of(file, str(error)) from error
    except ComputeError as error:
        raise StudyError.of("--cluster" if cluster else "--workers", str(error)) from error
    if not rows:
        raise StudyError.of(file, "no effect has an assumed size", "declare `smallest` or `published`")
    result = {"replications": replications, "seed": study.declared.seed, "rows": rows}
    write_json(workspace.build / "power.json", result)
    return tuple(_lines(rows, replications))


def questions(study: LoadedStudy, graph: PathGraph, setting: Setting) -> Iterator[Question]:
    """Every specific indirect effect, and whatever else a size is declared for; each with its sizes."""
    routes = [
        route
        for source in graph.sources
        for sink in graph.sinks
        for route in graph.routes(source, sink)
        if len(route) > 2
    ]
    told = study.declared
    declared = [one.effect for one in told.hypotheses] + [one.effect for one in told.published]
    named = [_route(effect) for effect in declared]
    for level, model in setting.levels.items():
        for route in dict.fromkeys([*routes, *named]):
            sized = list(_sized(study, route, level))
            if model.has(route) and (len(route) > 2 or sized):
                yield from sized or [Question(route, level, _sign(study, route))]


def _setting(
    study: LoadedStudy, graph: PathGraph, frames: Mapping[str, pd.DataFrame], design: Design
) -> Setting:
    from pipeline.mediation.power import flat_setting, two_level_setting

    covariates = covariates_of(study, graph.edges)
    make = two_level_setting if design.above(design.lowest(graph)) else flat_setting
    return make(graph, frames, design, covariates)


def _sized(study: LoadedStudy, route: tuple[str, ...], level: str) -> Iterator[Question]:
    """Sizes declared for an effect; with a single level the declared one is that."""
    told = study.declared
    for one in told.hypotheses:
        if _route(one.effect) == route and level in (one.level, "flat") and one.smallest > 0:
            sign = 1 if one.sign == "positive" else -1
            yield Question(route, level, sign, SMALLEST, one.id, sign * one.smallest)
    for other in told.published:
        if _route(other.effect) == route and level in (other.level, "flat"):
            sign = 1 if other.standardized > 0 else -1
            yield Question(route, level, sign, PUBLISHED, other.source, other.standardized)


def _sign(study: LoadedStudy, route: tuple[str, ...]) -> int:
    signs = [one.sign for one in study.declared.hypotheses if _route(one.effect) == route]
    return -1 if signs[:1] == ["negative"] else 1


def _route(effect: str) -> tuple[str, ...]:
    return tuple(step.strip() for step in effect.split("->"))


def _assumed(setting: Setting, question: Question) -> Assumed | None:
    """The path under an assumed size; None where there is none, or no slopes give one that large."""
    from pipeline.mediation.power import of_standardized, of_unstandardized

    if question.size is None:
        return None
    size = of_unstandardized if question.kind == SMALLEST else of_standardized
    return size(setting, question.level, question.route, question.size)


def _row(setting: Setting, question: Question, confidence: float) -> dict[str, Any]:
    from pipeline.mediation.power import minimum_detectable, power_at

    assumed = _assumed(setting, question)
    least = minimum_detectable(
        setting, question.level, question.route, confidence, sign=question.sign, power=TARGET
    )
    known = asdict(question)
    return {
        "effect": " -> ".join(known.pop("route")),
        **known,
        "beta": assumed and assumed.beta,
        "standardized": assumed and assumed.standardized,
        "unstandardized": assumed and assumed.effect,
        "power": assumed and power_at(setting, assumed, confidence),
        "mde_standardized": least and least.standardized,
        "mde_unstandardized": least and least.effect,
    }


def _share(found: Sequence[bool]) -> float | None:
    return sum(found) / len(found) if found else None


def _lines(rows: Sequence[Mapping[str, Any]], replications: int) -> Iterator[str]:
    """A table for the terminal."""
    from pipeline.sem.wording import bounded

    error = (0.25 / replications) ** 0.5
    yield f"Power by formula and in {replications} samples (Monte Carlo error at most {bounded(error, 3)}):"
    yield f"{'formula':>8}{'joint':>8}{'Monte Carlo':>13}{'samples':>9}  effect"
    for row in rows:
        joint, interval = (
            "-" if row[name] is None else bounded(row[name], 3) for name in ("joint", "monte_carlo")
        )
        size = (
            f"{row['unstandardized']:.4g} (standardized {bounded(row['standardized'], 3)}); {row['source']}"
        )
        yield (
            f"{bounded(row['power'], 3):>8}{joint:>8}{interval:>13}{row['samples']:>9}  "
            f"{row['effect']} ({row['level']}) = {size}"
        )
