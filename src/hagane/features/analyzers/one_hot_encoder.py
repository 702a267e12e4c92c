"""`ML.ONE_HOT_ENCODER(s[, drop[, top_k[, frequency_threshold]]]) OVER ()`: one slot a frequent value."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured
from hagane.features.analyzers.vocabulary import VocabularyParameters, learn_vocabulary, slot_of, vocabulary_aggregates
from hagane.sql.expression import Expression
from hagane.types import SqlType


class OneHotEncoderParameters(msgspec.Struct, frozen=True):
    """The vocabulary in alphabetical order, and the value that has no weight in a linear model."""

    values: tuple[str, ...]
    dropped: str | None = None


class OneHotEncoder:
    """An id feature: 0 unknown or rare, 1 … V the vocabulary, V + 1 NULL. One-hot vectors are never spelled out.

    BigQuery ML gives NULL slot 0; here it has its own, so that models can tell "unknown" from "not there".

    >>> OneHotEncoder().parameters(("most_frequent", 10, 1), SqlType.STRING, Measured(counts=(("b", 9), ("a", 7))))
    OneHotEncoderParameters(values=('a', 'b'), dropped='b')
    """

    name = "ML.ONE_HOT_ENCODER"
    Parameters = OneHotEncoderParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The frequent values."""
        return vocabulary_aggregates(options[1], options[2])

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> OneHotEncoderParameters:
        """An empty vocabulary where no value is frequent enough."""
        vocabulary: VocabularyParameters = learn_vocabulary(measured)
        dropped = vocabulary.most_frequent if options[0] == "most_frequent" else None
        return OneHotEncoderParameters(vocabulary.values, dropped)

    def lower(self, parameters: OneHotEncoderParameters, argument: Expression) -> Expression:
        """The slot: the whole feature, since nothing may be built on top of it."""
        return slot_of(parameters.values, argument, len(parameters.values) + 1)

    def as_feature(self, parameters: OneHotEncoderParameters, argument: Expression) -> IdFeature | None:
        """The slot, the vocabulary, and which slot is dropped."""
        values, dropped = parameters.values, parameters.dropped
        dropped_slot = -1 if dropped is None else values.index(dropped) + 1
        return IdFeature(self.lower(parameters, argument), len(values) + 2, values, dropped_slot)
