"""TabNet, a network that chooses its features row by row, for a number, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from hagane.errors import Fault
from hagane.features.encoded import Encoded
from hagane.models.eval_metric import NumberMetric
from hagane.models.family import FitContext, Task
from hagane.models.number_losses import HuberDelta, NumberLoss, QuantileLevel, loss_faults
from hagane.models.number_target import number_target
from hagane.models.tabnet import RELATIVE_TOLERANCE, TabNetModel, TabNetOptions, fit_tabnet


class TabNetRegressorOptions(TabNetOptions, frozen=True, kw_only=True):
    """Options of tabnet_regressor."""

    loss: NumberLoss = "squared_error"
    """What is lowered: see `hagane.models.number_losses`."""
    quantile_level: QuantileLevel | None = None
    """Of loss `quantile`: which one. null: 0.5."""
    huber_delta: HuberDelta | None = None
    """Of loss `huber`, in the label's unit. null: nine in ten labels lie as near to their median."""
    eval_metric: NumberMetric | None = None

    def cross_faults(self) -> Sequence[Fault]:
        """Options of another loss, besides those of every such network."""
        return (*super().cross_faults(), *loss_faults(self))


class TabNetRegressor:
    """Lowers the `loss` of the scaled label; predictions, and losses told, are in the label's own unit."""

    name = "tabnet_regressor"
    task = Task.REGRESSION
    Options = TabNetRegressorOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TabNetModel:
        """Train until the eval rows gain no more. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, TabNetRegressorOptions)
        return fit_tabnet(
            train, evaluation, options, context, family=self.name, target=number_target(train, options, context)
        )
