"""`trials_section`: every trial in a row."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.page.markup import Markup, element
from hagane.page.number_text import number_text
from hagane.page.pieces import card
from hagane.tuning.dimension import Dimension
from hagane.tuning.report.objective_axis import metric_title
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.report.trial_text import value_text
from hagane.tuning.states_text import STATES
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import Trial

MISSING = "–"
WIDEST = 24
"""Characters of a value that is a text."""


def trials_section(study: ShownStudy, dimensions: Sequence[Dimension]) -> Markup:
    """All trials in the order in which they were asked for, with the hyperparameters in which they differ."""
    record = study.record
    kept = _kept_columns(record)
    heads = ["Trial", "State", *(metric_title(each.metric) for each in record.objectives)]
    heads += [study.names[each.name] for each in dimensions] + [title for title, _ in kept]
    rows = [_row(record, trial, dimensions, kept, is_best=trial.id in study.best) for trial in record.trials]
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in heads)))
    inner = element("table", head, element("tbody", *rows), class_="trials", aria_label="Trials")
    shown = element("div", inner, class_="scroll tall", tabindex=0, role="region", aria_label="Trials")
    return card("Trials", shown, note="All of them; those that were best are marked.", span="wide")


def _kept_columns(record: StudyRecord) -> list[tuple[str, str]]:
    """What is known of any trial besides: heading, and what it is of."""
    found = []
    if any(trial.best_iteration for trial in record.trials):
        found.append(("Iteration", "iteration"))
    if any(trial.started and trial.ended for trial in record.trials):
        found.append(("Seconds", "seconds"))
    if any(trial.num_columns for trial in record.trials):
        found.append(("Columns cached", "cached"))
    if any(trial.continued_from for trial in record.trials):
        found.append(("Goes on from", "continued"))
    return found


def _row(
    record: StudyRecord,
    trial: Trial,
    dimensions: Sequence[Dimension],
    kept: Sequence[tuple[str, str]],
    *,
    is_best: bool,
) -> Markup:
    cells = [element("th", f"{trial.id}", scope="row")]
    cells.append(element("td", STATES[trial.state], class_=f"state {STATES[trial.state].split()[0]}"))
    cells += [_number(record.value(trial, each.metric)) for each in record.objectives]
    cells += [_value(each, trial) for each in dimensions]
    cells += [_kept(trial, what) for _, what in kept]
    return element("tr", *cells, class_="best" if is_best else None, data_trial=trial.id)


def _number(value: float | None) -> Markup:
    return element("td", element("span", number_text(value), data_v=repr(value) if is_number(value) else ""))


def _value(dimension: Dimension, trial: Trial) -> Markup:
    if dimension.name not in trial.parameters:
        return element("td", element("span", MISSING, data_v=""))
    value = trial.parameters[dimension.name]
    text = value_text(dimension.name, value, WIDEST)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = None if is_number else " ".join(str(value).split())
    return element("td", element("span", text, data_v=repr(value) if is_number else text), title=whole)


def _kept(trial: Trial, what: str) -> Markup:
    if what == "iteration":
        return _count(trial.best_iteration)
    if what == "continued":
        return _count(trial.continued_from)
    if what == "cached":
        if trial.num_columns is None:
            return element("td", element("span", MISSING, data_v=""))
        cached = trial.num_cached or 0
        return element("td", element("span", f"{cached:,} of {trial.num_columns:,}", data_v=cached))
    if not (trial.started and trial.ended):
        return element("td", element("span", MISSING, data_v=""))
    seconds = (trial.ended - trial.started).total_seconds()
    return element("td", element("span", f"{seconds:,.1f}", data_v=f"{seconds:.3f}"))


def _count(value: int | None) -> Markup:
    if value is None:
        return element("td", element("span", MISSING, data_v=""))
    return element("td", element("span", f"{value:,}", data_v=value))
