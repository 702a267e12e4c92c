"""BOOSTED_TREE_CLASSIFIER: gradient-boosted trees for two or more classes, by LightGBM."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import boost_trees
from hagane.models.boosted_tree_options import BoostedTreeClassifierOptions
from hagane.models.family import FitContext, Task
from hagane.models.training_data import count_classes
from hagane.models.tree_losses import class_loss
from hagane.models.tree_model import RELATIVE_TOLERANCE, TreeModel
from hagane.models.tree_parameters import TreeParameters


class BoostedTreeClassifier:
    """Two classes share one sequence of trees (log loss); more classes have one each (softmax)."""

    name = "boosted_tree_classifier"
    task = Task.CLASSIFICATION
    Options = BoostedTreeClassifierOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = True
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self,
        train: Encoded,
        evaluation: Encoded | None,
        options: msgspec.Struct,
        context: FitContext,
        *,
        start: TreeParameters | None = None,
    ) -> TreeModel:
        """Boost until what is watched of the eval rows gets no better, behind the trees of `start` if there are any.

        Raises TrainingError when there is one class only.
        """
        assert isinstance(options, BoostedTreeClassifierOptions)
        count_classes(train, context)
        loss = class_loss(context.num_classes)
        return boost_trees(train, evaluation, options, context,
                           family=self.name, loss=loss, eval_metric=options.eval_metric, start=start)  # fmt: skip
