"""A module of the user's own for a number, in PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from hagane.errors import Fault
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature
from hagane.models.eval_metric import NumberMetric
from hagane.models.family import FitContext, Task
from hagane.models.module_class import load_module_class
from hagane.models.number_losses import HuberDelta, NumberLoss, QuantileLevel, loss_faults
from hagane.models.number_target import number_target
from hagane.models.torch_module import (
    RELATIVE_TOLERANCE,
    TorchModuleOptions,
    fit_module,
    has_own_loss,
)
from hagane.models.torch_module_model import TorchModuleModel


class TorchModuleRegressorOptions(TorchModuleOptions, frozen=True, kw_only=True):
    """Options of torch_regressor."""

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

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """A loss beside that of the class itself, besides what is wrong with the class."""
        faults = [*super().feature_faults(features, num_classes, num_labels)]
        if not faults and self.loss != "squared_error" and has_own_loss(load_module_class(self.module)):
            faults.append(_two_losses(self.module, self.loss))
        return faults


class TorchRegressor:
    """Lowers the `loss` of the scaled label; predictions, and losses told, are in the label's own unit."""

    name = "torch_regressor"
    task = Task.REGRESSION
    Options = TorchModuleRegressorOptions
    dense_dtype = np.float32
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = RELATIVE_TOLERANCE

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> TorchModuleModel:
        """Train until the eval rows gain no more. Raises TrainingError: labels, or a loss, not finite."""
        assert isinstance(options, TorchModuleRegressorOptions)
        return fit_module(
            train, evaluation, options, context, family=self.name, target=number_target(train, options, context)
        )


def _two_losses(module: str, loss: str) -> Fault:
    return Fault(
        what=f"{module} has a loss of its own",
        where="model.options.loss",
        expected="no loss, or a class without the method",
        received=loss,
    )
