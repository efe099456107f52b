"""From results to figures: what each picture shows, in words and in ink.

The report asks for `pictures(record)`; each has the figure for the document and an SVG for the folder of
figures. A picture without anything to show is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.reporting import (
    conditional_pictures,
    level_pictures,
    markup,
    numbers,
    summary_pictures,
    validation_pictures,
)
from pipeline.reporting.figures.confounding import Along, draw_confounding
from pipeline.reporting.figures.density import Curve, draw_densities
from pipeline.reporting.figures.diagram import Panel, Path, draw_diagram
from pipeline.reporting.figures.flow import Band, Loss, draw_flow
from pipeline.reporting.figures.heatmap import draw_heatmap, width_of
from pipeline.reporting.figures.layout import DRAWING_WIDTH
from pipeline.reporting.figures.likert import Item, draw_likert
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.flow import column_title, reason_words
from pipeline.reporting.tables.indirect import effect_words, method_note
from pipeline.reporting.tables.loadings import item_name
from pipeline.reporting.tables.paths import equation_words, levels_of
from pipeline.reporting.tables.sensitivity import shown
from pipeline.reporting.values import Figure

MOST_CURVES = 6
ANSWERS = "answers_"


@dataclass(frozen=True)
class Picture:
    """A figure of the document, and its SVG for use elsewhere."""

    figure: Figure
    svg: str


def pictures(record: Record) -> dict[str, Picture]:
    """Every picture that there is something to show for, by id."""
    made = [
        flow(record),
        diagram(record),
        densities(record),
        confounding(record),
        heatmap(record),
        *likert(record),
    ]
    pairs = [conditional_pictures.interaction(record), conditional_pictures.congruence(record)]
    pairs += [
        make(record)
        for make in (validation_pictures.scree, validation_pictures.loadings, validation_pictures.information)
    ]
    pairs += [
        make(record) for make in (level_pictures.slopes, level_pictures.caterpillar, level_pictures.patterns)
    ]
    found = (*summary_pictures.findings(record), *filter(None, pairs))
    made += [Picture(figure, drawn.svg) for figure, drawn in found]
    return {picture.figure.id: picture for picture in made if picture is not None}


def flow(record: Record) -> Picture | None:
    """Participant flow, highest level first."""
    exports: Mapping[str, Mapping[str, Any]] = record.part("screen", "exports")
    if not exports:
        return None
    order = sorted(exports, key=lambda name: -_height(record, str(exports[name].get("level"))))
    bands = [_band(record, name, exports[name]) for name in order]
    analysed = _analysed(record)
    said = "; ".join(f"{band.boxes[0][0]}: {', '.join(band.boxes[0][1:])}" for band in bands)
    alt = f"Participant flow. {said}. {' '.join(analysed)}"
    drawn = draw_flow(bands, analysed, alt)
    figure = Figure("flow_figure", "Participant Flow", alt, drawn.png(), drawn.svg)
    return Picture(figure, drawn.svg)


def diagram(record: Record) -> Picture | None:
    """Path diagram: between above within, or one panel where there is one level."""
    rows: Entries = [r for r in record.slopes if r.get("role", "path") == "path"]
    if not rows:
        return None
    standardized = all(r.get("beta") is not None for r in rows if r.get("est") is not None)
    levels = list(reversed(levels_of(rows)))
    panels = [_panel(record, rows, level, standardized) for level in levels]
    titles = {
        name: record.title(name) for panel in panels for p in panel.paths for name in (p.source, p.target)
    }
    alt = _said(panels, titles, standardized)
    drawn = draw_diagram(panels, titles, standardized=standardized, alt=alt)
    figure = Figure(
        id="diagram",
        title="Path Diagram" + (" With a Panel for Each Level" if len(panels) > 1 else ""),
        alt=alt,
        png=drawn.png(),
        svg=drawn.svg,
        width=min(1.0, drawn.width / DRAWING_WIDTH),
        note=_diagram_note(record, standardized),
    )
    return Picture(figure, drawn.svg)


def densities(record: Record) -> Picture | None:
    """Monte Carlo distributions of the indirect effects that the hypotheses name, else of the first."""
    found: Mapping[str, Any] = record.part("model", "densities")
    rows: Entries = [r for r in record.effects if r.get("kind") == "specific" and r.get("est") is not None]
    drawable = [r for r in rows if f"{r['route']}|{r['level']}" in found]
    chosen = _chosen(record, drawable)
    if not chosen:
        return None
    curves = [_curve(record, r, found[f"{r['route']}|{r['level']}"]) for r in chosen]
    ci = numbers.confidence(record.confidence)
    drawn = draw_densities(curves, f"Indirect effect, estimate and {ci} interval", record.effect_decimals)
    said = "; ".join(f"{c.title}: {numbers.number(c.est, record.effect_decimals)}" for c in curves)
    note = (
        f"The dot is the estimate, the bar the {ci} interval, the dashed line no effect. "
        f"{_left_out(len(drawable) - len(chosen))}{method_note(record)}"
    )
    figure = Figure(
        id="densities",
        title="Monte Carlo Distributions of Indirect Effects",
        alt=f"Distribution of each indirect effect. {said}.",
        png=drawn.png,
        width=1.0 if len(curves) > 1 else 0.72,
        note=note,
    )
    return Picture(figure, drawn.svg)


def confounding(record: Record) -> Picture | None:
    """Indirect effects along the residual correlation: those that the hypotheses name, else the first."""
    found: Mapping[str, Any] = record.part("model", "sensitivity").get("curves") or {}
    rows = [r for r in shown(record) if f"{r['route']}|{r['level']}" in found]
    chosen = _chosen(record, rows)
    if not chosen:
        return None
    curves = [_along(record, r, found[f"{r['route']}|{r['level']}"]) for r in chosen]
    ci = numbers.confidence(record.confidence)
    drawn = draw_confounding(curves, "Residual correlation of mediator and outcome")
    said = "; ".join(f"{c.title}: {numbers.bounded(c.zero)}" for c in curves)
    figure = Figure(
        id="confounding",
        title="Indirect Effects by the Residual Correlation of Mediator and Outcome",
        alt=f"Indirect effect along the residual correlation. Zero is met at {said}.",
        png=drawn.png,
        width=1.0 if len(curves) > 1 else 0.72,
        note=(
            f"The band is the {ci} interval, the dashed line no effect. The dot marks where the estimate is "
            "zero, the stroke where the interval first holds zero, where that is not at no correlation. "
            f"{_left_out(len(rows) - len(chosen))}".strip()
        ),
    )
    return Picture(figure, drawn.svg)


def heatmap(record: Record) -> Picture | None:
    """Correlations as a heat map; two variables need no picture."""
    found: Mapping[str, Any] = record.part("validate", "correlations")
    names = list(found.get("names") or ())
    if len(names) < 3:
        return None
    lower = found.get("within") or found["total"]
    drawn = draw_heatmap([record.title(n) for n in names], lower, found.get("between"))
    between = bool(found.get("between"))
    figure = Figure(
        id="heatmap",
        title="Correlations Within and Between Clusters" if between else "Correlations",
        alt="Heat map of the correlations that the correlation table lists.",
        png=drawn.png,
        width=width_of(len(names)),
        note="Below the diagonal: within clusters. Above it: between clusters." if between else None,
    )
    return Picture(figure, drawn.svg)


def likert(record: Record) -> list[Picture]:
    """Distribution of answers, one figure a scale, where the frequencies are in the results."""
    items: Mapping[str, Entries] = record.part("validate", "items")
    made = [_likert(record, scale, rows) for scale, rows in items.items()]
    return [picture for picture in made if picture is not None]


def _height(record: Record, level: str) -> int:
    return record.levels.index(level) if level in record.levels else -1


def _band(record: Record, name: str, export: Mapping[str, Any]) -> Band:
    title = markup.plain(column_title(record, name, export))
    received = (title, f"{numbers.count(export.get('received'))} {_unit(export)}")
    kept = ("Kept after screening", f"n = {numbers.count(export.get('kept'))}")
    lost = _loss(record, name, export)
    if export.get("kind") == "roster":
        return Band((received, ("Kept", kept[1])), (lost,)) if lost else Band((received,), ())
    linked = _linked(record, str(export.get("level")))
    if linked is None:
        return Band((received, kept), (lost,))
    return Band((received, kept, linked[0]), (lost, linked[1]))


def _unit(export: Mapping[str, Any]) -> str:
    return "listed" if export.get("kind") == "roster" else "records received"


def _loss(record: Record, name: str, export: Mapping[str, Any]) -> Loss | None:
    reasons = tuple(
        (markup.plain(reason_words(e["reason"])), int(e["n"])) for e in export.get("excluded") or () if e["n"]
    )
    total = record.results.get("derived", {}).get("excluded", {}).get(name, sum(n for _, n in reasons))
    return Loss("Excluded", int(total), reasons) if reasons else None


def _linked(record: Record, level: str) -> tuple[tuple[str, ...], Loss | None] | None:
    """The last box of a band: links to the next level above; losses on the way."""
    found: Mapping[str, Any] = record.part("score", "levels").get(level, {}).get("linked") or {}
    if not found:
        return None
    upper, links = next(iter(found.items()))
    box = (f"Linked to {markup.plain(record.many(upper))}", f"n = {numbers.count(links.get('linked'))}")
    reasons = tuple((_capital(str(e["reason"])), int(e["n"])) for e in links.get("unlinked") or () if e["n"])
    total = record.results.get("derived", {}).get("unlinked", {}).get(level, {}).get(upper)
    lost = Loss("Not linked", int(total or sum(n for _, n in reasons)), reasons) if reasons else None
    return box, lost


def _analysed(record: Record) -> list[str]:
    equations: Mapping[str, Any] = record.part("model", "equations")
    if not equations:
        return []
    told = {outcome: markup.plain(equation_words(record, outcome, e)) for outcome, e in equations.items()}
    if len(set(told.values())) == 1:
        return ["Analysed", *set(told.values())]
    return ["Analysed, by equation", *(f"{record.title(name)}: {words}" for name, words in told.items())]


def _panel(record: Record, rows: Entries, level: str, standardized: bool) -> Panel:
    own = [r for r in rows if r["level"] == level]
    paths = tuple(
        Path(str(r["predictor"]), str(r["outcome"]), r["beta"] if standardized else r["est"], r.get("pvalue"))
        for r in own
    )
    r2 = {
        outcome: float(equation["r2"][level])
        for outcome, equation in record.part("model", "equations").items()
        if outcome not in record.withheld and (equation.get("r2") or {}).get(level) is not None
    }
    return Panel(markup.plain(record.level_words(level)), paths, r2, record.latent)


def _said(panels: Sequence[Panel], titles: Mapping[str, str], standardized: bool) -> str:
    kind = "standardized coefficients" if standardized else "unstandardized coefficients"
    told = [
        f"{panel.title}: "
        + "; ".join(
            f"{titles[p.source]} to {titles[p.target]} {numbers.number(p.value)}" for p in panel.paths
        )
        for panel in panels
    ]
    return f"Path diagram with {kind}. " + ". ".join(told) + "."


def _diagram_note(record: Record, standardized: bool) -> str:
    kind = (
        "Coefficients are standardized at their own level; the width of a line follows their size."
        if standardized
        else "Coefficients are unstandardized."
    )
    caution = (
        "The solution is improper (see the text): the slopes of an outcome whose residual variance is below "
        "zero must not be interpreted. "
        if record.improper
        else ""
    )
    shapes = "Round shapes are latent variables, boxes observed ones. " if record.latent else ""
    return (
        f"{shapes}{kind} {caution}A broken line marks *p* of .05 or more. "
        r"\**p* < .05. \*\**p* < .01. \*\*\**p* < .001."
    )


def _chosen(record: Record, rows: Entries) -> list[Mapping[str, Any]]:
    asked = {str(h["effect"]) for h in record.hypotheses}
    named = [r for r in rows if r["route"] in asked]
    return list(named or rows)[:MOST_CURVES]


def _left_out(n: int) -> str:
    return "Shown are the effects that the hypotheses name; the table has all. " if n > 0 else ""


def _curve(record: Record, r: Mapping[str, Any], density: Mapping[str, Any]) -> Curve:
    level = f"{markup.plain(record.level_words(str(r['level'])))}: " if record.is_clustered else ""
    return Curve(
        title=f"{level}{markup.plain(effect_words(record, r))}",
        x=tuple(density["x"]),
        y=tuple(density["y"]),
        est=float(r["est"]),
        ci_lower=float(r["ci_lower"]),
        ci_upper=float(r["ci_upper"]),
    )


def _along(record: Record, r: Mapping[str, Any], curve: Mapping[str, Any]) -> Along:
    level = f"{markup.plain(record.level_words(str(r['level'])))}: " if record.is_clustered else ""
    points = zip(curve["rho"], curve["est"], curve["ci_lower"], curve["ci_upper"], strict=True)
    known = [point for point in points if None not in point]
    rho, est, lower, upper = (tuple(float(v) for v in column) for column in zip(*known, strict=True))
    return Along(
        title=f"{level}{record.route(str(r['route']), plain=True)}",
        rho=rho,
        est=est,
        ci_lower=lower,
        ci_upper=upper,
        zero=r.get("rho_zero"),
        interval_zero=r.get("rho_interval") or None,
    )


LEFT_OUT = " A safety item is left out where few people gave one of its answers."


def _likert(record: Record, scale: str, rows: Entries) -> Picture | None:
    responses = record.declared.get("instruments", {}).get(scale, {}).get("responses") or {}
    counted = [r for r in rows if r.get("frequencies")]
    if not responses or not counted:
        return None
    shown = [r for r in counted if None not in r["frequencies"].values()]
    if not shown:
        return None
    items = [
        Item(item_name(record, scale, r), {float(k): int(n) for k, n in r["frequencies"].items()})
        for r in shown
    ]
    labels = {float(code): str(label) for code, label in responses.items()}
    drawn = draw_likert(items, labels)
    figure = Figure(
        id=f"{ANSWERS}{scale}",
        title=f"Answers to the Items of {record.label(scale)}",
        alt=f"Share of each answer to the {len(items)} items of {record.title(scale)}.",
        png=drawn.png,
        note="Percentages of those who answered; shares under 5% are drawn without a number."
        + (LEFT_OUT if len(shown) < len(counted) else ""),
    )
    return Picture(figure, drawn.svg)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
