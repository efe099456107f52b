"""Power of the design: for effects of an assumed size, and the smallest effect that it can find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose.references import in_text
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import group, header, row, sentences, spanners, stub
from pipeline.reporting.values import Row, Table


def table(record: Record) -> Table | None:
    """One row an effect and assumed size."""
    rows: Entries = record.part("model", "power").get("rows") or ()
    if not rows:
        return None
    least = f"Least effect for {numbers.bounded(record.part('model', 'power')['target'])}"
    return Table(
        id="power",
        title="Power of This Design",
        header=(
            spanners(2, ("Assumed effect", 2), ("", 1), (least, 2)),
            header("Effect", "Size taken from", "*B*", "β", "Power", "*B*", "β"),
        ),
        body=tuple(_body(record, rows)),
        widths=(3.6, 2.0, 0.9, 0.8, 0.8, 0.9, 0.8),
        general=_note(record, rows),
        alt="Power for each effect of an assumed size, and the smallest effect that the design can find.",
    )


def power_words(value: float) -> str:
    """A power as printed: `.08`, `> .99`, `< .01`."""
    if value < 0.005:
        return "< .01"
    return "> .99" if value > 0.995 else numbers.bounded(value)


def source_words(r: Mapping[str, Any]) -> str:
    """Who named the size."""
    if r.get("kind") == "smallest":
        return f"Smallest of interest, {markup.literal(str(r['source']))}"
    return in_text(str(r["source"])) if r.get("kind") == "published" else numbers.MISSING


def _body(record: Record, rows: Entries) -> list[Row]:
    laid: list[Row] = []
    for level in dict.fromkeys(str(r["level"]) for r in rows):
        if record.is_clustered:
            laid.append(group(record.level_words(level), 7))
        laid += [_row(record, r) for r in rows if r["level"] == level]
    return laid


def _row(record: Record, r: Mapping[str, Any]) -> Row:
    power = r.get("power")
    return row(
        record.route(str(r["effect"])),
        stub(source_words(r)),
        numbers.number(r.get("unstandardized"), 3),
        numbers.number(r.get("standardized"), 3),
        numbers.MISSING if power is None else power_words(power),
        numbers.number(r.get("mde_unstandardized"), 3),
        numbers.number(r.get("mde_standardized"), 3),
        indent=int(record.is_clustered),
    )


def _note(record: Record, rows: Entries) -> str:
    found: Mapping[str, Any] = record.part("model", "power")
    is_two_level = record.is_clustered
    beyond = any(r.get("mde_standardized") is None for r in rows)
    most, target = numbers.bounded(found["most"]), numbers.bounded(found["target"])
    return sentences(
        "Power is the chance that a study of this design finds an effect of the size assumed: that every "
        "slope along its route is significant (joint significance; Fritz & MacKinnon, 2007), which the "
        "Monte Carlo interval follows closely (Fossum & Montoya, 2023). *B* and β are products of slopes "
        "along the route. The size is spread evenly: every arrow has the same standardized slope in "
        "absolute value.",
        "Units, cluster sizes, residual variances and slopes off the route are those of this study, on scale "
        "scores and complete rows; the estimates of the effect itself do not enter.",
        "The formula is for large samples and the model’s two levels; where power is low it errs upwards, by "
        "a few hundredths."
        if is_two_level
        else "The formula takes predictors as fixed, and errs a little upwards in small samples.",
        f"— : no size was declared or published for the effect, or even slopes of β = {most} do not reach a "
        f"power of {target}."
        if beyond
        else "— : no size was declared or published for the effect."
        if any(r.get("power") is None for r in rows)
        else None,
    )
