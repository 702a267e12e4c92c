"""TabNet, a network that chooses its features row by row, for a number, in PyTorch."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext, Task
from hagane.models.number_target import number_target
from hagane.models.tabnet import RELATIVE_TOLERANCE, TabNetModel, TabNetOptions, fit_tabnet


class TabNetRegressor:
    """Lowers the squared error of the standardised label; predictions, and losses told, are in the label's own unit."""

    name = "tabnet_regressor"
    task = Task.REGRESSION
    Options = TabNetOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TabNetModel:
        """Train until the eval squared error no longer falls. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, TabNetOptions)
        return fit_tabnet(train, evaluation, options, context, family=self.name, target=number_target(train))
