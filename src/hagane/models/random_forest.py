"""Random forests on LightGBM's trees: what the classifier and the regressor share.

Each tree lowers the squared error of the label around its mean; of classes, of being the class or not, which is what
the Gini impurity measures. A leaf therefore answers the mean label, or the share of the class, among its rows, and the
forest the mean over its trees (Breiman 2001, "Random Forests"), as scikit-learn's do. LightGBM's own `boosting: rf`
averages log odds of one Newton step instead, which reach neither 0 nor 1. Three or more classes share each tree in
scikit-learn; here each class has its own, and the shares are made to add up to 1.

Shapes: n rows, c outputs (1 for a number or two classes, else one a class).
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext, Iteration
from hagane.models.growing_trees import Gradients, GrowingTrees, Grown
from hagane.models.lightgbm_dataset import EncodedRows, all_labels_and_weights, raw_sums
from hagane.models.lightgbm_native import lightgbm_refusals
from hagane.models.lightgbm_parameters import lightgbm_parameters
from hagane.models.random_forest_options import RandomForestOptions
from hagane.models.target_means import num_outputs
from hagane.models.tell_iteration import tell_iteration
from hagane.models.tree_checkpoints import RoundState, Saved, TreeCheckpoints
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_datasets import means_for, require_memory_for_trees, rows_of_splits, tree_datasets
from hagane.models.tree_link import apply_link
from hagane.models.tree_model import TreeModel
from hagane.models.tree_parameters import Mean, TreeParameters
from hagane.models.tree_start import begin_trees

Floats = npt.NDArray[np.float64]
HISTOGRAM_MEGABYTES = 256
"""Leaves are many and small: those whose histograms are not kept are soon counted again."""
NODE_SHARE = 0.6
"""Of the features, for numbers, that each split sees where the options do not say."""
LEAST_SHARE = 1e-15
"""A share of 0 costs as if it were this: LightGBM's own bound of log loss."""


def grow_forest(
    train: Encoded,
    evaluation: Encoded | None,
    options: RandomForestOptions,
    context: FitContext,
    *,
    family: str,
    start: TreeParameters | None = None,
) -> TreeModel:
    """Grow `num_parallel_tree` trees; the eval rows are measured at the end.

    Those of `start`, or of a warm start of the context, stand beside them: the answer is the mean of all.

    Raises TrainingError, SpecError for options that the features do not allow, and PreemptedError at a notice.
    """
    columns = TreeColumns(train.features, max_slots=options.max_category_slots, width=num_outputs(context.num_classes))
    parameters = forest_parameters(options, columns, train.num_rows, context)
    require_memory_for_trees(train, evaluation, columns, parameters, context)
    start = start or begin_trees(context, forest_link(context.num_classes), options)
    means = start.means if start else means_for(train, columns, context)
    rows, watched = rows_of_splits(train, evaluation, columns, means, context)
    with TreeCheckpoints(context) as checkpoints, lightgbm_refusals():
        forest = _Forest(rows, watched, parameters, context, start=start, saved=checkpoints.latest())
        grown = forest.run(options.num_parallel_tree, checkpoints)
        curve = forest.measure(grown)
    return TreeModel(
        TreeParameters(grown.text, means, forest.mean),
        family=family,
        link=forest.link,
        columns=columns,
        curve=(curve,),
        best_iteration=1,
    )


