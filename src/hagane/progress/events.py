"""The events of a work, as programs read them: one JSON object a line, `event` naming its kind.

`docs/training.md` has the table. A reader ignores keys and kinds that it does not know: `EVENTS_VERSION` rises only
where a key changes its meaning or goes. Numbers that are none (NaN, infinities) are written as null.
"""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from hagane.errors import Fault

EVENTS_VERSION = 1


class _Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    time: datetime.datetime | None = None
    """When it was written, UTC; whoever tells an event leaves it out."""


class Started(_Base, frozen=True, kw_only=True, tag="started"):
    """A process began to write: always its first line."""

    version: int = EVENTS_VERSION
    hagane: str
    """Its release."""
    process: int


class PhaseStarted(_Base, frozen=True, kw_only=True, tag="phase_started"):
    """A stage began. Stages may overlap: `phase` is its number in this process."""

    phase: int
    name: str
    total: float | None
    """Units; null: unknown."""
    unit: str
    at_most: bool = False
    """Whether the stage may end before `total`."""
    completed: float = 0.0
    """Units that an earlier process has done."""


class PhaseAdvanced(_Base, frozen=True, kw_only=True, tag="phase_advanced"):
    """A stage moved; not every move is written."""

    phase: int
    completed: float
    """Units, those of an earlier process among them."""
    figures: dict[str, float | None] = {}


class PhaseEnded(_Base, frozen=True, kw_only=True, tag="phase_ended"):
    """A stage is over."""

    phase: int
    name: str
    completed: float
    duration_seconds: float
    succeeded: bool
    """False where an error or an interruption ended it."""
    figures: dict[str, float | None] = {}


class StepEnded(_Base, frozen=True, kw_only=True, tag="step_ended"):
    """Steps of an optimizer are done; a line may stand for several (`hagane.progress.step_thinner`)."""

    step: int
    """Steps since the training began, those before a restart among them."""
    loss: float | None
    """Mean over the examples since the last such line."""
    learning_rate: float | None
    num_examples: int
    """Since the last such line."""
    duration_seconds: float
    """Since the last such line."""


class IterationEnded(_Base, frozen=True, kw_only=True, tag="iteration_ended"):
    """One more row of `training_info`: an epoch, a round of boosting, the steps between two validations."""

    number: int
    """From 1."""
    max_iterations: int | None
    """That many at most."""
    step: int
    """Optimizer steps since the training began; of families without, the iterations."""
    loss: float | None
    """Mean over training rows, in the label's own unit, penalties left out."""
    eval_loss: float | None
    metric: float | None = None
    """Of the eval rows, where early stopping watches one."""
    metric_name: str | None = None
    learning_rate: float | None
    duration_seconds: float
    examples_per_second: float | None
    best_iteration: int | None
    """The best so far."""


class CheckpointWritten(_Base, frozen=True, kw_only=True, tag="checkpoint_written"):
    """The training can go on from here."""

    step: int
    path: str
    num_bytes: int
    duration_seconds: float
    """From the copy of the state to the disk's word that it is there."""


class Resumed(_Base, frozen=True, kw_only=True, tag="resumed"):
    """The training goes on from a checkpoint. What was told of later steps before is void: they come again."""

    step: int
    iteration: int
    """Iterations that are done."""
    path: str | None = None


class WorkerDied(_Base, frozen=True, kw_only=True, tag="worker_died"):
    """A process of a training that several do together died. Where it is started again, `resumed` follows."""

    worker: int
    """Its number, from 0."""
    num_workers: int
    exit_code: int
    """Negative: the number of the signal that ended it."""
    restarts_left: int
    """0: the training ends."""
    step: int
    """Of the newest checkpoint, from which the training can go on; 0: there is none."""


class StoppedEarly(_Base, frozen=True, kw_only=True, tag="stopped_early"):
    """No progress on the eval rows for as long as `patience` says."""

    iteration: int
    best_iteration: int
    best_value: float | None
    """Eval loss, or the metric that was watched."""


