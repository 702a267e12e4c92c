"""`weight_order`: weights in the order in which BigQuery tells them."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.models.weights import INTERCEPT, FeatureWeight


def weight_order(weights: Sequence[FeatureWeight]) -> list[FeatureWeight]:
    """The features of each class in their order, then its intercept."""
    classes = list(dict.fromkeys(each.class_label for each in weights))
    place = {label: number for number, label in enumerate(classes)}
    return sorted(weights, key=lambda each: (place[each.class_label], each.processed_input == INTERCEPT))
