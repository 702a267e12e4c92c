"""`CASE COALESCE NULLIF`: what is not chosen neither counts as NULL nor as an error."""

from __future__ import annotations

from dataclasses import replace

from hagane.features.emit_logic import all_valid, any_error, choose, either, mask, negate, where
from hagane.features.scalar import comparison
from hagane.features.scalar.operation import Operation, truth
from hagane.features.value import Value
from hagane.sql.expression import Call
from hagane.types import SqlType


def case(op: Operation) -> Value:
    """CASE: the value of the first condition that is TRUE, else the last argument.

    A condition that errs counts only when it is reached; it is not TRUE.
    """
    e, result = op.emitter, op.arguments[-1]
    for index in range(len(op.arguments) - 3, -1, -2):
        condition, value = op.arguments[index], op.arguments[index + 1]
        is_true = truth(e, condition)
        result = _chosen(op, is_true, value, result)
        result = replace(result, error=any_error(e, condition.error, result.error))
    return result


def coalesce(op: Operation) -> Value:
    """The first argument that is not NULL; the later ones are not evaluated where it is there."""
    e, result = op.emitter, op.arguments[-1]
    for value in reversed(op.arguments[:-1]):
        if value.valid is None:
            result = value
            continue
        rest = mask(e, negate(e, value.valid), result.error)
        valid = None if result.valid is None else either(e, value.valid, result.valid)
        chosen = _choose_data(op, value.valid, value, result)
        result = replace(chosen, valid=valid, error=any_error(e, value.error, rest))
    return replace(result, width=op.width, constants=None)


def null_if(op: Operation) -> Value:
    """NULLIF(x, y): NULL where x = y is TRUE, else x."""
    e, (x, y) = op.emitter, op.arguments
    equals = tuple(Call("=", call.arguments, SqlType.BOOL) for call in op.calls)
    equal = truth(e, comparison.compare("Equal")(Operation(e, equals, op.arguments)))
    valid = all_valid(e, x.valid, negate(e, equal))
    error = any_error(e, x.error, y.error)
    return Value(x.data, valid, error, op.type, op.width, bound=x.bound)


def _chosen(op: Operation, is_true: str, value: Value, other: Value) -> Value:
    """`value` where true, else `other`; of their errors only the chosen one's."""
    e = op.emitter
    data = _choose_data(op, is_true, value, other)
    error = any_error(e, mask(e, is_true, value.error), mask(e, negate(e, is_true), other.error))
    return replace(data, valid=choose(e, is_true, value.valid, other.valid), error=error)


def _choose_data(op: Operation, is_true: str, value: Value, other: Value) -> Value:
    e = op.emitter
    if value.type is SqlType.BOOL:
        data = choose(e, is_true, value.data, other.data) or ""
    else:
        data = where(e, is_true, value.data, other.data)
    is_quiet = _is_quiet(value) and _is_quiet(other)
    bound = None if value.bound is None or other.bound is None else max(value.bound, other.bound)
    return Value(data, None, None, value.type, op.width, is_quiet=is_quiet, bound=bound)


def _is_quiet(value: Value) -> bool:
    return value.is_quiet or value.valid is None
