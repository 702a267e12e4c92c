"""`RoundsProgress`: how long the first round of a service takes; the others are short, and told in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.progress import SILENT, Phase, Progress

if TYPE_CHECKING:
    from hagane.progress.events import Event


class RoundsProgress:
    """A `Progress` that tells all of it until the first round has ended, and lines and events after.

    >>> progress = RoundsProgress(SILENT)
    >>> progress.is_first = False
    >>> with progress.phase("sum up the log", total=3) as phase:
    ...     phase.advance(3)
    """

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self.is_first = True
        """Catching up after downtime may take long."""

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """Begin a stage."""
        shown = self._shown if self.is_first else SILENT
        return shown.phase(name, total=total, unit=unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """Say one line to the user."""
        self._shown.note(text)

    def tell(self, event: Event) -> None:
        """Something happened that is neither a stage nor a line."""
        self._shown.tell(event)
