"""`first_layer_movement`: how much each feature matters to a `TabularNet`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from hagane.features.encoded import Encoded
from hagane.features.feature import FeatureKind
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.tabular_net import TabularNet
from hagane.models.training_data import weights_of


def first_layer_movement(net: TabularNet, train: Encoded) -> dict[str, float]:
    """By feature name: the deviation, over training rows, of what it adds to the first layer (RMS over units)."""
    first = next(layer for layer in net.layers if isinstance(layer, torch.nn.Linear))
    weights = first.weight.detach().numpy().astype(np.float64).T
    deviation, shares = _spread_of_inputs(train)
    moved = {}
    for feature, weight, spread in zip(train.features, weights[: train.num_dense], deviation, strict=False):
        moved[feature.name] = float(spread * np.sqrt(np.mean(np.square(weight))))
    names = [feature.name for feature in train.features if feature.kind is not FeatureKind.DENSE]
    row = train.num_dense
    for group, table in zip(net.groups, net.tables, strict=True):
        vectors = table.weight.detach().numpy().astype(np.float64)
        for column, offset in zip(group.columns, group.offsets, strict=True):
            share = shares[column]
            added = vectors[offset : offset + len(share)] @ weights[row : row + group.width]
            moved[names[column]] = float(np.sqrt(np.mean(share @ np.square(added - share @ added))))
            row += group.width
    for index, bag in enumerate(net.bags):
        width, name = bag.embedding_dim, names[train.num_ids + index]
        spread = _covariance_of_bag(train, index, bag.weight.detach().numpy().astype(np.float64))
        added = weights[row : row + width]
        moved[name] = float(np.sqrt(np.mean(np.maximum(np.einsum("eu,ef,fu->u", added, spread, added), 0))))
        row += width
    return {feature.name: moved[feature.name] for feature in train.features}


def _spread_of_inputs(train: Encoded) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.float64]]]:
    """Deviation of each dense feature [d], and the weighted share of the rows in each slot of each id feature."""
    d, total = train.num_dense, 0.0
    sums, squares = np.zeros(d), np.zeros(d)
    counts = [np.zeros(feature.cardinality) for feature in train.features if feature.kind is FeatureKind.ID]
    for batch in train.blocks():
        weight, dense = weights_of(batch), batch.dense.astype(np.float64)
        total += float(weight.sum())
        sums += weight @ dense
        squares += weight @ np.square(dense)
        for index, count in enumerate(counts):
            counts[index] = count + np.bincount(batch.ids[:, index].astype(np.int64), weight, minlength=len(count))
    return np.sqrt(np.maximum(squares / total - np.square(sums / total), 0)), [count / total for count in counts]


def _covariance_of_bag(train: Encoded, index: int, table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[e, e] weighted covariance, over the training rows, of sparse feature `index`'s summed embeddings."""
    width, total = table.shape[1], 0.0
    sums, products = np.zeros(width), np.zeros((width, width))
    for batch in train.blocks():
        weight = weights_of(batch)
        summed = sparse_matrix([batch.sparse[index]], [0], len(table)) @ table
        total += float(weight.sum())
        sums += weight @ summed
        products += summed.T @ (weight[:, None] * summed)
    return products / total - np.outer(sums / total, sums / total)
