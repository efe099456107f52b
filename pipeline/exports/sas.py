"""SAS .sas7bdat and transport files .xpt: raw codes, labels, special missing values .A to .Z and ._.

`read_export` reads `platform: sas` through here. Value labels of SAS lie in a catalogue (.sas7bcat) beside
the data; `dictionary` names it. Without one, write the labels under a scale's `codebook.responses`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.exports.apart import Program, read_apart
from pipeline.exports.export import WHOLE, Export, ExportError, Part
from pipeline.exports.recognise import of_another_platform, of_bytes

DATASET = Program(
    platform="sas",
    form="sas7bdat",
    title="a SAS file",
    epoch=datetime(1960, 1, 1),
    dates=("DATE", "YYMMDD", "MMDDYY", "DDMMYY", "E8601DA", "JULIAN"),
    moments=("DATETIME", "E8601DT"),
)
TRANSPORT = replace(DATASET, form="xpt", title="a SAS transport file")
_TRANSPORT = b"HEADER RECORD*******LIB"


def read_sas(path: Path, part: Part = WHOLE) -> Export:
    """Read a .sas7bdat or .xpt file; `part.dictionary` is the catalogue of a .sas7bdat file's labels."""
    with path.open("rb") as file:
        head = file.read(4096)
    if of_bytes(head) != "sas":
        raise of_another_platform(path.name, "sas", of_bytes(head) or "csv")
    catalogue = part.dictionary
    if catalogue is not None and not catalogue.is_file():
        raise ExportError(path.name, f"there is no catalogue of labels '{catalogue.name}'")
    if catalogue is not None and head.startswith(_TRANSPORT):
        raise ExportError(path.name, "transport files have no catalogue of labels", "leave out `dictionary`")
    return read_apart(path, TRANSPORT if head.startswith(_TRANSPORT) else DATASET, part)
