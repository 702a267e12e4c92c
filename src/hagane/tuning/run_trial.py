"""`RunTrial`: what a study asks of whoever trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from hagane.errors import HaganeError
from hagane.tuning.trial import Measurement

Report = Callable[[Measurement], bool]
"""Tells the study what a trial is worth so far; True: it is to end now."""


class TrialOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial came to."""

    metrics: dict[str, float | None]
    """Metric → its value on the eval rows, the objectives among them."""
    best_iteration: int | None = None
    stopped: bool = False
    """Whether `Report` ended it."""
    continued_from: int | None = None
    num_columns: int | None = None
    num_cached: int | None = None


class InfeasibleTrialError(HaganeError):
    """These values cannot be trained with, whoever tries: the trial is infeasible, not failed."""


class RunTrial(Protocol):
    """Trains and measures one choice of hyperparameters."""

    def __call__(self, number: int, parameters: Mapping[str, Any], report: Report) -> TrialOutcome:
        """Trial `number`, from 1. Raises InfeasibleTrialError, or any HaganeError: then the trial has failed."""
