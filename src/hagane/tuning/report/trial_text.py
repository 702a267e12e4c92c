"""`trial_text` and its like: a trial and its values in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.page.number_text import number_text, with_minus
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.states_text import STATES
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import Trial


def value_text(name: str, value: Any, width: int = 48) -> str:
    """A hyperparameter's value as pages have it, with a minus sign of their own.

    >>> value_text("x", -0.25), value_text("x", (64, 32)), value_text("transform.a", "-b")
    ('−0.25', '[64, 32]', '-b')
    """
    text = parameter_text(name, value, width)
    return with_minus(text) if isinstance(value, int | float) else text


def parameters_text(parameters: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Values in a row, each behind its short name.

    >>> parameters_text({"model.options.dropout": 0.1, "transform.age": 8}, {"model.options.dropout": "dropout"})
    'dropout 0.1, transform.age 8'
    """
    return ", ".join(f"{names.get(name, name)} {value_text(name, value)}" for name, value in parameters.items())


def trial_text(record: StudyRecord, trial: Trial, names: Mapping[str, str]) -> str:
    """What a trial came to, and by what: said when one points at its mark."""
    known = trial.final_measurement.metrics if trial.final_measurement else {}
    own = {each.metric: known[each.metric] for each in record.objectives if is_number(known.get(each.metric))}
    told = (f"{metric} {number_text(value)}" for metric, value in (own or known).items() if is_number(value))
    worth = "".join(f"{each}, " for each in told)
    return f"trial {trial.id}: {worth}{STATES[trial.state]}; {parameters_text(trial.parameters, names)}"
