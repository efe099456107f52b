"""Sentences on single items: item response models, differential functioning, published loadings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables import differential, item_response, published
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.invariance import over

SIGNIFICANT = 0.05
Found = Mapping[str, Any]


def item_response_models(record: Record) -> list[str]:
    """What the models say, how precise scores are, and over which standings."""
    found = item_response.entries(record)
    if not found:
        return []
    about = (
        "An item response model asks how an answer depends on a person’s standing on the scale (θ, with "
        "mean 0 and standard deviation 1). Information says how precisely a standing can be told: the "
        "standard error there is 1 / √information, and an information of 4 goes with a reliability of .80."
    )
    return [about, f"{_reliabilities(record, found)} {_precise(record, found)}"]


def differential_functioning(record: Record) -> list[str]:
    """Which items work differently over which groups, and how large that is."""
    return [_differential(record, told) for told in differential.entries(record)]


def congruence_with_published(record: Record) -> list[str]:
    """Whether the factors are those of the literature."""
    return [published.words(record, scale, told) for scale, told in published.entries(record).items()]


def _reliabilities(record: Record, found: Mapping[str, Found]) -> str:
    told = listed(
        f"{numbers.bounded(one['marginal_reliability'])} for {record.phrase(scale)}"
        for scale, one in found.items()
    )
    return f"Marginal reliability, the mean over all standings (Green et al., 1984), is {told}."


def _precise(record: Record, found: Mapping[str, Found]) -> str:
    """Where single scores are reliable; the curves end three standard deviations from the mean."""
    told = listed(
        f"{item_response.precise_words(one)} in {record.phrase(scale)}" for scale, one in found.items()
    )
    return f"Between standings of −3 and 3, single scores have a reliability of .80 or more at these: {told}."


def _differential(record: Record, told: Found) -> str:
    what = f"{record.label(str(told['scale']))} over {over(record, told)}"
    clear = [one for one in told["items"] if one["p_holm"] < SIGNIFICANT]
    sized = [one for one in clear if one["size"] != "negligible"]
    most = max(told["items"], key=lambda one: float(one["r2_change"]))
    if sized:
        names = listed(
            f"{markup.literal(str(one['item']))} ({one['size']}, Δ*R*² = "
            f"{numbers.bounded(one['r2_change'], 3)})"
            for one in sized
        )
        return f"{what}: at the same standing the groups answer differently to {names}."
    largest = f"the largest Δ*R*² is {numbers.bounded(most['r2_change'], 3)} ({markup.literal(most['item'])})"
    if clear:
        names = listed(markup.literal(str(one["item"])) for one in clear)
        return f"{what}: the groups differ on {names} by more than chance, but by little; {largest}."
    return f"{what}: no item works differently by more than chance would give; {largest}."
