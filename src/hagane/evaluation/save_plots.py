"""`save_plots`: the pictures of an evaluation as PNG files."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hagane.evaluation import plots
from hagane.evaluation.evaluation import Evaluation

if TYPE_CHECKING:
    from hagane.models.family import Iteration

Draw = Callable[[Any], None]
"""Draws onto matplotlib axes."""
SIZE_INCHES = (6.4, 4.8)
DOTS_PER_INCH = 144


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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in _pictures(evaluation, curve, best_iteration, importance or {}):
        figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.add_subplot())
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            figure.savefig(place / f"{name}.png", metadata={"Software": None})
        paths.append(place / f"{name}.png")
    return tuple(paths)


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
