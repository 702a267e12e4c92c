"""A module of the user's own for a number, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.dnn_regressor import measure_label
from hagane.models.family import FitContext, Task
from hagane.models.target import Target
from hagane.models.torch_module import RELATIVE_TOLERANCE, TorchModuleModel, TorchModuleOptions, fit_module
from hagane.models.training_data import require_finite_labels


class TorchRegressor:
    """Lowers the squared error of the standardised label; predictions, and losses told, are in the label's own unit."""

    name = "torch_regressor"
    task = Task.REGRESSION
    Options = TorchModuleOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModuleModel:
        """Train until the eval squared error no longer falls. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, TorchModuleOptions)
        require_finite_labels(train)
        level, scale = measure_label(train)
        target = Target(1, "squared_error", "identity", level, scale)
        return fit_module(train, evaluation, options, context, family=self.name, target=target)
