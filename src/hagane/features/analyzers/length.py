"""`$LENGTH(array)`: how long arrays are. No function of the language: `features.vectors` asks it before the fit."""

from __future__ import annotations

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured
from hagane.sql.expression import Expression
from hagane.types import SqlType


class LengthParameters(msgspec.Struct, frozen=True):
    """The least and the greatest length; 0 where there is no array."""

    least: int
    most: int


class Length:
    """Asks, and is never part of a graph.

    >>> Length().parameters((), SqlType.ARRAY_INT64, Measured({"least": 3, "most": 3}))
    LengthParameters(least=3, most=3)
    """

    name = "$LENGTH"
    Parameters = LengthParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The extremes."""
        return Aggregates({"least": "min(len({x}))", "most": "max(len({x}))"})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> LengthParameters:
        """The extremes."""
        return LengthParameters(*(int(str(measured.scalars[end] or 0)) for end in ("least", "most")))

    def lower(self, parameters: LengthParameters, argument: Expression) -> Expression:
        """The argument itself."""
        return argument

    def as_feature(self, parameters: LengthParameters, argument: Expression) -> IdFeature | None:
        """None: it is no feature."""
        return None
