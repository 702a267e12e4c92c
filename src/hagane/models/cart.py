"""One decision tree, as CART grows it: what the classifier and the regressor share.

scikit-learn grows the tree, best split first: exact thresholds, one tree for all classes, missing numbers on the side
that suits them. A category's slots stand in the order of the label's mean in them, in which the best two sets of slots
lie side by side (Breiman et al. 1984, theorem 4.5); of three classes and more in that of the first principal component
of the classes' shares (Coppersmith, Hong and Hosking 1999). Branches without which the eval rows are predicted as well
are cut off from the leaves up (reduced-error pruning; Quinlan 1987).

Shapes: n rows, w columns, m nodes, leaves among them, o outputs (1 for a number or two classes, else one a class).
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, SpecError
from hagane.features.encoded import Encoded
from hagane.models.cart_nodes import CartNodes, pruned, trees_of
from hagane.models.category_ranks import category_ranks
from hagane.models.decision_tree_options import DecisionTreeClassifierOptions, DecisionTreeOptions
from hagane.models.family import FitContext, Iteration
from hagane.models.lightgbm_dataset import EncodedRows
from hagane.models.lightgbm_text import lightgbm_text
from hagane.models.random_forest import LEAST_SHARE, forest_link
from hagane.models.target_means import num_outputs
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import labels_and_weights, require_memory, weights_of
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_datasets import means_for, rows_of_splits
from hagane.models.tree_model import TreeModel
from hagane.models.tree_parameters import Mean, TreeParameters

Floats = npt.NDArray[np.float64]
ROW_BYTES = 64
"""A row's label, weight, places in the order of a column and among the rows of a node, while the tree grows."""
LARGEST = float(np.finfo(np.float32).max)


class _Rows(NamedTuple):
    """`matrix` [n, w] float32, `label` [n], `weight` [n] or None, `targets` [n, o] what leaves answer the mean of."""

    matrix: npt.NDArray[np.float32]
    label: Floats
    weight: Floats | None
    targets: Floats


def grow_decision_tree(
    train: Encoded, evaluation: Encoded | None, options: DecisionTreeOptions, context: FitContext, *, family: str
) -> TreeModel:
    """Grow, prune and measure the tree.

    Raises TrainingError where the rows do not fit in memory, SpecError where it is to begin with another tree.
    """
    if (start := context.warm_start) is not None:
        what = f"a decision tree is grown at once: there is nothing to go on from in {start.reference}"
        raise SpecError(Fault(what=what, where="training.warm_start", next_step="train without a warm start"))
    begun = time.perf_counter()
    held_out = evaluation if evaluation is not None and evaluation.num_rows else None
    columns = TreeColumns(train.features, max_slots=options.max_category_slots, width=num_outputs(context.num_classes))
    num_rows = max(train.num_rows, held_out.num_rows if held_out else 0)
    require_memory("decision trees", num_rows * (4 * columns.num_columns + ROW_BYTES), context)
    means = means_for(train, columns, context)
    ranks = category_ranks(train, columns.narrow, context.num_classes)
    splits = rows_of_splits(train, held_out, columns, means, context)
    with context.progress.phase("train") as phase:
        nodes = _grow(_rows(splits[0], ranks, context), options, context)
        if splits[1] is not None and options.prune:
            rows = _rows(splits[1], ranks, context)
            nodes = pruned(nodes, rows.matrix, rows.targets, rows.weight)
        phase.advance(train.num_rows)
    link = forest_link(context.num_classes)
    trees, gains = trees_of(nodes, columns, ranks)
    learned = TreeParameters(lightgbm_text(trees, gains), means, Mean(np.zeros(trees.num_outputs), 1))
    about: dict[str, Any] = {"family": family, "link": link, "columns": columns, "best_iteration": 1}
    model = TreeModel(learned, curve=(), **about)
    losses = [_loss(model, split, context.num_classes) for split in (train, held_out) if split is not None]
    duration_ms = 1000 * (time.perf_counter() - begun)
    point = Iteration(iteration=1, loss=losses[0], eval_loss=losses[1] if held_out else None, duration_ms=duration_ms)
    tell_iteration(context.progress, point, num_rows=train.num_rows, max_iterations=1, best_iteration=1)
    model.curve = (point,)
    return model


def _grow(rows: _Rows, options: DecisionTreeOptions, context: FitContext) -> CartNodes:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    settings = {
        "max_depth": options.max_tree_depth or None,
        "max_leaf_nodes": options.num_leaves,
        "min_samples_leaf": options.min_tree_child_rows or min(20, max(1, len(rows.label) // 20)),
        "min_impurity_decrease": options.min_split_loss,
        "random_state": context.seed % 2**32,
    }
    if isinstance(options, DecisionTreeClassifierOptions):
        grown = DecisionTreeClassifier(criterion=options.criterion, **settings)
        classes = np.unique(rows.label.astype(np.int64))
    else:
        grown, classes = DecisionTreeRegressor(**settings), np.zeros(1, np.int64)
    grown.fit(rows.matrix, rows.label, sample_weight=rows.weight)
    tree = grown.tree_
    values = np.zeros((tree.node_count, max(1, context.num_classes)))
    values[:, classes] = tree.value[:, 0, :]
    return CartNodes(
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        features=tree.feature.astype(np.int64),
        thresholds=tree.threshold.astype(np.float64),
        nan_left=tree.missing_go_to_left.astype(bool),
        rows=tree.n_node_samples.astype(np.float64),
        impurity=tree.impurity * tree.weighted_n_node_samples,
        values=values[:, 1:] if context.num_classes == 2 else values,
    )


def _rows(rows: EncodedRows, ranks: dict[int, npt.NDArray[np.int64]], context: FitContext) -> _Rows:
    """All rows of a split in memory, categories as the ranks of their slots."""
    encoded, first = rows.encoded, rows.columns.num_dense
    matrix = np.empty((encoded.num_rows, rows.columns.num_columns), np.float32)
    for block in range(encoded.num_blocks):
        part, at = rows.block(block), block * encoded.block_rows
        into = matrix[at : at + part.shape[0]]
        into[:] = part if isinstance(part, np.ndarray) else part.toarray()
        for column, place in enumerate(rows.columns.narrow, start=first):
            into[:, column] = ranks[place][into[:, column].astype(np.int64)]
    np.clip(matrix, -LARGEST, LARGEST, out=matrix)
    label, weight = (np.concatenate(parts) for parts in zip(*labels_and_weights(encoded), strict=True))
    c = context.num_classes
    targets = label[:, None] if c <= 2 else (label[:, None] == np.arange(c)).astype(np.float64)
    return _Rows(matrix, label, weight if encoded.has_weight else None, targets)


def _loss(model: TreeModel, encoded: Encoded, num_classes: int) -> float:
    """The weighted mean log loss, or squared error, in one pass over the rows."""
    loss, total = 0.0, 0.0
    for batch in encoded.blocks():
        weight, scores = weights_of(batch), model.predict(batch.dense, batch.ids, batch.sparse)
        if num_classes:
            found = scores[np.arange(len(scores)), batch.label.astype(np.intp)]
            loss -= float(weight @ np.log(np.maximum(found, LEAST_SHARE)))
        else:
            loss += float(weight @ np.square(scores.astype(np.float64) - batch.label.astype(np.float64)))
        total += float(weight.sum())
    return loss / total
