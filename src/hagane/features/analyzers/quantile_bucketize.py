"""`ML.QUANTILE_BUCKETIZE(x, num_buckets[, format]) OVER ()`: the bucket in which x lies, split at quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import msgspec

from hagane.features.analyzers.analyzer import Aggregates, IdFeature, Measured, as_float
from hagane.sql.buckets import bucket_names
from hagane.sql.expression import Call, Expression
from hagane.types import SqlType


class QuantileBucketizeParameters(msgspec.Struct, frozen=True):
    """Where the buckets part, ascending and distinct; empty (one bucket) where there were no values."""

    points: tuple[float, ...]
    format: str


class QuantileBucketize:
    """Splits at the nearest-rank quantiles 1/n … (n-1)/n; equal points are one, so that there may be fewer buckets.

    >>> QuantileBucketize().parameters((4, "bucket_names"), SqlType.INT64, Measured({"points": [1, 1, 3]}))
    QuantileBucketizeParameters(points=(1.0, 3.0), format='bucket_names')
    """

    name = "ML.QUANTILE_BUCKETIZE"
    Parameters = QuantileBucketizeParameters

    def aggregates(self, options: tuple[object, ...], type: SqlType) -> Aggregates:
        """The n - 1 inner quantiles by nearest rank.

        Rank ceil(rows * q) must not be one too high where rows * q is whole and q rounded up: q is lowered by 1e-14.
        """
        n = cast(int, options[0])
        return Aggregates(quantiles={"points": tuple(index / n * (1 - 1e-14) for index in range(1, n))})

    def parameters(self, options: tuple[object, ...], type: SqlType, measured: Measured) -> QuantileBucketizeParameters:
        """The distinct points."""
        points = cast(Sequence[float] | None, measured.scalars["points"]) or ()
        return QuantileBucketizeParameters(tuple(sorted({float(point) for point in points})), cast(str, options[1]))

    def lower(self, parameters: QuantileBucketizeParameters, argument: Expression) -> Expression:
        """ML.BUCKETIZE at the learned points."""
        modifiers = (parameters.points, False, parameters.format)
        return Call("ML.BUCKETIZE", (as_float(argument),), SqlType.STRING, modifiers)

    def as_feature(self, parameters: QuantileBucketizeParameters, argument: Expression) -> IdFeature | None:
        """One slot a bucket, in ascending order."""
        return bucket_feature(as_float(argument), parameters.points, bucket_names(parameters.points, parameters.format))


def bucket_feature(argument: Expression, points: tuple[float, ...], names: tuple[str, ...]) -> IdFeature:
    """The id feature of a bucketized FLOAT64 argument: slot 1 is the bucket below the first point.

    Minus infinity stands before the points, so that counting those that are <= x starts at 1.
    """
    bucket = Call("$BUCKET", (argument,), SqlType.INT64, ((-math.inf, *points),))
    null_slot = len(names) + 1
    return IdFeature(Call("$SLOT", (bucket,), SqlType.INT64, (null_slot,)), null_slot + 1, names)
