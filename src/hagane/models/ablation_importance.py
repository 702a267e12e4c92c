"""`ablation_importance`: how far each feature moves what a module puts out, whatever the module is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models.torch_task import entries_as_tensors
from hagane.models.training_data import weights_of

MOST_ROWS = 4096

Floats = npt.NDArray[np.float64]


def ablation_importance(
    module: nn.Module, train: Encoded, groups: Sequence[Sequence[str]] = (), *, most_rows: int = MOST_ROWS
) -> dict[str, float]:
    """By feature name: the deviation of the output when the feature is not there (root mean square, largest over c).

    What is not there is the mean of its numbers, its most frequent category, or no words. Over the training rows, or
    `most_rows` of them, evenly spaced, weighted as they are. The features of a group (the elements of an array) are
    taken away together and share what that does evenly. `module` is in evaluation and on the CPU.
    """
    places = np.unique(np.linspace(0, max(train.num_rows - 1, 0), min(train.num_rows, most_rows)).astype(np.int64))
    batch = train.take(places)
    weight = weights_of(batch)
    weight = weight / max(weight.sum(), 1e-300)
    expected = _output(module, batch)
    index = {feature.name: place for place, feature in enumerate(train.features)}
    grouped = {name for group in groups for name in group}
    moved = dict.fromkeys(index, 0.0)
    for group in (*groups, *([name] for name in index if name not in grouped)):
        without = batch
        for name in group:
            without = _without(without, train.features, index[name], weight)
        squares = np.square(_output(module, without) - expected)
        share = float(np.sqrt((weight @ squares).max())) / len(group)
        moved.update(dict.fromkeys(group, share))
    return moved


def _output(module: nn.Module, batch: Batch) -> Floats:
    """[n, c]."""
    dtype = next((each.dtype for each in module.parameters() if each.dtype.is_floating_point), torch.float32)
    numpy_dtype = np.float64 if dtype is torch.float64 else np.float32
    inputs = (torch.from_numpy(np.ascontiguousarray(batch.dense, numpy_dtype)), torch.from_numpy(batch.ids))
    with torch.no_grad():
        output: Floats = module(*inputs, *entries_as_tensors(batch.sparse, numpy_dtype)).double().numpy()
    return output


def _without(batch: Batch, features: Sequence[Feature], place: int, weight: Floats) -> Batch:
    """`batch` in which the feature at `place` has one value throughout."""
    kinds = [feature.kind for feature in features]
    first = kinds.index(features[place].kind)
    column = place - first
    if kinds[place] is FeatureKind.DENSE:
        dense = batch.dense.copy()
        dense[:, column] = weight @ batch.dense[:, column].astype(np.float64)
        return batch._replace(dense=dense)
    if kinds[place] is FeatureKind.ID:
        ids = batch.ids.copy()
        ids[:, column] = np.bincount(batch.ids[:, column].astype(np.int64), weight).argmax()
        return batch._replace(ids=ids)
    nothing = SparseRows(np.zeros(batch.num_rows + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return batch._replace(sparse=(*batch.sparse[:column], nothing, *batch.sparse[column + 1 :]))
