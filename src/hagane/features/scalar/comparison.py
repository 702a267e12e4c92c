"""`= != < <= > >= IN`, and three-valued `AND OR NOT`, `IS NULL`. Comparisons with NaN are false, `!=` is true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hagane.features import emit_text
from hagane.features.emit_logic import INT32, all_valid, any_error, both, cast, either, negate
from hagane.features.scalar.operation import Operation, strict, truth
from hagane.features.value import Value
from hagane.sql.expression import Call, Literal
from hagane.types import SqlType

_MOST_COMPARISONS = 8


def compare(operator: str) -> Callable[[Operation], Value]:
    """The function that compares by an ONNX operator (`Less`, `Equal`, …)."""

    def render(op: Operation) -> Value:
        x, y = op.arguments
        a, b = x.data, y.data
        if x.type is SqlType.BOOL and operator != "Equal":
            a, b = cast(op.emitter, a, INT32), cast(op.emitter, b, INT32)
        return strict(op, op.emitter.node(operator, a, b), is_quiet=x.type is SqlType.FLOAT64)

    return render


def not_equal(op: Operation) -> Value:
    """x != y: TRUE where one is NaN."""
    equal = compare("Equal")(op)
    return Value(negate(op.emitter, equal.data), equal.valid, equal.error, equal.type, equal.width)


def is_in(op: Operation) -> Value:
    """x IN (constants): NULL where x is, or where nothing is equal and one of the constants is NULL."""
    x, *items = op.arguments
    e = op.emitter
    present = [item for item in items if item.constants is not None]
    if x.type is SqlType.STRING and len(present) > _MOST_COMPARISONS:
        position = emit_text.position(e, x.data, [_texts(call) for call in op.calls])
        found = e.node("Greater", position, e.row(0, np.int64))
    else:
        found = any_error(e, *(e.node("Equal", x.data, item.data) for item in present)) or e.row(False)
    valid = x.valid if len(present) == len(items) else all_valid(e, x.valid, found)
    is_quiet = x.type is SqlType.FLOAT64 and x.is_quiet
    return Value(found, valid, x.error, SqlType.BOOL, op.width, is_quiet=is_quiet)


def conjunction(op: Operation) -> Value:
    """x AND y: FALSE where one is FALSE, else NULL where one is NULL; errors of both count."""
    e, (x, y) = op.emitter, op.arguments
    return _logic(op, both(e, truth(e, x), truth(e, y)), decided=lambda: either(e, _falsity(op, x), _falsity(op, y)))


def disjunction(op: Operation) -> Value:
    """x OR y: TRUE where one is TRUE, else NULL where one is NULL; errors of both count."""
    e, (x, y) = op.emitter, op.arguments
    data = either(e, truth(e, x), truth(e, y))
    return _logic(op, data, decided=lambda: data)


def negation(op: Operation) -> Value:
    """NOT x."""
    return strict(op, negate(op.emitter, op.arguments[0].data))


def is_null(op: Operation) -> Value:
    """x IS NULL: never NULL."""
    (x,) = op.arguments
    e = op.emitter
    data = e.row(False) if x.valid is None else negate(e, x.valid)
    return Value(data, None, x.error, SqlType.BOOL, op.width)


def is_distinct(op: Operation) -> Value:
    """x IS DISTINCT FROM y: whether one alone is NULL, or neither is and they are not the same; NaN is NaN's like."""
    e, (x, y) = op.emitter, op.arguments
    differ = negate(e, e.node("Equal", x.data, y.data))
    if x.type is SqlType.FLOAT64:
        differ = both(e, differ, negate(e, both(e, e.node("IsNaN", x.data), e.node("IsNaN", y.data))))
    error = any_error(e, x.error, y.error)
    known = all_valid(e, x.valid, y.valid)
    if known is None:
        return Value(differ, None, error, SqlType.BOOL, op.width)
    x_valid, y_valid = (e.row(True) if value.valid is None else value.valid for value in (x, y))
    data = either(e, e.node("Xor", x_valid, y_valid), both(e, differ, known))
    return Value(data, None, error, SqlType.BOOL, op.width)


def _logic(op: Operation, data: str, *, decided: Callable[[], str]) -> Value:
    """NULL where an operand is, unless the other one decides. The data are false where NULL."""
    e, (x, y) = op.emitter, op.arguments
    known = all_valid(e, x.valid, y.valid)
    valid = None if known is None else either(e, known, decided())
    return Value(data, valid, any_error(e, x.error, y.error), SqlType.BOOL, op.width, is_quiet=True)


def _falsity(op: Operation, x: Value) -> str:
    """Where x is FALSE: neither TRUE nor NULL."""
    is_false = negate(op.emitter, x.data)
    return is_false if x.valid is None else both(op.emitter, is_false, x.valid)


def _texts(call: Call) -> list[str]:
    values = (item.value for item in call.arguments[1:] if isinstance(item, Literal))
    return [text for text in values if isinstance(text, str)]
