"""What a platform records beside the answers: consent, previews, moments and seconds.

`ingest` calls this. Nothing is decided here: `screen` reads the columns and says who is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pipeline.exports import Column, Export, code_text, is_identifier, without_identifiers
from pipeline.stages.answers import plain

if TYPE_CHECKING:
    import pandas as pd

_PREVIEW_STATUS = frozenset({"1", "2", "9"})
_PREVIEW_WORDS = ("preview", "test")
FEW = 5


def consent(export: Export, column: str, accept: Sequence[int | str]) -> tuple[pd.Series, str | None]:
    """True, False or missing by row; and, where no answer at all is accepted, what to say of it."""
    import pandas as pd

    answers = export.frame[column]
    wanted = {plain(code_text(answer)) for answer in accept}
    labels = export.columns[column].value_labels
    given = {
        answer: bool(wanted & {plain(code_text(answer)), plain(labels.get(answer, code_text(answer)))})
        for answer in answers.dropna().unique()
    }
    told = None
    if given and not any(given.values()):
        counts = Counter(shown(answer) for answer in answers.dropna())
        listed = ", ".join(f"{answer} ({counted(n, 'row')})" for answer, n in counts.items())
        listed = listed if len(counts) <= FEW else f"{len(counts)} different answers"
        accepted = ", ".join(map(str, accept))
        told = f"none of its answers is one that gives consent ({accepted}): it holds {listed}"
    return pd.Series([given.get(answer) for answer in answers], dtype="boolean"), told


def previews(export: Export) -> pd.Series:
    """Which rows are previews and tests of the survey, by Qualtrics' status and channel."""
    import pandas as pd

    found = pd.Series(False, index=export.frame.index)
    for role, codes in (("status", _PREVIEW_STATUS), ("channel", frozenset[str]())):
        column = export.role(role)
        if column is not None:
            answers = export.frame[column.name]
            test = [answer for answer in answers.dropna().unique() if _is_preview(answer, column, codes)]
            found |= answers.isin(test)
    return found


def attentive(export: Export, checks: Mapping[str, Sequence[int | str]]) -> pd.Series:
    """False for the rows that answered an attention check otherwise than asked; a blank is no failure."""
    import pandas as pd

    passed = pd.Series(True, index=export.frame.index)
    for column, accept in checks.items():
        answers, labels = export.frame[column], export.columns[column].value_labels
        wanted = {plain(code_text(answer)) for answer in accept}
        right = [
            answer
            for answer in answers.dropna().unique()
            if wanted & {plain(code_text(answer)), plain(labels.get(answer, code_text(answer)))}
        ]
        passed &= answers.isna() | answers.isin(right)
    return passed


def moments(export: Export, role: str) -> tuple[list[str | None], str | None]:
    """ISO moments, with the offset of the zone that the export names; and a note on those not read."""
    column = export.role(role)
    if column is None:
        return [None] * len(export.frame), None
    zone, unknown = _zone(column.time_zone)
    answers = export.frame[column.name]
    read = {answer: _moment(answer, zone) for answer in answers.dropna().unique()}
    lost = sum(read[answer] is None for answer in answers.dropna())
    notes = [unknown] if unknown else []
    notes += (
        [f"'{column.name}': {counted(lost, 'moment')} not written as 2024-12-31 09:30:00"] if lost else []
    )
    return [read.get(answer) for answer in answers], "; ".join(notes) or None


def shown(answer: object) -> str:
    """An answer as a message may show it: short, on one line, and never an address or a name."""
    if not isinstance(answer, str):
        return code_text(answer)
    if is_identifier(answer):
        return "(an e-mail, network or telephone address)"
    if not without_identifiers(answer):
        return "(withheld: it may name a person)"
    text = " ".join(answer.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def counted(n: int, noun: str) -> str:
    """A number and what it counts: "1 row", "2 rows"."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _is_preview(answer: Any, column: Column, codes: frozenset[str]) -> bool:
    text = plain(code_text(answer))
    label = plain(column.value_labels.get(answer, ""))
    return text in codes or any(word in spelled for word in _PREVIEW_WORDS for spelled in (text, label))


def _zone(name: str | None) -> tuple[Any, str | None]:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name is None:
        return None, None
    try:
        return ZoneInfo(name), None
    except (ZoneInfoNotFoundError, ValueError):
        return None, f"the time zone '{name}' is not known here, so moments carry none"


def _moment(answer: object, zone: Any) -> str | None:
    try:
        moment = datetime.fromisoformat(str(answer).strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo or zone is None else moment.replace(tzinfo=zone)).isoformat()
