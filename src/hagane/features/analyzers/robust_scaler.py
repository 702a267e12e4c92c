"""`ML.ROBUST_SCALER(x) OVER ()`: (x - median) / (upper quartile - lower quartile)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, scaled
from hagane.sql.expression import Expression
from hagane.types import SqlType


class RobustScalerParameters(msgspec.Struct, frozen=True):
    """Of the finite, non-NULL training values, by nearest rank; all 0 where there is none."""

    lower_quartile: float
    median: float
    """The lower of the two where the count is even."""
    upper_quartile: float


class RobustScaler:
    """Centres by the median and scales by the quartiles, which outliers do not move; 0 where the quartiles are equal.

    >>> RobustScaler().parameters((), SqlType.INT64, Measured({"quartiles": [2, 3, 4]}))
    RobustScalerParameters(lower_quartile=2.0, median=3.0, upper_quartile=4.0)
    """

    name = "ML.ROBUST_SCALER"
    Parameters = RobustScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Three quantiles by nearest rank."""
        return Aggregates(quantiles={"quartiles": (0.25, 0.5, 0.75)})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> RobustScalerParameters:
        """The quartiles."""
        quartiles = cast(Sequence[float] | None, measured.scalars["quartiles"]) or (0.0, 0.0, 0.0)
        return RobustScalerParameters(*map(float, quartiles))

    def lower(self, parameters: RobustScalerParameters, argument: Expression) -> Expression:
        """(x - median) / (upper quartile - lower quartile)."""
        return scaled(argument, parameters.median, parameters.upper_quartile - parameters.lower_quartile)

    def as_feature(self, parameters: RobustScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
