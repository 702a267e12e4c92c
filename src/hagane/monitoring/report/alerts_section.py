"""`alerts_section`: how it stands, and what the alerts are about."""

from __future__ import annotations

from hagane.counted import counted
from hagane.monitoring.report.place_ids import place_ids
from hagane.monitoring.view.measure_text import measure_text
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.shown_alert import ShownAlert
from hagane.number_text import brief_text, percent_text
from hagane.page.markup import Markup, element
from hagane.page.pieces import badge

MOST_OPEN, MOST_OVER = 12, 20


def alerts_section(view: MonitorView) -> Markup:
    """The verdict in one sentence, some figures, then what is open; what is over is folded."""
    state = "off" if view.open_alerts else "fine" if view.windows else ""
    ids = place_ids(view)
    open_ = [_alert(shown, ids) for shown in view.open_alerts[:MOST_OPEN]]
    rest = len(view.open_alerts) - len(open_)
    more = element("p", f"and {counted(rest, 'more alert')}", class_="note") if rest else ""
    over = [shown for shown in view.alerts if shown.until is not None]
    return element(
        "section",
        element("p", element("i", aria_hidden="true"), view.verdict, class_=f"verdict-line {state}".strip()),
        _figures(view),
        element("div", *open_, class_="alerts") if open_ else "",
        more,
        _over(over, ids) if over else "",
        class_="card wide",
        aria_label="How it stands",
    )


def _figures(view: MonitorView) -> Markup:
    """What was looked at."""
    judged = sum(window.is_judged for window in view.windows)
    told = [
        (f"{judged} of {len(view.windows)}", "windows judged"),
        (brief_text(sum(window.num_rows for window in view.windows)), "logged rows"),
        (brief_text(sum(window.traffic for window in view.windows)), "rows of the traffic"),
        (f"{len(view.series) + view.num_left_out:,}", "figures watched"),
    ]
    return element("div", *(element("div", element("b", value), element("span", what)) for value, what in told),
                   class_="figures")  # fmt: skip


def _alert(shown: ShownAlert, ids: dict[str, str]) -> Markup:
    """What, since when, how much of the traffic; what has changed; what explains it."""
    alert = shown.alert
    share = f" · {percent_text(alert.share)} of the traffic since" if alert.share is not None else ""
    limit = f"{measure_text(alert.measure)} {brief_text(alert.value)}, threshold {brief_text(alert.threshold)}"
    return element(
        "article",
        element("h3", _linked(shown, ids)),
        element("p", f"since {shown.since} · {counted(alert.num_windows, 'window')}{share}", class_="soft"),
        element("p", alert.change or "its distribution changed", class_="change"),
        element("p", limit, class_="soft"),
        element("p", shown.explanation) if shown.explanation else "",
        class_="alert",
    )


def _linked(shown: ShownAlert, ids: dict[str, str]) -> Markup | str:
    return element("a", shown.title, href=f"#{ids[shown.place]}") if shown.place in ids else shown.title


def _over(over: list[ShownAlert], ids: dict[str, str]) -> Markup:
    """Those that are over, the latest first: a line each."""
    items = [
        element(
            "li",
            _linked(shown, ids),
            f": {shown.since} to {shown.until}, {shown.alert.change or measure_text(shown.alert.measure)}",
            badge("its model answers no more", "soft-badge") if shown.alert.is_gone else "",
        )
        for shown in over[:MOST_OVER]
    ]
    rest = len(over) - len(items)
    summary = element("summary", f"{counted(len(over), 'alert')} over")
    return element("details", summary, element("ul", *items),
                   element("p", f"and {rest:,} more", class_="note") if rest else "")  # fmt: skip
