"""`best_section` and `values_section`: what the search came to, and where it found it."""

from __future__ import annotations

from hagane.counted import counted
from hagane.evaluation.metric_info import metric_info
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text
from hagane.page.pieces import Span, bar, card
from hagane.tuning.dimension import Dimension
from hagane.tuning.report.objective_axis import metric_title
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.report.trial_text import value_text
from hagane.tuning.space_text import space_text
from hagane.tuning.study_record import StudyRecord
from hagane.tuning.study_winner import StudyWinner
from hagane.tuning.trial import Trial


def best_section(study: ShownStudy) -> Markup:
    """The best value beside that of the first trial, which had the defaults, and what the winner is worth elsewhere."""
    record, winner = study.record, study.record.winner
    best = record.best_trial
    title = metric_title(record.objective.metric)
    value = record.value(best) if best else None
    found = f"trial {best.id} of {len(record.trials):,}" if best else "no trial has a value yet"
    lead = element(
        "div",
        element("h2", title),
        element("div", number_text(value), class_="big"),
        element("div", found, class_="soft"),
        class_="lead",
    )
    said = " ".join(filter(None, [_goal_text(study), winner_text(record, winner, value)]))
    scale = element("div", _bars(record, best, winner), element("p", said, class_="note"), class_="scale")
    return element("section", lead, scale, class_="card wide hero")


def values_section(study: ShownStudy, trial: Trial, span: Span) -> Markup:
    """The hyperparameters of the best trial, each with the space it was chosen from."""
    shown = [element("div", element("dt", study.names[each.name], title=each.name), _value(each, trial), class_="fact")
             for each in study.record.dimensions]  # fmt: skip
    facts = element("dl", *shown, class_="facts")
    return card(
        f"Trial {trial.id}", facts, note="The values that were best, and what they were chosen from.", span=span
    )


def winner_text(record: StudyRecord, winner: StudyWinner | None, value: float | None) -> str:
    """What the registered model is worth on rows that no trial saw; empty where there is none."""
    if winner is None:
        return ""
    metric = record.objective.metric
    reached = winner.metrics.get(metric)
    told = f"The model {winner.model}"
    told += ", trained again on train and eval rows together," if winner.retrained else ""
    told += f" reaches {number_text(reached)}"
    interval = winner.intervals.get(metric)
    told += f" ({number_text(interval[0])} to {number_text(interval[1])} with 95 % confidence)" if interval else ""
    if winner.part == "eval":
        return f"{told} on those same rows: the split keeps no others, and the best of many is partly luck."
    told += f" on the {winner.part} rows, which no trial saw"
    return (
        f"{told}: {_difference(record, value, reached)}." if value is not None and reached is not None else f"{told}."
    )


def _difference(record: StudyRecord, value: float, reached: float) -> str:
    gap = abs(reached - value)
    if gap < 5e-5 * max(abs(value), 1e-12):
        return "the same as on the eval rows"
    is_worse = record.objective.is_better(value, reached)
    return f"{number_text(gap)} {'worse' if is_worse else 'better'} than on the eval rows"


def _goal_text(study: ShownStudy) -> str:
    record = study.record
    goals = [f"{metric_title(each.metric)} as {'large' if each.goal == 'MAXIMIZE' else 'small'} as possible"
             for each in record.objectives]  # fmt: skip
    searched = counted(len(record.dimensions), "hyperparameter")
    told = f"On the eval rows, searching {searched} for {' and '.join(goals)}."
    front = len(study.best)
    if len(record.objectives) > 1 and front > 1:
        told += f" One of {front} trials than which no other is better in all of them: that which is best in the first."
    return told


def _bars(record: StudyRecord, best: Trial | None, winner: StudyWinner | None) -> Markup:
    metric = record.objective.metric
    figures: list[tuple[str, float | None, str]] = []
    if best is not None:
        figures.append((f"Trial {best.id}", record.value(best), "bar"))
    if winner is not None and winner.part != "eval":
        figures.append((f"On {winner.part} rows", winner.metrics.get(metric), "bar"))
    first = next((trial for trial in record.trials if trial.id == 1), None)
    if first is not None and first is not best and record.value(first) is not None:
        figures.append(("Trial 1, defaults", record.value(first), "bar base"))
    if metric_info(metric).is_share or metric == "r2_score":
        rows = [
            joined(element("span", name), bar(value or 0.0, kind), element("span", number_text(value), class_="figure"))
            for name, value, kind in figures
        ]
        return element("div", *rows, class_="bars")
    told = ", ".join(f"{name} {number_text(value)}" for name, value, _ in figures)
    return element("p", told)


def _value(dimension: Dimension, trial: Trial) -> Markup:
    space = element("span", f" of {space_text(dimension, value_text)}", class_="range")
    if dimension.name not in trial.parameters:
        return element("dd", element("span", "plays no part", class_="range"))
    return element("dd", value_text(dimension.name, trial.parameters[dimension.name]), space)
