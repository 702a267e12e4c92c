"""DNN_REGRESSOR: a neural network for a number, in PyTorch."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.dnn import RELATIVE_TOLERANCE, DnnOptions, fit_net
from hagane.models.family import FitContext, Task
from hagane.models.target import Target
from hagane.models.torch_model import TorchModel
from hagane.models.training_data import labels_and_weights, mean_weight, require_finite_labels


class DnnRegressor:
    """Lowers the squared error of the standardised label; predictions, and losses told, are in the label's own unit."""

    name = "dnn_regressor"
    task = Task.REGRESSION
    Options = DnnOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModel:
        """Train until the eval squared error no longer falls. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, DnnOptions)
        require_finite_labels(train)
        level, scale = measure_label(train)
        target = Target(1, "squared_error", "identity", level, scale)
        return fit_net(train, evaluation, options, context, family=self.name, target=target)


def measure_label(train: Encoded) -> tuple[float, float]:
    """The label's weighted mean and standard deviation (1 where it is constant), in two passes."""
    total = mean_weight(train) * train.num_rows
    mean = sum(float(weight @ label) for label, weight in labels_and_weights(train)) / total
    variance = sum(float(weight @ np.square(label - mean)) for label, weight in labels_and_weights(train)) / total
    return mean, math.sqrt(variance) if variance > 1e-24 * mean * mean else 1.0
