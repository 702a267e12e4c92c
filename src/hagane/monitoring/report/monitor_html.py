"""`monitor_html`: how it stands with an endpoint, as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.report.alerts_section import alerts_section
from hagane.monitoring.report.matrix_section import matrix_section
from hagane.monitoring.report.script import SCRIPT
from hagane.monitoring.report.style import STYLE
from hagane.monitoring.report.things_section import filter_bar, things_sections
from hagane.monitoring.report.traffic_section import traffic_section
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.windows import Windows
from hagane.page.markup import Markup, element
from hagane.page.pieces import card
from hagane.page.whole_page import whole_page


def monitor_html(view: MonitorView) -> str:
    """One self-contained HTML page: no external resource, light and dark, for screens of any width.

    First the verdict and the alerts, then all that is watched by window, then each thing by itself, what is farthest
    off first. A script searches, and tells the figure that one points at; the page says all without it. The view
    itself lies in it as JSON (`<script id="view">`). Every text is escaped.

    >>> view = MonitorView(endpoint="<late>", against="training", every="day", time_zone="UTC", min_rows=100)
    >>> page = monitor_html(view)
    >>> "&lt;late&gt;" in page, "<late>" in page
    (True, False)
    """
    return whole_page(f"Endpoint {view.endpoint}", _subtitle(view), *_cards(view), style=STYLE, script=SCRIPT)


def _subtitle(view: MonitorView) -> str:
    many = len(view.windows) != 1
    what = Windows(view.every, view.time_zone).plural if many else view.windows[0].name
    parts = [f"{what} ({view.time_zone}) against {view.against}"]
    if view.windows:
        parts += [f"{view.windows[0].name} to {view.windows[-1].name}"] if many else []
        parts.append(", ".join(dict.fromkeys(window.model for window in view.windows)))
    return " · ".join(parts)


def _cards(view: MonitorView) -> Iterator[Markup]:
    yield alerts_section(view)
    if len(view.windows) > 1:
        yield traffic_section(view)
    if len(view.windows) > 1 and view.series:
        yield matrix_section(view)
    said = [*view.notes, *view.assumptions]
    if said:
        yield card("To know", *(element("p", f"{text[:1].upper()}{text[1:]}") for text in said), span="wide")
    if view.series:
        yield filter_bar(view)
    yield from things_sections(view)
    yield element("div", id="told", role="status")
    yield _data(view)


def _data(view: MonitorView) -> Markup:
    """The view as JSON, in which nothing can end the element that holds it."""
    text = view.to_json().decode().replace("<", "\\u003c")
    return element("script", Markup(text), type="application/json", id="view")
