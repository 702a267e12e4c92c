"""`ML.TF_IDF(tokens[, top_k[, frequency_threshold]]) OVER ()`: how telling each frequent token is for the row."""

from __future__ import annotations

import math
from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, Measured, SparseFeature
from hagane.features.analyzers.tokens import learn_tokens, sparse_feature, token_aggregates
from hagane.sql.expression import Expression
from hagane.types import SqlType


class TfIdfParameters(msgspec.Struct, frozen=True):
    """The dictionary, and the inverse document frequency of what is not in it, then of each token."""

    values: tuple[str | int, ...]
    idf: tuple[float, ...]
    """Natural logarithm of 1 + N / (1 + rows with the token), N rows in all; first the mean of the others."""


class TfIdf:
    """A sparse feature: tokens weighed by (occurrences / tokens of the row) * idf.

    N counts the rows whose array is not NULL. What is unknown, rare or NULL shares slot 0, whose idf is the mean of the
    dictionary's (BigQuery ML's rule, which its documentation shows in an example alone).

    >>> measured = Measured({"num_arrays": 4}, (("pie", 4), ("I", 2), ("like", 2)))
    >>> TfIdf().parameters((3, 1), SqlType.ARRAY_STRING, measured)
    TfIdfParameters(values=('I', 'like', 'pie'),
                    idf=(0.760794..., 0.847297..., 0.847297..., 0.587786...))
    """

    name = "ML.TF_IDF"
    Parameters = TfIdfParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The frequent tokens, and how many rows there are."""
        return token_aggregates(*options)._replace(scalars={"num_arrays": "count({x})"})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> TfIdfParameters:
        """An empty dictionary, whose unknown slot weighs nothing, where no token is frequent enough."""
        values = learn_tokens(measured)
        num_arrays, frequencies = cast(int, measured.scalars["num_arrays"]), dict(measured.counts)
        idf = [math.log1p(num_arrays / (1 + frequencies[value])) for value in values]
        return TfIdfParameters(values, (math.fsum(idf) / len(idf) if idf else 0.0, *idf))

    def lower(self, parameters: TfIdfParameters, argument: Expression) -> Expression:
        """The slots: the whole feature, since nothing may be built on top of it."""
        return self.as_feature(parameters, argument).expression

    def as_feature(self, parameters: TfIdfParameters, argument: Expression) -> SparseFeature:
        """The slots and the dictionary."""
        return sparse_feature("$TF_IDF", parameters.values, argument, parameters.idf)
