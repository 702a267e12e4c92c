"""BOOSTED_TREE_CLASSIFIER: gradient-boosted trees for two or more classes, by LightGBM."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import RELATIVE_TOLERANCE, BoostedTreeModel, BoostedTreeOptions, fit_trees
from hagane.models.family import FitContext, Task
from hagane.models.training_data import count_classes


class BoostedTreeClassifier:
    """Two classes share one sequence of trees (log loss); more classes have one each (softmax)."""

    name = "boosted_tree_classifier"
    task = Task.CLASSIFICATION
    Options = BoostedTreeOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = True
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> BoostedTreeModel:
        """Boost until the eval log loss no longer falls. Raises TrainingError when there is one class only."""
        assert isinstance(options, BoostedTreeOptions)
        count_classes(train, context)
        objective: dict[str, Any] = {"objective": "binary", "metric": "binary_logloss"}
        if context.num_classes > 2:
            objective = {"objective": "multiclass", "metric": "multi_logloss", "num_class": context.num_classes}
        return fit_trees(train, evaluation, options, context, family=self.name, objective=objective)
