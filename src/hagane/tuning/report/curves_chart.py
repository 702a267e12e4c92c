"""`curves_chart`: what trials were worth on the way, and where they may be ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hagane.evaluation.report.charts import widened
from hagane.page.frame import Axis, Frame
from hagane.page.log_axis import LogAxis
from hagane.page.markup import Markup, element
from hagane.page.number_text import number_text
from hagane.tuning.objective import Objective
from hagane.tuning.report.charts import MANY_TIMES
from hagane.tuning.report.objective_axis import metric_title, objective_axis, within
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import Trial, TrialState


def curves_chart(study: ShownStudy) -> tuple[Markup, str] | None:
    """What trials were worth on the way, and the metric that was heard; None where none was."""
    record = study.record
    metric = _heard(record)
    if metric is None:
        return None
    lines = {trial.id: points for trial in record.trials if len(points := _points(trial, metric)) > 1}
    goal: Objective = next((each for each in record.objectives if each.metric == metric), Objective(metric, "MINIMIZE"))
    if not lines:
        return None
    axis = objective_axis(goal, [value for points in lines.values() for _, value in points])
    iterations = [at for points in lines.values() for at, _ in points]
    low, high = max(1, min(iterations)), max(iterations)
    is_log = bool(record.rungs) and high / low > MANY_TIMES
    frame = Frame((LogAxis if is_log else Axis)("Iteration", *widened(low, high)), axis)
    marks = [_rung(frame, rung) for rung in record.rungs if low <= rung <= high]
    for trial in sorted(record.trials, key=lambda each: each.id in study.best):
        if trial.id in lines:
            marks.append(_curve(frame, trial, lines[trial.id], study))
    return frame.draw("On the way", f"{metric_title(metric)} by iteration, a line a trial.", marks), metric


def _heard(record: StudyRecord) -> str | None:
    """The metric that most measurements on the way have, the first objective's before all."""
    told = Counter(metric for trial in record.trials for each in trial.measurements if each.iteration > 0
                   for metric, value in each.metrics.items() if value is not None)  # fmt: skip
    if record.objective.metric in told:
        return record.objective.metric
    return max(told, key=lambda metric: (told[metric], metric)) if told else None


def _points(trial: Trial, metric: str) -> list[tuple[int, float]]:
    found = [(each.iteration, each.metrics.get(metric)) for each in trial.measurements if each.iteration > 0]
    return sorted((at, value) for at, value in found if is_number(value))


def _rung(frame: Frame, rung: int) -> Markup:
    x = f"{frame.across(rung):.1f}"
    title = element("title", f"after iteration {rung:,} trials may be ended")
    low, high = frame.down(frame.y.low), frame.down(frame.y.high)
    return element("line", title, x1=x, x2=x, y1=f"{low:.1f}", y2=f"{high:.1f}", class_="rung")


def _curve(frame: Frame, trial: Trial, points: Sequence[tuple[int, float]], study: ShownStudy) -> Markup:
    places = " ".join(f"{frame.across(at):.1f},{frame.down(within(frame.y, value)):.1f}" for at, value in points)
    kind = "best" if trial.id in study.best else "early" if trial.state is TrialState.STOPPED else "whole"
    title = element("title", study.told(trial) + f"; last {number_text(points[-1][1])}")
    return element("polyline", title, points=places, class_=f"curve {kind}", data_trial=trial.id)
