"""`number_target`: what every torch regressor is trained towards."""

from __future__ import annotations

import math

import numpy as np

from hagane.features.encoded import Encoded
from hagane.models.target import Target
from hagane.models.training_data import labels_and_weights, mean_weight, require_finite_labels


def number_target(train: Encoded) -> Target:
    """The squared error of the standardised label. Raises TrainingError for labels that are not finite."""
    require_finite_labels(train)
    level, scale = measure_label(train)
    return Target(1, "squared_error", "identity", level, scale)


def measure_label(train: Encoded) -> tuple[float, float]:
    """The label's weighted mean and standard deviation (1 where it is constant), in two passes."""
    total = mean_weight(train) * train.num_rows
    mean = sum(float(weight @ label) for label, weight in labels_and_weights(train)) / total
    variance = sum(float(weight @ np.square(label - mean)) for label, weight in labels_and_weights(train)) / total
    return mean, math.sqrt(variance) if variance > 1e-24 * mean * mean else 1.0
