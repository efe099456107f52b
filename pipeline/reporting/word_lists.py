"""Lists in Word: each list of a report is one numbering instance, so that numbers start anew in each."""

from __future__ import annotations

from typing import Any

from pipeline.reporting.word_styles import W

_FORMS = {False: ("bullet", "•"), True: ("decimal", "%1.")}


class Lists:
    """The numbering definitions of a document, to which lists are added one by one."""

    def __init__(self, document: Any) -> None:
        self._numbering = _numbering(document)
        self._forms = {ordered: self._define(*form) for ordered, form in _FORMS.items()}

    def add(self, ordered: bool) -> str:
        """Start a list and return the paragraph property that puts a paragraph into it."""
        number = self._free("num", "numId")
        override = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>' if ordered else ""
        self._numbering.append(
            _parsed(
                f'<w:num xmlns:w="{W}" w:numId="{number}"><w:abstractNumId w:val="{self._forms[ordered]}"/>'
                f"{override}</w:num>"
            )
        )
        return f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'

    def _define(self, form: str, text: str) -> int:
        number = self._free("abstractNum", "abstractNumId")
        self._numbering.insert(
            len(self._numbering.findall(f"{{{W}}}abstractNum")),
            _parsed(
                f'<w:abstractNum xmlns:w="{W}" w:abstractNumId="{number}">'
                '<w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/>'
                f'<w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
                '<w:pPr><w:ind w:left="720" w:hanging="360"/></w:pPr></w:lvl></w:abstractNum>'
            ),
        )
        return number

    def _free(self, tag: str, attribute: str) -> int:
        taken = [int(it.get(f"{{{W}}}{attribute}")) for it in self._numbering.findall(f"{{{W}}}{tag}")]
        return max(taken, default=0) + 1


def _numbering(document: Any) -> Any:
    """Return the numbering element; a document without one gets one."""
    from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.parts.numbering import NumberingPart

    part = document.part
    if not any(it.reltype == RELATIONSHIP_TYPE.NUMBERING for it in part.rels.values()):
        element = _parsed(f'<w:numbering xmlns:w="{W}"/>')
        name = PackURI("/word/numbering.xml")
        new = NumberingPart(name, CONTENT_TYPE.WML_NUMBERING, element, part.package)
        part.relate_to(new, RELATIONSHIP_TYPE.NUMBERING)
    return part.numbering_part.element


def _parsed(xml: str) -> Any:
    from docx.oxml import parse_xml

    return parse_xml(xml)
