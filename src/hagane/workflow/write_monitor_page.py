"""`write_monitor_page`: how it stands with an endpoint, as one HTML page."""

from __future__ import annotations

from pathlib import Path

from hagane.monitoring.report.monitor_html import monitor_html
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.workflow.write_text import write_text


def write_monitor_page(view: MonitorView, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises StorageError."""
    write_text(path, monitor_html(view))
