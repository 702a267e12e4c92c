"""What an AutoML run tried and what each step took, as plain data: for tables, pages, programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hagane.tuning.trial import TrialState


class LeaderboardRow(msgspec.Struct, frozen=True, kw_only=True):
    """One model that was tried."""

    number: int
    name: str
    model_type: str
    options: dict[str, Any]
    """Those that are not the family's defaults."""
    derived: tuple[str, ...] = ()
    """Derived features that it was given."""
    state: TrialState
    value: float | None = None
    """The objective on the eval rows."""
    error: float | None = None
    """Its standard error."""
    behind: float | None = None
    """How far behind the best it is, in the objective's unit; 0 for the best."""
    behind_error: float | None = None
    """The standard error of that, over the same resamples of the eval rows."""
    share: float = 0.0
    """In the result."""
    seconds: float
    best_iteration: int | None = None
    graph_bytes: int | None = None
    row_milliseconds: float | None = None
    reason: str = ""


class StepTime(msgspec.Struct, frozen=True, kw_only=True):
    """What a step was to take, and what it took."""

    step: str
    planned_seconds: float | None
    """None: as long as it takes."""
    seconds: float


def options_text(row: LeaderboardRow) -> str:
    """The options of a row in one line.

    >>> options_text(LeaderboardRow(number=1, name="", model_type="", options={"a": 1, "b": [2, 3]},
    ...                             state=TrialState.SUCCEEDED, seconds=1.0))
    'a 1, b [2, 3]'
    """
    return ", ".join(f"{name} {value}" for name, value in row.options.items())


def has_serving_costs(rows: Sequence[LeaderboardRow]) -> bool:
    """Whether any row knows what its model would take to serve."""
    return any(row.row_milliseconds is not None for row in rows)
