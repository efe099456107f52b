"""lavaan's time for a case, measured inside R; None, with the reason printed, where there is no lavaan."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

SCRIPT = Path(__file__).with_name("lavaan.R")


SCALES = Path(__file__).with_name("scales.R")


@cache
def missing_because(package: str = "lavaan") -> str:
    """Say why an R package cannot be timed, or nothing."""
    if shutil.which("Rscript") is None:
        return "Rscript is not installed"
    version = f"suppressMessages(library({package})); cat(as.character(packageVersion('{package}')))"
    asked = subprocess.run(["Rscript", "-e", version], capture_output=True, text=True, check=False)
    if asked.returncode:
        return f"R has no package {package}"
    print(f"{package} {asked.stdout.strip()}")
    return ""


def seconds(
    model: str,
    data: pd.DataFrame,
    *,
    repeat: int = 3,
    estimator: str = "ML",
    missing: str = "listwise",
    draws: int = 0,
    cores: int = 2,
    cluster: str = "-",
    test: bool = True,
) -> float | None:
    """Return lavaan's median seconds for a fit, or for a bootstrap on some cores.

    Args:
        model: Syntax that both programs read.
        data: The same rows.
        repeat: Runs.
        estimator: lavaan's name.
        missing: lavaan's name.
        draws: Resamples; 0 times a fit.
        cores: Processes that share a bootstrap.
        cluster: Column of a two-level model.
        test: With the test and all fit measures, or estimates and errors only.
    """
    if missing_because():
        return None
    with tempfile.TemporaryDirectory() as folder:
        syntax, table = Path(folder) / "model.txt", Path(folder) / "data.csv"
        syntax.write_text(model)
        data.to_csv(table, index=False, na_rep="NA")
        told = [repeat, estimator, missing, draws, cores, cluster, str(test).upper()]
        arguments = [str(syntax), str(table), *map(str, told)]
        ran = subprocess.run(["Rscript", str(SCRIPT), *arguments], capture_output=True, text=True, check=True)
    return float(ran.stdout.split()[-1])


def ladder_seconds(model: str, data: pd.DataFrame, group: str, estimator: str) -> float | None:
    """Return lavaan's median seconds for four steps of invariance with fit and difference tests."""
    if missing_because():
        return None
    with tempfile.TemporaryDirectory() as folder:
        syntax, table = Path(folder) / "model.txt", Path(folder) / "data.csv"
        syntax.write_text(model)
        data.to_csv(table, index=False, na_rep="NA")
        return _scales("ladder", str(syntax), str(table), group, estimator, "5")


def parallel_seconds(data: pd.DataFrame, replicates: int) -> float | None:
    """Return the seconds of psych's fa.parallel for some replicates, what comes before them left out."""
    if missing_because("psych"):
        print(f"psych is not timed: {missing_because('psych')}")
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "data.csv"
        data.to_csv(table, index=False, na_rep="NA")
        return _scales("parallel", str(table), str(replicates))


def _scales(*told: str) -> float:
    ran = subprocess.run(["Rscript", str(SCALES), *told], capture_output=True, text=True, check=True)
    return float(ran.stdout.split()[-1])
