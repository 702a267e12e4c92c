"""`trial_spec`: the spec of one trial, as a person would have written it."""

from __future__ import annotations

from hagane.errors import Fault, NotFoundError
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial
from hagane.workflow.hyperparameters import set_hyperparameters


def trial_spec(record: StudyRecord, number: int | None = None) -> Spec:
    """The settled spec of the trial, of the best without a number: `hagane train` makes its model of it.

    Raises NotFoundError where there is no such trial, or no best one yet.
    """
    return set_hyperparameters(read_yaml(record.searched_spec or record.spec), find_trial(record, number).parameters)


def find_trial(record: StudyRecord, number: int | None = None) -> Trial:
    """The trial of this number, or the best. Raises NotFoundError."""
    where = f"study {record.name}"
    if number is None:
        if record.best_trial is None:
            step = "go on with it: the same hagane tune"
            raise NotFoundError(Fault(what="no trial has a value yet", where=where, next_step=step))
        return record.best_trial
    found = next((trial for trial in record.trials if trial.id == number), None)
    if found is None or not found.parameters:
        last = max((trial.id for trial in record.trials), default=0)
        expected = f"1 to {last}" if last else "the study has none yet"
        raise NotFoundError(Fault(what=f"no trial {number}", where=where, expected=expected))
    return found
