"""`training_runs`: a curve, model by model."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hagane.models.family import Iteration


def training_runs(curve: Iterable[Iteration]) -> list[list[Iteration]]:
    """The iterations of each model that was trained: one list, but of an ensemble.

    >>> from hagane.models.family import Iteration
    >>> curve = [Iteration(iteration=i, training_run=run, loss=1.0) for i, run in enumerate((0, 0, 1), 1)]
    >>> [[each.iteration for each in run] for run in training_runs(curve)]
    [[1, 2], [3]]
    """
    return [list(run) for _, run in groupby(curve, key=lambda each: each.training_run)]
