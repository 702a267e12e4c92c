"""A dictionary of tokens: what ML.MULTI_HOT_ENCODER, ML.BAG_OF_WORDS and ML.TF_IDF learn."""

from __future__ import annotations

from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, Measured, SparseFeature, ValueCounts
from hagane.sql.expression import Call, Expression
from hagane.types import SqlType


class TokensParameters(msgspec.Struct, frozen=True):
    """The tokens that have a slot of their own, ascending; empty where none was frequent enough."""

    values: tuple[str | int, ...]


def token_aggregates(top_k: object, frequency_threshold: object) -> Aggregates:
    """Ask for the `top_k` tokens that are in the most arrays, at least in `frequency_threshold` of them."""
    return Aggregates(tokens=ValueCounts(max(1, cast(int, frequency_threshold)), cast(int, top_k)))


def learn_tokens(measured: Measured) -> tuple[str | int, ...]:
    """The tokens in ascending order.

    >>> learn_tokens(Measured(counts=(("b", 9), ("a", 7))))
    ('a', 'b')
    """
    return tuple(sorted(cast("list[str]", [value for value, _ in measured.counts])))


def sparse_feature(function: str, values: tuple[str | int, ...], argument: Expression,
                   idf: tuple[float, ...] = ()) -> SparseFeature:  # fmt: skip
    """The slots of `argument` by the internal function that weighs them."""
    call = Call(function, (argument,), SqlType.ARRAY_INT64, (values, idf))
    return SparseFeature(call, len(values) + 2, tuple(map(str, values)))
