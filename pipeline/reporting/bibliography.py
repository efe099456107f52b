"""Works that a report can cite, from `assets/references.json` (CSL-JSON): APA style (7th ed.) and BibTeX.

`prose/references` says which of them a report does cite. Titles may hold <i>...</i>, as CSL allows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

Work = Mapping[str, Any]
FILE = "references.json"
MOST_AUTHORS = 20
BIBTEX_TYPES = {
    "article-journal": "article",
    "book": "book",
    "chapter": "incollection",
    "report": "techreport",
}
BIBTEX_FIELDS = {
    "publisher": "publisher",
    "volume": "volume",
    "issue": "number",
    "edition": "edition",
    "number": "eid",
}
BIBTEX_REPORT = BIBTEX_FIELDS | {"publisher": "institution", "number": "number", "genre": "type"}
SPECIAL = re.compile(r"([&%#_$])")


@cache
def works() -> tuple[Work, ...]:
    """Every work of the file."""
    text = (resources.files("pipeline.reporting") / "assets" / FILE).read_text(encoding="utf-8")
    return tuple(json.loads(text))


def year(work: Work) -> str:
    """The year of publication."""
    return str(work["issued"]["date-parts"][0][0])


def cited_as(work: Work) -> str:
    """The work as a text cites it in brackets: `Bauer & Curran, 2005`, `Imai et al., 2010`."""
    names = [str(author["family"]) for author in work["author"]]
    words = f"{names[0]} et al." if len(names) > 2 else " & ".join(names)
    return f"{words}, {year(work)}"


def apa(work: Work) -> str:
    """The work as a list of references has it, in the report's own markup."""
    link = f" {_link(str(work['DOI']))}" if "DOI" in work else ""
    return f"{_authors(work['author'])} ({year(work)}). {_WHERE[work['type']](work)}{link}"


def bibtex(cited: Iterable[Work], others: Iterable[str]) -> str:
    """A BibTeX file of these works; `others` are references that exist as a text only."""
    entries = [_entry(work) for work in sorted(cited, key=lambda work: str(work["id"]))]
    entries += [_text_entry(number, text) for number, text in enumerate(sorted(others), 1)]
    return "\n".join(entries)


def _authors(people: Sequence[Mapping[str, str]]) -> str:
    """Names turned round; more than 20 are cut to the first 19 and the last."""
    names = [f"{one['family']}, {one['given']}" for one in people]
    if len(names) > MOST_AUTHORS:
        return f"{', '.join(names[: MOST_AUTHORS - 1])}, . . . {names[-1]}"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])}, & {names[-1]}"


def _link(doi: str) -> str:
    """The DOI as an address: printed as it is, its brackets escaped in the target, where markup would end."""
    shown = doi.replace("_", "\\_")
    return f"[https://doi.org/{shown}](https://doi.org/{quote(doi)})"


def _article(work: Work) -> str:
    issue = f"({work['issue']})" if "issue" in work else ""
    where = f"Article {work['number']}" if "number" in work else _pages(work)
    return f"{_sentence(work)} *{work['container-title']}, {work['volume']}*{issue}, {where}."


def _book(work: Work) -> str:
    edition = f" ({work['edition']} ed.)" if "edition" in work else ""
    return f"*{work['title']}*{edition}. {work['publisher']}."


def _chapter(work: Work) -> str:
    place = f"*{work['container-title']}* (pp. {_pages(work)}). {work['publisher']}."
    return f"{_sentence(work)} In {_holders(work)}, {place}"


def _holders(work: Work) -> str:
    """Who made the book that a chapter is in: its editors, or its authors where it is no collection."""
    people = work.get("editor") or work["container-author"]
    names = " & ".join(f"{one['given']} {one['family']}" for one in people)
    role = " (Eds.)" if len(people) > 1 else " (Ed.)"
    return f"{names}{role}" if "editor" in work else names


def _report(work: Work) -> str:
    numbered = f"({work['genre']} No. {work['number']})" if "number" in work else rf"\[{work['genre']}\]"
    publisher = f" {work['publisher']}." if "publisher" in work else ""
    return f"*{work['title']}* {numbered}.{publisher}"


_WHERE = {"article-journal": _article, "book": _book, "chapter": _chapter, "report": _report}


def _sentence(work: Work) -> str:
    title = re.sub(r"</?i>", "*", str(work["title"]))
    return title if title.endswith("?") else f"{title}."


def _pages(work: Work) -> str:
    return str(work["page"]).replace("-", "–")


def _entry(work: Work) -> str:
    fields = {"author": _people(work["author"]), "year": year(work)}
    fields["title"] = f"{{{_tex(str(work['title']))}}}"
    if "container-title" in work:
        holder = "journal" if work["type"] == "article-journal" else "booktitle"
        fields[holder] = _tex(str(work["container-title"]))
    if "editor" in work:
        fields["editor"] = _people(work["editor"])
    names = BIBTEX_REPORT if work["type"] == "report" else BIBTEX_FIELDS
    fields |= {name: _tex(str(work[key])) for key, name in names.items() if key in work}
    if "DOI" in work:  # taken as it is by BibTeX styles
        fields["doi"] = re.sub(r"[{}\\%]", "", str(work["DOI"]))
    if "page" in work:
        fields["pages"] = str(work["page"]).replace("-", "--")
    return _laid(BIBTEX_TYPES[work["type"]], str(work["id"]), fields)


def _text_entry(number: int, text: str) -> str:
    found = re.search(r"\((\d{4})[a-z]?\)", text)
    known = {"year": found.group(1)} if found else {}
    return _laid("misc", f"source_{number}", known | {"note": _tex(text)})


def _laid(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def _people(people: Sequence[Mapping[str, str]]) -> str:
    return " and ".join(_tex(f"{one['family']}, {one['given']}") for one in people)


def _tex(text: str) -> str:
    """Text in which nothing is a command: what TeX reads as one is escaped, braces and backslashes go."""
    plain = re.sub(r"[{}\\^~]", "", text)
    return SPECIAL.sub(r"\\\1", plain).replace("<i>", "\\emph{").replace("</i>", "}")
