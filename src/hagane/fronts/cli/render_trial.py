"""`render_trial`: one trial of a study, whole."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.new_table import new_table
from hagane.fronts.cli.stage_text import seconds_text
from hagane.number_text import figure_text
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.space_text import space_text
from hagane.tuning.states_text import STATES
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.trial import Measurement, Trial

MOST_MEASUREMENTS = 12


def render_trial(record: StudyRecord, trial: Trial) -> RenderableType:
    """What it is worth, its values with the spaces that they are of, and what it was worth on the way."""
    return Group(*_parts(record, trial))


def _parts(record: StudyRecord, trial: Trial) -> Iterator[RenderableType]:
    took = f" in {seconds_text((trial.ended - trial.started).total_seconds())}" if trial.started and trial.ended else ""
    best = ", the best" if record.best_trial is not None and trial.id == record.best_trial.id else ""
    yield Text.assemble((f"trial {trial.id} of study {record.name}", "bold"), f"  {STATES[trial.state]}{took}{best}")
    if trial.error or trial.infeasible_reason:
        yield Text(trial.error or trial.infeasible_reason, "yellow")
    if trial.final_measurement is not None:
        told = "  ".join(f"{name} {figure_text(value)}" for name, value in trial.final_measurement.metrics.items())
        yield Text(f"on the eval rows: {told}")
    yield Text("")
    spaces = {each.name: space_text(each) for each in record.dimensions}
    table = new_table()
    for heading in ("hyperparameter", "value", "of"):
        table.add_column(heading, overflow="fold")
    for name, value in trial.parameters.items():
        table.add_row(Text(name), Text(parameter_text(name, value, 200)), Text(spaces.get(name, ""), "dim"))
    yield table
    if trial.measurements:
        yield Text("")
        yield _curve(trial)


def _curve(trial: Trial) -> RenderableType:
    """Some of many measurements, the first and the last among them."""
    told = trial.measurements
    step = max(1, -(-(len(told) - 1) // (MOST_MEASUREMENTS - 1)))
    shown: list[Measurement] = list(told[::step])
    if shown[-1] is not told[-1]:
        shown.append(told[-1])
    metrics = list(dict.fromkeys(name for each in shown for name in each.metrics))
    table = new_table()
    for heading in ("iteration", "time", *metrics):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in shown:
        values = [figure_text(each.metrics.get(name)) for name in metrics]
        table.add_row(f"{each.iteration:,}", seconds_text(each.elapsed_seconds), *values)
    return table
