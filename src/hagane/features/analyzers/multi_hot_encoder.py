"""`ML.MULTI_HOT_ENCODER(array[, top_k[, frequency_threshold]]) OVER ()`: one slot a frequent element."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, Measured, SparseFeature
from hagane.features.analyzers.tokens import TokensParameters, learn_tokens, sparse_feature, token_aggregates
from hagane.sql.expression import Expression
from hagane.types import SqlType


class MultiHotEncoder:
    """A sparse feature: weight 1 for each element that is in the array.

    Frequency counts arrays, not occurrences.

    >>> MultiHotEncoder().parameters((10, 1), SqlType.ARRAY_STRING, Measured(counts=(("b", 9), ("a", 7)))).values
    ('a', 'b')
    """

    name = "ML.MULTI_HOT_ENCODER"
    Parameters: type[msgspec.Struct] = TokensParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The frequent elements."""
        return token_aggregates(*options)

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> TokensParameters:
        """An empty dictionary where no element is frequent enough."""
        return TokensParameters(learn_tokens(measured))

    def lower(self, parameters: TokensParameters, argument: Expression) -> Expression:
        """The slots: the whole feature, since nothing may be built on top of it."""
        return self.as_feature(parameters, argument).expression

    def as_feature(self, parameters: TokensParameters, argument: Expression) -> SparseFeature:
        """The slots and the dictionary."""
        return sparse_feature("$MULTI_HOT", parameters.values, argument)
