"""How long work tells that it moves. Rooms report; a front decides how it looks.

>>> with SILENT.phase("encode", total=10) as phase:
...     phase.advance(10)
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from hagane.progress.events import Event


class Phase(Protocol):
    """One stage of the work, from `with` to its end."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def advance(self, amount: float = 1, **figures: float) -> None:
        """`amount` more units are done; `figures` (loss=…, eval_loss=…) are shown beside the bar."""


class Progress(Protocol):
    """Where stages are announced."""

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """Begin a stage of `total` units (None: unknown).

        `at_most`: it may end before (early stopping). `completed`: units that an earlier process has done.
        """

    def note(self, text: str) -> None:
        """Say one line to the user."""

    def tell(self, event: Event) -> None:
        """Something happened that is neither a stage nor a line: an iteration ended, a checkpoint was written."""


class _SilentPhase:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def advance(self, amount: float = 1, **figures: float) -> None:
        return None


class _Silent:
    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """A stage that nobody is told of."""
        return _SilentPhase()

    def note(self, text: str) -> None:
        return None

    def tell(self, event: Event) -> None:
        return None


SILENT: Progress = _Silent()
"""Says nothing: the default in every room."""
