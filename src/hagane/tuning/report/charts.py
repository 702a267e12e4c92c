"""Charts of a study in the frame that all charts have: history, values by hyperparameter, curves, fronts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from hagane.counted import counted
from hagane.evaluation.report.charts import padded, widened
from hagane.page.choice_axis import ChoiceAxis
from hagane.page.frame import Axis, Frame
from hagane.page.log_axis import LogAxis
from hagane.page.markup import Markup, element
from hagane.tuning.dimension import Dimension
from hagane.tuning.dimension_share import SMALLEST, plain
from hagane.tuning.objective import Objective
from hagane.tuning.report.objective_axis import FARTHEST, metric_title, objective_axis, within
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.report.trial_text import value_text
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import Trial, TrialState

SMALL, LARGE = 3.6, 5.4
MANY_TIMES = 30.0
"""Positive values that differ by so much are drawn by their logarithms."""


def history_chart(study: ShownStudy) -> Markup:
    """Each trial's value by its number, the best so far as a line, below them those without a value."""
    record, shown = study.record, study.valued()
    axis = objective_axis(record.objective, [value for _, value in shown])
    last = max((trial.id for trial in record.trials), default=1)
    frame = Frame(Axis("Trial", *widened(0.5, last + 0.5)), axis)
    marks = [frame.line(*_best_so_far(record.objective, shown, last, axis), "line second", step=True)] if shown else []
    marks += [dot(frame, (trial.id, value), trial, study) for trial, value in shown]
    marks += [_cross(frame, trial.id, trial, study) for trial in study.without_value()]
    goal = "as large as possible" if record.objective.goal == "MAXIMIZE" else "as small as possible"
    return frame.draw("History", f"{counted(len(shown), 'trial')} with a value, {goal}.", marks)


def slice_chart(study: ShownStudy, dimension: Dimension) -> Markup:
    """Each trial's value over that of one hyperparameter, below them those without a value."""
    objective, valued = study.record.objective, study.valued()
    shown = [(trial, value) for trial, value in valued if dimension.name in trial.parameters]
    without = [trial for trial in study.without_value() if dimension.name in trial.parameters]
    trials = [*without, *(trial for trial, _ in shown)]
    name, chosen = study.names[dimension.name], [trial.parameters[dimension.name] for trial in trials]
    across = _dimension_axis(dimension, name, chosen)
    frame = Frame(across, objective_axis(objective, [value for _, value in valued]))
    ordered = sorted(shown, key=lambda each: each[0].id in study.best)
    places = ((trial, _place(across, dimension, trial.parameters[dimension.name])) for trial in without)
    marks = [_cross(frame, place, trial, study) for trial, place in places if place is not None]
    for trial, value in ordered:
        place = _place(across, dimension, trial.parameters[dimension.name])
        if place is not None:
            marks.append(dot(frame, (place, value), trial, study, is_brief=True))
    return frame.draw(name, f"{metric_title(objective.metric)} by its value.", marks)


def front_chart(study: ShownStudy, first: Objective, second: Objective) -> Markup:
    """Two objectives against each other; those than which nothing is better in both are joined."""
    pairs = [(trial, value, other) for trial, value in study.valued(first.metric)
             if is_number(other := study.record.value(trial, second.metric))]  # fmt: skip
    across = _numbers_axis(metric_title(second.metric), [other for _, _, other in pairs])
    axis = objective_axis(first, [value for _, value, _ in pairs])
    frame = Frame(across, axis)
    front = sorted((other, value) for trial, value, other in pairs if trial.id in study.best)
    marks = [frame.line([at for at, _ in front], [within(axis, value) for _, value in front], "line second", step=True)]
    marks += [dot(frame, (other, value), trial, study) for trial, value, other in pairs]
    return frame.draw("Pareto front", f"{counted(len(front), 'trial')} that no other is better than in both.", marks)


