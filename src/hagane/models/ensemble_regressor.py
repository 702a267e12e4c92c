"""ENSEMBLE_REGRESSOR: the mean of several regressors' numbers, as one model and one graph."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.ensemble import fit_ensemble
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.ensemble_options import EnsembleRegressorOptions
from hagane.models.family import FitContext, Task
from hagane.models.training_data import require_finite_labels


class EnsembleRegressor:
    """Members of any family that predicts a number, each on features and with options of its own."""

    name = "ensemble_regressor"
    task = Task.REGRESSION
    Options = EnsembleRegressorOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = False
    relative_tolerance = 1e-6

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> EnsembleModel:
        """Fit one member after another. Raises TrainingError for labels that are no numbers."""
        assert isinstance(options, EnsembleRegressorOptions)
        require_finite_labels(train)
        return fit_ensemble(train, evaluation, options, context, family=self.name)
