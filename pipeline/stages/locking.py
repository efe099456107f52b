"""One run of a study at a time: a lock that the system gives up when its process dies.

`plan` holds it while it runs. A second run of the same study says so instead of mixing its files in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, write_whole

LOCK = ".running"


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """Hold the study's lock; StudyError where another run holds it."""
    path = workspace.build / LOCK
    if not path.exists():
        write_whole(path, lambda partial: partial.write_bytes(b""))
    handle = os.open(path, os.O_RDWR)
    try:
        if not _locked(handle):
            raise StudyError.of(
                f"build/{workspace.study}",
                "another run of this study is under way",
                "wait until it has ended; nothing of it was touched",
            )
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    """Whether the lock could be taken; closing the file, or the end of the process, gives it up."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
