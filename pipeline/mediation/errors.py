"""What the mediation room raises when a path, a design or the data cannot carry the model."""

from __future__ import annotations


class MediationError(ValueError):
    """The path or the data are at fault; the message says what is wrong and what to try."""


class NotEstimable(MediationError):  # noqa: N818  (told to people as a reason, not as a fault)
    """The model with latent cluster means has no usable solution for these data; the message says why."""
