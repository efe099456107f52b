"""Zipped office packages with the same bytes for the same content: sorted, undated, packed one way."""

from __future__ import annotations

import zipfile
from io import BytesIO

_FIRST = ("[Content_Types].xml", "_rels/.rels")
_DATE = (1980, 1, 1, 0, 0, 0)


def stable(package: bytes) -> bytes:
    """Rewrite a package so that its bytes depend on nothing but its parts."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(package)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=_order):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            new.writestr(entry, old.read(name), compresslevel=6)
    return out.getvalue()


def _order(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)
