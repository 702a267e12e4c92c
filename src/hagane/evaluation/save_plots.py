"""`save_plots`: the pictures of an evaluation as PNG files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hagane.evaluation import plots
from hagane.evaluation.evaluation import Evaluation
from hagane.evaluation.save_picture import Draw, save_picture

if TYPE_CHECKING:
    from hagane.models.family import Iteration


def save_plots(
    evaluation: Evaluation,
    folder: str | Path,
    *,
    curve: Sequence[Iteration] = (),
    best_iteration: int | None = None,
    importance: Mapping[str, float] | None = None,
) -> tuple[Path, ...]:
    """Write one PNG a picture into `folder`, which is made; the paths, in the order in which one looks at them.

    Classification: confusion_matrix, roc_curve, pr_curve, calibration; regression: predictions, residuals; and
    training_curve (the iteration whose state was kept marked) and importance where they are given. What is undefined
    on these rows (a ROC curve of one class) is left out. matplotlib draws onto its own Agg canvas: no window, no global
    state. Raises OSError where the folder is not writable.
    """
    pictures = _pictures(evaluation, curve, best_iteration, importance or {})
    return tuple(save_picture(Path(folder), name, draw) for name, draw in pictures)


def _pictures(
    evaluation: Evaluation, curve: Sequence[Iteration], kept: int | None, importance: Mapping[str, float]
) -> Iterator[tuple[str, Draw]]:
    if evaluation.confusion_matrix and evaluation.num_rows:
        yield "confusion_matrix", partial(plots.draw_confusion_matrix, evaluation)
    if evaluation.roc_curve:
        yield "roc_curve", partial(plots.draw_roc_curve, evaluation, evaluation.roc_curve)
    if evaluation.pr_curve:
        yield "pr_curve", partial(plots.draw_pr_curve, evaluation, evaluation.pr_curve)
    if evaluation.calibration:
        yield "calibration", partial(plots.draw_calibration, evaluation)
    if evaluation.density:
        yield "predictions", partial(plots.draw_predictions, evaluation.density)
    if evaluation.residuals:
        yield "residuals", partial(plots.draw_residuals, evaluation.residuals)
    if any(math.isfinite(each.loss) for each in curve):
        yield "training_curve", partial(plots.draw_training_curve, curve, kept=kept)
    if importance:
        yield "importance", partial(plots.draw_importance, importance)
