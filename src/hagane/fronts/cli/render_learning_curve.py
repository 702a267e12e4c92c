"""`render_learning_curve`: trainings by their size, the curve through them, and what more rows would be worth."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.evaluation.learning_curve import CurvePoint, LearningCurve
from hagane.evaluation.metric_info import metric_info
from hagane.fronts.cli.braille_plot import braille_plot
from hagane.fronts.cli.new_table import new_table
from hagane.fronts.cli.stage_text import seconds_text
from hagane.number_text import brief_text, figure_text

WIDTH, HEIGHT = 56, 10
PLACES = 2 * WIDTH


def render_learning_curve(curve: LearningCurve) -> RenderableType:
    """A table of sizes, a plot over a logarithmic axis of rows up to those asked about, and the answer."""
    title = metric_info(curve.metric).title
    table = new_table()
    for heading in ("training rows", "trainings", title, "lowest", "highest", "duration"):
        table.add_column(heading, justify="right")
    for _, found in groupby(curve.points, key=lambda point: point.share):
        table.add_row(*_row(list(found)))
    then = f"{round(curve.more * curve.num_rows):,}"
    table.add_row(then, "by the law", figure_text(curve.then.value), figure_text(curve.then.low),
                  figure_text(curve.then.high), "", style="bold")  # fmt: skip
    judged = Text(f"judged on the same {counted(curve.num_judged_rows, f'{curve.part} row')}", "dim")
    return Group(table, judged, Text(""), *_plot(curve, title), Text(""), Text(_sentence(curve), "bold"))


def _row(points: list[CurvePoint]) -> tuple[str, ...]:
    values = [point.value for point in points]
    rows = round(sum(point.num_rows for point in points) / len(points))
    bounds = (figure_text(min(values)), figure_text(max(values))) if len(values) > 1 else ("", "")
    seconds = sum(point.seconds for point in points)
    return (f"{rows:,}", f"{len(points)}", figure_text(sum(values) / len(values)), *bounds, seconds_text(seconds))


def _plot(curve: LearningCurve, title: str) -> list[Text]:
    first, last = curve.points[0].num_rows, curve.more * curve.num_rows
    rows = np.geomspace(first, last, PLACES).tolist()
    values = [curve.value_at(each) for each in rows]
    shown = [*(point.value for point in curve.points), *(each for value in values for each in (value.low, value.high))]
    low, high = min(shown), max(shown)
    height = (high - low) or 1.0

    def place(rows: float, value: float) -> tuple[float, float]:
        return min(math.log(rows / first) / math.log(last / first), 0.999), min(max((value - low) / height, 0.0), 0.999)

    dots = [place(each, value.value) for each, value in zip(rows, values, strict=True)]
    dots += [
        place(each, end) for each, value in [*zip(rows, values, strict=True)][::4] for end in (value.low, value.high)
    ]
    dots += [place(max(point.num_rows, first), point.value) for point in curve.points]
    lines = [Text(line, "cyan") for line in braille_plot(dots, WIDTH, HEIGHT)]
    above, below = f"{title} {brief_text(high)}", f"{brief_text(low)}, {first:,} to {round(last):,} training rows"
    return [Text(above, "dim"), *lines, Text(below, "dim")]


def _sentence(curve: LearningCurve) -> str:
    told = curve.describe()
    return told[0].upper() + told[1:]
