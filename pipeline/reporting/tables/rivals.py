"""The hypothesised path and its rivals: other orders of the same variables, with their likelihoods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import count, group, header, row, sentences, stub
from pipeline.reporting.values import Row, Table

COLUMNS = ("Parameters", "*df*", "Log-likelihood", "AIC", "BIC", "Fit beside the path")
VERDICTS = {
    "equal": "Equal",
    "better": "Better",
    "worse": "Worse",
    "mixed": "AIC and BIC disagree",
    "not compared": "Not compared",
}


def table(record: Record) -> Table | None:
    """One row an order, the arrows of each below its name; None where no rival is declared."""
    orders: Entries = record.part("model", "rivals") or ()
    if not orders:
        return None
    return Table(
        id="rivals",
        title="The Hypothesized Path and Its Rivals",
        header=(
            header("Order", "Parameters", "*df*", "Log-likelihood", "AIC", "BIC", "Fit beside the path"),
        ),
        body=tuple(one for order in orders for one in _body(record, order)),
        widths=(3.2, 1.1, 0.6, 1.5, 1.4, 1.4, 1.6),
        general=_note(orders),
        alt="Log-likelihood, AIC and BIC of the hypothesized path and of other orders of its variables.",
    )


def order_name(order: Mapping[str, Any]) -> str:
    """What an order is called."""
    if order["against"] is None:
        return "Hypothesized path"
    title = f": {markup.literal(str(order['title']))}" if order.get("title") else ""
    return f"{markup.literal(str(order['name']))}{title}"


def _body(record: Record, order: Mapping[str, Any]) -> list[Row]:
    arrows = "; ".join(record.route(ARROW.join((str(a), str(b)))) for a, b in order["edges"])
    against = order["against"]
    numbers_of = row(
        arrows,
        count(order.get("npar")),
        count(order.get("df")),
        numbers.number(order.get("logl")),
        numbers.number(order.get("aic")),
        numbers.number(order.get("bic")),
        stub(VERDICTS[str(against)] if against else numbers.MISSING),
        indent=1,
    )
    return [group(order_name(order), 7), numbers_of]


def _note(orders: Entries) -> str:
    reasons = [
        f"{order_name(order)} is not compared: {markup.literal(str(order['reason']))}."
        for order in orders
        if order.get("reason")
    ]
    return sentences(
        "All orders are fitted by maximum likelihood to the same variables and rows. Equal: the same "
        "likelihood with as many parameters; no data of these variables can tell the two apart. Better and "
        "worse: by both AIC and BIC.",
        *reasons,
    )
