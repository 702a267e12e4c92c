"""`classes_target`: what a torch classifier is trained towards."""

from __future__ import annotations

from hagane.features.encoded import Encoded
from hagane.models.family import FitContext
from hagane.models.several_targets import several_targets
from hagane.models.target import Target, class_target
from hagane.models.training_data import count_classes, require_rows_and_features


def classes_target(train: Encoded, context: FitContext) -> Target:
    """The log loss of the label's classes; of several labels, each true or false, the mean of theirs.

    Raises TrainingError without rows or features, and where a lone label has one class only.
    """
    if context.num_labels > 1:
        require_rows_and_features(train)
        return several_targets([class_target(2)] * context.num_labels)
    count_classes(train, context)
    return class_target(context.num_classes)
