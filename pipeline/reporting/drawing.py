"""A figure as the page shows it: our own drawing set into the page, anything else as a picture of data.

A drawing that carries a style sheet stays a picture, because its rules would reach the whole page. A drawing
that could run a script or ask the network is refused.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from importlib import import_module
from typing import Any

from pipeline.reporting.numbering import DocumentError
from pipeline.reporting.values import Figure

_REFUSED = frozenset(
    {"script", "foreignobject", "iframe", "object", "embed", "audio", "video", "animate", "set"}
)
_SVG = "{http://www.w3.org/2000/svg}"


def inline(figure: Figure) -> str:
    """Return the figure as HTML with its text for those who cannot see it."""
    if figure.svg is None:
        return _picture(figure, "image/png", figure.png)
    root = _parsed(figure, figure.svg)
    if any(element.tag == f"{_SVG}style" for element in root.iter()):
        return _picture(figure, "image/svg+xml", figure.svg.encode())
    return f'<div role="img" aria-label="{escape(figure.alt)}">{_text(root)}</div>'


def size(figure: Figure) -> tuple[int, int]:
    """Return the width and height of the figure's PNG in pixels, from its header."""
    if figure.png[:8] != b"\x89PNG\r\n\x1a\n" or figure.png[12:16] != b"IHDR":
        raise DocumentError(f"figure '{figure.id}': its picture is not a PNG")
    return int.from_bytes(figure.png[16:20]), int.from_bytes(figure.png[20:24])


def _picture(figure: Figure, kind: str, data: bytes) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img alt="{escape(figure.alt)}" src="data:{kind};base64,{encoded}">'


def _parsed(figure: Figure, svg: str) -> Any:
    etree = import_module("lxml.etree")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(svg.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"figure '{figure.id}': its drawing is not well-formed SVG ({error})") from error
    if problems := list(_problems(root)):
        raise DocumentError(f"figure '{figure.id}': its drawing may not hold {', '.join(problems)}")
    return root


def _problems(root: Any) -> Iterator[str]:
    if root.tag != f"{_SVG}svg":
        yield f"a root element {root.tag}"
    for element in root.iter():
        if not isinstance(element.tag, str):
            yield "an entity"
            continue
        if element.tag.rpartition("}")[2].lower() in _REFUSED:
            yield f"the element {element.tag.rpartition('}')[2]}"
        yield from (
            f"the attribute {name}" for name, value in element.attrib.items() if _reaches_out(name, value)
        )


def _reaches_out(name: str, value: str) -> bool:
    name, value = name.rpartition("}")[2].lower(), value.strip().lower()
    if name.startswith("on"):
        return True
    if name == "href":
        return not value.startswith(("#", "data:image/png", "data:image/jpeg"))
    return "url(" in value.replace("url(#", "").replace("url('#", "").replace('url("#', "")


def _text(root: Any) -> str:
    text: str = import_module("lxml.etree").tostring(root, encoding="unicode")
    return text
