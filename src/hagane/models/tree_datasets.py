"""The splits as trees are grown on them: LightGBM's data sets, and what they take of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.memory_budget import MemoryBudget
from hagane.models.family import FitContext
from hagane.models.lightgbm_dataset import EncodedRows, lightgbm_dataset
from hagane.models.target_means import TargetMeans, target_means
from hagane.models.training_data import require_memory
from hagane.models.tree_columns import TreeColumns

Floats = npt.NDArray[np.float64]
ENTRY_BYTES = 14
"""A number that is not 0, its bin and its row, while the rows are binned: measured."""
ROW_BYTES = 44
"""A row's label, its weight, five places of its number (what is drawn, the leaves and the buffers to divide both), and
its gradient and hessian in the order of a leaf: 4 bytes each, with some to spare."""
OUTPUT_BYTES = 16
"""For each tree of a round: a row's sum (float64), gradient and hessian (float32 both)."""
HISTOGRAM_BYTES = 16
"""A bin of a leaf: sums of gradients and hessians (float64)."""
SAVED_BYTES = 16
"""The same for what a checkpoint holds: the sums as they are saved, and as they were read."""


class TreeDatasets(NamedTuple):
    """`evaluation` is None where there are no eval rows."""

    train: lgb.Dataset
    evaluation: lgb.Dataset | None


def tree_datasets(
    train: EncodedRows,
    evaluation: EncodedRows | None,
    parameters: Mapping[str, Any],
    memory: MemoryBudget,
    sums: tuple[Floats | None, Floats | None],
) -> TreeDatasets:
    """Both splits, binned alike; the sums [outputs · n] of each are what the trees of the first round are added to."""
    quieten()
    sample_bytes = memory.sample_bytes
    train_set = lightgbm_dataset(train, parameters, sample_bytes=sample_bytes, init_scores=sums[0])
    if evaluation is None:
        return TreeDatasets(train_set, None)
    eval_set = lightgbm_dataset(
        evaluation, parameters, sample_bytes=sample_bytes, reference=train_set, init_scores=sums[1]
    )
    return TreeDatasets(train_set, eval_set)


def means_for(train: Encoded, columns: TreeColumns, context: FitContext) -> tuple[TargetMeans, ...]:
    """The label's means in the slots of the categories that have too many to be split as sets."""
    return target_means(train, columns.wide, columns.wide_cardinalities, context.num_classes, context.seed)


def rows_of_splits(
    train: Encoded,
    evaluation: Encoded | None,
    columns: TreeColumns,
    means: Sequence[TargetMeans],
    context: FitContext,
) -> tuple[EncodedRows, EncodedRows | None]:
    """Both splits as trees see them; None for one without rows."""
    watched = EncodedRows(evaluation, columns, means, None) if evaluation and evaluation.num_rows else None
    return EncodedRows(train, columns, means, context.seed), watched


def require_memory_for_trees(
    train: Encoded,
    evaluation: Encoded | None,
    columns: TreeColumns,
    parameters: Mapping[str, Any],
    context: FitContext,
) -> None:
    """Raises TrainingError, before anything is begun, where the rows as trees need them will not fit."""
    require_memory("trees", bytes_in_memory(train, evaluation, columns, parameters), context)


def bytes_in_memory(
    train: Encoded, evaluation: Encoded | None, columns: TreeColumns, parameters: Mapping[str, Any]
) -> int:
    """What is held all at once, for the whole of a training: of the rows, and of the leaves of a tree."""
    splits = [split for split in (train, evaluation) if split is not None]
    rows, entries = sum(split.num_rows for split in splits), sum(split.num_entries for split in splits)
    bins = rows * columns.first_slot * (1 if parameters["max_bin"] <= 255 else 2)
    histograms = parameters["num_leaves"] * columns.num_columns * parameters["max_bin"] * HISTOGRAM_BYTES
    histograms = min(histograms, parameters["histogram_pool_size"] << 20)
    a_row = ROW_BYTES + (OUTPUT_BYTES + SAVED_BYTES) * parameters.get("num_class", 1)
    return int(bins + histograms + ENTRY_BYTES * entries + rows * a_row)


def quieten() -> None:
    """Building a data set from pushed rows ignores `verbosity`; building one from a matrix sets it for what follows."""
    lgb.Dataset(np.zeros((1, 1)), label=np.zeros(1), params={"verbosity": -1}).construct()
