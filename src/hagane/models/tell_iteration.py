"""`tell_iteration`: the newest point of a family's curve, told while it trains."""

from __future__ import annotations

from hagane.models.family import Iteration
from hagane.progress import Progress
from hagane.progress.events import IterationEnded


def tell_iteration(
    progress: Progress,
    newest: Iteration,
    *,
    num_rows: int,
    max_iterations: int | None = None,
    best_iteration: int | None = None,
    metric_name: str | None = None,
) -> None:
    """Tell of an iteration over `num_rows` training rows; its steps are the iterations.

    Families that train with `training.loop` leave this to it.
    """
    seconds = newest.duration_ms / 1000
    progress.tell(
        IterationEnded(
            number=newest.iteration,
            max_iterations=max_iterations,
            step=newest.iteration,
            loss=newest.loss,
            eval_loss=newest.eval_loss,
            metric=newest.metric,
            metric_name=metric_name,
            learning_rate=newest.learning_rate,
            duration_seconds=seconds,
            examples_per_second=num_rows / seconds if seconds > 0 else None,
            best_iteration=best_iteration,
        )
    )
