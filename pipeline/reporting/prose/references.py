"""What a report cites: methods that its texts name, and sources that its declarations name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.reporting import bibliography, markup
from pipeline.reporting.record import Record


@dataclass(frozen=True)
class Cited:
    """What a report cites: methods that its texts name, and the sources that its declarations name."""

    methods: tuple[bibliography.Work, ...]
    sources: tuple[str, ...]


def cited(record: Record, texts: Iterable[str]) -> Cited:
    """Methods literature that these texts cite; published sources of instruments and of effects."""
    everything = "\n".join(texts)
    methods = [work for work in methods_literature() if _is_in(bibliography.cited_as(work), everything)]
    instruments = record.declared.get("instruments", {}).values()
    sources = {str((told.get("source") or {}).get("citation") or "") for told in instruments}
    rows = record.part("model", "power").get("rows") or ()
    sources |= {str(row["source"]) for row in rows if row["kind"] == "published"}
    beside = record.part("validate", "published").values()
    sources |= {str(told["citation"]) for told in beside if told}
    return Cited(tuple(methods), tuple(sorted(filter(_is_reference, sources))))


def references(found: Cited) -> list[str]:
    """The list of references, by author: known works in APA style, other sources as they are declared."""
    methods = {bibliography.apa(work) for work in found.methods}
    return sorted(methods | {_listed(words) for words in found.sources}, key=by_author)


def by_author(reference: str) -> tuple[str, str]:
    """Where a reference stands in the list: letter by letter, whatever its case and accents (APA, 9.44)."""
    letters = unicodedata.normalize("NFKD", reference.replace("& ", "")).casefold()
    return "".join(one for one in letters if not unicodedata.combining(one)), reference


def bibtex(found: Cited) -> str:
    """The same as BibTeX; a source that is no known work is a note."""
    known = {source: _work(source) for source in found.sources}
    works = {str(work["id"]): work for work in (*found.methods, *known.values()) if work is not None}
    return bibliography.bibtex(works.values(), [source for source, work in known.items() if work is None])


def methods_literature() -> tuple[bibliography.Work, ...]:
    """Works that are looked for in the texts; those of instruments are cited by their definitions."""
    return tuple(work for work in bibliography.works() if "method" in work["categories"])


def in_text(citation: str) -> str:
    """A reference as the text cites it (`Bliese et al., 2002`); what is no reference stays as it is."""
    if not _is_reference(citation):
        return markup.literal(citation)
    authors, year = re.split(r"\s*\((?=\d{4})", citation, maxsplit=1)
    names = re.findall(r"([^,&]+),(?: ?[^\W\d_]\.-?)+", authors)
    if not names:
        return markup.literal(citation)
    cited = [name.strip(" ,&") for name in names]
    words = f"{cited[0]} et al." if len(cited) > 2 else " & ".join(cited)
    return markup.literal(f"{words}, {year[:4]}")


def _is_in(key: str, text: str) -> bool:
    author, _, year = key.rpartition(", ")
    return key in text or f"{author} ({year})" in text


def _listed(source: str) -> str:
    known = _work(source)
    return markup.literal(source) if known is None else bibliography.apa(known)


def _work(source: str) -> bibliography.Work | None:
    """The work whose title and year a source names."""
    named = (w for w in bibliography.works() if str(w["title"]) in source and bibliography.year(w) in source)
    return next(named, None)


def _is_reference(words: str) -> bool:
    """Whether a source is something published: an author, then a year."""
    return bool(re.match(r"[^()]+, [^()]+\(\d{4}[a-z]?\)", words))
