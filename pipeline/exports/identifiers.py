"""Which columns identify a person directly: by header, and by what is in them.

`read_export` marks them; `stages/ingest` drops them. The patterns err on the side of dropping: a column
that a study names as an item is refused only where `never_an_answer` or its contents say so.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.exports.export import Export
from pipeline.exports.frame import Resting

if TYPE_CHECKING:
    import pandas as pd

_PLATFORM = re.compile(
    "ipaddr(ess)?|recipient(email|firstname|lastname)|external(reference|datareference|data)"
    "|location(latitude|longitude)|emailaddress|deviceid|subscriberid|simid|simserial|imei|phonenumber"
    "|redcapsurveyidentifier|refurl"
)
_WHOLE = re.compile(
    "ip|name|(your)?e?mail|phone|telephone|mobile|cell|latitude|longitude|address|street|username|nickname"
    "|initials|(first|last|full|given|family)name|surname|post(al)?code|zip(code)?|dob|(date|year)ofbirth"
    "|birthdate|birthday|ssn|mrn|nhsnumber|passport|gps|geopoint|macaddress|imei|useragent|advertisingid"
    "|vorname|nachname|geburtsdatum|telefon(nummer)?|anschrift|strasse|plz|nom|prenom|courriel|adresse"
    "|datedenaissance|nombres?|apellidos?|correo(electronico)?|telefono|fechadenacimiento|direccion"
)
_PART = frozenset(
    {"email", "phone", "telephone", "surname", "firstname", "lastname", "latitude", "longitude", "birthdate"}
)
_PERSON = frozenset({"first", "last", "full", "given", "family", "client", "staff", "participant", "your"})
_BIRTH = re.compile(r"(date|day|month)(of)?birth|birth(date|day|month)|born(on|date)|whenwereyouborn")

_ADDRESSES = (
    re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}"),
    re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"),
    re.compile(r"(?=.*::|(?:[^:]*:){7})[0-9a-fA-F:]{2,39}(?:%\w+|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?"),
    re.compile(r"\+[0-9][0-9 ()./-]{5,20}[0-9]|\([0-9]{2,5}\)[0-9 ./-]{4,15}[0-9]"),
    re.compile(r"[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}|0[0-9]{2,4}[ /][0-9]{3}[0-9 ]{2,8}"),
)
_DEVICES = (
    re.compile(r"(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}"),
    re.compile(r"collect:[A-Za-z0-9]{8,}|ee\.\S+:[A-Za-z0-9]{8,}"),
    re.compile(r"-?[0-9]{1,2}\.[0-9]{3,},?\s+-?[0-9]{1,3}\.[0-9]{3,}(?:\s+-?[0-9.]+){0,2}"),
    re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"),
)
_WITHIN = (
    re.compile(r"[^@\s]@[^@\s]+\.[A-Za-z]{2,}"),
    re.compile(r"(?<![\d.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\d.])"),
    re.compile(r"\+[0-9][0-9 ()./-]{6,20}[0-9]|(?<!\d)[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}(?!\d)"),
    re.compile(r"(?<!\d)0[0-9]{2,4}[ /-][0-9]{3}[0-9 ]{2,8}"),
)
_NAME = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?[A-Z][a-zà-ÿ'’-]+(?: [A-Z]\.?)?(?: (?:van|von|de|da|del|der|di|la))*"
    r"(?: [A-Z][A-Za-zà-ÿ'’-]+){1,2}"
)
_DATE = re.compile(
    r"(?:(\d{4})[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}))(?:[ T]00:00(?::00)?)?"
)
SEEN = 500
FEWEST_NAMES = 3
MOST_LABELS = 11
BIRTH_SPAN = 10


def mark_identifiers(export: Export) -> Export:
    """Mark the columns that identify a person by their header or their contents."""
    columns = {
        name: replace(column, kind="identifier")
        if column.role is None and column.kind != "multiple" and _identifies(name, export.frame.held[name])
        else column
        for name, column in export.columns.items()
    }
    return replace(export, columns=columns)


def holds_identifiers(values: pd.Series, share: float = 0.5) -> bool:
    """Whether at least a share of a text column's answers identify people.

    They do where they are addresses, telephone numbers, places on the map or devices; where nearly every
    one is another name of a person; and where they are days that lie years apart, as days of birth do.
    """
    if values.dtype != object:
        return False
    seen = [str(value) for value in values.dropna().unique()[:SEEN].tolist()]
    return _identify(seen, int(values.notna().sum()), share)


def _identify(seen: list[str], answers: int, share: float) -> bool:
    """Whether different texts identify people; `answers` counts those that recur as well."""
    if not seen:
        return False
    if sum(map(is_identifier, seen)) >= share * len(seen):
        return True
    if sum(any(found.search(text) for found in _WITHIN) for text in seen) >= share * len(seen):
        return True
    return _are_names(seen, answers) or _are_births(seen)


def is_identifier(text: str) -> bool:
    """Whether a text is an e-mail, network or telephone address, a place on the map or a device."""
    text = text.strip()
    return len(text) <= 254 and any(pattern.fullmatch(text) for pattern in (*_ADDRESSES, *_DEVICES))


def without_identifiers(text: str) -> bool:
    """Whether a text may be shown: no address in it, and not written as a person's name is."""
    text = text.strip()
    return not (is_identifier(text) or any(found.search(text) for found in _WITHIN) or _NAME.fullmatch(text))


def never_an_answer(header: str) -> bool:
    """Whether a header is one that platforms give to identifiers alone."""
    return _PLATFORM.fullmatch("".join(_words(header))) is not None


def _identifies(header: str, column: Resting) -> bool:
    if _named_so(header):
        return True
    return column.is_text and _identify([*map(str, column.different(SEEN))], column.answered(), 0.5)


def _are_names(seen: list[str], answers: int) -> bool:
    """Many names, or nearly every cell another one: labels of answers are few and recur."""
    recurring = answers <= SEEN and len(seen) < 0.8 * answers
    if len(seen) < FEWEST_NAMES or (recurring and len(seen) <= MOST_LABELS):
        return False
    return sum(bool(_NAME.fullmatch(text.strip())) for text in seen) >= 0.8 * len(seen)


def _are_births(seen: list[str]) -> bool:
    """Days without a time of day, over more than ten years: no survey is in the field that long."""
    found = [_DATE.fullmatch(text.strip()) for text in seen]
    years = [int(match.group(1) or match.group(2)) for match in found if match]
    return len(years) >= 0.8 * len(seen) and len(years) > 1 and max(years) - min(years) > BIRTH_SPAN


def _named_so(header: str) -> bool:
    words = _words(header)
    joined = "".join(words)
    if _PLATFORM.fullmatch(joined) or _WHOLE.fullmatch(joined) or _PART.intersection(words):
        return True
    if _BIRTH.search(joined):
        return True
    return words[-1:] == ["name"] and bool(_PERSON.intersection(words))


def _words(header: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode()
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).lower())
