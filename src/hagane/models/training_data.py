"""Whether a split can be learnt from at all: the checks every family makes before it starts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hagane.counted import counted
from hagane.errors import Fault, TrainingError
from hagane.features.batch import Batch
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


def require_rows_to_normalise(train: Encoded) -> None:
    """Raises TrainingError for a single row: batch normalisation needs two."""
    if train.num_rows < 2:
        raise TrainingError(Fault(what="batch_norm needs at least 2 training rows", where="model.options.batch_norm"))


def count_classes(train: Encoded, context: FitContext) -> npt.NDArray[np.int64]:
    """Rows of each class [c]. Raises TrainingError when fewer than two classes have any."""
    require_rows_and_features(train)
    counts = np.zeros(context.num_classes, np.int64)
    for label, _ in labels_and_weights(train):
        counts += np.bincount(label.astype(np.int64), minlength=context.num_classes)
    if np.count_nonzero(counts) < 2:
        raise TrainingError(
            Fault(
                what="the label has one class only in the training rows",
                where="label",
                expected="at least 2 classes",
                received=f"{counted(train.num_rows, 'row')}, all of class number {int(np.argmax(counts))}",
                next_step="look at the data query and the split, or predict another column",
            )
        )
    return counts


def require_memory(family: str, num_bytes: int, context: FitContext) -> None:
    """Raises TrainingError, before anything is begun, when rows that must be in memory at once will not fit."""
    if num_bytes <= context.memory.num_bytes:
        return
    raise TrainingError(
        Fault(
            what=f"the training rows do not fit in memory, as {family} need them",
            where="training.memory_limit",
            expected=f"at most {context.memory.num_bytes / 2**20:,.0f} MiB",
            received=f"about {num_bytes / 2**20:,.0f} MiB",
            next_step="train on a sample (USING SAMPLE in the data query), take a family that streams (linear_reg, "
            "logistic_reg, dnn_*), or raise the limit",
        )
    )


LARGEST_LABEL = 1e18
"""Above it squared errors leave float32's range, in which trees and networks keep their statistics."""


def require_finite_labels(train: Encoded) -> None:
    """Raises TrainingError when there is no row or feature, or a regression label that is no number or too large."""
    require_rows_and_features(train)
    num_bad = sum(int(np.sum(~(np.abs(label) <= LARGEST_LABEL))) for label, _ in labels_and_weights(train))
    if num_bad:
        raise TrainingError(
            Fault(
                what="the label is not a number, infinite, or too large",
                where="label",
                expected=f"numbers from -{LARGEST_LABEL:.0e} to {LARGEST_LABEL:.0e}",
                received=f"{num_bad:,} of {counted(train.num_rows, 'row')}",
                next_step="drop or replace these rows in the data query, or divide the label by a constant there",
            )
        )


def weights_of(batch: Batch) -> npt.NDArray[np.float64]:
    """[n] the rows' weights; 1 each where none are given."""
    return np.ones(batch.num_rows) if batch.weight is None else batch.weight.astype(np.float64)


def labels_and_weights(encoded: Encoded) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """The labels [n] and weights [n] of one block after another, without a look at its features."""
    for block in range(encoded.num_blocks):
        label, weight = encoded.columns(block)[-1].astype(np.float64), encoded.weight(block)
        yield label, np.ones(len(label)) if weight is None else weight.astype(np.float64)


def all_labels(encoded: Encoded) -> npt.NDArray[np.float64]:
    """The labels of all rows: [n], of several labels [n, k]."""
    return np.concatenate([label for label, _ in labels_and_weights(encoded)])


def mean_weight(train: Encoded) -> float:
    """The mean of the rows' weights."""
    if not train.has_weight:
        return 1.0
    return sum(float(weight.sum()) for _, weight in labels_and_weights(train)) / train.num_rows
