"""`trial_text` and its like: a trial and its values in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hagane.number_text import brief_text
from hagane.page.number_text import number_text, with_minus
from hagane.page.short_name import short_name
from hagane.tuning.states_text import STATES
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Trial

LEFT_OUT = "left out"


def value_text(name: str, value: Any, width: int = 48) -> str:
    """A hyperparameter's value, briefly.

    >>> value_text("model.options.learn_rate", 0.030000000000000002), value_text("model.options.hidden_units", (64, 32))
    ('0.03', '[64, 32]')
    >>> value_text("transform.age", None), value_text("x", -3), value_text("x", True), value_text("x", None)
    ('left out', '−3', 'true', 'none')
    """
    if value is None:
        return LEFT_OUT if name.startswith("transform.") and "[" not in name else "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return with_minus(f"{value:,}")
    if isinstance(value, float):
        return with_minus(brief_text(value))
    if isinstance(value, list | tuple):
        return short_name("[" + ", ".join(value_text(name, each) for each in value) + "]", width)
    return short_name(" ".join(str(value).split()), width)


def parameters_text(parameters: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Values in a row, each behind its short name.

    >>> parameters_text({"model.options.dropout": 0.1, "transform.age": 8}, {"model.options.dropout": "dropout"})
    'dropout 0.1, transform.age 8'
    """
    return ", ".join(f"{names.get(name, name)} {value_text(name, value)}" for name, value in parameters.items())


def trial_text(record: StudyRecord, trial: Trial, names: Mapping[str, str]) -> str:
    """What a trial came to, and by what: said when one points at its mark."""
    value = number_text(record.value(trial))
    worth = f"{value}, " if trial.final_measurement else ""
    return f"trial {trial.id}: {worth}{STATES[trial.state]}; {parameters_text(trial.parameters, names)}"
