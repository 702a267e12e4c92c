"""DNN_REGRESSOR: a neural network for a number, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.dnn import RELATIVE_TOLERANCE, DnnOptions, fit_net
from hagane.models.family import FitContext, Task
from hagane.models.number_target import number_target
from hagane.models.torch_model import TorchModel


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
        return fit_net(train, evaluation, options, context, family=self.name, target=number_target(train))
