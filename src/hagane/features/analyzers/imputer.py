"""`ML.IMPUTER(x, strategy) OVER ()`: x, and where it is NULL what was learned."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, ValueCounts, as_float
from hagane.features.analyzers.vocabulary import slot_of
from hagane.sql.expression import Call, Expression, Literal
from hagane.types import SqlType

TOP_K, FREQUENCY_THRESHOLD = 32_000, 5


class ImputerParameters(msgspec.Struct, frozen=True):
    """What stands for NULL: a number, or text for a STRING; 0 or '' where the training column had no value."""

    value: float | str
    values: tuple[str, ...] = ()
    """For a STRING, the frequent values (ML.ONE_HOT_ENCODER's defaults): the slots of the feature that it is alone."""


class Imputer:
    """Strategies: `mean`, `median` (the lower one), `most_frequent` (the smallest, or first in the alphabet, on ties).

    Numbers come back as FLOAT64, as in BigQuery ML.

    >>> Imputer().parameters(("median",), SqlType.INT64, Measured({"median": [3]}))
    ImputerParameters(value=3.0, values=())
    """

    name = "ML.IMPUTER"
    Parameters = ImputerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """One aggregate; a STRING has only a most frequent value."""
        if type is SqlType.STRING:
            return Aggregates(counts=ValueCounts(limit=TOP_K))
        if options[0] == "most_frequent":
            return Aggregates(counts=ValueCounts(limit=1))
        if options[0] == "median":
            return Aggregates(quantiles={"median": (0.5,)})
        return Aggregates(moments=True)

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> ImputerParameters:
        """The value."""
        if type is SqlType.STRING:
            frequent = sorted(str(value) for value, count in measured.counts if count >= FREQUENCY_THRESHOLD)
            return ImputerParameters(str(measured.counts[0][0]) if measured.counts else "", tuple(frequent))
        found = measured.scalars.get(str(options[0]))
        if isinstance(found, list):
            found = found[0]
        if measured.counts:
            found = measured.counts[0][0]
        return ImputerParameters(0.0 if found is None else float(found))  # type: ignore[arg-type]

    def lower(self, parameters: ImputerParameters, argument: Expression) -> Expression:
        """COALESCE(x, value)."""
        if isinstance(parameters.value, str):
            return Call("COALESCE", (argument, Literal(parameters.value, SqlType.STRING)), SqlType.STRING)
        value = Literal(float(parameters.value), SqlType.FLOAT64)
        return Call("COALESCE", (as_float(argument), value), SqlType.FLOAT64)

    def as_feature(self, parameters: ImputerParameters, argument: Expression) -> IdFeature | None:
        """A dense number; for a STRING the slot of the value."""
        if argument.type is not SqlType.STRING:
            return None
        null_slot = len(parameters.values) + 1
        slot = slot_of(parameters.values, self.lower(parameters, argument), null_slot)
        return IdFeature(slot, null_slot + 1, parameters.values)