def dot(frame: Frame, place: tuple[float, float], trial: Trial, study: ShownStudy, *, is_brief: bool = False) -> Markup:
    """A trial's mark, which tells of it when pointed at; at the edge where its value lies beyond the chart."""
    shown, is_best = within(frame.y, place[1]), trial.id in study.best
    class_ = "suggested" if is_best else "used" if trial.state is TrialState.SUCCEEDED else "early"
    is_beyond = shown != place[1]
    return element(
        "circle",
        element(
            "title",
            (study.told_briefly if is_brief else study.told)(trial) + (" (beyond the chart)" if is_beyond else ""),
        ),
        cx=f"{frame.across(place[0]):.1f}",
        cy=f"{frame.down(shown):.1f}",
        r=LARGE if is_best else SMALL,
        class_=f"{class_} beyond" if is_beyond else class_,
        data_trial=trial.id,
    )


def _best_so_far(
    objective: Objective, shown: Sequence[tuple[Trial, float]], last: int, axis: Axis
) -> tuple[list[float], list[float]]:
    xs: list[float] = []
    ys: list[float] = []
    best: float | None = None
    for trial, value in shown:
        if objective.is_better(value, best):
            best = value
            xs.append(trial.id)
            ys.append(within(axis, value))
    return [*xs, last + 0.5], [*ys, *ys[-1:]]


def _cross(frame: Frame, across: float, trial: Trial, study: ShownStudy) -> Markup:
    """A trial without a value, below: a cross; a small circle where it was ended early."""
    x, y = frame.across(across), frame.down(frame.y.low) - 6
    title = element("title", study.told(trial))
    if trial.state is TrialState.STOPPED:
        return element("circle", title, cx=f"{x:.1f}", cy=f"{y:.1f}", r=2.6, class_="cross", data_trial=trial.id)
    path = f"M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6"
    return element("path", title, d=path, class_=f"cross {trial.state.lower()}", data_trial=trial.id)


def _dimension_axis(dimension: Dimension, label: str, values: Sequence[Any]) -> Axis:
    """By the dimension's own scale; with what was tried beyond its ends."""
    if dimension.candidates:
        others = [value for value in values if plain(value) not in map(plain, dimension.candidates)]
        return ChoiceAxis.of(label, [value_text(dimension.name, each) for each in (*dimension.candidates, *others[:1])])
    numbers = [place for value in values if (place := _number(value)) is not None]
    low, high = min([float(dimension.low or 0), *numbers]), max([float(dimension.high or 0), *numbers])
    if dimension.scale == "log":
        return LogAxis(f"{label} (log scale)", *widened(max(low, SMALLEST), max(high, SMALLEST)))
    return Axis(f"{label} (reverse log scale)" if dimension.scale == "reverse_log" else label, *widened(low, high))


def _place(axis: Axis, dimension: Dimension, value: Any) -> float | None:
    if isinstance(axis, ChoiceAxis):
        places = [at for at, each in enumerate(dimension.candidates) if plain(each) == plain(value)]
        return float(places[0] if places else len(dimension.candidates))
    place = _number(value)
    return None if place is None else within(axis, place)


def _number(value: Any) -> float | None:
    """Where on an axis of numbers it lies: those that no axis could hold at its ends."""
    if not isinstance(value, int | float) or isinstance(value, bool) or math.isnan(value):
        return None
    return float(min(max(value, -FARTHEST), FARTHEST))


def _numbers_axis(label: str, values: Sequence[float]) -> Axis:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low > 0 and high / low > MANY_TIMES:
        return LogAxis(f"{label} (log scale)", low / 1.2, high * 1.2)
    return Axis(label, *padded(low, high))


def shown_dimensions(record: StudyRecord, order: Sequence[str]) -> Iterator[Dimension]:
    """The hyperparameters in which trials differ, those of `order` first."""
    places = {name: at for at, name in enumerate(order)}
    for dimension in sorted(record.dimensions, key=lambda each: places.get(each.name, len(places))):
        values = {repr(plain(trial.parameters.get(dimension.name))) for trial in record.trials}
        if len(values) > 1:
            yield dimension
