"""DECISION_TREE_REGRESSOR: one tree for a number, to be read."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.cart import grow_decision_tree
from hagane.models.decision_tree_options import DecisionTreeOptions
from hagane.models.family import FitContext, Task
from hagane.models.training_data import require_finite_labels
from hagane.models.tree_model import RELATIVE_TOLERANCE, TreeModel


class DecisionTreeRegressor:
    """Leaves answer the mean label of their rows."""

    name = "decision_tree_regressor"
    task = Task.REGRESSION
    Options = DecisionTreeOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TreeModel:
        """Grow the tree, and prune it. Raises TrainingError for labels that are not finite."""
        assert isinstance(options, DecisionTreeOptions)
        require_finite_labels(train)
        return grow_decision_tree(train, evaluation, options, context, family=self.name)
