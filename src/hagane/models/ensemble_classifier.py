"""ENSEMBLE_CLASSIFIER: the mean of several classifiers' probabilities, as one model and one graph."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.ensemble import fit_ensemble
from hagane.models.ensemble_model import EnsembleModel
from hagane.models.ensemble_options import EnsembleClassifierOptions
from hagane.models.family import FitContext, Task
from hagane.models.training_data import count_classes


class EnsembleClassifier:
    """Members of any family that predicts classes, each on features and with options of its own."""

    name = "ensemble_classifier"
    task = Task.CLASSIFICATION
    Options = EnsembleClassifierOptions
    dense_dtype = np.float64
    accepts_missing = True
    scales = False
    corrects_prior = True
    relative_tolerance = 1e-6

    def fit(
        self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext
    ) -> EnsembleModel:
        """Fit one member after another. Raises TrainingError when there is one class only."""
        assert isinstance(options, EnsembleClassifierOptions)
        count_classes(train, context)
        return fit_ensemble(train, evaluation, options, context, family=self.name)
