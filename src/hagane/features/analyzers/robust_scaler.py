"""`ML.ROBUST_SCALER(x) OVER ()`: (x - median) / (upper quartile - lower quartile)."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, number, scaled
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

    >>> RobustScaler().parameters((), SqlType.INT64, Measured({"lower_quartile": 2, "median": 3, "upper_quartile": 4}))
    RobustScalerParameters(lower_quartile=2.0, median=3.0, upper_quartile=4.0)
    """

    name = "ML.ROBUST_SCALER"
    Parameters = RobustScalerParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """Three quantiles by nearest rank."""
        quantiles = {"lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75}
        return Aggregates({name: f"quantile_disc({{x}}, {q})" for name, q in quantiles.items()})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> RobustScalerParameters:
        """The quartiles."""
        return RobustScalerParameters(
            *(number(measured, name, 0.0) for name in ("lower_quartile", "median", "upper_quartile"))
        )

    def lower(self, parameters: RobustScalerParameters, argument: Expression) -> Expression:
        """(x - median) / (upper quartile - lower quartile)."""
        return scaled(argument, parameters.median, parameters.upper_quartile - parameters.lower_quartile)

    def as_feature(self, parameters: RobustScalerParameters, argument: Expression) -> IdFeature | None:
        """A dense number."""
        return None
