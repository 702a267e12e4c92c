"""`ML.MIN_MAX_SCALER(x) OVER ()`: (x - min) / (max - min), capped to [0, 1]."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, literal, number, scaled
from hagane.sql.expression import Call, Expression
from hagane.types import SqlType


class MinMaxScalerParameters(msgspec.Struct, frozen=True):
    """Of the finite, non-NULL training values; both 0 where there is none."""

    min: float
    max: float


class MinMaxScaler:
    """Maps the training range to [0, 1]; values outside are capped; a constant column becomes 0, NULL stays NULL.

    >>> MinMaxScaler().parameters((), SqlType.INT64, Measured({"min": 1, "max": 5}))
    MinMaxScalerParameters(min=1.0, max=5.0)
    """

    name = "ML.MIN_MAX_SCALER"
    Parameters = MinMaxScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Minimum and maximum."""
        return Aggregates({"min": "min({x})", "max": "max({x})"})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> MinMaxScalerParameters:
        """The range."""
        return MinMaxScalerParameters(number(measured, "min", 0.0), number(measured, "max", 0.0))

    def lower(self, parameters: MinMaxScalerParameters, argument: Expression) -> Expression:
        """LEAST(GREATEST((x - min) / (max - min), 0), 1)."""
        fraction = scaled(argument, parameters.min, parameters.min, parameters.max)
        at_least = Call("GREATEST", (fraction, literal(0.0)), SqlType.FLOAT64)
        return Call("LEAST", (at_least, literal(1.0)), SqlType.FLOAT64)

    def as_feature(self, parameters: MinMaxScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
