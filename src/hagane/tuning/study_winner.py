"""`StudyWinner`: the model that was made of a study's best trial, and what it is worth on rows that no trial saw."""

from __future__ import annotations

import msgspec


class StudyWinner(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model; figures are by metric, and None where they are undefined."""

    trial: int
    model: str
    """Name and version."""
    spec: str = ""
    """Settled, as YAML: what `hagane train` makes the same model of."""
    metrics: dict[str, float | None] = {}
    """Of the rows of `part`."""
    part: str = "test"
    """Those that no trial saw; `eval` where the split has no others: then the figures flatter it."""
    intervals: dict[str, tuple[float, float]] = {}
    """Metric → its 95 % confidence interval on those rows."""
    retrained: bool = False
    """Whether it was trained on train and eval rows together."""
    notes: tuple[str, ...] = ()
    """What one should know of the search and of the model: sentences without a full stop."""
