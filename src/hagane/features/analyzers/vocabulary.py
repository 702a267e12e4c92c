"""A vocabulary: what ML.ONE_HOT_ENCODER and ML.LABEL_ENCODER learn, and the lookup that it becomes."""

from __future__ import annotations

from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, Measured, ValueCounts
from hagane.sql.expression import Call, Expression, Literal
from hagane.types import SqlType


class VocabularyParameters(msgspec.Struct, frozen=True):
    """The values that have a slot of their own, ascending by code point; empty where none was frequent enough."""

    values: tuple[str, ...]
    most_frequent: str | None = None
    """The most frequent of them (the first in order on ties)."""


def vocabulary_aggregates(top_k: object, frequency_threshold: object) -> Aggregates:
    """Ask for the `top_k` most frequent values that occur `frequency_threshold` times or more."""
    return Aggregates(counts=ValueCounts(max(1, cast(int, frequency_threshold)), cast(int, top_k)))


def learn_vocabulary(measured: Measured) -> VocabularyParameters:
    """The vocabulary in alphabetical order.

    >>> learn_vocabulary(Measured(counts=(("b", 9), ("a", 7))))
    VocabularyParameters(values=('a', 'b'), most_frequent='b')
    """
    values = [cast(str, value) for value, _ in measured.counts]
    return VocabularyParameters(tuple(sorted(values)), values[0] if values else None)


def slot_of(values: tuple[str, ...], argument: Expression, null_slot: int) -> Expression:
    """The position of `argument` in `values` from 1, 0 where it is not there, `null_slot` where NULL. Never NULL.

    Text made from a whole number or a BOOL is looked up as the number that it was made from: the same answer, since the
    text of a number is unique, without making the text.
    """
    if not values:
        is_null = Call("IS NULL", (argument,), SqlType.BOOL)
        return Call("CASE", (is_null, _whole(null_slot), _whole(0)), SqlType.INT64)
    match argument:
        case Call("CAST", (source,), SqlType.STRING) if source.type is SqlType.INT64:
            found = Call("$LOOKUP", (source,), SqlType.INT64, (tuple(int(value) for value in values),))
        case Call("CAST", (source,), SqlType.STRING) if source.type is SqlType.BOOL:
            whole = Call("CAST", (source,), SqlType.INT64, (False,))
            found = Call("$LOOKUP", (whole,), SqlType.INT64, (tuple(int(value == "true") for value in values),))
        case _:
            found = Call("$LOOKUP", (argument,), SqlType.INT64, (values,))
    return Call("$SLOT", (found,), SqlType.INT64, (null_slot,))


def _whole(value: int) -> Literal:
    return Literal(value, SqlType.INT64)
