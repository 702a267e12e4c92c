"""`Objective`: a metric of the eval rows that a study makes as large, or as small, as it can."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Goal = Literal["MAXIMIZE", "MINIMIZE"]


class Objective(msgspec.Struct, frozen=True):
    """A metric and its goal, in Vertex AI's words.

    >>> Objective("roc_auc", "MAXIMIZE").is_better(0.9, 0.8), Objective("log_loss", "MINIMIZE").is_better(0.9, None)
    (True, True)
    """

    metric: str
    """As evaluations have it."""
    goal: Goal

    def is_better(self, value: float | None, than: float | None) -> bool:
        """Whether `value` is nearer to the goal; no value, or one that is no number, is never better than any."""
        if value is None or math.isnan(value):
            return False
        if than is None or math.isnan(than):
            return True
        return value > than if self.goal == "MAXIMIZE" else value < than
