"""The Word reference document: APA 7 styles under the names that `word` sets text in.

`reports/templates/reference.docx` is what `reference_bytes` returns. A university's template may take its
place: styles are found by name, and those that a template lacks are added from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMES = (
    "Normal",
    "Body Text",
    "Bibliography",
    "Title",
    "Subtitle",
    "Author",
    "heading 1",
    "heading 2",
    "heading 3",
    "caption",
    "Caption Number",
    "Caption Title",
    "Table Text",
    "Table Note",
    "Picture",
    "List Bullet",
    "List Number",
    "Notice",
    "Notice Warning",
    "Details",
    "Data Banner",
    "header",
    "footer",
    "Hyperlink",
)


class TemplateFileError(ValueError):
    """A file that is to give the styles and is no Word document."""


def open_reference(path: Path | None) -> Any:
    """Open a template, emptied of its text; without one, the project's own styles on US Letter paper."""
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(str(path)) if path else _generated()
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise TemplateFileError(
            "this is no Word document; save the template from Word as .docx, not as .dotx or .doc"
        ) from error
    for element in list(document.element.body):
        if not element.tag.endswith("}sectPr"):
            document.element.body.remove(element)
    _add_missing_styles(document)
    return document


def style_ids(document: Any) -> Mapping[str, str]:
    """Return the id of each style that the writer uses, by its English name in lower case."""
    styles = {it.name.lower(): it.style_id for it in _raw_styles(document)}
    return {name.lower(): styles[name.lower()] for name in NAMES}


def body_text(document: Any) -> tuple[float, float]:
    """Return the size of running text in points and its line spacing in single lines, from the styles."""
    identifier = style_ids(document)["body text"]
    style = next(it for it in document.styles if it.style_id == identifier)
    size, spacing = None, None
    while style is not None:
        size = size or style.font.size
        spacing = spacing or style.paragraph_format.line_spacing
        style = style.base_style
    points = size.pt if size else _SIZE
    single = spacing if isinstance(spacing, float) else spacing.pt / points if spacing else 1.0
    return points, single


def reference_bytes() -> bytes:
    """Return the reference document as a file, the same bytes each time."""
    from pipeline.reporting.package import stable

    out = BytesIO()
    _generated().save(out)
    return stable(out.getvalue())


class _RawStyle:
    """A style by the name in the file; python-docx shows some built-in names in another spelling."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self.style_id = element.get(f"{{{W}}}styleId")
        self.name = element.find(f"{{{W}}}name").get(f"{{{W}}}val")


def _raw_styles(document: Any) -> list[_RawStyle]:
    return [_RawStyle(element) for element in document.styles.element.findall(f"{{{W}}}style")]


def _add_missing_styles(document: Any) -> None:
    known = {style.name.lower() for style in _raw_styles(document)}
    taken = {style.style_id for style in _raw_styles(document)}
    for style in (_RawStyle(element) for element in _styles_element().findall(f"{{{W}}}style")):
        if style.name.lower() not in known:
            if style.style_id in taken:
                style.element.set(f"{{{W}}}styleId", f"Report{style.style_id}")
            document.styles.element.append(deepcopy(style.element))


def _generated() -> Any:
    import docx

    document = docx.Document()
    document.part._styles_part._element = _styles_element()
    _drop_leftovers(document)
    _settle(document)
    return document


def _drop_leftovers(document: Any) -> None:
    """Take out what the library's template carries and no report needs."""
    for relations in (document.part.rels, document.part.package.rels):
        for key, relation in list(relations.items()):
            if relation.reltype.rpartition("/")[2] in {
                "stylesWithEffects",
                "thumbnail",
                "customXml",
                "numbering",
            }:
                relations.pop(key)


def _settle(document: Any) -> None:
    from docx.shared import Inches

    for setting in document.settings.element.iter(f"{{{W}}}compatSetting"):
        if setting.get(f"{{{W}}}name") == "compatibilityMode":
            setting.set(f"{{{W}}}val", "15")
    section = document.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Inches(1))
    section.header_distance = section.footer_distance = Inches(0.5)


def _styles_element() -> Any:
    from docx.oxml import parse_xml

    return parse_xml(f'<w:styles xmlns:w="{W}">{_DEFAULTS}{"".join(_STYLES)}</w:styles>')


def _style(
    kind: str,
    name: str,
    paragraph: str = "",
    run: str = "",
    *,
    based: str | None = "Normal",
    after: str = "",
) -> str:
    identifier = name.title().replace(" ", "")
    default = ' w:default="1"' if name in {"Normal", "Default Paragraph Font", "Normal Table"} else ""
    custom = "" if name in _BUILT_IN else ' w:customStyle="1"'
    return (
        f'<w:style w:type="{kind}" w:styleId="{identifier}"{default}{custom}><w:name w:val="{name}"/>'
        + (f'<w:basedOn w:val="{based}"/>' if based else "")
        + (f'<w:next w:val="{after}"/>' if after else "")
        + "<w:qFormat/>"
        + (f"<w:pPr>{paragraph}</w:pPr>" if paragraph else "")
        + (f"<w:rPr>{run}</w:rPr>" if run else "")
        + "</w:style>"
    )


