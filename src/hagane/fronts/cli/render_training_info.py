"""`render_training_info`: a training's iterations, those of a long one thinned out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UnsetType
from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import new_table
from hagane.fronts.cli.stage_text import seconds_text
from hagane.number_text import MISSING, figure_text
from hagane.workflow.training_info import TrainingInfo, TrainingIteration

MOST_ROWS = 20


def render_training_info(info: TrainingInfo, *, every: bool = False) -> RenderableType:
    """One line an iteration; of more than 20 (unless `every` is asked for) the ends, the best and some between.

    Of an ensemble each says of which model's training it is.
    """
    shown = info.iterations if every else thinned(info.iterations, info.best_iteration)
    has_runs = any(each.training_run for each in info.iterations)
    table = new_table()
    if has_runs:
        table.add_column("run", justify="right")
    metric = [info.eval_metric.replace("_", " ")] if info.eval_metric else []
    for heading in ("iteration", "loss", "eval loss", *metric, "learning rate", "duration"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for each in shown:
        is_kept = each.iteration == info.best_iteration
        measured = [] if isinstance(each.eval_metric, UnsetType) else [each.eval_metric]
        figures = (each.loss, each.eval_loss, *measured, each.learning_rate)
        table.add_row(
            *([f"{each.training_run:,}"] if has_runs else []),
            f"{each.iteration:,}",
            *map(figure_text, figures),
            seconds_text(each.duration_ms / 1000) if each.duration_ms else MISSING,
            "kept" if is_kept else "",
            style="bold" if is_kept else "",
        )
    left_out = len(info.iterations) - len(shown)
    rest = [Text(f"… {counted(left_out, 'iteration')} between (--all)", "dim")] if left_out else []
    seconds = sum(each.duration_ms for each in info.iterations) / 1000
    said = f"  {info.model_type}, {counted(len(info.iterations), 'iteration')} in {seconds_text(seconds)}"
    return Group(Text.assemble((info.model, "bold"), said), Text(""), table, *rest)


def thinned(iterations: Sequence[TrainingIteration], best: int) -> Sequence[TrainingIteration]:
    """The first, the last, the best and some evenly between.

    >>> rows = [TrainingIteration(iteration=i, loss=0, eval_loss=None, learning_rate=None, duration_ms=1)
    ...         for i in range(1, 101)]
    >>> [each.iteration for each in thinned(rows, 68)][:4], len(thinned(rows, 68))
    ([1, 6, 12, 17], 20)
    """
    count = len(iterations)
    if count <= MOST_ROWS:
        return iterations
    kept = {index * (count - 1) // (MOST_ROWS - 2) for index in range(MOST_ROWS - 1)}
    return [each for index, each in enumerate(iterations) if index in kept or each.iteration == best]
