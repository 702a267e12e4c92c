"""`render_monitored_column`: one column of an endpoint in detail: its buckets then and now, and every window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.errors import Fault, nearest
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.new_table import cell, new_table, titled
from hagane.fronts.cli.render_monitor import render_alert
from hagane.fronts.cli.usage_error import UsageError
from hagane.monitoring.view.measure_text import measure_text
from hagane.number_text import brief_text, percent_text, tiny_text

if TYPE_CHECKING:
    from hagane.monitoring.view.monitor_view import MonitorView
    from hagane.monitoring.view.series import Series
    from hagane.monitoring.view.then_and_now import Side, ThenAndNow

BAR, WIDE = 20, 76
"""Characters of the longest bar, on a terminal that is so wide."""
SUBJECTS = ("input", "prediction", "feature", "attribution")
"""What has values then and now: raw columns come first."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def render_monitored_column(view: MonitorView, name: str) -> RenderableType:
    """All that is watched under this name. Raises UsageError, with the nearest, where nothing is."""
    series = [each for each in view.series if each.name == name]
    columns = sorted((each for each in view.columns if each.name == name), key=lambda each: SUBJECTS.index(each.of))
    if not series and not columns:
        known = sorted({each.name for each in view.series} | {each.name for each in view.columns})
        raise UsageError(Fault(what=f"nothing that is watched is called {name!r}", where="--column",
                               nearest=nearest(name, known), expected="a name of the list that `hagane monitor "
                               f"{view.endpoint}` shows"))  # fmt: skip
    return FitWidth(lambda width: Group(*_parts(view, series, columns, BAR if width >= WIDE else BAR // 2)))


def _parts(view: MonitorView, series: list[Series], columns: list[ThenAndNow], bar: int) -> Iterator[RenderableType]:
    places = {each.place for each in series}
    for shown in view.alerts:
        if shown.place in places:
            yield from (render_alert(shown), "")
    for both in columns:
        assert view.latest is not None
        of = "" if both.of == "input" else f"{both.of} "
        beside = view.then.get(both.of, view.against)
        title = f"{of}{both.name} in {view.windows[view.latest].name}, beside {beside}"
        yield from (titled(title, _then_and_now(both, bar)), "")
    for each in series:
        limit = "" if each.threshold is None else f", threshold {each.threshold:g}"
        yield from (titled(f"{each.title}: {measure_text(each.measure)}{limit}", _timeline(view, each, bar)), "")


def _then_and_now(both: ThenAndNow, bar: int) -> Table:
    """A row a bucket or value, a bar a side; below them what has no place in a bucket, and the moments."""
    table = new_table()
    table.add_column("values", justify="right" if both.kind == "numbers" else "left", no_wrap=True)
    for heading in ("then", "now"):
        table.add_column(heading, min_width=bar, no_wrap=True)
        table.add_column("", justify="right", no_wrap=True)
    sides = (both.then, both.now)
    tallest = max((share for side in sides if side for share in side.shares), default=0.0) or 1.0
    for at, label in enumerate(_labels(both)):
        table.add_row(cell(label, 30), *_both(sides, at, tallest, bar))
    for label, of in (("below", "below"), ("above", "above"), ("missing", "missing")):
        shares = [getattr(side, of) if side else 0.0 for side in sides]
        if any(shares):
            told = [text for share in shares for text in ("", percent_text(share))]
            table.add_row(Text(label, "dim"), *told)
    for label in ("mean", "stddev"):
        figures = [brief_text(getattr(side, label)) if side else "" for side in sides]
        if both.kind == "numbers":
            table.add_row(Text(label, "dim"), *[text for figure in figures for text in ("", figure)])
    table.add_row(Text("rows", "dim"), *[text for side in sides for text in ("", f"{side.num_rows:,}" if side else "")])
    return table


def _labels(both: ThenAndNow) -> list[str]:
    if both.kind == "categories":
        return [value or "(empty)" for value in both.values]
    whole = all((low % 1, high - low) == (0.5, 1.0) for low, high in zip(both.edges, both.edges[1:], strict=False))
    if whole:
        return [f"{low + 0.5:.0f}" for low in both.edges[:-1]]
    return [f"{tiny_text(low, 4)} to {tiny_text(high, 4)}"
            for low, high in zip(both.edges, both.edges[1:], strict=False)]  # fmt: skip


def _both(sides: tuple[Side | None, Side], at: int, tallest: float, bar: int) -> list[Text]:
    found = []
    for side, style in zip(sides, ("dim", "cyan"), strict=True):
        share = side.shares[at] if side is not None else 0.0
        found += [Text(_bar(share / tallest, bar), style), Text(percent_text(share) if side is not None else "")]
    return found


def _bar(share: float, width: int) -> str:
    """To an eighth of a character; what there is at all is seen."""
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _timeline(view: MonitorView, series: Series, bar: int) -> Table:
    table = new_table()
    table.add_column("window", no_wrap=True)
    for heading in ("rows", "value", "threshold"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    most = max((value for value in (*series.values, *series.thresholds) if value is not None), default=0.0) or 1.0
    for at, window in enumerate(view.windows):
        value, threshold = series.values[at], series.thresholds[at]
        style = "bold red" if at in series.anomalies else "dim" if at in series.unjudged else ""
        told = Text(_bar(max(0.0, (value or 0.0) / most), bar), style)
        if at in series.unjudged:
            told.append(" too few rows", "dim")
        table.add_row(window.name, f"{window.num_rows:,}", Text(brief_text(value), style),
                      "–" if threshold is None else f"{threshold:g}", told)  # fmt: skip
    return table
