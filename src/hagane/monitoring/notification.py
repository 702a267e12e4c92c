"""`Notification`: all that is new of an endpoint's alerts, as one message."""

from __future__ import annotations

import msgspec

from hagane.counted import counted
from hagane.monitoring.alert import Alert
from hagane.monitoring.model_context import ModelContext
from hagane.monitoring.windows import Windows


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts that have opened and that are over since the last one: one message, however many columns moved."""

    endpoint: str
    baseline: str
    windows: Windows
    opened: tuple[Alert, ...] = ()
    resolved: tuple[Alert, ...] = ()
    reminded: tuple[Alert, ...] = ()
    """Those that were told long ago, and still stand."""
    models: tuple[ModelContext, ...] = ()
    """Of each deployed model of which something opened."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.opened or self.resolved or self.reminded)

    @property
    def subject(self) -> str:
        """One line.

        >>> Notification(endpoint="late", baseline="training", windows=Windows()).subject
        'late: nothing new'
        """
        parts = [counted(len(self.opened), "new alert")] if self.opened else []
        parts += [f"{counted(len(self.resolved), 'alert')} over"] if self.resolved else []
        parts += [f"{counted(len(self.reminded), 'alert')} still open"] if self.reminded else []
        return f"{self.endpoint}: {', '.join(parts) or 'nothing new'}"

    @property
    def command(self) -> str:
        """What to look at."""
        every = self.windows.every if self.windows.num_rows is None else f"'{self.windows.every}'"
        return f"hagane monitor {self.endpoint} --window {every} --baseline {self.baseline}"

    @property
    def text(self) -> str:
        """What changed, since when, how much of the traffic, which rows explain it, and what to look at."""
        from hagane.monitoring.notification_text import notification_text

        return notification_text(self)
