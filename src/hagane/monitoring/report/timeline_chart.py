"""`timeline_chart`: one figure by window, with its threshold, its interval, and the stretches of its alerts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.series import Series
from hagane.number_text import brief_text, tiny_text
from hagane.page.frame import Axis
from hagane.page.markup import Markup, element
from hagane.page.number_text import with_minus

WIDTH, HEIGHT = 300.0, 104.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 6.0, 8.0, 16.0
FARTHEST, LEAST = 1e300, 1e-9
"""Figures beyond are drawn at the edge; what differs by a smaller share is level."""


def timeline_chart(view: MonitorView, series: Series, at: int, beside: Series | None = None) -> Markup:
    """The `at`-th series of the view; `beside` it its estimate, dashed, where both are known."""
    place = _Place(view, [series, *([beside] if beside else [])])
    marks = [
        *_stretches(view, series, place),
        *_grid(place),
        *(_band(beside, place, "band estimate") if beside else ()),
        *_band(series, place, "band"),
        *_threshold(series, place),
        *(_lines(view, beside, place, "line second") if beside else ()),
        *_lines(view, series, place, "line first"),
        *_dots(series, place),
        *_names(view, place),
    ]
    told = _told(view, series)
    return element("svg", *marks, viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}", role="img", aria_label=told, class_="course",
                   tabindex=0, data_series=at)  # fmt: skip


class _Place:
    """Where a window and a value lie on the picture."""

    def __init__(self, view: MonitorView, series: Sequence[Series]) -> None:
        self.num_windows = len(view.windows)
        figures = [each for one in series for part in (one.values, one.lows, one.highs, one.thresholds)
                   for each in part if each is not None]  # fmt: skip
        figures = [min(max(figure, -FARTHEST), FARTHEST) for figure in figures]
        low, high = min(figures, default=0.0), max(figures, default=1.0)
        if low >= 0 and not any(one.lows for one in series):
            low = 0.0
        span = high - low
        pad = 0.08 * span if span > LEAST * max(abs(low), abs(high), LEAST) else max(abs(high) * 0.1, 0.5)
        self.axis = Axis("", low - (pad if low else 0.0), high + pad)

    def x(self, at: float) -> float:
        room = WIDTH - LEFT - RIGHT
        return LEFT + room * (at + 0.5) / self.num_windows

    def y(self, value: float) -> float:
        share = min(max(self.axis.share(value), 0.0), 1.0)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def points(self, known: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{self.x(at):.0f},{self.y(value):.1f}" for at, value in known)


def _stretches(view: MonitorView, series: Series, place: _Place) -> Iterator[Markup]:
    for shown in view.alerts:
        if shown.place == series.place and shown.first is not None and shown.last is not None:
            left, right = place.x(shown.first - 0.5), place.x(shown.last + 0.5)
            title = element("title", f"alert: {shown.since} to {shown.until or 'now'}")
            yield element("rect", title, x=f"{left:.0f}", y=TOP, width=f"{right - left:.0f}",
                          height=HEIGHT - TOP - BOTTOM, class_="stretch")  # fmt: skip


def _grid(place: _Place) -> Iterator[Markup]:
    """The least and the greatest round number."""
    ticks = place.axis.ticks()
    for value in dict.fromkeys((ticks[0], ticks[-1])):
        y = place.y(value)
        yield element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid")
        yield element("text", with_minus(tiny_text(value)), x=LEFT - 4, y=f"{y + 3.5:.1f}", class_="tick end")


def _band(series: Series, place: _Place, class_: str) -> Iterator[Markup]:
    """From the lows to the highs of an estimate."""
    known = [(at, low, high) for at, (low, high) in enumerate(zip(series.lows, series.highs, strict=True))
             if low is not None and high is not None]  # fmt: skip
    if known:
        there = _level([(at, high) for at, _, high in known])
        back = _level([(at, low) for at, low, _ in known])
        yield element("polygon", points=place.points([*there, *reversed(back)]), class_=class_)


def _level(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """A point alone as a short level line."""
    if len(points) > 1:
        return points
    return [(at + side, value) for at, value in points for side in (-0.3, 0.3)]


def _threshold(series: Series, place: _Place) -> Iterator[Markup]:
    """Level over each window; it may differ from one to the next."""
    known = [(at, value) for at, value in enumerate(series.thresholds) if value is not None]
    path, before = "", -2
    for value, group in itertools.groupby(known, key=lambda each: each[1]):
        windows = [at for at, _ in group]
        begin = f"V{place.y(value):.1f}" if windows[0] == before + 1 else ""
        path += begin or f"M{place.x(windows[0] - 0.5):.0f} {place.y(value):.1f}"
        path += f"H{place.x(windows[-1] + 0.5):.0f}"
        before = windows[-1]
    if path:
        yield element("path", d=path, class_="limit")


def _lines(view: MonitorView, series: Series, place: _Place, class_: str) -> Iterator[Markup]:
    """A line through the judged windows of each deployed model; through all of what is never judged."""
    by_model: dict[str, list[tuple[float, float]]] = {}
    for at, value in enumerate(series.values):
        if value is not None and (at not in series.unjudged or series.latest is None):
            by_model.setdefault(view.windows[at].deployed_model_id, []).append((at, value))
    for known in by_model.values():
        yield element("polyline", points=place.points(_level(known)), class_=class_)


def _dots(series: Series, place: _Place) -> Iterator[Markup]:
    """What is beyond the threshold; hollow where there were too few rows."""
    off, few = set(series.anomalies), set(series.unjudged) if series.latest is not None else set[int]()
    for class_, chosen in (("few", few), ("off", off)):
        path = "".join(f"M{place.x(at):.0f} {place.y(value):.1f}h0" for at, value in enumerate(series.values)
                       if at in chosen and value is not None)  # fmt: skip
        if path:
            yield element("path", d=path, class_=f"dots {class_}")


def _names(view: MonitorView, place: _Place) -> Iterator[Markup]:
    y = HEIGHT - 4
    yield element("text", view.windows[0].name, x=LEFT, y=y, class_="tick")
    if len(view.windows) > 1:
        yield element("text", view.windows[-1].name, x=WIDTH - RIGHT, y=y, class_="tick end")


def _told(view: MonitorView, series: Series) -> str:
    """For who cannot see it."""
    at = series.latest
    limit = "" if series.threshold is None else f", threshold {brief_text(series.threshold)}"
    last = "never judged" if at is None else f"{brief_text(series.values[at])} in {view.windows[at].name}{limit}"
    return f"{series.title}, {measure_text(series.measure)}: {last}; beyond it in {len(series.anomalies)} windows"
