"""`render_comparison`: several models side by side, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.evaluation.bootstrap import ConfidenceInterval
from hagane.evaluation.comparison import ComparedMetric, Comparison, PairedTest
from hagane.evaluation.metric_info import metric_info
from hagane.evaluation.report.comparison_sections import cost_rows, p_text, verdict_of
from hagane.fronts.cli.broken_text import broken_text
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import MISSING, figure_text
from hagane.page.short_name import short_name
from hagane.spec.spec_differences import Difference

Layout = Literal["beside", "below", "without"]
"""Where an interval stands: behind its value, under it, nowhere."""
MOST_ACROSS = 4
"""Models up to which each has a column; beyond, each has a row and there are fewer metrics."""
NUM_DIFFERENCES = 30
NUM_TESTS = 24
STYLES = {"model": "green", "against": "red", "neither": "dim"}


def render_comparison(comparison: Comparison) -> RenderableType:
    """What is unfair, metrics with the best value marked, differences with their tests, cost, the specs."""
    parts: list[RenderableType] = [Text.assemble(("not fair: ", "yellow"), reason) for reason in comparison.unfair]
    parts += [Text(note, "dim") for note in comparison.notes]
    parts.append(FitWidth(lambda width: _metrics(comparison, width)))
    if comparison.tests:
        parts += [Text(""), _tests(comparison)]
    if comparison.costs:
        parts += [Text(""), _costs(comparison)]
    if comparison.differences:
        parts += [Text(""), _differences(comparison.models, comparison.differences)]
    return Group(*parts)


def _about_rows(comparison: Comparison, layout: Layout) -> Iterator[str]:
    if comparison.rows:
        yield f"of {comparison.rows}"
    if comparison.bootstrap and (layout != "without" or comparison.tests):
        yield comparison.bootstrap.meaning


def _metrics(comparison: Comparison, width: int) -> RenderableType:
    """Intervals beside the values where there is room, else below them, else none; what they are, if any are shown."""
    draw = _across if len(comparison.models) <= MOST_ACROSS else _down
    layouts: list[Layout] = ["beside", "below"] if any(each.intervals for each in comparison.metrics) else []
    fitting = (layout for layout in layouts if _width_of(draw(comparison, layout)) <= width)
    layout: Layout = next(fitting, "without")
    return Group(draw(comparison, layout), *(Text(note, "dim") for note in _about_rows(comparison, layout)))


def _width_of(table: Table) -> int:
    """What the table takes where nothing is broken."""
    return Console(width=10_000).measure(table).maximum


def _across(comparison: Comparison, layout: Layout) -> Table:
    """Metrics down, models across."""
    table = new_table()
    table.add_column("metric")
    for model in comparison.models:
        table.add_column(cell(model, 24 if len(comparison.models) == 2 else 16), justify="right")
    for metric in comparison.metrics:
        table.add_row(metric.title, *_values(comparison.models, metric, layout))
    table.add_row("rows", *(f"{count:,}" for count in comparison.num_rows), style="dim")
    return table


def _down(comparison: Comparison, layout: Layout) -> Table:
    """Models down, the first metrics across."""
    table = new_table()
    table.add_column("model", no_wrap=True)
    metrics = comparison.metrics[:MOST_ACROSS]
    for metric in metrics:
        table.add_column(metric.title, justify="right")
    columns = [_values(comparison.models, metric, layout) for metric in metrics]
    for index, model in enumerate(comparison.models):
        table.add_row(cell(model, 24), *(column[index] for column in columns))
    return table


def _values(models: Sequence[str], metric: ComparedMetric, layout: Layout) -> list[Text]:
    best = metric.best if len(metric.best) < len(models) else ()
    intervals = metric.intervals if layout != "without" and metric.intervals else (None,) * len(models)
    return [
        Text.assemble((figure_text(value), "bold green" if model in best else ""), (_interval(interval, layout), "dim"))
        for model, value, interval in zip(models, metric.values, intervals, strict=True)
    ]


def _interval(interval: ConfidenceInterval | None, layout: Layout) -> str:
    if interval is None:
        return ""
    low, high = figure_text(interval.low), figure_text(interval.high)
    return f" ({low} … {high})" if layout == "beside" else f"\n{low}…{high}"


def _tests(comparison: Comparison) -> RenderableType:
    """Each model less the first; DeLong's and McNemar's test where there is one."""
    tests, first = comparison.shown_tests(), comparison.models[0]
    names = len(comparison.models) > 2
    table = new_table()
    table.add_column("metric")
    if names:
        table.add_column("model", no_wrap=True)
    table.add_column("difference", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("p", justify="right")
    table.add_column("")
    for test in tests[:NUM_TESTS]:
        table.add_row(*_test_cells(test, comparison.models, names=names))
    title = f"each model less {first}" if names else f"{comparison.models[1]} less {first}"
    adjusted = "p by Holm's method over the models; " if names else ""
    note = f"{adjusted}p of accuracy: McNemar, of ROC AUC: DeLong, else paired bootstrap"
    return titled(title, table, rest_text(len(tests) - NUM_TESTS, "differences: --json"), note)


def _test_cells(test: PairedTest, models: Sequence[str], *, names: bool) -> list[Text | str]:
    interval = f"{_signed(test.interval.low)} … {_signed(test.interval.high)}" if test.interval else MISSING
    said = {"model": "better", "against": "worse", "neither": ""}[test.better] if names else _short_verdict(test)
    model: list[Text | str] = [cell(test.model, 16)] if names else []
    figures: list[Text | str] = [_signed(test.difference), interval, p_text(test.adjusted_p_value)]
    return [metric_info(test.metric).title, *model, *figures, Text(said, STYLES[test.better])]


def _short_verdict(test: PairedTest) -> str:
    return short_text(verdict_of(test), 24) if test.better != "neither" else "–"


def _signed(value: float) -> str:
    return f"+{figure_text(value)}" if value > 0 else figure_text(value)


def _costs(comparison: Comparison) -> RenderableType:
    rows = cost_rows(comparison.costs)
    table = new_table()
    if len(comparison.models) <= MOST_ACROSS:
        table.add_column("")
        for model in comparison.models:
            table.add_column(cell(model, 16), justify="right")
        for name, texts in rows:
            table.add_row(name.lower(), *texts)
    else:
        table.add_column("model", no_wrap=True)
        shown = [row for row in rows if row[0] in ("Training", "Bundle", "One row", "Rows a second")]
        for name, _ in shown:
            table.add_column(name.lower(), justify="right")
        for index, model in enumerate(comparison.models):
            table.add_row(cell(model, 24), *(texts[index] for _, texts in shown))
    return titled("cost", table, "speeds measured now, on one thread")


def _differences(models: Sequence[str], differences: Sequence[Difference]) -> RenderableType:
    if len(models) > MOST_ACROSS:
        places = ", ".join(difference.where for difference in differences[:NUM_DIFFERENCES])
        return Text.assemble(("the specs differ in ", "bold"), places)
    table = FitWidth(lambda width: _values_of_specs(models, differences[:NUM_DIFFERENCES], width))
    return titled("the specs differ in", table, rest_text(len(differences) - NUM_DIFFERENCES, "places: --json"))


def _values_of_specs(models: Sequence[str], differences: Sequence[Difference], width: int) -> RenderableType:
    """A place of the specs takes up to half of the width: its end says most."""
    places = min(max(cell_len(difference.where) for difference in differences), max(24, width // 2))
    each = max(8, (width - places) // len(models) - 2)
    table = new_table()
    table.add_column("", style="cyan", width=places, overflow="fold")
    for model in models:
        table.add_column(cell(model, each), max_width=each, overflow="fold")
    for difference in differences:
        shown = (MISSING if value is None else broken_text(value, each) for value in difference.values)
        table.add_row(short_name(short_text(difference.where, len(difference.where)), places), *map(Text, shown))
    return table
