"""`parallel_chart`: every trial as a line through the values of all hyperparameters, to what it was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hagane.page.frame import Axis
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import tick_text
from hagane.page.short_name import short_name, short_names
from hagane.tuning.dimension import Dimension
from hagane.tuning.dimension_share import dimension_share
from hagane.tuning.report.objective_axis import metric_title, objective_axis, within
from hagane.tuning.report.shown_study import ShownStudy
from hagane.tuning.report.trial_text import value_text
from hagane.tuning.study_record import StudyRecord, is_number
from hagane.tuning.trial import Trial, TrialState

STEP, TOP, BOTTOM, HEIGHT, EDGE = 112.0, 34.0, 14.0, 300.0, 56.0
"""Between two axes; above and below them; in all; left and right of them."""
NAME_WIDTH, TICK_WIDTH = 16, 9
MOST_TICKS = 9
RANKS = 5
"""Shades, from the best fifth of the trials to the worst."""


@dataclass(frozen=True)
class _Upright:
    """One axis: its place, its name, its marks (share of the height, text)."""

    x: float
    name: str
    marks: Sequence[tuple[float, str]]


def parallel_chart(study: ShownStudy, dimensions: Sequence[Dimension]) -> Markup:
    """One axis a hyperparameter and one for each objective; the best trial drawn last."""
    record, shown, names = study.record, study.valued(), study.names
    scales = {each.metric: objective_axis(each, [v for _, v in study.valued(each.metric)])
              for each in record.objectives}  # fmt: skip
    axes = [_dimension_axis(EDGE + at * STEP, each, names[each.name]) for at, each in enumerate(dimensions)]
    axes += [_Upright(EDGE + (len(dimensions) + at) * STEP, metric_title(metric), _number_marks(axis))
             for at, (metric, axis) in enumerate(scales.items())]  # fmt: skip
    width = 2 * EDGE + (len(axes) - 1) * STEP
    ranked = sorted(shown, key=lambda each: each[1], reverse=record.objective.goal == "MAXIMIZE")
    shares = [_shares(record, trial, dimensions, scales) for trial, _ in ranked]
    classes = ["way best", *(f"way r{RANKS * at // len(ranked)}" for at in range(1, len(ranked)))]
    lines = [_line(trial, own, class_, study.told(trial))
             for (trial, _), own, class_ in zip(ranked, shares, classes, strict=True)]  # fmt: skip
    stopped = [trial for trial in study.without_value() if trial.state is TrialState.STOPPED]
    lines += [_line(trial, _shares(record, trial, dimensions, scales), "way early", study.told(trial))
              for trial in stopped]  # fmt: skip
    return element(
        "svg",
        element("title", "Parallel coordinates"),
        element("desc", f"{len(ranked)} trials as lines through {len(dimensions)} hyperparameters."),
        *reversed(lines),
        *(_draw(at, axis) for at, axis in enumerate(axes)),
        viewBox=f"0 0 {width:g} {HEIGHT:g}",
        style=f"width:max(100%,{0.86 * width:.0f}px);max-width:{1.5 * width:.0f}px",
        role="img",
        aria_label="Parallel coordinates of all trials",
        class_="parallel",
    )


def _down(share: float) -> float:
    return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM)


def _line(trial: Trial, shares: Sequence[float | None], class_: str, told: str) -> Markup:
    """A gap where a hyperparameter plays no part."""
    path, pen_is_up = "", True
    for at, share in enumerate(shares):
        if share is not None:
            path += f"{'M' if pen_is_up else 'L'}{EDGE + at * STEP:g} {_down(share):.1f}"
        pen_is_up = share is None
    places = ",".join("" if share is None else f"{_down(share):.1f}" for share in shares)
    return element("path", element("title", told), d=path, class_=class_, data_trial=trial.id, data_y=places)


def _shares(
    record: StudyRecord, trial: Trial, dimensions: Sequence[Dimension], scales: Mapping[str, Axis]
) -> list[float | None]:
    """How far up each axis the trial lies; None where it has no value."""
    shares = [_share(each, trial.parameters) for each in dimensions]
    for metric, axis in scales.items():
        value = record.value(trial, metric)
        shares.append(axis.share(within(axis, value)) if is_number(value) else None)
    return shares


def _share(dimension: Dimension, parameters: Mapping[str, Any]) -> float | None:
    if dimension.name not in parameters:
        return None
    share = dimension_share(dimension, parameters[dimension.name])
    return share if share is not None or not dimension.candidates else 1.0


def _dimension_axis(x: float, dimension: Dimension, name: str) -> _Upright:
    if dimension.candidates:
        texts = short_names([value_text(dimension.name, each) for each in dimension.candidates], TICK_WIDTH)
        every = -(-len(texts) // MOST_TICKS)
        marks = [(dimension_share(dimension, each) or 0.0, text)
                 for each, text in zip(dimension.candidates, texts, strict=True)]  # fmt: skip
        return _Upright(x, name, [(0.5, marks[0][1])] if len(marks) == 1 else marks[::every])
    low, high = dimension.low or 0, dimension.high or 0
    middle = _middle(dimension)
    marks = [(dimension_share(dimension, each) or 0.0, tick_text(each, 3)) for each in (low, middle, high)]
    suffix = {"linear": "", "log": " ·log", "reverse_log": " ·log"}[dimension.scale]
    return _Upright(x, short_name(name, NAME_WIDTH - len(suffix)) + suffix, list(dict(marks).items()))


def _middle(dimension: Dimension) -> float:
    """The value half-way between both ends, as the scale has it."""
    low, high = float(dimension.low or 0), float(dimension.high or 0)
    for _ in range(60):
        half = (low + high) / 2
        if (dimension_share(dimension, half) or 0.0) < 0.5:
            low = half
        else:
            high = half
    return float(f"{high:.2g}")


def _number_marks(axis: Axis) -> list[tuple[float, str]]:
    return [(axis.share(value), text) for value, text in axis.marks]


def _draw(at: int, axis: _Upright) -> Markup:
    """The axis over a strip that takes the pointer."""
    strip = element("rect", x=f"{axis.x - 14:g}", y=TOP - 6, width=28, height=HEIGHT - TOP - BOTTOM + 12,
                    class_="strip", data_axis=at)  # fmt: skip
    line = element("line", x1=axis.x, x2=axis.x, y1=TOP, y2=HEIGHT - BOTTOM, class_="upright")
    title = element("text", short_name(axis.name, NAME_WIDTH + 4), x=axis.x, y=14, class_="axis middle")
    ticks = [
        element("text", text, x=f"{axis.x + 6:g}", y=f"{_down(share) + 3.5:.1f}", class_="tick")
        for share, text in axis.marks
    ]
    return joined(line, title, *ticks, strip)


def is_drawable(study: ShownStudy, dimensions: Sequence[Dimension]) -> bool:
    """Whether there are lines to draw, and more than one axis beside the objective's."""
    return len(study.valued()) > 1 and bool(dimensions)
