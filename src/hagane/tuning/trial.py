"""`Trial`: one try of a study, in Vertex AI's words, as plain data with a JSON round trip."""

from __future__ import annotations

import datetime
import enum
from typing import Any

import msgspec


class TrialState(enum.StrEnum):
    """What has become of a trial."""

    REQUESTED = "REQUESTED"
    """To be run."""
    ACTIVE = "ACTIVE"
    """Running."""
    SUCCEEDED = "SUCCEEDED"
    """Measured to its end."""
    STOPPED = "STOPPED"
    """Ended before its time, since others were better at that point; its last measurement counts."""
    INFEASIBLE = "INFEASIBLE"
    """Values that cannot be trained with (`infeasible_reason`): they belong to no training, so nothing failed."""
    FAILED = "FAILED"
    """Something broke (`error`); the study goes on."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial is worth at one point."""

    iteration: int
    """Of the training; 0 where the family has none."""
    elapsed_seconds: float
    """Since the trial began."""
    metrics: dict[str, float | None]
    """Metric → its value on the eval rows; None where it is undefined."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One try.

    >>> msgspec.json.decode(msgspec.json.encode(Trial(id=1, parameters={"x": 2})), type=Trial).parameters
    {'x': 2}
    """

    id: int
    """From 1, in the order in which trials were asked for."""
    parameters: dict[str, Any]
    """Hyperparameter → its value: what `hagane train --hparam` takes."""
    state: TrialState = TrialState.REQUESTED
    measurements: tuple[Measurement, ...] = ()
    """On the way, the oldest first."""
    final_measurement: Measurement | None = None
    infeasible_reason: str = ""
    error: str = ""
    started: datetime.datetime | None = None
    """UTC."""
    ended: datetime.datetime | None = None
    best_iteration: int | None = None
    """The iteration whose state was kept."""
    continued_from: int | None = None
    """The trial whose checkpoint it went on from."""
    num_columns: int | None = None
    """Encoded columns that it used."""
    num_cached: int | None = None
    """How many of them were there already."""
    same_as: int | None = None
    """The trial with the same parameters whose measurement it has: nothing was trained."""
    stopped_by: str = ""
    """What ended it before its time: `successive_halving`, `median`, `budget`."""
    runner: str = ""
    """The process that runs it, where several machines share the study."""
    num_attempts: int = 0
    """How often it was begun: more than once where its process died, or was told to end."""
    is_optimal: bool = False
    """Whether no other trial of the study is better (of several objectives: none in all of them)."""
