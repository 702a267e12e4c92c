"""`render_monitor`: how it stands with an endpoint: its alerts, its windows, and what is watched, on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.histogram import bars
from hagane.fronts.cli.new_table import cell, new_table, rest_text, titled
from hagane.fronts.cli.short_text import short_text
from hagane.fronts.cli.timeline_bars import timeline_bars
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.windows import Windows
from hagane.number_text import brief_text, percent_text

if TYPE_CHECKING:
    from hagane.monitoring.view.monitor_view import MonitorView
    from hagane.monitoring.view.series import Series
    from hagane.monitoring.view.shown_alert import ShownAlert
    from hagane.monitoring.view.shown_window import ShownWindow
    from hagane.monitoring.view.then_and_now import ThenAndNow

MOST_SERIES, MOST_QUALITY, MOST_ALERTS, WIDEST = 12, 16, 8, 120
NAME, FIGURE, INTERVAL = 26, 9, 24


def render_monitor(view: MonitorView) -> RenderableType:
    """What matters first: the verdict, the alerts, a line a window, quality, then what is watched, column by column."""
    if not view.windows:
        return Text("no windows", "dim")
    return FitWidth(lambda width: Group(*_parts(view, min(width, WIDEST))))


def _parts(view: MonitorView, width: int) -> Iterator[RenderableType]:
    models = {window.model: None for window in view.windows}
    plural = Windows(view.every, view.time_zone).plural
    title = f"{view.endpoint}: {plural} ({view.time_zone}) against {view.against}"
    yield Text.assemble((title, "bold"), f", {next(iter(models))}" if len(models) == 1 else "")
    yield Text(view.verdict, "bold red" if view.open_alerts else "")
    if view.alerts:
        yield from ("", titled("alerts", _alerts(view), rest_text(len(view.alerts) - MOST_ALERTS, "alerts")))
    yield from ("", titled("windows", _windows(view, width, with_model=len(models) > 1), _too_few(view)))
    quality = [each for each in view.series if each.of == "quality"]
    if quality:
        yield from ("", titled("quality", _quality(quality, width), rest_text(len(quality) - MOST_QUALITY, "metrics"),
                          *view.assumptions))  # fmt: skip
    yield from _watched(view, width)


def _alerts(view: MonitorView) -> RenderableType:
    return Group(*(render_alert(shown) for shown in view.alerts[:MOST_ALERTS]))


def render_alert(shown: ShownAlert) -> Text:
    """What, from when to when and in how much of the traffic; what has changed, by how much; where most of it is."""
    alert, is_open = shown.alert, shown.until is None
    style = "" if is_open else "dim"
    line = Text("● " if is_open else "○ ", "bold red" if is_open else "dim")
    line.append(shown.title, "bold")
    when = f"since {shown.since}" if is_open else f"{shown.since} to {shown.until}, over"
    share = f", {percent_text(alert.share)} of the traffic" if alert.share is not None else ""
    line.append(f"  {when} ({counted(alert.num_windows, 'window')}){share}\n", style)
    change = f": {alert.change}" if alert.change else ""
    limit = f"{brief_text(alert.value)}, threshold {alert.threshold:g}"
    line.append(f"  {measure_text(alert.measure)} {limit}{change}", style)
    if shown.explanation:
        line.append(f"\n  {shown.explanation}", style)
    return line


def _windows(view: MonitorView, width: int, *, with_model: bool) -> Table:
    """A line a window, the names of what is off cut to the room that figures leave."""
    table = new_table()
    headings = ["window", *(["model"] if with_model else []), "rows", "traffic", "errors", "off"]
    rows = [[window.name, *([short_text(window.model, 24)] if with_model else []), *_counts(window)]
            for window in view.windows]  # fmt: skip
    for heading in headings:
        is_text = heading in ("window", "model")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=True)
    table.add_column("beyond the threshold", no_wrap=True)
    taken = sum(2 + max(map(cell_len, column)) for column in zip(headings, *rows, strict=True))
    titles = {each.place: each.title for each in view.series}
    for window, row in zip(view.windows, rows, strict=True):
        names = dict.fromkeys(titles.get(place, place) for place in window.anomalies)
        far = cell(", ".join(names), max(10, width - taken))
        far.stylize("bold red")
        table.add_row(*row, far)
    return table


def _counts(window: ShownWindow) -> tuple[str, str, str, str]:
    is_judged = (window.is_judged and window.num_findings) or window.anomalies
    off = f"{len(window.anomalies)} of {window.num_findings}" if is_judged else "—"
    return f"{window.num_rows:,}", f"{window.traffic:,.0f}", f"{window.num_errors:,}", off


def _quality(series: list[Series], width: int) -> Text:
    """A line a metric: its last figure with its interval, and all windows."""
    lines = [Text(f"{_wide('metric', NAME)} {_wide('value, 95 % interval', INTERVAL)} {'threshold':>{FIGURE}}  windows",
                  "dim")]  # fmt: skip
    for each in series[:MOST_QUALITY]:
        line = Text(_wide(each.title.removeprefix("quality ").replace("_", " "), NAME), "bold")
        line.append(f" {_wide(_estimate(each), INTERVAL)}", "bold red" if each.is_anomaly else "")
        line.append(f" {_plain(each.threshold):>{FIGURE}}  ")
        line.append_text(timeline_bars(each, max(8, width - line.cell_len)))
        lines.append(line)
    return Text("\n").join(lines)


def _estimate(series: Series) -> str:
    """`0.879 (0.85 to 0.909)`."""
    at = series.shown
    value = brief_text(series.values[at], 3)
    if series.lows and series.lows[at] is not None and series.highs[at] is not None:
        value += f" ({brief_text(series.lows[at], 3)} to {brief_text(series.highs[at], 3)})"
    return value


def _watched(view: MonitorView, width: int) -> Iterator[RenderableType]:
    """What else is watched: two lines each."""
    series = [each for each in view.series if each.of != "quality"]
    if not series or view.latest is None:
        return
    columns = {(each.of, each.name): each for each in view.columns}
    title = f"what is watched, in {view.windows[view.latest].name}"
    room = max(8, width - NAME - 12 - 2 * FIGURE - 4)
    heading = Text(f"{_wide('column', NAME)} {_wide('measure', 12)}{'value':>{FIGURE}} {'threshold':>{FIGURE}}  "
                   "windows", "dim")  # fmt: skip
    lines = [heading]
    for each in series[:MOST_SERIES]:
        lines.append(_figures(each, room))
        both = columns.get((each.of, each.name)) if each.shown == view.latest else None
        lines.append(_change(each, both, width))
    rest = len(series) - MOST_SERIES + view.num_left_out
    more = f"{rest_text(rest, 'things that are watched')}: --column NAME, --html FILE" if rest > 0 else ""
    yield from ("", titled(title, Text("\n").join(lines), more))


def _figures(series: Series, room: int) -> Text:
    line = Text(_wide(series.title, NAME), "bold")
    line.append(f" {_wide(measure_text(series.measure, is_short=True), 12)}", "")
    line.append(f"{brief_text(series.value):>{FIGURE}}", "bold red" if series.is_anomaly else "")
    line.append(f" {_plain(series.threshold):>{FIGURE}}  ")
    line.append_text(timeline_bars(series, room))
    return line


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _change(series: Series, both: ThenAndNow | None, width: int) -> Text:
    """How the column lay and how it lies, and what has changed most."""
    line = Text("  ")
    if both is not None and both.then is not None:
        line.append("then ", "dim").append(_bars(both.then.shares, both))
        line.append("  now ", "dim").append(_bars(both.now.shares, both), "red" if series.is_anomaly else "green")
        line.append("  ")
    line.append(short_text(series.change, max(10, width - line.cell_len)))
    return line


def _bars(shares: tuple[float, ...], both: ThenAndNow) -> str:
    """As high as the same share of the other side."""
    assert both.then is not None
    tallest = max((*both.then.shares, *both.now.shares), default=0.0)
    return bars([*shares, tallest])[:-1]


def _wide(text: str, width: int) -> str:
    return set_cell_size(short_text(text, width), width) if cell_len(text) != width else text


def _too_few(view: MonitorView) -> str:
    few = sum(not (window.is_judged or window.anomalies) for window in view.windows)
    least = view.min_rows
    return f"of fewer than {least:,} rows, and judged by nothing: {few} of {len(view.windows)}" if few else ""
