"""`EventListener`: a `Progress` that hears events alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.progress.progress import SILENT, Phase

if TYPE_CHECKING:
    from hagane.progress.events import Event


class EventListener:
    """The base of what makes something of events; stages and lines are for others.

    >>> with EventListener().phase("encode") as phase:
    ...     phase.advance(10)
    """

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """Stages are not shown."""
        return SILENT.phase(name)

    def note(self, text: str) -> None:
        """Nor are lines."""

    def tell(self, event: Event) -> None:
        """What a listener makes of an event: its own."""
