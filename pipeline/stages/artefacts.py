"""Where artefacts of a study lie, and how they are written whole or not at all.

Every stage reads and writes through here: parquet for data, JSON for results. A file appears under its
name only once it is complete, so that a killed run leaves the last good one.
"""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.declaration import StudyError

if TYPE_CHECKING:
    import pandas as pd


REFUSALS: Mapping[int | None, str] = {
    errno.ENOSPC: "make room on the disk and run it again; what was there before is whole",
    errno.EDQUOT: "your quota is used up: make room and run it again; what was there before is whole",
    errno.EACCES: "the folder must be yours to write to",
    errno.EPERM: "the folder must be yours to write to",
    errno.EROFS: "the folder is read-only: copy the project to where you may write",
    errno.EFBIG: "the system limits the size of files: raise the limit (ulimit -f) and run it again",
    errno.ENOTDIR: "a file lies where a folder has to be: move it away",
    errno.EEXIST: "a file lies where a folder has to be: move it away",
    errno.EISDIR: "a folder lies where a file has to be: move it away",
}
"""What a disk may refuse, and what to do."""


@dataclass(frozen=True)
class Workspace:
    """The folders of one study: what a stage may touch."""

    root: Path
    study: str

    @property
    def declared(self) -> Path:
        """`data/<study>`: declarations and raw exports; only `lock` and `record` write here."""
        return self.root / "data" / self.study

    @property
    def build(self) -> Path:
        """`build/<study>`: data and results between stages."""
        return self.root / "build" / self.study

    @property
    def reports(self) -> Path:
        """`reports/<study>`: what people read."""
        return self.root / "reports" / self.study

    @property
    def instruments(self) -> Path:
        """`instruments`: one definition a scale."""
        return self.root / "instruments"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then move it into place in one step.

    What the disk refuses (full, read-only, not ours) is a StudyError; `path` keeps what it held.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial{path.suffix}")
    try:
        with refusals_told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write(partial)
            partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def refusals_told(path: Path) -> Iterator[None]:
    """What the disk refuses while something is written to `path`, as a StudyError that names it."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        why = f"it cannot be written: {os.strerror(error.errno or 0).lower()}"
        raise StudyError.of(f"{path.parent.name}/{path.name}", why, REFUSALS[error.errno]) from error


def check_temporary_folder() -> None:
    """StudyError where there is no folder for temporary files."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        where = "set TMPDIR to a folder with room where you may write"
        raise StudyError.of("temporary files", "there is no folder for them", where) from error


def unreadable_record(workspace: Workspace) -> StudyError:
    """The error where the record of what has been run cannot be opened."""
    return StudyError.of(
        f"build/{workspace.study}",
        "the record of what has been run cannot be read or written there",
        "make room, or raise a limit on the size of files; else delete the folder, it is made anew",
    )


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as parquet; equal frames give equal bytes."""
    write_whole(path, lambda partial: frame.to_parquet(partial, index=False))


def read_frame(path: Path) -> pd.DataFrame:
    """Read a frame that a stage wrote."""
    import pandas as pd

    return pd.read_parquet(path)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write results as JSON in a fixed order of keys; what is not finite becomes null."""
    text = json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> dict[str, Any]:
    """Read results that a stage wrote."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
