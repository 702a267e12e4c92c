"""How lowered features become the tensors `dense`, `ids`, `sparse.*` and `row_error`: few nodes, whatever the width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hagane.features.compiler import Compiler, layout_inputs
from hagane.features.emit import Emitter, element_type
from hagane.features.emit_finite import emit_finite
from hagane.features.emit_logic import any_error
from hagane.features.feature import Feature, FeatureKind
from hagane.features.graph_ports import SparsePort, sparse_outputs
from hagane.features.lower import LoweredFeature
from hagane.features.value import ArrayValue, Lane, Value
from hagane.runtime.layout import FLOAT64_INPUT, INT64_INPUT, VALIDITY_INPUT, InputLayout

# Shapes: n rows, d dense features, k id features, w lanes of one fused value.


class Ports(NamedTuple):
    """Tensors that a model's graph reads: `dense` [n, d] or None, `ids` [n, k] int64 or None, `row_error` [n] bool."""

    dense: str | None
    ids: str | None
    row_error: str
    sparse: tuple[SparsePort, ...] = ()
    """One a sparse feature."""


class FeatureOrder(NamedTuple):
    """The features of each kind, in the order of their tensors."""

    dense: tuple[Feature, ...]
    ids: tuple[Feature, ...]
    sparse: tuple[Feature, ...]


def packed_order(features: Sequence[LoweredFeature], layout: InputLayout) -> FeatureOrder:
    """The features in the order in which they cost no permutation: fused group by fused group."""
    lanes = _compile(Emitter(), features, layout)
    groups = {value: number for number, value in enumerate(dict.fromkeys(lane.value for lane in lanes))}
    pairs = sorted(zip(features, lanes, strict=True), key=lambda pair: (groups[pair[1].value], pair[1].column))
    ordered = [lowered.feature for lowered, _ in pairs]
    return FeatureOrder(*(tuple(f for f in ordered if f.kind is kind) for kind in FeatureKind))


def emit_features(emitter: Emitter, features: Sequence[LoweredFeature], layout: InputLayout, *, dense_dtype: str,
                  accepts_missing: bool) -> Ports:  # fmt: skip
    """Add inputs and nodes; `dense`, `ids` and `sparse` hold the features of their kind in the order given."""
    lanes = _compile(emitter, features, layout)
    kinds = [lowered.feature.kind for lowered in features]
    dense_lanes, id_lanes, sparse_lanes = (
        [lane for lane, kind in zip(lanes, kinds, strict=True) if kind is wanted] for wanted in FeatureKind
    )
    errors = [value.error for value in dict.fromkeys(lane.value for lane in lanes) if value.error is not None]
    dense = None
    if dense_lanes:
        missing = np.nan if accepts_missing else 0.0
        dense = _side_by_side(emitter, [_numbers(emitter, run, dense_dtype, missing) for run in _runs(dense_lanes)])
        if not accepts_missing:
            dense, error = emit_finite(emitter, dense, dense_dtype)
            errors.append(error)
    ids = (
        _side_by_side(emitter, [_lanes(emitter, run.value.data, run) for run in _runs(id_lanes)]) if id_lanes else None
    )
    sparse = tuple(sparse_port(emitter, lane) for lane in sparse_lanes)
    return Ports(dense, ids, emit_row_error(emitter, errors, layout), sparse)


def emit_columns(emitter: Emitter, features: Sequence[LoweredFeature], layout: InputLayout, *, dense_dtype: str,
                 accepts_missing: bool) -> tuple[list[str | SparsePort], str | None]:  # fmt: skip
    """Add inputs and nodes; a tensor [n, 1] or a sparse port a feature, and where a row erred, [n, 1] (None: nowhere).

    Bit by bit the columns of `emit_features`, without the cost of laying them side by side.
    """
    columns: list[str | SparsePort] = []
    errors: list[str | None] = []
    for (feature, _), lane in zip(features, _compile(emitter, features, layout), strict=True):
        run = _Run(lane.value, [lane.column])
        errors.append(None if lane.value.error is None else _lanes(emitter, lane.value.error, run))
        if feature.kind is FeatureKind.SPARSE:
            columns.append(sparse_port(emitter, lane))
            continue
        if feature.kind is FeatureKind.ID:
            columns.append(_lanes(emitter, lane.value.data, run))
            continue
        column = _numbers(emitter, run, dense_dtype, np.nan if accepts_missing else 0.0)
        if not accepts_missing:
            column, error = emit_finite(emitter, column, dense_dtype)
            errors.append(error)
        columns.append(column)
    return columns, any_error(emitter, *errors)


