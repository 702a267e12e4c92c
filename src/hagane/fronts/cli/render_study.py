"""`render_study`: what a study came to: the best, the space, all trials, why some have no value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.evaluation.metric_info import metric_info
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.render_space import render_space
from hagane.fronts.cli.stage_text import seconds_text
from hagane.fronts.cli.trial_table import TrialRow, trial_table
from hagane.names_text import names_text
from hagane.number_text import figure_text, percent_text
from hagane.tuning.importance import Importance, importance
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.reasons import reasons
from hagane.tuning.short_parameter_names import short_parameter_names
from hagane.tuning.states_text import states_text
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Trial

MOST_ROWS = 30
MOST_NAMED = 8


def render_study(record: StudyRecord, *, is_fresh: bool = False) -> RenderableType:
    """Everything that a terminal has room for; the page has all.

    Of a search that has just ended (`is_fresh`) its user has seen the space, and is told of what to know elsewhere.
    """
    return Group(*_parts(record, is_fresh=is_fresh))


def _parts(record: StudyRecord, *, is_fresh: bool) -> Iterator[RenderableType]:
    found = importance(record)
    yield Text.assemble((f"study {record.name}", "bold"), f"  {states_text(record.trials)}")
    if record.path:
        yield Text(record.path, "dim", no_wrap=True, overflow="ignore")
    if record.dimensions and not is_fresh:
        yield Text("")
        yield FitWidth(lambda width: render_space(record.dimensions, width))
    if record.trials:
        yield Text("")
        yield FitWidth(lambda width: _table(record, found, width))
    yield from _reasons(record)
    if found:
        yield Text("")
        told = ", ".join(f"{_names(record)[each.name]} {percent_text(each.share)}" for each in found[:MOST_NAMED])
        yield Text(f"what mattered to {found[0].metric} (fANOVA): {told}")
    yield from _best_lines(record)
    if record.winner is not None and not is_fresh:
        yield from (Text(f"note: {text}", "yellow") for text in record.winner.notes)


def _best_lines(record: StudyRecord) -> Iterator[RenderableType]:
    """The best value and where it was found; the model that was made of it, and what that is worth elsewhere."""
    best = record.best_trial
    if best is None:
        return
    yield Text("")
    title = metric_info(record.objective.metric).title
    values = f"{title} {figure_text(record.value(best))}"
    front = len(record.best_trials)
    among = f", one of {front} on the Pareto front" if front > 1 else ""
    yield Text.assemble((f"best: trial {best.id}{among}", "bold"), f"  {values} on the eval rows")
    names = _names(record)
    yield Text("  " + ", ".join(f"{names.get(name, name)} {parameter_text(name, value)}"
                                for name, value in best.parameters.items()))  # fmt: skip
    if record.winner is not None:
        yield _winner_line(record, record.winner)


def _winner_line(record: StudyRecord, winner: StudyWinner) -> Text:
    metric = record.objective.metric
    value, interval = winner.metrics.get(metric), winner.intervals.get(metric)
    ends = f" ({figure_text(interval[0])} to {figure_text(interval[1])})" if interval else ""
    seen = ", which no trial saw" if winner.part != "eval" else ", by which it was chosen"
    again = ", trained again on train and eval rows" if winner.retrained else ""
    title = metric_info(metric).title
    worth = f"{title} {figure_text(value)}{ends} on the {winner.part} rows{seen}"
    return Text.assemble((winner.model, "bold"), f"{again}  {worth}")


def _table(record: StudyRecord, found: Sequence[Importance], width: int) -> RenderableType:
    names = _names(record)
    shown = _shown(record)
    order = [each.name for each in found] + [each.name for each in record.dimensions]
    differing = {name: names[name] for name in dict.fromkeys(order) if _differs(record, name)}
    best = {trial.id for trial in record.best_trials}
    rows = [_row(record, trial, is_best=trial.id in best) for trial in shown]
    table = trial_table(rows, metrics=[each.metric for each in record.objectives], names=differing, width=width)
    left_out = len(record.trials) - len(shown)
    note = f"the {len(shown)} best of {len(record.trials):,}; --html FILE or --json has all"
    return Group(table, Text(note, "dim")) if left_out else table


def _shown(record: StudyRecord) -> list[Trial]:
    """All trials, or of many the best, in the order in which they were asked for."""
    if len(record.trials) <= MOST_ROWS:
        return list(record.trials)
    objective = record.objective
    with_value = [trial for trial in record.trials if objective.is_better(record.value(trial), None)]
    sign = -1 if objective.goal == "MAXIMIZE" else 1
    ranked = sorted(with_value, key=lambda trial: sign * (record.value(trial) or 0.0))
    kept = {trial.id for trial in [*record.best_trials, *ranked][:MOST_ROWS]}
    return [trial for trial in record.trials if trial.id in kept]


def _differs(record: StudyRecord, name: str) -> bool:
    return len({repr(trial.parameters.get(name)) for trial in record.trials}) > 1 or len(record.trials) == 1


def _row(record: StudyRecord, trial: Trial, *, is_best: bool) -> TrialRow:
    seconds = (trial.ended - trial.started).total_seconds() if trial.started and trial.ended else None
    return TrialRow(
        number=trial.id,
        state=trial.state,
        values=tuple(figure_text(record.value(trial, each.metric)) for each in record.objectives),
        parameters={name: parameter_text(name, value) for name, value in trial.parameters.items()},
        iterations=f"{trial.best_iteration:,}" if trial.best_iteration else "",
        seconds="" if seconds is None else seconds_text(seconds),
        cached="" if trial.num_columns is None else f"{trial.num_cached or 0}/{trial.num_columns}",
        is_best=is_best,
    )


def _reasons(record: StudyRecord) -> Iterator[RenderableType]:
    for each in reasons(record.trials):
        numbers = names_text([str(number) for number in each.trials], MOST_NAMED)
        yield Text(f"{each.state}, trial{'s' if len(each.trials) > 1 else ''} {numbers}: {each.text}", "yellow")


def _names(record: StudyRecord) -> dict[str, str]:
    return short_parameter_names([each.name for each in record.dimensions])
