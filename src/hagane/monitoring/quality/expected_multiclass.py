"""`ExpectedMulticlass`: how good a classifier of several classes is to be expected, before anybody knows the labels.

As `ExpectedBinary`, by the same assumptions: a row is of each class with the probability that was answered for it, so
that every cell of the confusion matrix has an expectation.
"""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.log_loss import clipped
from hagane.monitoring.quality.estimate import Estimate
from hagane.monitoring.quality.macro_means import macro_means
from hagane.monitoring.quality.multiclass_quality import MOST_CLASSES

Floats = npt.NDArray[np.float64]


class ExpectedMulticlass(msgspec.Struct, frozen=True, kw_only=True, tag="multiclass"):
    """Sums over the rows of a window, mergeable with those of any other rows of the same classes.

    >>> answers = ExpectedMulticlass.of(np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]))
    >>> round(answers.metrics()["accuracy"].value, 6)
    0.75
    """

    num_seen: int
    """Rows that were looked at, whatever each stands for."""
    num_rows: float
    """Rows, weighted."""
    right: float
    """Σ w p of the classes answered: how many answers are expected to be right."""
    right_variance: float
    """Σ w² p (1 - p) of them."""
    log_loss: float
    """Σ w of the entropies."""
    log_loss_variance: float
    """Σ w² of the variances of -ln p of the label."""
    counts: tuple[float, ...] = ()
    """[c · c] Σ w p by class and answer, row by row; none of more than 50 classes."""
    squares: tuple[float, ...] = ()
    """[c · c] Σ w² p by the same."""

    @staticmethod
    def of(probabilities: Floats, *, weights: Floats | None = None) -> ExpectedMulticlass:
        """Of calibrated probabilities [n, c]; `weights` [n]: for how many rows each stands."""
        p = np.clip(probabilities.astype(np.float64), 0.0, 1.0)
        w = np.ones(len(p)) if weights is None else weights.astype(np.float64)
        answers = np.argmax(p, axis=1) if len(p) else np.zeros(0, np.int64)
        top, loss = p[np.arange(len(p)), answers], -np.log(clipped(p))
        entropy = (p * loss).sum(axis=1)
        return ExpectedMulticlass(
            num_seen=len(p),
            num_rows=float(w.sum()),
            right=float(w @ top),
            right_variance=float(w**2 @ (top * (1 - top))),
            log_loss=float(w @ entropy),
            log_loss_variance=float(w**2 @ np.maximum(0.0, (p * loss**2).sum(axis=1) - entropy**2)),
            counts=_by_answer(p, answers, w),
            squares=_by_answer(p, answers, w**2),
        )

    def merge(self, other: ExpectedMulticlass) -> ExpectedMulticlass:
        """Of both's rows."""
        sums: dict[str, float | tuple[float, ...]] = {}
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            both = isinstance(mine, tuple)
            sums[name] = tuple(a + b for a, b in zip(mine, theirs, strict=True)) if both else mine + theirs
        return msgspec.structs.replace(self, **sums)

    def metrics(self) -> dict[str, Estimate]:
        """By BigQuery ML's names; precision, recall and F1 are plain means over classes. None where there are no rows.

        Each interval is that of the metric which the labels will show. Those of the means over classes are a little
        long: of each answer the scatter is bounded by that of rows which are all alike.
        """
        if not self.num_rows:
            return {}
        error = math.sqrt(self.right_variance) / self.num_rows
        found = {"accuracy": Estimate.around(self.right / self.num_rows, error, least=0.0, most=1.0)}
        if self.counts:
            size = round(len(self.counts) ** 0.5)
            counts, squares = (np.array(sums).reshape(size, size) for sums in (self.counts, self.squares))
            found |= macro_means(counts, squares, answers_are_known=True)
        error = math.sqrt(self.log_loss_variance) / self.num_rows
        return found | {"log_loss": Estimate.around(self.log_loss / self.num_rows, error, least=0.0)}


def _by_answer(p: Floats, answers: npt.NDArray[np.int64], weights: Floats) -> tuple[float, ...]:
    num_classes = p.shape[1]
    if num_classes > MOST_CLASSES:
        return ()
    chosen = np.zeros((len(p), num_classes))
    chosen[np.arange(len(p)), answers] = weights
    return tuple((p.T @ chosen).ravel().tolist())