def forest_parameters(
    options: RandomForestOptions, columns: TreeColumns, num_rows: int, context: FitContext
) -> dict[str, Any]:
    """LightGBM's names and values for our options."""
    num_classes = context.num_classes
    rows_in_leaf = options.min_tree_child_rows or (3 if num_classes else 1)
    share = math.sqrt(columns.num_columns) / columns.num_columns if num_classes else NODE_SHARE
    return {
        **lightgbm_parameters(options, columns, num_rows, context),
        "min_data_in_leaf": rows_in_leaf,
        "num_leaves": min(options.num_leaves, max(2, num_rows // rows_in_leaf)),
        "histogram_pool_size": HISTOGRAM_MEGABYTES,
        "feature_fraction": options.colsample_bytree or 1.0,
        "feature_fraction_bynode": options.colsample_bynode or share,
        "learning_rate": 1.0,
        "objective": "none",
        "metric": "none",
        "num_class": num_classes if num_classes > 2 else 1,
    }


def forest_link(num_classes: int) -> str:
    """From means to scores."""
    return {0: "identity", 2: "share"}.get(num_classes, "shares")


class _Forest:
    """Trees that are grown one after another, each without regard to the others."""

    def __init__(
        self,
        train: EncodedRows,
        evaluation: EncodedRows | None,
        parameters: dict[str, Any],
        context: FitContext,
        *,
        start: TreeParameters | None,
        saved: Saved | None,
    ) -> None:
        self._context = context
        self._splits = [split.encoded for split in (train, evaluation) if split is not None]
        self._targets = [_targets(split, context.num_classes) for split in self._splits]
        label, weight = self._targets[0]
        given = start.mean if start else None
        level = np.average(label, axis=1, weights=weight) if given is None else given.level
        self.mean = Mean(level, given.num_trees if given else 0)
        self._num_before = self.mean.num_trees
        self.state = RoundState() if saved is None else saved.state
        text = saved.grown.text if saved else start.text if start else ""
        sums = saved.grown[1:] if saved else _sums_behind(train, evaluation, start)
        datasets = tree_datasets(train, evaluation, parameters, context.memory, sums)
        gradients = _gradients(label, weight, level)
        self._trees = GrowingTrees(
            parameters, datasets.train, datasets.evaluation, seed=context.seed, before=text, gradients=gradients
        )

    @property
    def link(self) -> str:
        """From means to scores."""
        return forest_link(self._context.num_classes)

    def run(self, num_trees: int, checkpoints: TreeCheckpoints) -> Grown:
        """The trees that are still to be grown. Raises PreemptedError."""
        state = self.state
        with self._context.progress.phase(
            "train", total=num_trees, unit="trees", completed=state.round_number
        ) as phase:
            while state.round_number < num_trees:
                begun = time.perf_counter()
                state.round_number += 1
                self._trees.grow(self._num_before + state.round_number)
                state.duration_ms += 1000 * (time.perf_counter() - begun)
                phase.advance(1)
                checkpoints.after_round(self._trees, state)
        checkpoints.after_last(self._trees, state)
        self.mean = self.mean._replace(num_trees=self._num_before + num_trees)
        return self._trees.state()

    def measure(self, grown: Grown) -> Iteration:
        """The losses of the whole forest: it is one iteration."""
        losses = [
            self._loss(sums.reshape(len(self.mean.level), -1), *targets)
            for sums, targets in zip((grown.train_sums, grown.eval_sums), self._targets, strict=False)
            if sums is not None
        ]
        found = Iteration(
            iteration=1,
            loss=losses[0],
            eval_loss=losses[1] if len(losses) > 1 else None,
            duration_ms=self.state.duration_ms,
        )
        num_rows = self._splits[0].num_rows
        tell_iteration(self._context.progress, found, num_rows=num_rows, max_iterations=1, best_iteration=1)
        return found

    def _loss(self, sums: Floats, label: Floats, weight: npt.NDArray[np.float32] | None) -> float:
        """The weighted mean log loss, or squared error."""
        scores = apply_link(self.link, (self.mean.level[:, None] + sums / self.mean.num_trees).T)
        if self.link == "identity":
            return float(np.average(np.square(scores - label[0]), weights=weight))
        classes = label[0].astype(np.intp) if self.link == "share" else label.argmax(axis=0)
        of_label = scores[np.arange(len(scores)), classes]
        return float(np.average(-np.log(np.maximum(of_label, LEAST_SHARE)), weights=weight))


def _targets(encoded: Encoded, num_classes: int) -> tuple[Floats, npt.NDArray[np.float32] | None]:
    """[c, n] what the trees answer the mean of, and the weights [n], None where rows have none."""
    label, weight = all_labels_and_weights(encoded)
    if num_classes <= 2:
        return label[None].astype(np.float64), weight
    return (label == np.arange(num_classes)[:, None]).astype(np.float64), weight


def _gradients(label: Floats, weight: npt.NDArray[np.float32] | None, level: Floats) -> Gradients:
    """Of half the squared error at `level` [c], the same for every tree."""
    first = (level[:, None] - label).astype(np.float32)
    second = np.ones_like(first)
    if weight is not None:
        first *= weight
        second *= weight
    return Gradients(first.ravel(), second.ravel())


def _sums_behind(
    train: EncodedRows, evaluation: EncodedRows | None, start: TreeParameters | None
) -> tuple[Floats | None, Floats | None]:
    if start is None:
        return None, None
    booster = start.booster()
    return raw_sums(booster, train), None if evaluation is None else raw_sums(booster, evaluation)
