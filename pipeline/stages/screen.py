"""Who is left out, by which rule, and how many: the stage between the raw rows and their scores.

The plan calls `screen`; it reads the ingested frames and writes the rows kept, each exclusion with its
reason, and the counts. The rules are applied in the order of `RULES` and a row is excluded by the first
that applies, so that received = kept + excluded for every export. Rosters hold no answers: only a second
row of the same id is left out of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.stages.artefacts import Workspace, read_frame, write_frame, write_json
from pipeline.study import LoadedStudy, Screening

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class PrintedItem:
    """An item as the respondent met it.

    `codes` are those of its response set in ascending order; `turned` says that the highest of them
    stands where the lowest stands for other items. `worded` is the scale and the direction of the wording.
    """

    column: str
    codes: tuple[int, ...]
    turned: bool
    worded: tuple[str, bool]


@dataclass(frozen=True)
class Form:
    """What screening has to know of an export. `answers` are the columns that count as answers."""

    level: str
    kind: str
    identified: bool
    consent: bool
    items: tuple[PrintedItem, ...]
    answers: tuple[str, ...]
    attention: bool = False


@dataclass(frozen=True)
class Rule:
    """A reason, the exports that it can apply to, and the rows that it leaves out."""

    reason: str
    on: Callable[[Screening], bool]
    applies: Callable[[Form], bool]
    find: Callable[[pd.DataFrame, Form, Screening], pd.Series[bool]]
    text: Callable[[Screening], str]


@dataclass(frozen=True)
class Screened:
    """Rows kept, and (row number, reason) of those left out; `counts` has every rule that was applied."""

    kept: pd.DataFrame
    excluded: tuple[tuple[int, str], ...]
    counts: Mapping[str, int]


def screen(study: LoadedStudy, workspace: Workspace) -> None:
    """Apply the rules of screening to every export and write what is kept, what is not, and why."""
    screened: dict[str, Screened] = {}
    results: dict[str, dict[str, Any]] = {}
    for name in study.declared.exports:
        form, frame = form_of(study, name), read_frame(workspace.build / "ingest" / f"{name}.parquet")
        screened[name] = screen_rows(frame, form, study.declared.screening)
        write_frame(workspace.build / "screen" / f"{name}.parquet", screened[name].kept)
        results[name] = _result(frame, form, screened[name], study.declared.screening)
    write_frame(workspace.build / "screen" / "exclusions.parquet", _exclusions(study, screened))
    write_json(
        workspace.build / "screen" / "screen.json",
        {
            "exports": results,
            "levels": _by_level(results),
            "rules": _rules_in_words(study),
        },
    )


def inputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The ingested frames."""
    return tuple(workspace.build / "ingest" / f"{name}.parquet" for name in study.declared.exports)


def outputs(study: LoadedStudy, workspace: Workspace) -> tuple[Path, ...]:
    """The rows kept of each export, the exclusions, the counts."""
    names = [*(f"{name}.parquet" for name in study.declared.exports), "exclusions.parquet", "screen.json"]
    return tuple(workspace.build / "screen" / name for name in names)


def declared(study: LoadedStudy) -> Mapping[str, object]:
    """Rules, exports and the items as printed: nothing else changes who is left out."""
    forms = {name: form_of(study, name) for name in study.declared.exports}
    return {
        "screening": study.declared.screening.model_dump(mode="json"),
        "exports": {
            name: [form.level, form.kind, form.identified, form.consent, form.attention]
            for name, form in forms.items()
        },
        "items": {
            name: [[item.column, item.codes, item.turned, item.worded] for item in form.items]
            for name, form in forms.items()
        },
        "answers": {name: form.answers for name, form in forms.items()},
    }


def form_of(study: LoadedStudy, export: str) -> Form:
    """An export as screening sees it: scales in declared order, items by number, no column twice."""
    told = study.declared.exports[export]
    items: dict[str, PrintedItem] = {}
    ready: list[str] = []
    for scale, where in study.declared.scales.items():
        if where.export == export and where.score is not None:
            ready.append(scale)
        elif where.export == export:
            for item, column in study.columns(scale).items():
                items.setdefault(column, _printed(study, scale, item))
    printed = tuple(items.values())
    answers = tuple(item.column for item in printed) or tuple(ready)
    return Form(
        told.level,
        told.kind,
        told.id is not None,
        told.consent is not None,
        printed,
        answers,
        bool(told.attention),
    )


def screen_rows(frame: pd.DataFrame, form: Form, screening: Screening) -> Screened:
    """Leave rows out by each rule that is on and applies to the form, in the order of `RULES`."""
    kept, excluded, counts = frame, list[tuple[int, str]](), dict[str, int]()
    for rule in RULES:
        if rule.on(screening) and rule.applies(form):
            found = rule.find(kept, form, screening)
            excluded += [(int(row), rule.reason) for row in kept.loc[found, "_row"]]
            counts[rule.reason] = int(found.sum())
            kept = kept.loc[~found]
    return Screened(kept.reset_index(drop=True), tuple(sorted(excluded)), counts)


