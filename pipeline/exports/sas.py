"""SAS .sas7bdat and transport files .xpt: raw codes, labels, special missing values .A to .Z and ._.

`read_export` reads `platform: sas` through here. Value labels of SAS lie in a catalogue (.sas7bcat), which
is not read: write them under a scale's `codebook.responses`, or export with labels as text.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pipeline.exports.apart import Program, read_apart
from pipeline.exports.export import WHOLE, Export, Part
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
    """Read a .sas7bdat or .xpt file."""
    with path.open("rb") as file:
        head = file.read(4096)
    if of_bytes(head) != "sas":
        raise of_another_platform(path.name, "sas", of_bytes(head) or "csv")
    return read_apart(path, TRANSPORT if head.startswith(_TRANSPORT) else DATASET, part)
