"""`Tee`: one work, told to several."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Self

from hagane.progress.events import Event
from hagane.progress.progress import Phase, Progress


class Tee:
    """A `Progress` that tells each of `progresses`, in their order."""

    def __init__(self, *progresses: Progress) -> None:
        self.progresses = progresses

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> TeePhase:
        """Begin a stage everywhere."""
        begun = [
            each.phase(name, total=total, unit=unit, at_most=at_most, completed=completed) for each in self.progresses
        ]
        return TeePhase(begun)

    def note(self, text: str) -> None:
        """Say one line everywhere."""
        for each in self.progresses:
            each.note(text)

    def tell(self, event: Event) -> None:
        """Tell everyone."""
        for each in self.progresses:
            each.tell(event)


class TeePhase:
    """One stage of a `Tee`."""

    def __init__(self, phases: list[Phase]) -> None:
        self._phases = phases
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for phase in self._phases:
            self._stack.enter_context(phase)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def advance(self, amount: float = 1, **figures: float) -> None:
        """`amount` more units are done, everywhere."""
        for phase in self._phases:
            phase.advance(amount, **figures)
