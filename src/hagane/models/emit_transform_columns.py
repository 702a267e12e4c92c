"""`emit_transform_columns`: the columns of a TRANSFORM clause, of BigQuery's types, out of the graph that fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hagane.bundle.output_column import OutputColumn
from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import IdFeature, SparseFeature
from hagane.features.compiler import Compiler
from hagane.features.emit import Emitter, element_type
from hagane.features.lower import Fitted, lower
from hagane.features.plan import emit_row_error
from hagane.features.value import ArrayValue, Lane, Value
from hagane.runtime.layout import InputLayout
from hagane.sql.expression import Analyze, Expression
from hagane.types import Column, SqlType

INDEX, VALUE = "index", "value"
ENCODED = (Column(INDEX, SqlType.INT64), Column(VALUE, SqlType.FLOAT64))
"""The fields of a vector that is nearly all zeros, as BigQuery has it: index 0 is NULL, or unknown."""
WITH_SLOTS = ("ML.ONE_HOT_ENCODER", "ML.MULTI_HOT_ENCODER", "ML.BAG_OF_WORDS", "ML.TF_IDF")
"""Analyzers that answer such a vector; the others answer numbers and texts."""


class TransformColumns(NamedTuple):
    """What is answered, and where it lies in the graph."""

    columns: tuple[OutputColumn, ...]
    tensors: Mapping[str, str]
    """Graph output (`OutputColumn.tensors`) → the tensor that holds it."""
    row_error: str
    """[n] bool: whether an expression erred in the row; its values are NULL there."""


class _Output(NamedTuple):
    """One column, before it is compiled."""

    name: str
    type: SqlType
    feature: IdFeature | SparseFeature | None
    """Of a vector of slots."""
    expression: Expression


def emit_transform_columns(
    emitter: Emitter, bound: Mapping[str, Expression], fitted: Fitted, layout: InputLayout
) -> TransformColumns:
    """Add inputs and nodes for `bound`, the typed expressions by name. Outputs are not declared.

    An expression keeps its type; ML.ONE_HOT_ENCODER, ML.MULTI_HOT_ENCODER, ML.BAG_OF_WORDS and ML.TF_IDF are
    ARRAY<STRUCT<index INT64, value FLOAT64>>. Raises KeyError for an analytic function that was not fitted.
    """
    outputs = [_output(name, expression, fitted) for name, expression in bound.items()]
    lanes = Compiler(emitter, layout).compile([each.expression for each in outputs])
    tensors: dict[str, str] = {}
    columns = []
    for output, lane in zip(outputs, lanes, strict=True):
        column, held = _emit(emitter, output, lane)
        columns.append(column)
        tensors |= dict(zip(column.tensors, held, strict=True))
    errors = [value.error for value in dict.fromkeys(lane.value for lane in lanes) if value.error is not None]
    return TransformColumns(tuple(columns), tensors, emit_row_error(emitter, errors, layout))


def _output(name: str, expression: Expression, fitted: Fitted) -> _Output:
    if isinstance(expression, Analyze) and expression.function in WITH_SLOTS:
        argument = lower(expression.argument, fitted)
        feature = get_analyzer(expression.function).as_feature(fitted[expression], argument)
        if feature is not None:
            return _Output(name, expression.type, feature, feature.expression)
    lowered = lower(expression, fitted)
    return _Output(name, lowered.type, None, lowered)


def _emit(emitter: Emitter, output: _Output, lane: Lane) -> tuple[OutputColumn, Sequence[str]]:
    """The column, and the tensors in the order of its own."""
    match output.feature, lane.value:
        case IdFeature() as feature, _:
            column = OutputColumn(name=output.name, fields=ENCODED)
            return column, _one_slot(emitter, feature, lane)
        case SparseFeature() as feature, ArrayValue() as value:
            assert value.weights is not None
            column = OutputColumn(name=output.name, fields=ENCODED, is_ragged=True)
            weights = emitter.node("Cast", value.weights, to=element_type(np.float64))
            return column, (_without_null_slot(emitter, value.data, feature.cardinality), weights, value.rows)
        case _, ArrayValue() as value:
            is_nullable = value.valid is not None
            column = OutputColumn(name=output.name, type=output.type, is_ragged=True, is_nullable=is_nullable)
            valid = () if value.valid is None else (_flat(emitter, value.valid, value, 0),)
            return column, (value.data, *valid, value.rows)
        case _, value:
            column = OutputColumn(name=output.name, type=output.type, is_nullable=value.valid is not None)
            held = [tensor for tensor in (value.data, value.valid) if tensor is not None]
            return column, [_flat(emitter, tensor, value, lane.column) for tensor in held]


def _one_slot(emitter: Emitter, feature: IdFeature, lane: Lane) -> tuple[str, str]:
    """[n, 1] index and [n, 1] value: 1, and 0 of the category that has no weight in a linear model."""
    slot = _column(emitter, lane.value.data, lane.value, lane.column)
    index = _without_null_slot(emitter, slot, feature.cardinality)
    dropped = emitter.node("Equal", slot, emitter.constant(np.int64(feature.dropped_slot)))
    zero, one = (emitter.constant(np.float64(number)) for number in (0, 1))
    return index, emitter.node("Where", dropped, zero, one)


def _without_null_slot(emitter: Emitter, slots: str, cardinality: int) -> str:
    """The last slot, that of NULL, is 0 in BigQuery, as that of what is unknown."""
    is_null = emitter.node("Equal", slots, emitter.constant(np.int64(cardinality - 1)))
    return emitter.node("Where", is_null, emitter.constant(np.int64(0)), slots)


def _column(emitter: Emitter, tensor: str, value: Value, column: int) -> str:
    """[n, 1] of [n, w]."""
    if value.width == 1:
        return tensor
    return emitter.node("Gather", tensor, emitter.constant([column], np.int64), axis=1, width=1)


def _flat(emitter: Emitter, tensor: str, value: Value, column: int) -> str:
    """[n] of [n, w]."""
    return emitter.node("Squeeze", _column(emitter, tensor, value, column), emitter.constant([1], np.int64))
