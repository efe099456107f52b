"""Which columns identify a person directly: by header, and by what is in them.

`read_export` marks them; `stages/ingest` drops them. The patterns err on the side of dropping: a column
that a study names as an item is refused only where `never_an_answer` or its contents say so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.exports.export import Export

if TYPE_CHECKING:
    import pandas as pd

_PLATFORM = re.compile(
    "ipaddr(ess)?|recipient(email|firstname|lastname)|external(reference|datareference|data)"
    "|location(latitude|longitude)|emailaddress|deviceid|subscriberid|simid|simserial|imei|phonenumber"
    "|redcapsurveyidentifier|refurl"
)
_WHOLE = re.compile(
    "ip|name|e?mail|phone|telephone|mobile|cell|latitude|longitude|address|street|username|nickname|initials"
    "|(first|last|full|given|family)name|surname|post(al)?code|zip(code)?|dob|dateofbirth|birthdate|birthday"
    "|ssn|mrn|nhsnumber|passport|gps|geopoint"
)
_PART = frozenset(
    {"email", "phone", "telephone", "surname", "firstname", "lastname", "latitude", "longitude"}
)
_PERSON = frozenset({"first", "last", "full", "given", "family", "client", "staff", "participant", "your"})

_CONTENTS = (
    re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}"),
    re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"),
    re.compile(r"(?=.*::|(?:[^:]*:){7})[0-9a-fA-F:]{2,39}(?:%\w+|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?"),
    re.compile(r"\+[0-9][0-9 ()./-]{5,20}[0-9]|\([0-9]{2,5}\)[0-9 ./-]{4,15}[0-9]"),
    re.compile(r"[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}|0[0-9]{2,4}[ /][0-9]{3}[0-9 ]{2,8}"),
)


def mark_identifiers(export: Export) -> Export:
    """Mark the columns that identify a person by their header or their contents."""
    columns = {
        name: replace(column, kind="identifier")
        if column.role is None and (_named_so(name) or holds_identifiers(export.frame[name]))
        else column
        for name, column in export.columns.items()
    }
    return replace(export, columns=columns)


def holds_identifiers(values: pd.Series, share: float = 0.5) -> bool:
    """Whether at least a share of a text column's answers are e-mail, network or telephone addresses."""
    if values.dtype != object:
        return False
    seen = values.dropna().unique()[:500].tolist()
    return bool(seen) and sum(map(is_identifier, seen)) >= share * len(seen)


def is_identifier(text: str) -> bool:
    """Whether a text is an e-mail, network or telephone address."""
    text = text.strip()
    return len(text) <= 254 and any(pattern.fullmatch(text) for pattern in _CONTENTS)


def never_an_answer(header: str) -> bool:
    """Whether a header is one that platforms give to identifiers alone."""
    return _PLATFORM.fullmatch("".join(_words(header))) is not None


def _named_so(header: str) -> bool:
    words = _words(header)
    joined = "".join(words)
    if _PLATFORM.fullmatch(joined) or _WHOLE.fullmatch(joined) or _PART.intersection(words):
        return True
    return words[-1:] == ["name"] and bool(_PERSON.intersection(words))


def _words(header: str) -> list[str]:
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).lower())
