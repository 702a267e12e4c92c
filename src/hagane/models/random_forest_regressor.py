"""RANDOM_FOREST_REGRESSOR: the mean of many trees for a number, on LightGBM's trees."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext, Task
from hagane.models.random_forest import grow_forest
from hagane.models.random_forest_options import RandomForestOptions
from hagane.models.training_data import require_finite_labels
from hagane.models.tree_model import RELATIVE_TOLERANCE, TreeModel
from hagane.models.tree_parameters import TreeParameters


class RandomForestRegressor:
    """Each tree's leaves answer mean labels; the forest their mean."""

    name = "random_forest_regressor"
    task = Task.REGRESSION
    Options = RandomForestOptions
    dense_dtype = np.float32
    accepts_missing = True
    scales = False
    corrects_prior = False
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
        """Grow the trees, beside those of `start` if there are any.

        Raises TrainingError for labels that are not finite.
        """
        assert isinstance(options, RandomForestOptions)
        require_finite_labels(train)
        return grow_forest(train, evaluation, options, context, family=self.name, start=start)
