"""`ML.ROBUST_SCALER(x[, quantile_range[, with_median[, with_quantile_range]]]) OVER ()`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, scaled
from hagane.sql.expression import Expression
from hagane.types import SqlType


class RobustScalerParameters(msgspec.Struct, frozen=True):
    """Of the finite, non-NULL training values, by nearest rank; all 0 where there is none.

    The quartiles are those of the option `quantile_range`, in percent.
    """

    lower_quartile: float
    median: float
    """The lower of the two where the count is even."""
    upper_quartile: float
    with_median: bool = True
    with_quantile_range: bool = True


class RobustScaler:
    """Centres by the median and scales by the quartiles, which outliers do not move; 0 where the quartiles are equal.

    >>> measured = Measured({"quartiles": [2, 3, 4]})
    >>> RobustScaler().parameters(((25, 75), True, False), SqlType.INT64, measured)
    RobustScalerParameters(lower_quartile=2.0, median=3.0, upper_quartile=4.0, with_median=True,
                           with_quantile_range=False)
    """

    name = "ML.ROBUST_SCALER"
    Parameters = RobustScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Three quantiles by nearest rank."""
        lower, upper = cast("tuple[int, int]", options[0])
        return Aggregates(quantiles={"quartiles": (lower / 100, 0.5, upper / 100)})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> RobustScalerParameters:
        """The quartiles."""
        quartiles = cast(Sequence[float] | None, measured.scalars["quartiles"]) or (0.0, 0.0, 0.0)
        lower, median, upper = map(float, quartiles)
        return RobustScalerParameters(lower, median, upper, bool(options[1]), bool(options[2]))

    def lower(self, parameters: RobustScalerParameters, argument: Expression) -> Expression:
        """(x - median) / (upper quartile - lower quartile), either left out where it is not wanted."""
        center = parameters.median if parameters.with_median else 0.0
        low, high = (
            (parameters.lower_quartile, parameters.upper_quartile) if parameters.with_quantile_range else (0.0, 1.0)
        )
        return scaled(argument, center, low, high)

    def as_feature(self, parameters: RobustScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
