"""From fitted expressions to scalar trees: analyzers give way to what they learned, features become numbers or ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, cast

import msgspec

from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import IdFeature, SparseFeature
from hagane.features.analyzers.quantile_bucketize import bucket_feature
from hagane.features.feature import Feature, FeatureKind
from hagane.sql.bind import bind_all
from hagane.sql.buckets import bucket_names, inner_points
from hagane.sql.expression import Analyze, Call, Expression, Literal, columns_of, walk
from hagane.types import Schema, SqlType

TOP_K, FREQUENCY_THRESHOLD = 32_000, 5
"""Of encoders that nobody wrote: BigQuery ML's defaults."""

Fitted = Mapping[Analyze, msgspec.Struct]
"""Analytic function → its analyzer's parameters."""


class LoweredFeature(NamedTuple):
    """A feature, and the scalar tree that computes it."""

    feature: Feature
    expression: Expression


def analyses(expressions: Iterable[Expression]) -> tuple[Analyze, ...]:
    """The distinct analytic functions of a transform, in order of first mention."""
    nodes = (node for expression in expressions for node in walk(expression) if isinstance(node, Analyze))
    return tuple(dict.fromkeys(nodes))


def bind_features(resolved: Mapping[str, str], schema: Schema) -> dict[str, Expression]:
    """The typed trees of a resolved transform (`resolve_transform`), each dense, an id or sparse.

    Text that functions make of something learned becomes its own ML.ONE_HOT_ENCODER (an array ML.MULTI_HOT_ENCODER)
    here alone: in SQL an analyzer stands in no analyzer. Its vocabulary is learned once what is inside has been.
    """
    return {name: _encoded(expression) for name, expression in bind_all(resolved, schema).items()}


def _encoded(expression: Expression) -> Expression:
    if has_slots(expression) or not learns(expression):
        return expression
    if expression.type is SqlType.STRING:
        return Analyze("ML.ONE_HOT_ENCODER", expression, SqlType.STRING, ("none", TOP_K, FREQUENCY_THRESHOLD))
    if expression.type is SqlType.ARRAY_STRING:
        return Analyze("ML.MULTI_HOT_ENCODER", expression, SqlType.ARRAY_INT64, (TOP_K, FREQUENCY_THRESHOLD))
    return expression


def learns(expression: Expression) -> bool:
    """Whether some part of an expression is learned."""
    return any(isinstance(node, Analyze) for node in walk(expression))


def lower(expression: Expression, fitted: Fitted) -> Expression:
    """`expression` with every analytic function replaced by its fitted scalar tree."""
    match expression:
        case Analyze(function=function, argument=argument):
            return get_analyzer(function).lower(fitted[expression], lower(argument, fitted))
        case Call(arguments=arguments):
            lowered = tuple(lower(argument, fitted) for argument in arguments)
            return expression if lowered == arguments else replace(expression, arguments=lowered)
        case _:
            return expression


def lower_feature(name: str, expression: Expression, fitted: Fitted) -> LoweredFeature:
    """The feature that a resolved expression is: an id or sparse where its top says so, else a dense number."""
    columns = columns_of(expression)
    found = _with_slots(expression, fitted)
    if found is None:
        return LoweredFeature(Feature(name=name, kind=FeatureKind.DENSE, columns=columns), lower(expression, fitted))
    is_sparse = isinstance(found, SparseFeature)
    feature = Feature(name=name, kind=FeatureKind.SPARSE if is_sparse else FeatureKind.ID, columns=columns,
                      cardinality=found.cardinality, vocabulary=found.vocabulary,
                      dropped_slot=-1 if isinstance(found, SparseFeature) else found.dropped_slot)  # fmt: skip
    return LoweredFeature(feature, found.expression)


def has_slots(expression: Expression) -> bool:
    """Whether the top of an expression makes it an id or a sparse feature."""
    match expression:
        case Analyze(function=function, type=type_):
            return function == "ML.LABEL_ENCODER" or type_ is SqlType.STRING or type_.is_array
        case Call(function=function):
            return function in ("ML.BUCKETIZE", "ML.HASH_BUCKETIZE")
        case _:
            return False


def _with_slots(expression: Expression, fitted: Fitted) -> IdFeature | SparseFeature | None:
    match expression:
        case Analyze(function=function, argument=argument):
            return get_analyzer(function).as_feature(fitted[expression], lower(argument, fitted))
        case Call("ML.BUCKETIZE", (argument,), _, (points, exclude, format)):
            inner = inner_points(cast(tuple[float, ...], points), cast(bool, exclude))
            return bucket_feature(lower(argument, fitted), inner, bucket_names(inner, cast(str, format)))
        case Call("ML.HASH_BUCKETIZE", _, _, (num_buckets,)):
            return _hash_feature(lower(expression, fitted), cast(int, num_buckets))
        case _:
            return None


def _hash_feature(bucket: Expression, num_buckets: int) -> IdFeature:
    """Slot 1 + bucket; slot 0 is never met, since a hash knows no unknown value."""
    shifted = Call("+", (bucket, Literal(1, SqlType.INT64)), SqlType.INT64)
    return IdFeature(Call("$SLOT", (shifted,), SqlType.INT64, (num_buckets + 1,)), num_buckets + 2)
