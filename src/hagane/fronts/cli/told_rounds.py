"""`ToldRounds`: what `hagane monitor` says of each round: to a person, as log lines, to Prometheus."""

from __future__ import annotations

import datetime
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hagane.fronts.cli.console import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hagane.monitoring.policy_step import PolicyStep
    from hagane.workflow.monitor import MonitorReport


class ToldRounds:
    """Of one endpoint, for as long as the command runs."""

    def __init__(self, endpoint: str, output: Output, *, is_lines: bool, prometheus: Path | None) -> None:
        from hagane.fronts.cli.rounds_progress import RoundsProgress
        from hagane.workflow.monitor_metrics import MonitorMetrics

        self.endpoint, self.output, self.is_lines, self.prometheus = endpoint, output, is_lines, prometheus
        self.metrics = MonitorMetrics(endpoint)
        self.progress = RoundsProgress(output.progress)
        self._began = time.monotonic()
        self._shown: dict[str, int | None] = {}
        self._is_first = True

    def sleep(self, seconds: float) -> None:
        """Wait for the next round, which begins then."""
        time.sleep(seconds)
        self._began = time.monotonic()

    def tell(self, report: MonitorReport | None, faults: tuple[str, ...]) -> None:
        """Say what a round has found, and what went wrong in it."""
        faults = self.publish(report, faults)
        self.progress.is_first = False
        if self.is_lines:
            return
        if report is not None:
            now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
            moved = ", ".join(report.drifted) or "nothing"
            self.output.show(f"{now}  {self.endpoint}: {report.num_new_windows} new windows; too far: {moved}")
            self._show_news(report)
        for fault in faults:
            self.output.hint(f"not told: {fault}" if report is not None else fault)

    def publish(self, report: MonitorReport | None, faults: tuple[str, ...]) -> tuple[str, ...]:
        """Tell programs of a round: those that scrape, the file, the log. The faults, with those of the file."""
        from hagane.monitoring.channels.log_lines import round_line

        seconds = time.monotonic() - self._began
        self.metrics.round(report, faults, seconds=seconds, now=time.time())
        faults = (*faults, *self._write())
        if self.is_lines:
            num_new, alerts = (None, ()) if report is None else (report.num_new_windows, report.alerts)
            write_line(round_line(self.endpoint, num_new_windows=num_new, alerts=alerts, faults=faults,
                                  seconds=seconds))  # fmt: skip
        return faults

    def publish_steps(self, steps: Sequence[PolicyStep]) -> None:
        """Tell programs what the policy has done."""
        from hagane.monitoring.channels.log_lines import step_line

        for step in steps if self.is_lines else ():
            write_line(step_line(self.endpoint, step))

    def _show_news(self, report: MonitorReport) -> None:
        """What has opened or ended since this command last said so; at first what is open."""
        from rich.text import Text

        from hagane.monitoring.notification import Notification
        from hagane.monitoring.windows import Windows

        is_first, self._is_first = self._is_first, False
        fresh = [alert for alert in report.alerts if self._shown.get(alert.key, 0) != alert.until]
        self._shown = {alert.key: alert.until for alert in report.alerts}
        opened = tuple(alert for alert in fresh if alert.until is None)
        resolved = () if is_first else tuple(alert for alert in fresh if alert.until is not None)
        if opened or resolved:
            windows = Windows(report.monitoring.every, report.monitoring.time_zone)
            news = Notification(endpoint=self.endpoint, baseline=report.baseline, windows=windows, opened=opened,
                                resolved=resolved)  # fmt: skip
            subject, _, rest = news.text.partition("\n")
            self.output.show(Text.assemble((subject, "bold red" if opened else "bold green"), "\n", rest, "\n"))

    def _write(self) -> tuple[str, ...]:
        """For the node exporter's textfile collector: whole or not at all, or what went wrong."""
        from hagane.write_aside import write_aside

        if self.prometheus is None:
            return ()
        try:
            write_aside(self.prometheus, self.metrics.text())
        except OSError as error:
            return (f"{self.prometheus} cannot be written: {error.strerror}",)
        return ()


def write_line(line: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
