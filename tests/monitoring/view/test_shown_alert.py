"""What explains an alert is told with its window, in the message, on the terminal, and on the page alike."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from made_windows import made_view
from rich.console import Console

from hagane.fronts.cli.render_monitor import render_alert
from hagane.monitoring.alert import Alert
from hagane.monitoring.notification import Notification
from hagane.monitoring.report.alerts_section import alerts_section
from hagane.monitoring.slice_effect import SliceEffect
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.view.shown_alert import ShownAlert
from hagane.monitoring.windows import Windows

DAYS = Windows("day")
TEXT = "without the rows of zone = 'a b' (12 % of them) it is 0.08, not 0.33"


@pytest.fixture(scope="module")
def view() -> MonitorView:
    return made_view()


def ways(view: MonitorView, alert: Alert) -> list[str]:
    """The alert as a message, on the terminal, and on the page."""
    shown = ShownAlert.of(alert, view.windows, DAYS)
    told = StringIO()
    Console(file=told, width=120, highlight=False).print(render_alert(shown))
    message = Notification(endpoint="tips", baseline="training", windows=DAYS, opened=(alert,)).text
    page = str(alerts_section(msgspec.structs.replace(view, alerts=(shown,)))).replace("&#x27;", "'")
    return [message, told.getvalue(), page.replace("&#39;", "'")]


def test_the_window_of_the_slice_is_named_beside_the_figure_of_another(view: MonitorView) -> None:
    effect = SliceEffect(slice="zone = 'a\n b'", share=0.12, value=0.33, without=0.08)
    alert = msgspec.structs.replace(view.open_alerts[0].alert, explained_by=effect)
    assert alert.last is not None
    assert alert.opened < alert.last
    for text in ways(view, alert):
        assert f"{TEXT}, in {DAYS.name(alert.opened)}" in text


def test_of_the_window_that_is_told_it_is_not_named_again(view: MonitorView) -> None:
    effect = SliceEffect(slice="zone = 'a b'", share=0.12, value=0.33, without=0.08)
    alert = view.open_alerts[0].alert
    for text in ways(view, msgspec.structs.replace(alert, explained_by=effect, opened=alert.last)):
        assert TEXT in text
        assert f"{TEXT}, in" not in text
    assert not any("without the rows" in text for text in ways(view, alert))
