"""KNN_REGRESSOR: the mean label of the nearest training rows."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext, Task
from hagane.models.knn import fit_knn
from hagane.models.knn_model import KnnModel
from hagane.models.knn_options import KnnOptions
from hagane.models.training_data import require_finite_labels


class KnnRegressor:
    """Answers from the rows nearest to a row."""

    name = "knn_regressor"
    task = Task.REGRESSION
    Options = KnnOptions
    dense_dtype = np.float64
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext) -> KnnModel:
        """Keep the rows. Raises TrainingError for labels that are not finite, SpecError for words."""
        assert isinstance(options, KnnOptions)
        require_finite_labels(train)
        return fit_knn(train, evaluation, options, context, family=self.name)
