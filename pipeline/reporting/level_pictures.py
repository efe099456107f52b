"""Pictures of levels and of missing answers: slopes within and between, cluster means, patterns.

`pictures` calls them: from results to ink, with their words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.figures.canvas import Plot
from pipeline.reporting.figures.forest import Forest, draw_forest
from pipeline.reporting.figures.patterns import Patterns, draw_patterns
from pipeline.reporting.figures.slopes import Pair, Slope, draw_slopes
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.values import Figure

CATERPILLAR_ROW = 0.065
Made = tuple[Figure, Plot]


def slopes(record: Record) -> Made | None:
    """Paths with a slope at both levels, one panel each."""
    rows: Entries = [r for r in record.slopes if r.get("role", "path") == "path" and r.get("est") is not None]
    known = {(str(r["predictor"]), str(r["outcome"]), r["level"]): r for r in rows}
    both = [key[:2] for key in known if key[2] == "within" and (*key[:2], "between") in known]
    if not both:
        return None
    pairs = [
        Pair(
            f"{record.title(predictor)} → {record.title(outcome)}",
            _slope(known[predictor, outcome, "within"]),
            _slope(known[predictor, outcome, "between"]),
        )
        for predictor, outcome in both
    ]
    names = markup.plain(record.level_words("within")), markup.plain(record.level_words("between"))
    drawn = draw_slopes(pairs, names, "Predictor, units from its mean", "Expected outcome, from its mean")
    said = "; ".join(
        f"{p.title}: {numbers.number(p.within[0])} within, {numbers.number(p.between[0])} between"
        for p in pairs
    )
    figure = Figure(
        id="slopes_figure",
        title="Slopes Within and Between Clusters",
        alt=f"Lines of each path within and between clusters. {said}.",
        png=drawn.png,
        width=min(1.0, 0.2 + 0.3 * max(2, min(3, len(pairs)))),
        note=f"Bands are {numbers.confidence(record.confidence)} intervals of the slopes. Both axes are in "
        "the units of the answers; one unit is drawn to each side.",
    )
    return figure, drawn


def caterpillar(record: Record) -> Made | None:
    """Means of the clusters of the highest level in order of size, without names."""
    found: Mapping[str, Any] = record.part("validate", "cluster_means")
    scales: Mapping[str, Entries] = {name: rows for name, rows in (found.get("scales") or {}).items() if rows}
    if not scales:
        return None
    panels = [
        Forest(
            record.title(name),
            tuple(float(r["mean"]) for r in rows),
            tuple(float(r["ci_lower"]) for r in rows),
            tuple(float(r["ci_upper"]) for r in rows),
            line=float(found["grand"][name]),
        )
        for name, rows in scales.items()
    ]
    drawn = draw_forest(panels, "Mean of the cluster", row=CATERPILLAR_ROW)
    clusters = record.many(str(found["level"]))
    figure = Figure(
        id="caterpillar",
        title=f"Means of {markup.plain(clusters).capitalize()}, From Lowest to Highest",
        alt=f"Mean and interval of each of the {clusters}: "
        + "; ".join(f"{panel.title}: {len(panel.est)}" for panel in panels)
        + ".",
        png=drawn.png,
        width=min(1.0, 0.14 + 0.29 * min(3, len(panels))),
        note=f"Bars are {numbers.confidence(found['confidence'])} intervals; the dashed line is the mean of "
        f"all people. Clusters with fewer than {numbers.count(found['smallest'])} answers are left out; "
        "none is named.",
    )
    return figure, drawn


def patterns(record: Record) -> Made | None:
    """Scores that are lacking together, where anybody lacks one."""
    found: Mapping[str, Any] = record.part("validate", "missing_answers")
    levels = [_patterns(record, level, told) for level, told in found.items() if _shown(told)]
    if not levels:
        return None
    drawn = draw_patterns(levels)
    figure = Figure(
        id="patterns",
        title="Scores That Are Lacking Together",
        alt="Patterns of lacking scores. "
        + " ".join(f"{one.title}: {len(one.present)} patterns." for one in levels),
        png=drawn.png,
        width=min(1.0, 0.25 + 0.15 * max(len(one.names) for one in levels)),
        note="The most frequent patterns, with the number of people who have each; a pattern of fewer people "
        "than the study's smallest cell is left out.",
    )
    return figure, drawn


def _slope(row: Mapping[str, Any]) -> Slope:
    lower, upper = row.get("ci_lower"), row.get("ci_upper")
    est = float(row["est"])
    return est, est if lower is None else float(lower), est if upper is None else float(upper)


def _shown(told: Mapping[str, Any]) -> bool:
    return any(one["lacks"] for one in told.get("score_patterns") or ()) and len(told["scales"]) > 1


def _patterns(record: Record, level: str, told: Mapping[str, Any]) -> Patterns:
    names = [str(one["scale"]) for one in told["scales"]]
    rows = told["score_patterns"]
    return Patterns(
        title=markup.plain(record.many(level)).capitalize(),
        names=tuple(record.title(name) for name in names),
        present=tuple(tuple(name not in one["lacks"] for name in names) for one in rows),
        people=tuple(f"n = {numbers.count(one['n'])}" for one in rows),
    )
