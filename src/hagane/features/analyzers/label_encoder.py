"""`ML.LABEL_ENCODER(s[, top_k[, frequency_threshold]]) OVER ()`: the number of a frequent value."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured
from hagane.features.analyzers.vocabulary import VocabularyParameters, learn_vocabulary, slot_of, vocabulary_aggregates
from hagane.sql.expression import Expression
from hagane.types import SqlType


class LabelEncoder:
    """Inside an expression a number, 0 for NULL, unknown and rare values as in BigQuery ML; alone an id feature.

    >>> LabelEncoder().parameters((10, 1), SqlType.STRING, Measured(counts=(("b", 9), ("a", 7)))).values
    ('a', 'b')
    """

    name = "ML.LABEL_ENCODER"
    Parameters: type[msgspec.Struct] = VocabularyParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The frequent values."""
        return vocabulary_aggregates(options[0], options[1])

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> VocabularyParameters:
        """An empty vocabulary where no value is frequent enough."""
        return learn_vocabulary(measured)

    def lower(self, parameters: VocabularyParameters, argument: Expression) -> Expression:
        """The number, 0 where NULL."""
        return slot_of(parameters.values, argument, 0)

    def as_feature(self, parameters: VocabularyParameters, argument: Expression) -> IdFeature | None:
        """The same numbers as slots, and one more for NULL."""
        null_slot = len(parameters.values) + 1
        return IdFeature(slot_of(parameters.values, argument, null_slot), null_slot + 1, parameters.values)
