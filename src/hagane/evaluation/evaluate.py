"""`evaluate`: labels and scores in, an `Evaluation` out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput, check_input
from hagane.evaluation.evaluate_binary import evaluate_binary
from hagane.evaluation.evaluate_multiclass import evaluate_multiclass
from hagane.evaluation.evaluate_regression import evaluate_regression
from hagane.evaluation.evaluation import Evaluation, Label
from hagane.metrics.best_threshold import Aim

Array = npt.NDArray[Any]


def evaluate(
    labels: Array,
    scores: Array,
    *,
    task: Literal["classification", "regression"],
    classes: Sequence[Label] | None = None,
    threshold: float = 0.5,
    aim: Aim = "f1_score",
    aim_value: float = 0.5,
    slices: Mapping[str, Array] | None = None,
    part: str = "",
    num_row_errors: int = 0,
    num_null_labels: int = 0,
) -> Evaluation:
    """Measure `scores` against `labels`, whole and by slices, beside a baseline that has learned nothing.

    Classification: `labels` [n] class indices 0 … c - 1 into `classes` (ascending; 0 … c - 1 by default), `scores`
    [n, c] probabilities, or [n] of the positive class, which is the higher of two labels. A binary row is called
    positive when its score is >= `threshold`; of several classes the most probable is predicted (the first of equals).
    Regression: both [n]. `slices`: column name → [n] of strings, None for NULL. `part`, `num_row_errors` and
    `num_null_labels` are noted in the result as they are given.

    Raises DataError, every fault at once: shapes that disagree, a label that is no class, NaN or infinity in either.

    >>> result = evaluate(np.array([0, 1, 1]), np.array([0.2, 0.9, 0.4]), task="classification", classes=["no", "yes"])
    >>> result.headline(), result.metrics["recall"], result.confusion_matrix
    (('roc_auc', 1.0), 0.5, ((1, 0), (1, 1)))
    """
    checked = check_input(labels, scores, task=task, classes=classes, threshold=threshold, slices=slices or {})
    result = _evaluate(checked, threshold, aim, aim_value)
    notes = {"part": part, "num_row_errors": num_row_errors, "num_null_labels": num_null_labels}
    return msgspec.structs.replace(result, labels_digest=_digest(checked.labels), **notes)


def _evaluate(checked: CheckedInput, threshold: float, aim: Aim, aim_value: float) -> Evaluation:
    if not checked.classes:
        return evaluate_regression(checked)
    if len(checked.classes) == 2:
        return evaluate_binary(checked, threshold, aim, aim_value)
    return evaluate_multiclass(checked)


def _digest(labels: Array) -> str:
    return hashlib.blake2b(np.ascontiguousarray(labels).tobytes(), digest_size=8).hexdigest()
