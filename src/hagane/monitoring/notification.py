"""`Notification`: all that is new of an endpoint's alerts, as one message."""

from __future__ import annotations

import msgspec

from hagane.counted import counted
from hagane.monitoring.alert import Alert
from hagane.monitoring.windows import Windows


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that have opened and that are over since the last one: one message, however many columns moved."""

    endpoint: str
    baseline: str
    windows: Windows
    opened: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()

    @property
    def subject(self) -> str:
        """One line.

        >>> Notification(endpoint="late", baseline="training", windows=Windows()).subject
        'late: nothing new'
        """
        parts = [f"{counted(len(self.opened), 'new alert')}"] if self.opened else []
        parts += [f"{counted(len(self.resolved), 'alert')} over"] if self.resolved else []
        return f"{self.endpoint}: {', '.join(parts) or 'nothing new'}"

    @property
    def text(self) -> str:
        """What changed, since when, how much of the traffic, and what to look at."""
        lines = [self.subject, ""]
        for alert in self.opened:
            lines += [
                f"{alert.title} ({alert.model}): {alert.change or 'its distribution changed'}",
                f"  {alert.measure.lower().replace('_', ' ')} {alert.value:.3g}, threshold {alert.threshold:g},"
                f" since {self._when(alert.since)}, {alert.traffic:,.0f} rows of the traffic",
            ]
        lines += [f"{alert.title} ({alert.model}): over, it had begun {self._when(alert.since)}"
                  for alert in self.resolved]  # fmt: skip
        if self.opened:
            lines += ["", f"look at: hagane monitor {self.endpoint} --baseline {self.baseline}"]
        return "\n".join(lines)

    def _when(self, moment: int) -> str:
        return self.windows.name(moment)
