"""Where NULL can come from: what needs no validity and no imputing."""

from __future__ import annotations

from hagane.sql.expression import Analyze, Call, ColumnRef, Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.sql.to_duckdb import can_fail, cast_can_fail

_NEVER_NULL = ("ML.LABEL_ENCODER", "ML.ONE_HOT_ENCODER")


def can_be_null(expression: Expression) -> bool:
    """Whether a row may make `expression` NULL; False only where that is proved. Any raw column may be NULL.

    >>> from hagane.types import SqlType
    >>> column = ColumnRef("a", SqlType.INT64)
    >>> can_be_null(column), can_be_null(Call("COALESCE", (column, Literal(0, SqlType.INT64)), SqlType.INT64))
    (True, False)
    """
    match expression:
        case Literal(value=value):
            return value is None
        case ColumnRef():
            return True
        case Analyze("ML.IMPUTER"):
            return False
        case Analyze(function=function):
            return function not in _NEVER_NULL and can_be_null(expression.argument)
        case Call("IS NULL" | "ARRAY" | "IS DISTINCT FROM"):
            return False
        case Call("NULLIF" | "ELEMENT" | "IN UNNEST"):
            return True
        case Call("COALESCE", arguments):
            return all(can_be_null(argument) for argument in arguments)
        case Call("CASE", arguments):
            return any(can_be_null(argument) for argument in (*arguments[1:-1:2], arguments[-1]))
        case Call():
            return _fails(expression) or any(can_be_null(argument) for argument in expression.arguments)


def _fails(call: Call) -> bool:
    """Whether the function gives NULL for arguments that are there, marked as an error or not."""
    signature = FUNCTIONS[call.function]
    if call.function == "CAST":
        return cast_can_fail(call)
    return bool(signature.fails) and (signature.safe or can_fail(call, signature))
