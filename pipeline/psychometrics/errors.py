"""What the psychometrics room raises when data cannot carry a coefficient."""

from __future__ import annotations


class PsychometricsError(ValueError):
    """The data are at fault; the message says what is wrong and what to try."""
