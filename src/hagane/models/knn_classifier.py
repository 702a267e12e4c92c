"""KNN_CLASSIFIER: the classes of the nearest training rows."""

from __future__ import annotations

import msgspec
import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext, Task
from hagane.models.knn import fit_knn
from hagane.models.knn_model import KnnModel
from hagane.models.knn_options import KnnOptions
from hagane.models.training_data import count_classes


class KnnClassifier:
    """Answers from the rows nearest to a row."""

    name = "knn_classifier"
    task = Task.CLASSIFICATION
    Options = KnnOptions
    dense_dtype = np.float64
    accepts_missing = False
    scales = True
    corrects_prior = False
    relative_tolerance = 1e-12

    def fit(self, train: Encoded, evaluation: Encoded | None, options: msgspec.Struct, context: FitContext) -> KnnModel:
        """Keep the rows. Raises TrainingError when there is one class only, SpecError for words."""
        assert isinstance(options, KnnOptions)
        count_classes(train, context)
        return fit_knn(train, evaluation, options, context, family=self.name)
