"""TabNet, a network that chooses its features row by row, for two or more classes, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.classes_target import classes_target
from hagane.models.eval_metric import ClassMetric
from hagane.models.family import FitContext, Task
from hagane.models.tabnet import RELATIVE_TOLERANCE, TabNetModel, TabNetOptions, fit_tabnet


class TabNetClassifierOptions(TabNetOptions, frozen=True, kw_only=True):
    """Options of tabnet_classifier."""

    eval_metric: ClassMetric | None = None


class TabNetClassifier:
    """Two classes have one logit, more classes one each (softmax)."""

    name = "tabnet_classifier"
    task = Task.CLASSIFICATION
    Options = TabNetClassifierOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = True
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TabNetModel:
        """Train until the eval log loss no longer falls. Raises TrainingError: one class only, or a NaN loss."""
        assert isinstance(options, TabNetClassifierOptions)
        target = classes_target(train, context)
        return fit_tabnet(train, evaluation, options, context, family=self.name, target=target)
