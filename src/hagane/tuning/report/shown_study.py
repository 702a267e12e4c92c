"""`ShownStudy`: a study with what every chart of it asks: short names, which trials are best, what is said of one."""

from __future__ import annotations

import functools

from hagane.tuning.report.trial_text import trial_text
from hagane.tuning.short_parameter_names import short_parameter_names
from hagane.tuning.study_record import COUNTED, StudyRecord, is_number
from hagane.tuning.trial import Trial, TrialState


class ShownStudy:
    """What is found of the record is found once."""

    def __init__(self, record: StudyRecord) -> None:
        self.record = record
        self.names = short_parameter_names([each.name for each in record.dimensions])
        """Hyperparameter → what it is called here."""

    @functools.cached_property
    def best(self) -> frozenset[int]:
        """Numbers of the best trials."""
        return frozenset(trial.id for trial in self.record.best_trials)

    def told(self, trial: Trial) -> str:
        """What is said of the trial when one points at it."""
        return trial_text(self.record, trial, self.names)

    def told_briefly(self, trial: Trial) -> str:
        """Which one it is, and what it is worth: where it has a mark in many charts."""
        return self.told(trial).partition(";")[0]

    def valued(self, metric: str | None = None) -> list[tuple[Trial, float]]:
        """The trials that count, with their values, in the order in which they were asked for."""
        counted = (trial for trial in self.record.trials if trial.state in COUNTED)
        found = ((trial, self.record.value(trial, metric)) for trial in counted)
        return sorted(((trial, value) for trial, value in found if is_number(value)), key=lambda each: each[0].id)

    def without_value(self) -> list[Trial]:
        """The trials that are over and have none."""
        valued = {trial.id for trial, _ in self.valued()}
        is_over = {TrialState.STOPPED, TrialState.FAILED, TrialState.INFEASIBLE}
        return [trial for trial in self.record.trials if trial.state in is_over and trial.id not in valued]
