"""BOOSTED_TREE_REGRESSOR: gradient-boosted trees for a number, by LightGBM."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import RELATIVE_TOLERANCE, BoostedTreeModel, BoostedTreeOptions, fit_trees
from hagane.models.family import FitContext, Task
from hagane.models.training_data import require_finite_labels


class BoostedTreeRegressor:
    """Trees that lower the mean squared error."""

    name = "boosted_tree_regressor"
    task = Task.REGRESSION
    Options = BoostedTreeOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> BoostedTreeModel:
        """Boost until the eval squared error no longer falls. Raises TrainingError for labels that are not finite."""
        assert isinstance(options, BoostedTreeOptions)
        require_finite_labels(train)
        objective = {"objective": "regression", "metric": "l2"}
        return fit_trees(train, evaluation, options, context, family=self.name, objective=objective)
