"""Item response models: one table a scale, with parameters and what each item tells along the trait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import drop_empty_columns, header, row, sentences, spanners
from pipeline.reporting.values import Row, Table

PREFIX = "irt_"
PLACES = (-2.0, 0.0, 2.0)
Found = Mapping[str, Any]


def tables(record: Record) -> list[Table]:
    """One table a scale with a model; none where none was asked for."""
    return [_table(record, scale, told) for scale, told in entries(record).items()]


def entries(record: Record) -> dict[str, Found]:
    """Scale -> its model, where there is one."""
    found: Mapping[str, Found | None] = record.part("validate", "irt")
    return {scale: told for scale, told in found.items() if told}


def precise_words(told: Found) -> str:
    """The standings at which a single score is reliable enough, plain: `−2.8 to 2.1`."""
    span: Found | None = told["information"]["precise"]
    if span is None:
        return "nowhere"
    return f"{numbers.number(span['from'], 1)} to {numbers.number(span['to'], 1)}"


def _table(record: Record, scale: str, told: Found) -> Table:
    answers = sorted({float(cut["answer"]) for item in told["items"] for cut in item["thresholds"]})
    cuts = [f"*b*~{k}~" for k in range(1, len(answers) + 1)]
    places = [numbers.number(place, 0) for place in PLACES]
    columns = ("*a*", *cuts, *places)
    over = spanners(2, ("Thresholds", len(cuts)), ("Information at θ of", len(places)))
    body = [_row(told, item, answers) for item in told["items"]]
    return drop_empty_columns(
        Table(
            id=f"{PREFIX}{scale}",
            title=f"Item Response Model of {record.label(scale)}",
            header=(over, header("Item", *columns)),
            body=(*body, _whole(told, len(cuts))),
            widths=(1.6, 1.3, *(1.4 for _ in cuts), *(0.8 for _ in places)),
            general=_note(record, told, len(answers)),
            alt=f"Slopes, thresholds and information of the items of {record.title(scale)}.",
        )
    )


def _row(told: Found, item: Found, answers: list[float]) -> Row:
    cuts = {float(cut["answer"]): cut for cut in item["thresholds"]}
    found = [cuts.get(answer) for answer in answers]
    curve = told["information"]["items"][item["item"]]
    return row(
        markup.literal(str(item["item"])),
        _with_error(item["a"], item["a_se"]),
        *(numbers.MISSING if cut is None else _with_error(cut["b"], cut["b_se"]) for cut in found),
        *(numbers.number(value) for value in _at(told, curve)),
    )


def _whole(told: Found, cuts: int) -> Row:
    empty = [numbers.MISSING] * (cuts + 1)
    return row(
        "All items", *empty, *(numbers.number(value) for value in _at(told, told["information"]["test"]))
    )


def _at(told: Found, curve: list[float]) -> list[float | None]:
    """Values of a curve at the places that the table shows."""
    known = dict(zip(told["information"]["theta"], curve, strict=True))
    return [known.get(place) for place in PLACES]


def _with_error(value: float, error: float) -> str:
    return f"{numbers.number(value)} ({numbers.number(error)})"


def _note(record: Record, told: Found, cuts: int) -> str:
    level = str(told["level"])
    is_graded = told["model"] == "graded response"
    steps = "an answer passes into the next" if cuts > 1 else "the higher answer becomes the likelier one"
    cluster, hidden = told.get("cluster"), told["k"] - len(told["items"])
    return sentences(
        f"{'Graded response model (Samejima, 1969)' if is_graded else 'Two-parameter logistic model'} of "
        f"{numbers.count(told['n'])} {record.many(level)}; standard errors in parentheses. *a*: slope; *b*: "
        f"standing at which {steps}. Standing (θ) has mean 0 and standard deviation 1.",
        f"Marginal reliability {numbers.bounded(told['marginal_reliability'])}; scores by the model (EAP) "
        f"have a reliability of {numbers.bounded(told['empirical_reliability'])} and correlate "
        f"{numbers.bounded(told['eap']['r_with_score'])} with the scale score.",
        f"That {record.many(level)} lie in {record.many(str(cluster))} is ignored: standard errors are too "
        "small."
        if cluster
        else None,
        "A safety item takes part but is not shown, because few people gave one of its answers, nor is one "
        "more item, without which it could be worked out."
        if hidden
        else None,
        *(f"{markup.literal(str(one).capitalize())}." for one in told.get("warnings") or ()),
    )
