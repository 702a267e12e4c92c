"""`ML.IMPUTER(x, strategy) OVER ()`: x, and where it is NULL what was learned."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, Value, ValueCounts, as_float
from hagane.sql.expression import Call, Expression, Literal
from hagane.types import SqlType


class ImputerParameters(msgspec.Struct, frozen=True):
    """What stands for NULL: a number, or text for a STRING; 0 or '' where the training column had no value."""

    value: float | str


class Imputer:
    """Strategies: `mean`, `median` (the lower one), `most_frequent` (the smallest, or first in the alphabet, on ties).

    Numbers come back as FLOAT64, as in BigQuery ML.

    >>> Imputer().parameters(("median",), SqlType.INT64, Measured({"median": 3}))
    ImputerParameters(value=3.0)
    """

    name = "ML.IMPUTER"
    Parameters = ImputerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """One aggregate; a STRING has only a most frequent value."""
        if options[0] == "most_frequent" or type is SqlType.STRING:
            return Aggregates(counts=ValueCounts(limit=1))
        if options[0] == "median":
            return Aggregates({"median": "quantile_disc({x}, 0.5)"})
        return Aggregates(moments=True)

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> ImputerParameters:
        """The value."""
        found: Value | None = measured.counts[0][0] if measured.counts else None
        if not measured.counts:
            found = measured.scalars.get(str(options[0]))  # type: ignore[assignment]
        if type is SqlType.STRING:
            return ImputerParameters("" if found is None else str(found))
        return ImputerParameters(0.0 if found is None else float(found))

    def lower(self, parameters: ImputerParameters, argument: Expression) -> Expression:
        """COALESCE(x, value)."""
        if isinstance(parameters.value, str):
            return Call("COALESCE", (argument, Literal(parameters.value, SqlType.STRING)), SqlType.STRING)
        value = Literal(float(parameters.value), SqlType.FLOAT64)
        return Call("COALESCE", (as_float(argument), value), SqlType.FLOAT64)

    def as_feature(self, parameters: ImputerParameters, argument: Expression) -> IdFeature | None:
        """A dense number; text is not a feature by itself."""
        return None
