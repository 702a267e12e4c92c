"""`compare_periods`: what came to an endpoint in one stretch of time, beside what came in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from hagane.counted import counted
from hagane.errors import DataError, Fault
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.progress import SILENT, Progress
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import declared_monitoring
from hagane.workflow.period_summary import Period, period_summary
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

if TYPE_CHECKING:
    from hagane.monitoring.view.monitor_view import MonitorView


class PeriodComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two periods, and how far the one lies from the other."""

    endpoint: str
    monitoring: Monitoring
    period: WindowFindings
    """What is looked at: its `summary`, and what was found in it."""
    against: WindowSummary
    """What it is held against."""
    models: tuple[str, ...]
    """`late@3`: who answered in the period."""
    against_models: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def drifted(self) -> tuple[str, ...]:
        """The raw columns that have moved too far."""
        return tuple(finding.name for finding in self.period.anomalies if finding.of == "input")

    def as_json(self) -> dict[str, Any]:
        """Figures alone, as plain values."""
        period = msgspec.structs.replace(self.period, summary=self.period.summary.without_sketches())
        plain = msgspec.structs.replace(self, period=period, against=self.against.without_sketches())
        found: dict[str, Any] = msgspec.to_builtins(plain)
        return found | {"view": msgspec.to_builtins(self.view)}

    @property
    def view(self) -> MonitorView:
        """What people see of it, as data: figures, columns then and now."""
        from hagane.monitoring.view.make_view import make_view
        from hagane.monitoring.view.period_name import period_name

        zone = self.monitoring.time_zone
        names = [period_name(side.window, zone) for side in (self.period.summary, self.against)]
        reference = _reference(self.against)
        return make_view(self.endpoint, [self.period], [reference], [], self.monitoring, against=names[1],
                         names=names[:1], notes=self.notes)  # fmt: skip


def compare_periods(
    endpoint: str,
    period: Window,
    against: Window,
    *,
    workspace: Workspace,
    monitoring: Monitoring | None = None,
    now: int | None = None,
    progress: Progress = SILENT,
) -> PeriodComparison:
    """Hold the hours that lie wholly in `period` (µs since 1970) against those of `against`, whatever models answered.

    What is kept of them is merged; the log is read for hours alone that are new. Raises DataError for a period of
    which nothing is kept, NotFoundError for an endpoint without log and history, StorageError.
    """
    asked, notes = (monitoring, []) if monitoring else declared_monitoring(endpoint, workspace)
    by_month = msgspec.structs.replace(asked, every="month")
    done = summarise_log(endpoint, workspace=workspace, monitoring=by_month, now=now, progress=progress)
    summaries = WindowSummaries(workspace.monitoring_folder, endpoint)
    sides = [(window, period_summary(summaries, asked.time_zone, window)) for window in (period, against)]
    faults = [_nothing(endpoint, *side, summaries, asked) for side in sides if side[1].summary is None]
    if faults:
        raise DataError(*faults)
    (_, new), (_, old) = sides
    assert new.summary is not None
    assert old.summary is not None
    found = judge_window(new.summary, _reference(old.summary), asked)
    left_out = [note for window, side in sides for note in _left_out(side, window, asked)]
    return PeriodComparison(endpoint=endpoint, monitoring=asked, period=found, against=old.summary, models=new.models,
                            against_models=old.models, notes=(*notes, *done.notes, *left_out))  # fmt: skip


def _reference(against: WindowSummary) -> Reference:
    """The other period, as an earlier window is."""
    return Reference(baseline="previous", inputs=against.inputs, predictions=against.predictions,
                     features=against.features, attributions=against.attributions, before=against)  # fmt: skip


def _nothing(endpoint: str, window: Window, _: Period, summaries: WindowSummaries, monitoring: Monitoring) -> Fault:
    """What is said of a period without a row: from when to when there are any."""
    kept = list(summaries.kept(Windows("hour", monitoring.time_zone).series).values())
    expected = f"from {_text(kept[0].start, monitoring)} to {_text(kept[-1].until, monitoring)}" if kept else ""
    what = f"nothing is kept of '{endpoint}' from {_text(window.start, monitoring)} to {_text(window.end, monitoring)}"
    return Fault(what=what, expected=expected)


def _left_out(side: Period, window: Window, monitoring: Monitoring) -> list[str]:
    if not side.num_hours_left_out:
        return []
    begin, end = _text(window.start, monitoring), _text(window.end, monitoring)
    return [
        f"{counted(side.num_hours_left_out, 'hour')} of {begin} to {end} left out: of a day that an end cuts only the"
        " sum is kept"
    ]


def _text(moment: int, monitoring: Monitoring) -> str:
    return Windows("hour", monitoring.time_zone).text(Window(moment, moment + 1))
