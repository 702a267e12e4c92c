"""`ML.BUCKETIZE`, `ML.HASH_BUCKETIZE`, and the internal functions (`$…`) that fitted analyzers are made of.

Lanes of the internal functions may differ in their modifiers.
"""

from __future__ import annotations

from typing import Any
from typing import cast as typed

import numpy as np
import numpy.typing as npt

from hagane.features import emit_float, emit_table, emit_text
from hagane.features.emit_logic import FLOAT64, INT64, all_valid, cast, negate, where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql.buckets import bucket_names, inner_points
from hagane.types import SqlType


def bucketize(op: Operation) -> Value:
    """ML.BUCKETIZE(x, points, exclude_boundaries, format): the bucket's name, NULL where x is NaN."""
    (x,), e = op.arguments, op.emitter
    kept, names = [], []
    for call in op.calls:
        points, exclude_boundaries, format_ = call.modifiers
        kept.append(inner_points(typed(tuple[float, ...], points), bool(exclude_boundaries)))
        names.append(np.array(bucket_names(kept[-1], str(format_)), object))
    data = emit_table.read(e, emit_table.count_points(e, x.data, kept), names, allowed=None)
    return Value(data, _is_number(op, x), x.error, SqlType.STRING, op.width)


def hash_bucketize(op: Operation) -> Value:
    """ML.HASH_BUCKETIZE(s, n): MurmurHash3 (32 bits, unsigned) modulo n. BigQuery's hash is FarmHash."""
    (text,), e = op.arguments, op.emitter
    sizes = np.array([typed(int, call.modifiers[0]) for call in op.calls], np.int64)
    hashed = cast(e, e.node("MurmurHash3", text.data, domain="com.microsoft", positive=1), INT64)
    return strict(op, e.node("Mod", hashed, e.row(sizes), fmod=0), bound=int(sizes.max()))


def bucket(op: Operation) -> Value:
    """$BUCKET(x; points): how many of the ascending points are <= x; NULL where x is NaN."""
    (x,) = op.arguments
    points = [typed(tuple[float, ...], call.modifiers[0]) for call in op.calls]
    data = emit_table.count_points(op.emitter, x.data, points)
    return Value(data, _is_number(op, x), x.error, op.type, op.width, bound=max(map(len, points)))


def range_bucket(op: Operation) -> Value:
    """RANGE_BUCKET(x, points): how many of the ascending points are <= x; NULL where x is NaN.

    Whole numbers are compared as FLOAT64, which is exact for points up to 2^53 (rounding keeps the order).
    """
    (x,), e = op.arguments, op.emitter
    points = [tuple(float(point) for point in typed(tuple[float, ...], call.modifiers[0])) for call in op.calls]
    numbers = x.data if x.type is SqlType.FLOAT64 else cast(e, x.data, FLOAT64)
    data = emit_table.count_points(e, numbers, points)
    valid = _is_number(op, x) if x.type is SqlType.FLOAT64 else x.valid
    return Value(data, valid, x.error, op.type, op.width, bound=max(map(len, points)))


def lookup(op: Operation) -> Value:
    """$LOOKUP(x; vocabulary): the 1-based position of a STRING or INT64, 0 where absent."""
    (x,), e = op.arguments, op.emitter
    vocabularies = [typed(tuple[str, ...], call.modifiers[0]) for call in op.calls]
    bound = max(len(vocabulary) for vocabulary in vocabularies)
    if x.type is SqlType.STRING:
        return strict(op, emit_text.position(e, x.data, vocabularies), bound=bound)
    whole = [typed(tuple[int, ...], vocabulary) for vocabulary in vocabularies]
    return strict(op, emit_table.int_position(e, x.data, whole), bound=bound)


def slot(op: Operation) -> Value:
    """$SLOT(id; null_slot): the id, `null_slot` where NULL; never NULL."""
    (x,), e = op.arguments, op.emitter
    null_slots = np.array([typed(int, call.modifiers[0]) for call in op.calls], np.int64)
    data = x.data if x.valid is None else where(e, x.valid, x.data, e.row(null_slots))
    bound = None if x.bound is None else max(x.bound, int(null_slots.max()))
    return Value(data, None, x.error, op.type, op.width, bound=bound)


def table(op: Operation) -> Value:
    """$TABLE(id; values): the value at 0, 1, …; the value at 0 for an id outside."""
    (x,), e = op.arguments, op.emitter
    dtype: type = object if op.type is SqlType.STRING else np.float64
    tables: list[npt.NDArray[Any]] = [
        np.array(typed(tuple[str | float, ...], call.modifiers[0]), dtype) for call in op.calls
    ]
    return strict(op, emit_table.read(e, x.data, tables, x.valid))


def _is_number(op: Operation, x: Value) -> str | None:
    if x.bound is not None:
        return x.valid
    return all_valid(op.emitter, x.valid, negate(op.emitter, emit_float.is_nan(op.emitter, x.data)))
