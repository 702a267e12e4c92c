"""`number_target`: what a torch regressor is trained towards, by its loss.

Labels are scaled so that the same learning rate suits every loss and unit. Outputs begin near 0, which stands for the
constant that suits the loss best, and the bulk of the labels lies within a few units of it:

| loss | level | scale |
| --- | --- | --- |
| squared_error | mean | standard deviation |
| absolute_error, huber | median | that of a normal distribution with as large a `spread` |
| quantile | that quantile | the same |
| poisson | 0 | mean (outputs are logarithms) |
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.encoded import Encoded
from hagane.models.family import FitContext
from hagane.models.number_losses import HUBER_SHARE, MEDIAN, LossOptions, require_counts
from hagane.models.several_targets import several_targets
from hagane.models.target import Target
from hagane.models.training_data import (
    labels_and_weights,
    mean_weight,
    require_finite_labels,
    require_rows_and_features,
)
from hagane.models.weighted_quantile import weighted_quantile

Floats = npt.NDArray[np.float64]
NORMAL_SPREAD = 1.6448536269514722
"""Of a normal distribution of deviation 1: `HUBER_SHARE` of it lies as near to its median."""


def number_target(train: Encoded, options: LossOptions, context: FitContext) -> Target:
    """The loss that the options name, of scaled labels: of several each by itself.

    Raises TrainingError for labels that it cannot be of, naming each of several.
    """
    if train.num_labels > 1:
        return several_targets(_each_target(train, options, context))
    require_finite_labels(train)
    if options.loss == "squared_error":
        return Target(1, "squared_error", "identity", *measure_label(train))
    if options.loss == "poisson":
        require_counts(label for label, _ in labels_and_weights(train))
        mean, _ = measure_label(train)
        return Target(1, "poisson", "exp", 0.0, mean or 1.0)
    median = weighted_quantile(lambda: labels_and_weights(train), MEDIAN)
    spread = _spread(train, median)
    if options.loss == "huber":
        delta = options.huber_delta or spread
        return Target(1, "huber", "identity", median, spread / NORMAL_SPREAD, huber_delta=delta)
    share = MEDIAN if options.quantile_level is None else options.quantile_level
    is_quantile = options.loss == "quantile"
    level = weighted_quantile(lambda: labels_and_weights(train), share) if is_quantile else median
    return Target(1, options.loss, "identity", level, spread / NORMAL_SPREAD, quantile_level=share)


def _each_target(train: Encoded, options: LossOptions, context: FitContext) -> list[Target]:
    require_rows_and_features(train)
    found: list[Target] = []
    faults: list[Fault] = []
    for place in range(train.num_labels):
        try:
            found.append(number_target(train.of_label(place), options, context))
        except TrainingError as error:
            faults += [_of_label(context.label_names[place], fault) for fault in error.faults]
    if faults:
        raise TrainingError(*faults)
    return found


def _of_label(name: str, fault: Fault) -> Fault:
    return msgspec.structs.replace(fault, what=f"of the label '{name}': {fault.what}")


def measure_label(train: Encoded) -> tuple[float, float]:
    """The label's weighted mean and standard deviation (1 where it is constant), in two passes."""
    total = mean_weight(train) * train.num_rows
    mean = sum(float(weight @ label) for label, weight in labels_and_weights(train)) / total
    variance = sum(float(weight @ np.square(label - mean)) for label, weight in labels_and_weights(train)) / total
    return mean, math.sqrt(variance) if variance > 1e-24 * mean * mean else 1.0


def _spread(train: Encoded, median: float) -> float:
    """Within what of the median `HUBER_SHARE` of the labels lie; all of them where that is 0; 1 for a constant."""

    def distances() -> Iterator[tuple[Floats, Floats]]:
        for label, weight in labels_and_weights(train):
            yield np.abs(label - median), weight

    return weighted_quantile(distances, HUBER_SHARE) or weighted_quantile(distances, 1.0) or 1.0
