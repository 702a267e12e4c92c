"""A module of the user's own for two or more classes, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.classes_target import classes_target
from hagane.models.eval_metric import ClassMetric
from hagane.models.family import FitContext, Task
from hagane.models.torch_module import RELATIVE_TOLERANCE, TorchModuleOptions, fit_module
from hagane.models.torch_module_model import TorchModuleModel


class TorchModuleClassifierOptions(TorchModuleOptions, frozen=True, kw_only=True):
    """Options of torch_classifier."""

    eval_metric: ClassMetric | None = None


class TorchClassifier:
    """Two classes have one logit, more classes one each (softmax)."""

    name = "torch_classifier"
    task = Task.CLASSIFICATION
    Options = TorchModuleClassifierOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = True
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModuleModel:
        """Train until the eval log loss no longer falls. Raises TrainingError: one class only, or a NaN loss."""
        assert isinstance(options, TorchModuleClassifierOptions)
        target = classes_target(train, context)
        return fit_module(train, evaluation, options, context, family=self.name, target=target)
