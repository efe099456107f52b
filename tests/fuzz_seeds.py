"""Small whole files that are no text, for the fuzzers to begin with: workbooks, parquet, .sav, .dta, SAS."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import export_files as files
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

SAS = Path(__file__).resolve().parent / "exports" / "files" / "answers.sas7bdat"
LABELS = {"item": {1: "Low", 2: "High", -99: "Refused"}, "word": {"x": "Left out"}}
MISSING = {"item": [-99, {"lo": -9, "hi": -1}], "word": ["x"]}
NAMES = ["How often?", "A word", "A day", "A moment"]


def workbooks(folder: Path) -> list[Path]:
    """Text, numbers, truth, days, an error and a formula, over one sheet and over two."""
    day, moment = dt.date(2024, 3, 1), dt.datetime(2024, 3, 1, 9, 30)
    mixed = [["a", "b", "c", "d", "e"], [1, "x", True, day, "=1+1"], [2.5, "é", False, moment, "#N/A"]]
    sheets = {"S": files.MICROSOFT, "T": [["a", "b"], [1, "x"]]}
    made = [files.workbook(folder, sheets, "one.xlsx"), files.workbook(folder, {"S": mixed}, "two.xlsx")]
    return [files.with_shared_strings(path) for path in made]


def parquets(folder: Path) -> list[Path]:
    """One small file for each way of packing, with columns of every type that is read."""
    table = pa.table(
        {
            "number": [1.0, None],
            "whole": pa.array([1, 2], pa.int8()),
            "text": ["x", "é"],
            "coded": pa.array(["x", "y"]).dictionary_encode(),
            "day": [dt.date(2024, 3, 1), None],
            "moment": pa.array([dt.datetime(2024, 3, 1), None], pa.timestamp("ms", "UTC")),
            "sum": [Decimal("1.5"), None],
            "truth": [True, None],
            "none": pa.nulls(2),
        }
    )
    pq.write_table(table, folder / "all.parquet", compression="none", write_statistics=False)
    packed = table.select(["number", "text", "coded"])
    for kind in ("snappy", "gzip", "zstd"):
        pq.write_table(packed, folder / f"{kind}.parquet", compression=kind, store_schema=False)
    pq.write_table(table.select(["number", "text"]), folder / "two.parquet", data_page_version="2.0")
    table.select(["number", "text"]).to_pandas().to_parquet(folder / "pandas.parquet")
    return sorted(folder.glob("*.parquet"))


def statistics(folder: Path) -> dict[str, list[Path]]:
    """Platform -> files: numbers, text, days, labels and missing codes, in each version that is written."""
    frame = pd.DataFrame(
        {
            "item": [1.0, 2.0, None, -99.0],
            "word": ["x", "", "é", "long " * 60],
            "day": [dt.date(2024, 1, 2)] * 3 + [None],
            "moment": [dt.datetime(2024, 1, 2, 3, 4, 5)] * 3 + [None],
        }
    )
    told = {"column_labels": NAMES, "variable_value_labels": LABELS}
    whole = told | {"missing_ranges": MISSING}
    for name, how in (("a.sav", {}), ("b.zsav", {"compress": True}), ("c.sav", {"row_compress": True})):
        pyreadstat.write_sav(frame, str(folder / name), **whole, **how)
    short = frame.assign(word=["x", "", "e", "y"])
    coded = short.astype({"item": object}).assign(item=[1, 2, "a", "z"])
    only_numbers = {"item": {1: "Low", 2: "High"}}
    for version in (8, 10, 12, 13, 14, 15):
        how = {"variable_value_labels": only_numbers, "missing_user_values": {"item": ["a", "z"]}}
        path = str(folder / f"v{version}.dta")
        pyreadstat.write_dta(coded, path, version=version, column_labels=NAMES, **how)
    for version in (5, 8):
        path = str(folder / f"v{version}.xpt")
        pyreadstat.write_xport(short, path, column_labels=NAMES, file_format_version=version)
    return {
        "spss": sorted(folder.glob("*sav")),
        "stata": sorted(folder.glob("*.dta")),
        "sas": [*sorted(folder.glob("*.xpt")), SAS],
    }
