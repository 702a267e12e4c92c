"""DNN_LINEAR_COMBINED_CLASSIFIER: a linear model and a neural network for two or more classes, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.classes_target import classes_target
from hagane.models.dnn import RELATIVE_TOLERANCE
from hagane.models.dnn_linear_combined import WideDeepOptions, fit_wide_deep
from hagane.models.eval_metric import ClassMetric
from hagane.models.family import FitContext, Task
from hagane.models.torch_model import TorchModel


class WideDeepClassifierOptions(WideDeepOptions, frozen=True, kw_only=True):
    """Options of dnn_linear_combined_classifier."""

    eval_metric: ClassMetric | None = None


class DnnLinearCombinedClassifier:
    """Two classes have one logit, more classes one each (softmax)."""

    name = "dnn_linear_combined_classifier"
    task = Task.CLASSIFICATION
    Options = WideDeepClassifierOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = True
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModel:
        """Train until the eval log loss no longer falls. Raises TrainingError: one class only, or a NaN loss."""
        assert isinstance(options, WideDeepClassifierOptions)
        target = classes_target(train, context)
        return fit_wide_deep(train, evaluation, options, context, family=self.name, target=target)
