"""DNN_LINEAR_COMBINED_REGRESSOR: a linear model and a neural network for a number, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.dnn import RELATIVE_TOLERANCE
from hagane.models.dnn_linear_combined import WideDeepOptions, fit_wide_deep
from hagane.models.dnn_regressor import measure_label
from hagane.models.family import FitContext, Task
from hagane.models.target import Target
from hagane.models.torch_model import TorchModel
from hagane.models.training_data import require_finite_labels


class DnnLinearCombinedRegressor:
    """Lowers the squared error of the standardised label; predictions, and losses told, are in the label's own unit."""

    name = "dnn_linear_combined_regressor"
    task = Task.REGRESSION
    Options = WideDeepOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModel:
        """Train until the eval squared error no longer falls. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, WideDeepOptions)
        require_finite_labels(train)
        level, scale = measure_label(train)
        target = Target(1, "squared_error", "identity", level, scale)
        return fit_wide_deep(train, evaluation, options, context, family=self.name, target=target)