def _spacing(before: int = 0, after: int = 0, line: int = 240) -> str:
    return f'<w:spacing w:before="{before}" w:after="{after}" w:line="{line}" w:lineRule="auto"/>'


def _size(half_points: int) -> str:
    return f'<w:sz w:val="{half_points}"/><w:szCs w:val="{half_points}"/>'


def _box(color: str, fill: str) -> str:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="{width}" w:space="6" w:color="{color}"/>'
        for side, width in (("top", 4), ("left", 24), ("bottom", 4), ("right", 4))
    )
    return f'<w:pBdr>{sides}</w:pBdr><w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>'


_BUILT_IN = frozenset(
    {
        "Normal",
        "Body Text",
        "Bibliography",
        "Title",
        "Subtitle",
        "heading 1",
        "heading 2",
        "heading 3",
        "caption",
    }
    | {"List Bullet", "List Number", "header", "footer", "Hyperlink", "Default Paragraph Font"}
    | {"Normal Table"}
)
_SIZE = 12
_BOLD = "<w:b/><w:bCs/>"
_ITALIC = "<w:i/><w:iCs/>"
_KEEP = "<w:keepNext/><w:keepLines/>"
_CENTER = '<w:jc w:val="center"/>'
_HANGING = '<w:ind w:left="720" w:hanging="360"/>'
_FONT = "Times New Roman"
_DEFAULTS = (
    f'<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="{_FONT}" w:hAnsi="{_FONT}" w:cs="{_FONT}"/>'
    f'{_size(2 * _SIZE)}<w:lang w:val="en-GB" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
    "<w:pPrDefault><w:pPr><w:widowControl/></w:pPr></w:pPrDefault></w:docDefaults>"
)


_STYLES = (
    _style("paragraph", "Normal", _spacing(), based=None),
    _style("character", "Default Paragraph Font", based=None),
    '<w:style w:type="table" w:default="1" w:styleId="NormalTable"><w:name w:val="Normal Table"/><w:tblPr>'
    '<w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:left w:w="108" w:type="dxa"/>'
    '<w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>',
    _style("paragraph", "Body Text", _spacing(line=480) + '<w:ind w:firstLine="720"/>'),
    _style("paragraph", "Bibliography", _spacing(line=480) + '<w:ind w:left="720" w:hanging="720"/>'),
    _style("paragraph", "Title", _spacing(480, 120, 300) + _CENTER, _BOLD + _size(28), after="Subtitle"),
    _style("paragraph", "Subtitle", _spacing(0, 60, 300) + _CENTER, after="Body Text"),
    _style("paragraph", "Author", _spacing(0, 60, 300) + _CENTER),
    _style(
        "paragraph",
        "heading 1",
        _KEEP + _spacing(240, 0, 480) + _CENTER + '<w:outlineLvl w:val="0"/>',
        _BOLD,
        after="BodyText",
    ),
    _style(
        "paragraph",
        "heading 2",
        _KEEP + _spacing(120, 0, 480) + '<w:outlineLvl w:val="1"/>',
        _BOLD,
        after="BodyText",
    ),
    _style(
        "paragraph",
        "heading 3",
        _KEEP + _spacing(120, 0, 480) + '<w:outlineLvl w:val="2"/>',
        _BOLD + _ITALIC,
        after="BodyText",
    ),
    _style("paragraph", "caption", _KEEP + _spacing(320, 100, 340)),
    _style("character", "Caption Number", run=_BOLD, based=None),
    _style("character", "Caption Title", run=_ITALIC, based=None),
    _style("paragraph", "Table Text", _spacing(30, 30), _size(20)),
    _style("paragraph", "Table Note", "<w:keepLines/>" + _spacing(60, 0, 252), _size(20)),
    _style("paragraph", "Picture", _spacing(0, 60)),
    _style("paragraph", "List Bullet", _spacing(line=480) + _HANGING),
    _style("paragraph", "List Number", _spacing(line=480) + _HANGING),
    _style(
        "paragraph",
        "Notice",
        "<w:keepLines/>"
        + _box("1A5A96", "F3F6F9")
        + _spacing(200, 240, 288)
        + '<w:ind w:left="160" w:right="120"/>',
        _size(22),
    ),
    _style(
        "paragraph",
        "Notice Warning",
        "<w:keepLines/>"
        + _box("B36B00", "FFF6E0")
        + _spacing(200, 240, 288)
        + '<w:ind w:left="160" w:right="120"/>',
        _size(22),
    ),
    _style("paragraph", "Details", _spacing(100, 200, 252), f'<w:color w:val="4D5A68"/>{_size(18)}'),
    _style(
        "paragraph",
        "Data Banner",
        _box("B36B00", "FFE9B8") + _spacing(60, 240) + '<w:ind w:left="160" w:right="120"/>' + _CENTER,
        f'{_BOLD}<w:color w:val="4A2D00"/>{_size(18)}',
    ),
    _style("paragraph", "header", _spacing() + '<w:jc w:val="right"/>'),
    _style("paragraph", "footer", _spacing(), _size(18)),
    _style("character", "Hyperlink", run='<w:color w:val="1A5A96"/><w:u w:val="single"/>', based=None),
)
