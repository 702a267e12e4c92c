"""BOOSTED_TREE_REGRESSOR: gradient-boosted trees for a number, by LightGBM."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import boost_trees
from hagane.models.boosted_tree_options import BoostedTreeRegressorOptions
from hagane.models.family import FitContext, Task
from hagane.models.lightgbm_dataset import all_labels_and_weights
from hagane.models.training_data import require_finite_labels
from hagane.models.tree_losses import number_loss
from hagane.models.tree_model import RELATIVE_TOLERANCE, TreeModel
from hagane.models.tree_parameters import TreeParameters


class BoostedTreeRegressor:
    """Trees that lower the mean of `loss`."""

    name = "boosted_tree_regressor"
    task = Task.REGRESSION
    Options = BoostedTreeRegressorOptions
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
        """Boost until what is watched of the eval rows gets no better, behind the trees of `start` if there are any.

        Raises TrainingError for labels that are not finite, or that the loss cannot be of.
        """
        assert isinstance(options, BoostedTreeRegressorOptions)
        require_finite_labels(train)
        labels, _ = all_labels_and_weights(train)
        loss = number_loss(options.loss, labels, level=options.quantile_level, delta=options.huber_delta)
        return boost_trees(train, evaluation, options, context,
                           family=self.name, loss=loss, eval_metric=options.eval_metric, start=start)  # fmt: skip
