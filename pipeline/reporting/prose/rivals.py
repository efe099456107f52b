"""Sentences on other orders of the path's variables: which the data can tell apart, and which not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Entries, Record
from pipeline.reporting.tables.build import listed


def rivals(record: Record) -> list[str]:
    """One sentence a kind of outcome, equal fit first."""
    orders: Entries = record.part("model", "rivals") or ()
    if not orders or orders[0].get("logl") is None:
        return []
    others = orders[1:]
    equal = [_named(one) for one in others if one["against"] == "equal"]
    told = [_equal(equal)] if equal else []
    told += [_apart(one) for one in others if one["against"] in {"better", "worse", "mixed"}]
    return [" ".join(told)] if told else []


def _equal(names: list[str]) -> str:
    fits, it = ("fits", "it") if len(names) == 1 else ("fit", "them")
    return (
        f"{listed(names)} {fits} exactly as well as the hypothesized path: the data cannot tell {it} from "
        "it, and the order of the variables stays an assumption."
    )


def _apart(one: Mapping[str, Any]) -> str:
    words = {
        "better": "fits better than the hypothesized path",
        "worse": "fits worse than the hypothesized path",
        "mixed": "fits better than the hypothesized path by one criterion and worse by the other",
    }[str(one["against"])]
    aic, bic = (numbers.number(one[f"{name}_difference"]) for name in ("aic", "bic"))
    return f"{_named(one)} {words} (AIC differs by {aic}, BIC by {bic})."


def _named(one: Mapping[str, Any]) -> str:
    title = f" ({markup.literal(str(one['title']))})" if one.get("title") else ""
    return f"{markup.literal(str(one['name']))}{title}"