def longest_runs(
    frame: pd.DataFrame, items: Sequence[PrintedItem]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Longest run of one answer in each row: of any kind, and of those that cannot well be honest.

    Answers are compared by their place on the page (leftmost, second, ...) in the order of the items; an
    item left blank neither lengthens nor ends a run (long-string index; Johnson, 2005). A run within the
    items of one scale that are worded in one direction can be honest, someone may agree with all of them,
    so the second number only counts runs that take in two scales or both directions (Curran, 2016).
    """
    import numpy as np

    rows = len(frame)
    place, length, start = np.full(rows, np.nan), np.zeros(rows, int), np.zeros(rows, int)
    mixed, longest, suspect = np.zeros(rows, bool), np.zeros(rows, int), np.zeros(rows, int)
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(item.worded for item in items))}
    for item in items:
        here, kind = _place(frame[item.column], item), kinds[item.worded]
        answered = ~np.isnan(here)
        same = answered & (here == place)
        new = answered & ~same
        length = np.where(new, 1, length + same)
        start = np.where(new, kind, start)
        mixed = ~new & (mixed | (same & (start != kind)))
        place = np.where(answered, here, place)
        longest = np.maximum(longest, length)
        suspect = np.where(mixed, np.maximum(suspect, length), suspect)
    return longest, suspect


def _printed(study: LoadedStudy, scale: str, item_id: str) -> PrintedItem:
    instrument, where = study.instruments[scale], study.declared.scales[scale]
    item = instrument.item(item_id)
    codes = tuple(sorted(instrument.responses(item_id)))
    turned = item.printed_reversed or item_id in where.already_reversed
    return PrintedItem(f"{scale}.{item_id}", codes, turned, (scale, item.reverse))


def _place(answers: pd.Series[float], item: PrintedItem) -> np.ndarray[Any, Any]:
    import numpy as np

    codes = answers.to_numpy(dtype=float)
    places = np.searchsorted(np.array(item.codes, dtype=float), codes).astype(float)
    places[np.isnan(codes)] = np.nan
    return len(item.codes) - 1 - places if item.turned else places


def _answered(frame: pd.DataFrame, form: Form) -> pd.Series[int]:
    return frame[list(form.answers)].notna().sum(axis="columns")


def _true(flags: pd.Series[Any]) -> pd.Series[bool]:
    return flags.astype("boolean").fillna(value=False).astype(bool)


def _previews(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:  # noqa: ARG001
    return _true(frame["_preview"])


def _without_consent(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:  # noqa: ARG001
    return ~_true(frame["_consent"])


def _inattentive(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:  # noqa: ARG001
    return ~_true(frame["_attention"])


def _without_answers(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:  # noqa: ARG001
    return _answered(frame, form) == 0


def _too_few_answers(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:
    from pipeline.psychometrics.scoring import answers_needed

    return _answered(frame, form) < answers_needed(len(form.answers), screening.minimum_answered or 0.0)


def _duplicates(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:  # noqa: ARG001
    ids = frame["_id"]
    again = ids.duplicated(keep="last") if screening.duplicates == "last" else ids.duplicated(keep="first")
    return again & ids.notna()


def _straight_lining(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:
    import pandas as pd

    _, suspect = longest_runs(frame, form.items)
    return pd.Series(suspect >= (screening.longest_run or 0), index=frame.index)


def _speeding(frame: pd.DataFrame, form: Form, screening: Screening) -> pd.Series[bool]:
    answered = frame[[item.column for item in form.items]].notna().sum(axis="columns")
    return frame["_seconds"].astype(float) < (screening.seconds_per_item or 0.0) * answered


ATTENTION = "attention check failed"
RULES: tuple[Rule, ...] = (
    Rule(
        "preview or test",
        lambda screening: screening.previews,
        lambda form: form.kind == "survey",
        _previews,
        lambda _: "the platform marks the row as a preview or a test",
    ),
    Rule(
        "no consent",
        lambda _: True,
        lambda form: form.kind == "survey" and form.consent,
        _without_consent,
        lambda _: "the question about consent is not answered by one of the answers that give it",
    ),
    Rule(
        ATTENTION,
        lambda _: True,
        lambda form: form.attention,
        _inattentive,
        lambda _: "an attention check is answered otherwise than it asks; a blank is no failure",
    ),
    Rule(
        "no answers",
        lambda screening: screening.minimum_answered is not None,
        lambda form: form.kind == "survey" and bool(form.answers),
        _without_answers,
        lambda _: "none of the export's items is answered",
    ),
    Rule(
        "too few answers",
        lambda screening: screening.minimum_answered is not None,
        lambda form: form.kind == "survey" and bool(form.answers),
        _too_few_answers,
        lambda screening: f"fewer than {screening.minimum_answered:.0%} of the export's items are answered",
    ),
    Rule(
        "duplicate",
        lambda screening: screening.duplicates != "keep",
        lambda form: form.identified,
        _duplicates,
        lambda screening: (
            f"another row that the rules above leave has the same id; the {screening.duplicates} in the "
            "file is kept; rows without an id are never duplicates"
        ),
    ),
    Rule(
        "straight-lining",
        lambda screening: screening.longest_run is not None,
        lambda form: form.kind == "survey" and bool(form.items),
        _straight_lining,
        lambda screening: (
            f"{screening.longest_run} or more answers in a row stand in the same place on the page (blanks "
            "skipped), over two scales or over items worded in both directions; within the items of one "
            "scale that are worded in one direction the same answer throughout can be honest"
        ),
    ),
    Rule(
        "speeding",
        lambda screening: screening.seconds_per_item is not None,
        lambda form: form.kind == "survey" and bool(form.items),
        _speeding,
        lambda screening: f"fewer than {screening.seconds_per_item:g} seconds an answered item",
    ),
)


def _result(frame: pd.DataFrame, form: Form, screened: Screened, screening: Screening) -> dict[str, Any]:
    notes = _notes(screened.kept, form, screening) if form.kind == "survey" else []
    return {
        "level": form.level,
        "kind": form.kind,
        "received": len(frame),
        "excluded": [{"reason": reason, "n": n} for reason, n in screened.counts.items()],
        "kept": len(screened.kept),
        "without_id": int(screened.kept["_id"].isna().sum()),
        "items": len(form.items),
        "notes": notes,
    }


def _notes(kept: pd.DataFrame, form: Form, screening: Screening) -> list[str]:
    notes = _run_notes(kept, form, screening.longest_run) if screening.longest_run and form.items else []
    untimed = int(kept["_seconds"].isna().sum())
    if screening.seconds_per_item is not None and form.items and untimed:
        notes.append(f"speeding could not be judged in {untimed} of {len(kept)} rows: no time was recorded")
    if screening.duplicates != "keep" and not form.identified:
        notes.append("duplicates could not be looked for: the export has no id")
    if not form.answers:
        notes.append("the study takes no items from this export: rows were not screened by their answers")
    return notes


def _run_notes(kept: pd.DataFrame, form: Form, limit: int) -> list[str]:
    if len(form.items) < limit:
        return [f"straight-lining cannot be seen: {len(form.items)} items are fewer than a run of {limit}"]
    if len({item.worded for item in form.items}) == 1:
        return ["straight-lining cannot be seen: the items are one scale's, all worded in one direction"]
    longest, _ = longest_runs(kept, form.items)
    alike = int((longest >= limit).sum())
    block = max(_blocks(form.items))
    notes = [f"{alike} rows kept: {limit} or more like answers, all to one scale worded in one direction"]
    if block >= limit:
        notes.append(
            f"a run of {limit} is short here: one scale has {block} items in a row worded in one direction, "
            f"and an honest run may go on beyond them; consider a longer one"
        )
    return notes if alike else notes[1:]


def _blocks(items: Sequence[PrintedItem]) -> list[int]:
    lengths = [1]
    for before, item in pairwise(items):
        lengths = [*lengths[:-1], lengths[-1] + 1] if item.worded == before.worded else [*lengths, 1]
    return lengths


def _exclusions(study: LoadedStudy, screened: Mapping[str, Screened]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (export, study.declared.exports[export].level, row, reason)
        for export, result in screened.items()
        for row, reason in result.excluded
    ]
    columns = {"export": "str", "level": "str", "row": "int64", "reason": "str"}
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _by_level(results: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    levels: dict[str, dict[str, Any]] = {}
    for result in (result for result in results.values() if result["kind"] == "survey"):
        level = levels.setdefault(result["level"], {"received": 0, "excluded": [], "kept": 0})
        counts = {entry["reason"]: entry["n"] for entry in level["excluded"]}
        for entry in result["excluded"]:
            counts[entry["reason"]] = counts.get(entry["reason"], 0) + entry["n"]
        order = [rule.reason for rule in RULES if rule.reason in counts]
        level["received"] += result["received"]
        level["kept"] += result["kept"]
        level["excluded"] = [{"reason": reason, "n": counts[reason]} for reason in order]
    return levels


def _rules_in_words(study: LoadedStudy) -> dict[str, dict[str, Any]]:
    screening = study.declared.screening
    attention = any(export.attention for export in study.declared.exports.values())
    return {
        rule.reason: {"on": rule.on(screening), "rule": rule.text(screening) if rule.on(screening) else None}
        for rule in RULES
        if attention or rule.reason != ATTENTION
    }
