"""lavaan's time for a case, measured inside R; None, with the reason printed, where there is no lavaan."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

SCRIPT = Path(__file__).with_name("lavaan.R")


@cache
def missing_because() -> str:
    """Say why lavaan cannot be timed, or nothing."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    version = "suppressMessages(library(lavaan)); cat(as.character(packageVersion('lavaan')))"
    asked = subprocess.run(["Rscript", "-e", version], capture_output=True, text=True, check=False)
    if asked.returncode:
        return "R has no package lavaan"
    print(f"lavaan {asked.stdout.strip()}")
    return ""


def seconds(
    model: str,
    data: pd.DataFrame,
    *,
    repeat: int = 3,
    estimator: str = "ML",
    missing: str = "listwise",
    draws: int = 0,
) -> float | None:
    """Return lavaan's median seconds for a fit with all measures, or for a bootstrap on two cores."""
    if missing_because():
        return None
    with tempfile.TemporaryDirectory() as folder:
        syntax, table = Path(folder) / "model.txt", Path(folder) / "data.csv"
        syntax.write_text(model)
        data.to_csv(table, index=False, na_rep="NA")
        arguments = [str(syntax), str(table), str(repeat), estimator, missing, str(draws)]
        ran = subprocess.run(["Rscript", str(SCRIPT), *arguments], capture_output=True, text=True, check=True)
    return float(ran.stdout.split()[-1])
