"""`comparison_html`: models side by side, as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hagane.evaluation.comparison import ComparedMetric, Comparison
from hagane.evaluation.report import comparison_sections as sections
from hagane.page.frame import TOP, WIDTH
from hagane.page.markup import Markup, element, joined
from hagane.page.number_text import number_text, tick_text
from hagane.page.pieces import card
from hagane.page.short_name import short_names
from hagane.page.whole_page import whole_page

ROW, LEFT, RIGHT = 26.0, 112.0, 14.0
MAX_DRAWN = 6
"""Metrics that have a picture."""


def comparison_html(comparison: Comparison) -> str:
    """One self-contained HTML page.

    >>> import numpy as np
    >>> from hagane.evaluation.compare_scores import compare_scores
    >>> labels = np.arange(50.0)
    >>> table = compare_scores(labels, {"<a>": labels + 1, "b": labels * 1.1}, task="regression")
    >>> "&lt;a&gt;" in comparison_html(table), "<a>" in comparison_html(table)
    (True, False)
    """
    title = " · ".join(comparison.models)
    return whole_page(title, _subtitle(comparison), *_cards(comparison))


def _cards(comparison: Comparison) -> Iterator[Markup]:
    yield sections.fairness_section(comparison)
    yield sections.comparison_metrics_section(comparison)
    drawn = [metric for metric in comparison.metrics if any(metric.intervals)][:MAX_DRAWN]
    for metric in drawn:
        better = "Further right is better." if metric.higher_is_better else "Further left is better."
        yield card(metric.title, intervals_chart(comparison, metric), note=better)
    if comparison.tests:
        yield sections.paired_tests_section(comparison)
    if comparison.costs:
        yield sections.costs_section(comparison)
    if comparison.differences:
        yield sections.specs_section(comparison)


def _subtitle(comparison: Comparison) -> str:
    return f"{len(comparison.models)} models compared" + (f" on {comparison.rows}" if comparison.rows else "")


def intervals_chart(comparison: Comparison, metric: ComparedMetric) -> Markup:
    """A dot for each model's value, its confidence interval as a line."""
    ends = [end for each in metric.intervals if each for end in (each.low, each.high)]
    low, high = min(ends), max(ends)
    spread = (high - low) or max(abs(low), 1.0) * 0.01
    low, high = low - 0.08 * spread, high + 0.08 * spread

    def across(value: float) -> str:
        return f"{LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT):.1f}"

    marks = []
    names = short_names(comparison.models, 16)
    for index, (name, value, interval) in enumerate(zip(names, metric.values, metric.intervals, strict=True)):
        y = f"{TOP + ROW * (index + 0.5):.1f}"
        marks.append(element("text", name, x=f"{LEFT - 10:g}", y=f"{float(y) + 4:.1f}", class_="tick end"))
        if interval is None or value is None:
            continue
        marks.append(
            element("line", x1=across(interval.low), x2=across(interval.high), y1=y, y2=y, class_="line first")
        )
        said = f"{comparison.models[index]}: {number_text(value)}"
        said += f" ({number_text(interval.low)} … {number_text(interval.high)})"
        marks.append(element("circle", element("title", said), cx=across(value), cy=y, r=4.5, class_="used"))
    height = TOP + ROW * len(names) + 26
    return element(
        "svg",
        element("title", metric.title),
        element("desc", "The value of each model and its confidence interval."),
        *_scale(low, high, across, height),
        *marks,
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label=f"{metric.title} of each model with its confidence interval",
        class_="chart",
    )


def _scale(low: float, high: float, across: Callable[[float], str], height: float) -> Iterator[Markup]:
    """Three marks below."""
    for value in (low + 0.08 * (high - low), (low + high) / 2, high - 0.08 * (high - low)):
        x = across(value)
        line = element("line", x1=x, x2=x, y1=TOP, y2=height - 22, class_="grid")
        yield joined(line, element("text", tick_text(value), x=x, y=f"{height - 7:g}", class_="tick middle"))
