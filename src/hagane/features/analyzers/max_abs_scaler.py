"""`ML.MAX_ABS_SCALER(x) OVER ()`: x / max(|x|)."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, number, scaled
from hagane.sql.expression import Expression
from hagane.types import SqlType


class MaxAbsScalerParameters(msgspec.Struct, frozen=True):
    """Of the finite, non-NULL training values; 0 where there is none."""

    max_abs: float


class MaxAbsScaler:
    """Maps the training values to [-1, 1] and leaves 0 where it is; a column of zeros stays 0, NULL stays NULL.

    >>> MaxAbsScaler().parameters((), SqlType.INT64, Measured({"min": -4, "max": 2}))
    MaxAbsScalerParameters(max_abs=4.0)
    """

    name = "ML.MAX_ABS_SCALER"
    Parameters = MaxAbsScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Minimum and maximum: the larger magnitude is one of the two."""
        return Aggregates({"min": "min({x})", "max": "max({x})"})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> MaxAbsScalerParameters:
        """The largest magnitude."""
        return MaxAbsScalerParameters(max(-number(measured, "min", 0.0), number(measured, "max", 0.0)))

    def lower(self, parameters: MaxAbsScalerParameters, argument: Expression) -> Expression:
        """x / max_abs."""
        return scaled(argument, 0.0, 0.0, parameters.max_abs)

    def as_feature(self, parameters: MaxAbsScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
