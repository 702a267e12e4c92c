"""`traffic_section`: how much came in each window, and on how many rows an expression erred."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.shown_window import ShownWindow
from hagane.number_text import brief_text
from hagane.page.markup import Markup, element
from hagane.page.pieces import card


def traffic_section(view: MonitorView) -> Markup:
    """A bar a window; pale where there are too few rows to judge it. Errors below, where there are any."""
    windows = view.windows
    strips = [_strip(windows, [window.traffic for window in windows], "Rows of the traffic", "traffic")]
    if any(window.num_errors for window in windows):
        strips.append(_strip(windows, [window.num_errors for window in windows], "Rows that erred", "errors"))
    ends = element("div", element("span", windows[0].name), element("span", windows[-1].name), class_="ends")
    few = sum(not (window.is_judged or window.anomalies) for window in windows)
    note = "Rows of the traffic by window, for which the logged ones stand."
    if few:
        note += f" Pale: fewer than {view.min_rows:,} logged rows, judged by nothing ({few} of {len(windows)})."
    return card("Traffic", *strips, ends, note=note, span="wide")


def _strip(windows: Sequence[ShownWindow], heights: Sequence[float], title: str, class_: str) -> Markup:
    most = max(heights, default=0.0) or 1.0
    bars = [
        element("i", style=f"height:{100 * height / most:.3g}%", class_=None if window.is_judged else "few",
                title=_told(window))
        for window, height in zip(windows, heights, strict=True)
    ]  # fmt: skip
    named = f"{title} by window, at most {brief_text(most)}"
    label = element("p", f"{title}, at most {brief_text(most)}", class_="strip-label")
    return element("div", label, element("div", *bars, class_=f"strip {class_}", role="img", aria_label=named))


def _told(window: ShownWindow) -> str:
    errors = f", {window.num_errors:,} erred" if window.num_errors else ""
    return f"{window.name} ({window.model}): {window.num_rows:,} rows logged of {window.traffic:,.0f}{errors}"
