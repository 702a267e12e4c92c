"""Forms that need more than the table of signatures: SAFE., SAFE_ADD, ROUND(x, n), RANGE_BUCKET, x IN UNNEST([…])."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from hagane.sql.bind_arrays import bind_named_distance
from hagane.sql.bind_geography import bind_earth_distance
from hagane.sql.coerce import coerce
from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

Form = Callable[["Binder", Any], Expression | None]

MAX_POINTS = 10_000
MAX_DECIMALS = 22
_LARGEST_POINT = 2**53
_NEVER_SAFE = (exp.If, exp.Case, exp.Coalesce, exp.Nullif, exp.Cast, exp.Extract, exp.Window, exp.Dot)


def in_list(node: exp.In) -> list[exp.Expression]:
    """The items of `x IN (…)` and `x IN UNNEST([…])`; none where it is a subquery or something else."""
    unnest = node.args.get("unnest")
    if unnest is not None:
        array = unnest.expressions[0] if len(unnest.expressions) == 1 else None
        return list(array.expressions) if isinstance(array, exp.Array) else []
    return [] if isinstance(node.args.get("query"), exp.Expression) else list(node.expressions)


def _safe_function(binder: Binder, node: exp.Expression) -> Expression | None:
    """`SAFE.F(…)`."""
    inner = node.this
    if isinstance(inner, _NEVER_SAFE) or not isinstance(inner, exp.Func | exp.IntDiv | exp.Mod):
        step = "write SAFE_CAST" if isinstance(inner, exp.Cast) else "remove SAFE."
        binder.source.fault("SAFE. stands before functions that can fail", node, expected="SAFE.LN(x)", next_step=step)
        return None
    return binder.bind(inner, safe=True)


def _safe(name: str, *keys: str) -> Form:
    """`SAFE_ADD(x, y)` and its like: the operator with the SAFE. prefix."""

    def form(binder: Binder, node: exp.Expression) -> Expression | None:
        call = binder.function(name, node, keys)
        return None if call is None else binder.as_safe(call)

    return form


def _end(binder: Binder, node: exp.Expression) -> Expression | None:
    """`ARRAY_FIRST(array)` and `ARRAY_LAST(array)`."""
    array = binder.bind(node.this)
    if array is not None and (isinstance(node, exp.ArrayLast) or not array.type.is_array):
        array = binder.call("ARRAY_REVERSE", (array,), node)
    return None if array is None else binder.call("ELEMENT", (array,), node, (0,))


def _not_distinct(binder: Binder, node: exp.Expression) -> Expression | None:
    """`x IS NOT DISTINCT FROM y`."""
    call = binder.function("IS DISTINCT FROM", node, ("this", "expression"))
    return None if call is None else binder.call("NOT", (call,), node)


def _with_zero(name: str) -> Form:
    """`ZEROIFNULL(x)` and `NULLIFZERO(x)`."""

    def form(binder: Binder, node: exp.Anonymous) -> Expression | None:
        arguments = binder.bind_each(node.expressions)
        if arguments is None:
            return None
        if len(arguments) != 1 or arguments[0].type not in (SqlType.INT64, SqlType.FLOAT64):
            binder.source.fault(f"{str(node.this).upper()} takes one number", node,
                                received=", ".join(argument.type.value for argument in arguments))  # fmt: skip
            return None
        return binder.call(name, (arguments[0], Literal(0, SqlType.INT64)), node)

    return form


def _range_bucket(binder: Binder, node: exp.Expression) -> Expression | None:
    """`RANGE_BUCKET(x, [points])`: points are constants, ascending (equal ones may follow each other)."""
    point, array = node.this, node.args.get("expression")
    items = array.expressions if isinstance(array, exp.Array) else None
    x = binder.bind(point)
    constants = binder.bind_each(items) if items is not None else None
    if x is None or (items is not None and constants is None):
        return None
    type_ = _common_type(x, constants or [])
    values = _points(constants, type_)
    if values is None or type_ is None or (cast := coerce(x, type_)) is None:
        what = "RANGE_BUCKET takes a list of ascending constants of the type of its argument"
        step = "at most 10,000 points; whole numbers and times lie within 2^53"
        binder.source.fault(what, array or node, expected=FUNCTIONS["RANGE_BUCKET"].usage, next_step=step)
        return None
    return binder.call("RANGE_BUCKET", (cast,), node, (values,))


def _common_type(x: Expression, points: list[Expression]) -> SqlType | None:
    wanted = (x.type, SqlType.FLOAT64) if x.type is SqlType.INT64 else (x.type,)
    return next((type_ for type_ in wanted if all(coerce(point, type_) for point in points)), None)


def _points(points: list[Expression] | None, type_: SqlType | None) -> tuple[int | float, ...] | None:
    """The points as plain numbers, or None where they are not as they must be."""
    if points is None or type_ is None or len(points) > MAX_POINTS:
        return None
    values = [literal.value for point in points if isinstance(literal := coerce(point, type_), Literal)]
    numbers = [value for value in values if isinstance(value, int | float) and not math.isnan(value)]
    ascend = all(a <= b for a, b in itertools.pairwise(numbers))
    fits = type_ is SqlType.FLOAT64 or all(abs(number) <= _LARGEST_POINT for number in numbers)
    return tuple(numbers) if len(numbers) == len(points) and ascend and fits else None


def _string_of(binder: Binder, node: exp.Expression) -> Expression | None:
    """`STRING(t)`: a time as CAST writes it."""
    if node.args.get("zone") is not None:
        binder.source.fault("STRING with a time zone cannot be compiled", node.args["zone"],
                            next_step="write FORMAT_TIMESTAMP('%E4Y-%m-%d %H:%M:%S', t, zone)")  # fmt: skip
        return None
    argument = binder.bind(node.this)
    if argument is None:
        return None
    if argument.type not in (SqlType.TIMESTAMP, SqlType.DATE):
        binder.source.fault("STRING takes a TIMESTAMP or a DATE", node, received=argument.type.value,
                            next_step="write CAST(x AS STRING)")  # fmt: skip
        return None
    return Call("CAST", (argument,), SqlType.STRING, (False,), span=binder.source.span(node))


def _decimals(name: str) -> Form:
    """`ROUND(x, n)` and `TRUNC(x, n)`."""

    def form(binder: Binder, node: exp.Expression) -> Expression | None:
        argument = binder.bind(node.this)
        places = node.args.get("decimals")
        decimals = binder.bind(places) if places is not None else Literal(0, SqlType.INT64)
        if argument is None or decimals is None:
            return None
        number = decimals.value if isinstance(decimals, Literal) else None
        if not isinstance(number, int) or isinstance(number, bool) or abs(number) > MAX_DECIMALS:
            binder.source.fault(f"the decimals of {name} must be a constant", decimals.span,
                                expected=f"a whole number from -{MAX_DECIMALS} to {MAX_DECIMALS}")  # fmt: skip
            return None
        return binder.call(name, (argument,), node, (number,))

    return form


FORMS: dict[type[exp.Expression], Form] = {
    exp.SafeFunc: _safe_function,
    exp.SafeAdd: _safe("+", "this", "expression"),
    exp.SafeSubtract: _safe("-", "this", "expression"),
    exp.SafeMultiply: _safe("*", "this", "expression"),
    exp.SafeNegate: _safe("NEG", "this"),
    exp.NullSafeEQ: _not_distinct,
    exp.ArrayFirst: _end,
    exp.ArrayLast: _end,
    exp.CosineDistance: bind_named_distance("COSINE"),
    exp.EuclideanDistance: bind_named_distance("EUCLIDEAN"),
    exp.RangeBucket: _range_bucket,
    exp.StDistance: bind_earth_distance,
    exp.String: _string_of,
    exp.Round: _decimals("ROUND"),
    exp.Trunc: _decimals("TRUNC"),
}
"""Node of sqlglot → what it becomes."""

NAMED_FORMS: dict[str, Form] = {
    "ZEROIFNULL": _with_zero("COALESCE"),
    "NULLIFZERO": _with_zero("NULLIF"),
}
"""Functions that sqlglot does not know → what they become."""
