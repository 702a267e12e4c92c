"""`MemberProgress`: what a member of an ensemble tells of itself, as a part of the ensemble's own training."""

from __future__ import annotations

from msgspec.structs import replace

from hagane.progress import Phase, Progress
from hagane.progress.events import CheckpointWritten, Event, IterationEnded, Resumed, StepEnded, StoppedEarly


class MemberProgress:
    """Passes on what is told, stages by the member's name, iterations counted on from those of the models before it."""

    def __init__(self, progress: Progress, member: str, *, iterations_before: int, steps_before: int) -> None:
        self._progress = progress
        self._member = member
        self._iterations, self._steps = iterations_before, steps_before
        self.num_steps = 0
        """Steps of this model."""

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phase:
        """A stage, named by the member."""
        named = f"{name} {self._member}"
        return self._progress.phase(named, total=total, unit=unit, at_most=at_most, completed=completed)

    def note(self, text: str) -> None:
        """A line that says whose it is."""
        self._progress.note(f"{self._member}: {text}")

    def tell(self, event: Event) -> None:
        """An event, its iterations and steps moved."""
        self._progress.tell(self._moved(event))

    def _moved(self, event: Event) -> Event:
        more, steps = self._iterations, self._steps
        match event:
            case IterationEnded(number=number, step=step, max_iterations=most, best_iteration=best):
                self.num_steps = step
                return replace(event, number=number + more, step=step + steps,
                               max_iterations=None if most is None else most + more,
                               best_iteration=None if best is None else best + more)  # fmt: skip
            case StoppedEarly(iteration=iteration, best_iteration=best):
                return replace(event, iteration=iteration + more, best_iteration=best + more)
            case Resumed(step=step, iteration=iteration):
                return replace(event, step=step + steps, iteration=iteration + more)
            case StepEnded(step=step) | CheckpointWritten(step=step):
                return replace(event, step=step + steps)
            case _:
                return event
