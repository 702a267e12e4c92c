"""Whether a split can be learnt from at all: the checks every family makes before it starts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.encoded import Encoded
from hagane.models.family import FitContext


def require_rows_and_features(train: Encoded) -> None:
    """Raises TrainingError when there is no row or no feature."""
    faults = []
    if train.num_rows == 0:
        step = "look at the data query, the label's NULLs and the split"
        faults.append(Fault(what="no rows to train on", next_step=step))
    if not train.features:
        faults.append(Fault(what="no features to train on", next_step="give the transform at least one feature"))
    if faults:
        raise TrainingError(*faults)


def count_classes(train: Encoded, context: FitContext) -> npt.NDArray[np.int64]:
    """Rows of each class [c]. Raises TrainingError when fewer than two classes have any."""
    require_rows_and_features(train)
    counts = np.zeros(context.num_classes, np.int64)
    for block in range(train.num_blocks):
        counts += np.bincount(train.columns(block)[-1].astype(np.int64), minlength=context.num_classes)
    if np.count_nonzero(counts) < 2:
        raise TrainingError(
            Fault(
                what="the label has one class only in the training rows",
                where="label",
                expected="at least 2 classes",
                received=f"{train.num_rows} rows, all of class number {int(np.argmax(counts))}",
                next_step="look at the data query and the split, or predict another column",
            )
        )
    return counts


LARGEST_LABEL = 1e18
"""Above it squared errors leave float32's range, in which trees and networks keep their statistics."""


def require_finite_labels(train: Encoded) -> None:
    """Raises TrainingError when there is no row or feature, or a regression label that is no number or too large."""
    require_rows_and_features(train)
    labels = (train.columns(block)[-1].astype(np.float64) for block in range(train.num_blocks))
    num_bad = sum(int(np.sum(~(np.abs(label) <= LARGEST_LABEL))) for label in labels)
    if num_bad:
        raise TrainingError(
            Fault(
                what="the label is not a number, infinite, or too large",
                where="label",
                expected=f"numbers from -{LARGEST_LABEL:.0e} to {LARGEST_LABEL:.0e}",
                received=f"{num_bad} of {train.num_rows} rows",
                next_step="drop or replace these rows in the data query, or divide the label by a constant there",
            )
        )