class StudyStarted(_Base, frozen=True, kw_only=True, tag="study_started"):
    """Hyperparameters are searched from here on; trials that ended in an earlier process do not come again."""

    study: str
    objectives: dict[str, str]
    """Metric of the eval rows → `MAXIMIZE` or `MINIMIZE`; the first orders trials."""
    parameters: tuple[str, ...]
    """Names of the hyperparameters."""
    space: tuple[dict[str, Any], ...] = ()
    """Each of them: `name`, `low` and `high` with `scale` and `step`, or `candidates`; `default`, `when`."""
    num_trials: int
    """That many in all, those of earlier processes among them."""
    max_parallel_trials: int = 1
    num_ended: int = 0
    """Trials that ended in earlier processes."""
    best_trial: int | None = None
    """The best of those."""
    best_value: float | None = None
    budget_seconds: float | None = None
    """What is left of the time given; null: no limit."""


class TrialStarted(_Base, frozen=True, kw_only=True, tag="trial_started"):
    """A trial runs."""

    trial: int
    """Its number, from 1."""
    parameters: dict[str, Any]
    """Hyperparameter → its value."""
    continued_from: int | None = None
    """The trial whose checkpoint it goes on from."""


class TrialMeasured(_Base, frozen=True, kw_only=True, tag="trial_measured"):
    """What a running trial is worth so far."""

    trial: int
    iteration: int
    max_iterations: int | None = None
    """That many at most; null: not known."""
    metrics: dict[str, float | None]
    elapsed_seconds: float


class TrialEnded(_Base, frozen=True, kw_only=True, tag="trial_ended"):
    """A trial is over."""

    trial: int
    state: str
    """`SUCCEEDED`, `STOPPED` (before its time, since others were better), `INFEASIBLE` or `FAILED`."""
    metrics: dict[str, float | None] = {}
    """Of the eval rows, the objectives among them."""
    best_iteration: int | None = None
    reason: str = ""
    """Why it is infeasible, or failed."""
    is_best: bool = False
    """Whether it is the best so far; of several objectives: whether none is better in all of them."""
    num_columns: int | None = None
    """Encoded columns that it used."""
    num_cached: int | None = None
    """How many of them were there already."""
    duration_seconds: float


class StudyEnded(_Base, frozen=True, kw_only=True, tag="study_ended"):
    """No further trial is begun."""

    study: str
    reason: str
    """`num_trials`, `budget`, `exhausted` (every point of the space was tried), `failures` or `interrupted`."""
    states: dict[str, int]
    """State → number of trials, those of earlier processes among them."""
    best_trials: tuple[int, ...] = ()
    best_metrics: dict[str, float | None] = {}
    """Of the first of them."""
    duration_seconds: float


class Noted(_Base, frozen=True, kw_only=True, tag="note"):
    """A line for the user."""

    text: str


class Warned(_Base, frozen=True, kw_only=True, tag="warning"):
    """A line that the user should not overlook."""

    text: str


class Failed(_Base, frozen=True, kw_only=True, tag="error"):
    """The work ended with an error; the last line of its process."""

    error: str
    """Its class; `Interrupted` for Ctrl-C."""
    faults: tuple[Fault, ...]
    exit_code: int


class Finished(_Base, frozen=True, kw_only=True, tag="done"):
    """The work is done; the last line of its process."""

    model: str | None = None
    """Name and version."""
    bundle: str | None = None
    duration_seconds: float


Event = (
    Started
    | PhaseStarted
    | PhaseAdvanced
    | PhaseEnded
    | StepEnded
    | IterationEnded
    | CheckpointWritten
    | Resumed
    | WorkerDied
    | StoppedEarly
    | StudyStarted
    | TrialStarted
    | TrialMeasured
    | TrialEnded
    | StudyEnded
    | Noted
    | Warned
    | Failed
    | Finished
)
