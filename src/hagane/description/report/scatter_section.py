"""The scatter plots: points where they are few, a density where they are many, the rows that sway marked."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hagane.counted import counted
from hagane.description.scatter_plots import ScatterPlot, ScatterPlots
from hagane.page.frame import Axis, Frame
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import MINUS
from hagane.page.pieces import card
from hagane.page.short_name import short_name
from hagane.types import SqlType

LEVELS = 8
FEW_POINTS = 60
MAX_NAME = 32
SECONDS = {SqlType.TIMESTAMP: 1.0, SqlType.DATE: 86_400.0}
"""What 1 stands for where a moment is drawn."""
Types = Mapping[str, SqlType]


def scatter_section(plots: ScatterPlots, types: Types) -> Markup:
    """What equal statistics hide in words, then the plots; `types` are those of the columns."""
    told = [element("li", each.text) for each in plots.lookalikes]
    alike = card("Equal statistics, different shapes", element("ul", *told, class_="said"), span="wide") if told else ""
    notes = [element("p", note, class_="note") for note in plots.notes]
    return joined(alike, element("div", *(_card(plot, types) for plot in plots.plots), class_="plots"), *notes)


def _card(plot: ScatterPlot, types: Types) -> Markup:
    shape = plot.shape
    figures = f"r {shape.pearson:.2f}, ρ {shape.spearman:.2f}".replace("-", MINUS)
    rows = counted(shape.num_rows, "row") + (f", {plot.num_outside:,} of them outside" if plot.num_outside else "")
    said = element("p", shape.text[:1].upper() + shape.text[1:], class_="warn") if shape.text else ""
    class_ = "card few-points" if len(plot.points) <= FEW_POINTS else "card"
    heading = f"{shape.y} against {shape.x}"
    chart = element("figure", scatter_chart(plot, types))
    return element(
        "article", element("h3", heading), chart, element("p", f"{figures}; {rows}", class_="note"), said, class_=class_
    )


def scatter_chart(plot: ScatterPlot, types: Types) -> Markup:
    """One plot; the line is the least-squares line."""
    shape = plot.shape
    frame = Frame(_axis(shape.x, plot.x_low, plot.x_high, types), _axis(shape.y, plot.y_low, plot.y_high, types))
    marks = [_density(frame, plot)] if plot.counts else [_points(frame, plot)]
    ends = _line(plot, frame)
    marks += [frame.line([x for x, _ in ends], [y for _, y in ends], "chance strong")] if len(ends) == 2 else []
    marks += [frame.dot(x, y, "sways", f"sways the correlation: {x:.4g}, {y:.4g}", 7) for x, y in shape.influential]
    kind = "density of rows" if plot.counts else "points"
    described = f"{kind}; correlation {shape.pearson:.2f}" + (f"; {shape.text}" if shape.text else "")
    return frame.draw(f"{shape.y} against {shape.x}", described, marks)


def _points(frame: Frame, plot: ScatterPlot) -> Markup:
    path = "".join(f"M{frame.across(x):.1f} {frame.down(y):.1f}h0" for x, y in plot.points)
    return element("path", d=path, class_="points")


def _density(frame: Frame, plot: ScatterPlot) -> Markup:
    """The darker, the more rows, in logarithmic steps; one path a step."""
    rows, columns = len(plot.counts), len(plot.counts[0])
    most = max(max(row) for row in plot.counts) or 1
    across, up = (plot.x_high - plot.x_low) / columns, (plot.y_high - plot.y_low) / rows
    width = frame.across(plot.x_low + across) - frame.across(plot.x_low)
    height = frame.down(plot.y_low) - frame.down(plot.y_low + up)
    paths: dict[int, str] = {}
    for i, row in enumerate(plot.counts):
        for j, count in enumerate(row):
            if count:
                level = 1 + int((LEVELS - 1) * math.log1p(count) / math.log1p(most))
                x, y = frame.across(plot.x_low + j * across), frame.down(plot.y_low + (i + 1) * up)
                cell = f"M{x:.1f} {y:.1f}h{width:.2f}v{height:.2f}h-{width:.2f}z"
                paths[level] = paths.get(level, "") + cell
    return joined(
        *(
            element("path", d=path, class_="density", fill_opacity=round(level / LEVELS, 3))
            for level, path in sorted(paths.items())
        )
    )


def _line(plot: ScatterPlot, frame: Frame) -> list[tuple[float, float]]:
    """The least-squares line as far as it lies within the picture."""
    shape = plot.shape
    low, high = frame.y.low, frame.y.high
    ends = []
    for x in (frame.x.low, frame.x.high):
        y = shape.intercept + shape.slope * x
        if not low <= y <= high and shape.slope:
            y = min(max(y, low), high)
            x = (y - shape.intercept) / shape.slope  # noqa: PLW2901
        if frame.x.low <= x <= frame.x.high:
            ends.append((x, y))
    return ends


def _axis(name: str, low: float, high: float, types: Types) -> Axis:
    """The range with some room around it."""
    spare = (high - low) / 20 or max(0.5, abs(low) / 2)
    return Axis(short_name(name, MAX_NAME), low - spare, high + spare, SECONDS.get(types.get(name, SqlType.FLOAT64)))
