"""What could not be estimated, and why: kept beside the results instead of stopping the stage.

`stages/validate` makes one `Told` and hands it to the modules of its topics.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Told:
    """Reasons by what was tried and for which scale or level."""

    missing: list[dict[str, str]] = field(default_factory=list)

    def attempt(self, what: str, scale: str, make: Callable[[], T]) -> T | None:
        """The result, or None with the reason noted."""
        from pipeline.psychometrics import PsychometricsError

        try:
            return make()
        except PsychometricsError as error:
            self.note(what, scale, str(error))
            return None

    def note(self, what: str, scale: str, reason: str) -> None:
        """Say why something is not there."""
        self.missing.append({"what": what, "scale": scale, "reason": reason})
