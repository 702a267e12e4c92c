"""`CancellableProgress`: work that tells how it goes is ended where it tells it."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from hagane.progress.events import Event
from hagane.progress.progress import Phase


class CancellableProgress:
    """Raises KeyboardInterrupt, as Ctrl-C does, once `cancelled` is set. Shows nothing.

    >>> cancelled = threading.Event()
    >>> with CancellableProgress(cancelled).phase("train") as phase:
    ...     phase.advance()
    """

    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """A stage."""
        self._check()
        return _CancellablePhase(self)

    def note(self, text: str) -> None:
        """A line."""
        self._check()

    def tell(self, event: Event) -> None:
        """An event."""
        self._check()

    def _check(self) -> None:
        if self._cancelled.is_set():
            raise KeyboardInterrupt


class _CancellablePhase:
    def __init__(self, progress: CancellableProgress) -> None:
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def advance(self, amount: float = 1, **figures: float) -> None:
        """Some more is done."""
        self._progress.note("")
