"""The reticular action model: parameter values in, implied moments and their derivatives out."""

from __future__ import annotations
