"""Draw the pictures of docs/monitoring.md: parts of the page about the demo's flights, January beside all of 2013.

python docs/record_monitor.py
"""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from record_describe import draw

from hagane.data.open_table import open_table
from hagane.data.table import Table
from hagane.fronts.demo_data import QUERY, unpack_flights
from hagane.monitoring.alert import alerts_of
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.reference import Reference
from hagane.monitoring.report.monitor_html import monitor_html
from hagane.monitoring.view.make_view import make_view
from hagane.monitoring.view.monitor_view import MonitorView
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics

PARTS = {
    "overview": "section.part,.filter,.card:nth-of-type(2){display:none}.tall{max-height:none}"
    ".heat tbody tr:nth-child(n+16){display:none}.alert:nth-child(n+4){display:none}",
    "columns": "header,footer,.cards>.card{display:none}.things>:nth-child(n+7){display:none}"
    "section.part details,section[aria-label^='The form']{display:none}main{padding:12px 20px}",
}
"""A picture → what of the page is hidden in it."""
LEFT_OUT = ("late", "departure")
WEEK = Monitoring(every="week", time_zone="America/New_York", threshold=0.3, watch=("inputs",))
TRAINED_ON = "departure < TIMESTAMP '2013-02-01'"


def main() -> None:
    """Sum up each week of the year once, and draw each part."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium is installed to draw with")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        view = view_of(open_table(QUERY.format(folder=unpack_flights(folder / "flights"))))
        for part, style in PARTS.items():
            page = monitor_html(view).replace("</style>", f"{style}</style>", 1)
            picture = Path(__file__).with_name(f"monitor_{part}.png")
            draw(browser, page, folder).save(picture, optimize=True)


def view_of(flights: Table) -> MonitorView:
    """The weeks from February on beside January."""
    windows, references, before = [], [], None
    trained = measured(flights, TRAINED_ON)
    for window in weeks():
        inputs = measured(flights, f"epoch_us(departure) >= {window.start} AND epoch_us(departure) < {window.end}")
        summary = WindowSummary(window=window, deployed_model_id="late-1", model="late", version="1",
                                num_rows=inputs.num_rows, traffic=float(inputs.num_rows), num_errors=0, inputs=inputs,
                                predictions=Statistics(num_rows=inputs.num_rows, columns=()))  # fmt: skip
        reference = Reference(baseline="training", inputs=trained, before=before)
        windows.append(judge_window(summary, reference, WEEK))
        references.append(reference)
        before = summary
    return make_view("late", windows, references, alerts_of(windows, endpoint="late"), WEEK)


def measured(flights: Table, condition: str) -> Statistics:
    """What is kept of the flights of a stretch of time."""
    names = [column.name for column in flights.schema if column.name not in LEFT_OUT]
    return measure_statistics(flights.where(condition).select(names))


def weeks() -> Iterator[Window]:
    """From February to December, whole weeks."""
    named = Windows(WEEK.every, WEEK.time_zone)
    begin, end = (int(datetime.datetime(2013, month, day, tzinfo=datetime.UTC).timestamp()) * 1_000_000
                  for month, day in ((2, 4), (12, 22)))  # fmt: skip
    return named.between(named.of(begin).end, end)


if __name__ == "__main__":
    main()
