"""The one answer to every request for an explanation."""

from __future__ import annotations

from hagane.errors import Fault

NO_EXPLANATIONS = Fault(
    what="the model has no explanations",
    expected="a request for predictions",
    next_step="ask with :predict instead of :explain",
)
"""Predictions are not explained yet, in any protocol: 501."""
