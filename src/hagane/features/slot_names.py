"""`slot_names`: what the slots of an encoded feature stand for, as text."""

from __future__ import annotations

from hagane.features.feature import Feature

NULL_FILLER, UNKNOWN = "_null_filler", "_unknown"
"""NULL among the categories, as BigQuery ML calls it; and what was too rare to have a slot of its own, as nothing is
there."""


def slot_names(feature: Feature) -> list[str]:
    """A name for each slot, in order; buckets of hashes have numbers.

    >>> from hagane.features.feature import FeatureKind
    >>> words = ("card", "cash")
    >>> slot_names(Feature(name="paid", kind=FeatureKind.ID, columns=("paid",), cardinality=4, vocabulary=words))
    ['_unknown', 'card', 'cash', '_null_filler']
    """
    between = list(feature.vocabulary) or [str(number) for number in range(feature.cardinality - 2)]
    return [UNKNOWN, *between, NULL_FILLER][: feature.cardinality]