class ErrorBlock(NamedTuple):
    """A tensor [n, w] bool that tells where features erred: by (feature's number, column of the tensor)."""

    tensor: str
    columns: tuple[tuple[int, int], ...]


def emit_errors(emitter: Emitter, features: Sequence[LoweredFeature], layout: InputLayout, *, dense_dtype: str,
                accepts_missing: bool) -> list[ErrorBlock]:  # fmt: skip
    """Add inputs and nodes; where each feature erred, a block for each way in which some can."""
    lanes = _compile(emitter, features, layout)
    columns: dict[Value, list[tuple[int, int]]] = {}
    for number, lane in enumerate(lanes):
        columns.setdefault(lane.value, []).append((number, lane.column))
    blocks = [ErrorBlock(value.error, tuple(pairs)) for value, pairs in columns.items() if value.error is not None]
    dense = [number for number, lowered in enumerate(features) if lowered.feature.kind is FeatureKind.DENSE]
    if dense and not accepts_missing:
        runs = _runs([lanes[number] for number in dense])
        numbers = _side_by_side(emitter, [_numbers(emitter, run, dense_dtype, 0.0) for run in runs])
        _, error = emit_finite(emitter, numbers, dense_dtype)
        blocks.append(ErrorBlock(error, tuple((number, column) for column, number in enumerate(dense))))
    return blocks


def sparse_port(emitter: Emitter, lane: Lane) -> SparsePort:
    """The tensors of a lane that holds slots and weights."""
    value = lane.value
    assert isinstance(value, ArrayValue)
    assert value.weights is not None
    return SparsePort(value.rows, value.data, value.weights, emitter.num_rows())


def output_sparse(emitter: Emitter, index: int, port: SparsePort) -> tuple[str, str, str]:
    """Declare the outputs of sparse feature `index` (flat: see `runtime.session`); their names."""
    names = sparse_outputs(index)
    for name, tensor, dtype in zip(names, port, (np.int64, np.int64, np.float32), strict=False):
        emitter.output(name, tensor, dtype, (names[0],))
    return names


def _compile(emitter: Emitter, features: Sequence[LoweredFeature], layout: InputLayout) -> list[Lane]:
    layout_inputs(emitter, layout)
    return Compiler(emitter, layout).compile([lowered.expression for lowered in features])


class _Run(NamedTuple):
    """Neighbouring features that lie in one fused value, at `indices` of its lanes."""

    value: Value
    indices: list[int]


def _runs(lanes: Sequence[Lane]) -> list[_Run]:
    runs: list[_Run] = []
    for lane in lanes:
        if not runs or runs[-1].value != lane.value:
            runs.append(_Run(lane.value, []))
        runs[-1].indices.append(lane.column)
    return runs


def _lanes(emitter: Emitter, tensor: str, run: _Run) -> str:
    """The run's lanes of a tensor [n, w]: the tensor itself where they are all of it."""
    if run.indices == list(range(run.value.width)):
        return tensor
    return emitter.node("Gather", tensor, emitter.constant(run.indices, np.int64), axis=1)


def _numbers(emitter: Emitter, run: _Run, dtype: str, missing: float) -> str:
    """The run as floats, `missing` where NULL."""
    numbers = emitter.node("Cast", _lanes(emitter, run.value.data, run), to=element_type(dtype))
    if run.value.valid is None:
        return numbers
    valid = _lanes(emitter, run.value.valid, run)
    return emitter.node("Where", valid, numbers, emitter.constant([[missing]], dtype))


def _side_by_side(emitter: Emitter, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else emitter.node("Concat", *parts, axis=1)


def emit_row_error(emitter: Emitter, errors: Sequence[str], layout: InputLayout) -> str:
    """[n] bool: whether any of the error tensors [n, w] is true in the row.

    By way of bytes: ONNX Runtime's ReduceMax of BOOL takes 3 to 17 times as long.
    """
    if not errors:
        rows = emitter.node("Shape", _any_input(layout), start=0, end=1)
        return emitter.node("Expand", emitter.constant([False]), rows)
    bytes_ = emitter.node("Cast", _side_by_side(emitter, errors), to=element_type(np.uint8))
    largest = emitter.node("ReduceMax", bytes_, emitter.constant([1], np.int64), keepdims=0)
    return emitter.node("Cast", largest, to=element_type(np.bool_))


def _any_input(layout: InputLayout) -> str:
    if layout.float64:
        return FLOAT64_INPUT
    return INT64_INPUT if layout.int64 else VALIDITY_INPUT
