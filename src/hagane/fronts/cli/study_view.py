"""`StudyView`: how a study that runs stands, by what was told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hagane.fronts.cli.stage_text import left_text, seconds_text
from hagane.fronts.cli.trial_table import TrialRow
from hagane.number_text import figure_text
from hagane.progress.events import Event, StudyEnded, StudyStarted, TrialEnded, TrialMeasured, TrialStarted
from hagane.tuning.dimension import Dimension
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.short_parameter_names import short_parameter_names
from hagane.tuning.trial import TrialState


@dataclass(kw_only=True)
class SeenTrial:
    """One trial, as far as it was heard of."""

    number: int
    parameters: dict[str, Any]
    began: float
    state: TrialState = TrialState.ACTIVE
    metrics: dict[str, float | None] = field(default_factory=dict)
    iteration: int | None = None
    max_iterations: int | None = None
    seconds: float | None = None
    num_columns: int | None = None
    num_cached: int | None = None
    continued_from: int | None = None
    reason: str = ""


class StudyView:
    """Takes events, in their order, and knows what they come to at any moment."""

    def __init__(self, started: StudyStarted, clock: Callable[[], float]) -> None:
        self.started, self._clock = started, clock
        self.began = clock()
        self.trials: dict[int, SeenTrial] = {}
        """Of this process, by number."""
        self.best: set[int] = set()
        """The best so far; those of earlier processes among them."""
        if started.best_trial is not None:
            self.best.add(started.best_trial)
        self.best_value = started.best_value
        self.ended: StudyEnded | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The objectives."""
        return tuple(self.started.objectives)

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The space."""
        return tuple(msgspec.convert(each, Dimension) for each in self.started.space)

    @property
    def num_ended(self) -> int:
        """Trials that are over, those of earlier processes among them."""
        return self.started.num_ended + sum(trial.state is not TrialState.ACTIVE for trial in self.trials.values())

    def take(self, event: Event) -> None:
        """Note what happened."""
        if isinstance(event, TrialStarted):
            self.trials[event.trial] = SeenTrial(
                number=event.trial,
                parameters=event.parameters,
                began=self._clock(),
                continued_from=event.continued_from,
            )
        elif isinstance(event, TrialMeasured) and event.trial in self.trials:
            trial = self.trials[event.trial]
            trial.iteration, trial.max_iterations = event.iteration, event.max_iterations
            trial.metrics = event.metrics
        elif isinstance(event, TrialEnded):
            self._end(event)
        elif isinstance(event, StudyEnded):
            self.ended = event
            self.best = set(event.best_trials)

    def seconds_left(self) -> float | None:
        """Until all trials are run, at the pace of those that ended; no longer than the budget. None: not known."""
        now = self._clock()
        left = None if self.started.budget_seconds is None else self.started.budget_seconds - (now - self.began)
        ended = [trial.seconds for trial in self.trials.values() if trial.seconds is not None]
        if ended:
            mean = sum(ended) / len(ended)
            running = [max(0.0, mean - (now - trial.began)) for trial in self.running()]
            waiting = max(0, self.started.num_trials - self.num_ended - len(running))
            work = sum(running) + mean * waiting
            lanes = max(1, self.started.max_parallel_trials)
            estimate = max([work / lanes, *running])
            left = estimate if left is None else min(left, estimate)
        return None if left is None else max(0.0, left)

    def running(self) -> list[SeenTrial]:
        """What goes on, the oldest first."""
        return [trial for trial in self.trials.values() if trial.state is TrialState.ACTIVE]

    def headline(self) -> list[str]:
        """How far it is, the best so far, the time left: what a line has no room for is left out from the end."""
        parts = [f"{self.num_ended} of {self.started.num_trials} trials"]
        if self.best_value is not None:
            number = min(self.best) if len(self.best) == 1 else None
            at = f" (trial {number})" if number is not None else ""
            parts.append(f"best {self.metrics[0]} {figure_text(self.best_value)}{at}")
        left = left_text(self.seconds_left(), at_most=True)
        return [*parts, left] if left else parts

    def names(self) -> dict[str, str]:
        """The hyperparameters in which trials differ, with what they are called."""
        shown = short_parameter_names(self.started.parameters)
        chosen = [trial.parameters for trial in self.trials.values()]
        differ = {name: len({repr(each.get(name)) for each in chosen}) > 1 for name in shown}
        return {name: text for name, text in shown.items() if differ[name] or len(chosen) < 2}

    def rows(self) -> Iterator[TrialRow]:
        """All trials of this process, in the order in which they began."""
        for trial in self.trials.values():
            yield self.row(trial)

    def row(self, trial: SeenTrial) -> TrialRow:
        """A trial as the table shows it."""
        running = trial.state is TrialState.ACTIVE
        seconds = self._clock() - trial.began if trial.seconds is None else trial.seconds
        most = f"/{trial.max_iterations}" if running and trial.max_iterations else ""
        return TrialRow(
            number=trial.number,
            state=trial.state,
            values=tuple(figure_text(trial.metrics.get(metric)) for metric in self.metrics),
            parameters={name: parameter_text(name, value) for name, value in trial.parameters.items()},
            iterations=f"{trial.iteration}{most}" if trial.iteration else "",
            seconds=seconds_text(seconds),
            cached="" if trial.num_columns is None else f"{trial.num_cached or 0}/{trial.num_columns}",
            is_best=trial.number in self.best,
        )

    def _end(self, event: TrialEnded) -> None:
        trial = self.trials.setdefault(
            event.trial, SeenTrial(number=event.trial, parameters={}, began=self._clock() - event.duration_seconds)
        )
        trial.state, trial.seconds = TrialState(event.state), event.duration_seconds
        trial.metrics = event.metrics or trial.metrics
        trial.iteration = event.best_iteration or trial.iteration
        trial.num_columns, trial.num_cached, trial.reason = event.num_columns, event.num_cached, event.reason
        if event.is_best:
            value = event.metrics.get(self.metrics[0])
            self.best = self.best | {event.trial} if len(self.metrics) > 1 else {event.trial}
            if len(self.metrics) == 1 or self._is_better(value):
                self.best_value = value

    def _is_better(self, value: float | None) -> bool:
        if value is None or self.best_value is None:
            return value is not None
        is_larger = value > self.best_value
        return is_larger if self.started.objectives[self.metrics[0]] == "MAXIMIZE" else value < self.best_value
