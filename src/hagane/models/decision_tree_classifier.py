"""DECISION_TREE_CLASSIFIER: one tree of classes, to be read."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.cart import grow_decision_tree
from hagane.models.decision_tree_options import DecisionTreeClassifierOptions
from hagane.models.family import FitContext, Task
from hagane.models.training_data import count_classes
from hagane.models.tree_model import RELATIVE_TOLERANCE, TreeModel


class DecisionTreeClassifier:
    """Leaves answer the shares of the classes among their rows."""

    name = "decision_tree_classifier"
    task = Task.CLASSIFICATION
    Options = DecisionTreeClassifierOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TreeModel:
        """Grow the tree, and prune it. Raises TrainingError when there is one class only."""
        assert isinstance(options, DecisionTreeClassifierOptions)
        count_classes(train, context)
        return grow_decision_tree(train, evaluation, options, context, family=self.name)
