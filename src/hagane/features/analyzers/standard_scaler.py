"""`ML.STANDARD_SCALER(x) OVER ()`: (x - mean) / sample standard deviation."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, number, scaled
from hagane.sql.expression import Expression
from hagane.types import SqlType


class StandardScalerParameters(msgspec.Struct, frozen=True):
    """Of the finite, non-NULL training values; both 0 where there is none."""

    mean: float
    stddev: float
    """Sample standard deviation (n - 1), as BigQuery ML's; 0 for a constant column."""


class StandardScaler:
    """Centres and scales; a constant column becomes 0, NULL stays NULL.

    >>> StandardScaler().parameters((), SqlType.FLOAT64, Measured({"mean": 2.0, "stddev": None}))
    StandardScalerParameters(mean=2.0, stddev=0.0)
    """

    name = "ML.STANDARD_SCALER"
    Parameters = StandardScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Mean and standard deviation."""
        return Aggregates(moments=True)

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> StandardScalerParameters:
        """`stddev` is 0 where fewer than two values were seen."""
        return StandardScalerParameters(number(measured, "mean", 0.0), number(measured, "stddev", 0.0))

    def lower(self, parameters: StandardScalerParameters, argument: Expression) -> Expression:
        """(x - mean) / stddev."""
        return scaled(argument, parameters.mean, 0.0, parameters.stddev)

    def as_feature(self, parameters: StandardScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
