"""`bind_conditions`: SQL conditions of the feature language, typed, and seen to be conditions on a row."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.errors import ExpressionError, Fault
from hagane.sql.bind import bind
from hagane.sql.expression import Analyze, Expression, walk
from hagane.types import Schema, SqlType


def bind_conditions(conditions: Mapping[str, str], schema: Schema, *, where: str) -> dict[str, Expression]:
    """The typed trees of named conditions over the columns of `schema`; `where` is their place (`rules`).

    Raises ExpressionError with every fault, a condition that is not BOOL or learns from data (`… OVER ()`) included.

    >>> from hagane.types import Column
    >>> schema = Schema((Column("fare", SqlType.FLOAT64),))
    >>> bind_conditions({"paid": "fare > 0"}, schema, where="rules")["paid"].type.value
    'BOOL'
    >>> bind_conditions({"paid": "fare + 1"}, schema, where="rules")
    Traceback (most recent call last):
    hagane.errors.ExpressionError: this is no condition
      where: rules.paid
      fare + 1
      ^^^^^^^^
      expected: BOOL, such as x > 0
      received: FLOAT64
    """
    bound: dict[str, Expression] = {}
    faults: list[Fault] = []
    for name, sql in conditions.items():
        try:
            expression = bind(sql, schema, where=f"{where}.{name}")
        except ExpressionError as error:
            faults += error.faults
            continue
        faults += _faults(expression, sql, f"{where}.{name}")
        bound[name] = expression
    if faults:
        raise ExpressionError(*faults)
    return bound


def _faults(expression: Expression, sql: str, where: str) -> list[Fault]:
    if expression.type is not SqlType.BOOL:
        expected, received = "BOOL, such as x > 0", expression.type.value
        what = "this is no condition"
    elif any(isinstance(node, Analyze) for node in walk(expression)):
        expected, received = "scalar functions of the row alone", "a function that learns from the data"
        what = "a condition may not learn from the data"
    else:
        return []
    return [Fault(what=what, where=where, sql=sql, end=len(sql), expected=expected, received=received)]
