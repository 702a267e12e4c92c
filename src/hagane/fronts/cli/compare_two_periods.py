"""`compare_two_periods`: `hagane monitor --period … --against …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hagane.fronts.cli.console import Output
    from hagane.spec.monitoring import Monitoring
    from hagane.workspace.workspace import Workspace


def compare_two_periods(
    endpoint: str,
    output: Output,
    monitoring: Monitoring,
    place: Workspace,
    *,
    period: str | None,
    against: str | None,
    column: str | None,
    html: Path | None,
    others: dict[str, Any],
) -> None:
    """Two periods, out of what is kept of them. Raises UsageError for `others`, options that are of windows."""
    from hagane.errors import Fault
    from hagane.fronts.cli.render_monitored_column import render_monitored_column
    from hagane.fronts.cli.render_periods import render_periods
    from hagane.fronts.cli.usage_error import UsageError
    from hagane.monitoring.period_of import period_of
    from hagane.workflow.compare_periods import compare_periods
    from hagane.workflow.write_monitor_page import write_monitor_page

    _check_alone(others)
    if period is None or against is None:
        raise UsageError(Fault(what="two periods are compared", expected="--period 2026-01 --against 2025-01"))
    zone = monitoring.time_zone
    sides = (period_of(period, time_zone=zone, where="--period"), period_of(against, time_zone=zone, where="--against"))
    found = compare_periods(endpoint, *sides, workspace=place, monitoring=monitoring, progress=output.progress)
    output.show(render_periods(found) if column is None else render_monitored_column(found.view, column))
    if html is not None:
        write_monitor_page(found.view, html)
        output.show(f"wrote {html}")
    for note in found.notes:
        output.hint(note)
    output.result(found.as_json() | {"html": html})


def _check_alone(others: dict[str, Any]) -> None:
    """Raises UsageError for what is of windows, and not of two periods."""
    from hagane.errors import Fault
    from hagane.fronts.cli.usage_error import UsageError

    given = [name for name, value in others.items() if value]
    if given:
        what = f"--period and --against compare once, without windows: {', '.join(given)} has no meaning there"
        raise UsageError(Fault(what=what, next_step="leave it out"))
