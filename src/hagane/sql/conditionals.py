"""IF and CASE, both of which become CASE with conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.coerce import coerce
from hagane.sql.expression import Expression, Literal
from hagane.sql.type_steps import condition_step
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder


def bind_if(binder: Binder, node: exp.If) -> Expression | None:
    """`IF(condition, x, y)`, or None after noting its faults."""
    bound = binder.bind_each([node.this, node.args["true"]])
    return _case(binder, bound, node.args.get("false"), node)


def bind_case(binder: Binder, node: exp.Case) -> Expression | None:
    """`CASE WHEN …` and `CASE x WHEN …`, or None after noting the faults."""
    operand = binder.bind(node.this) if node.this else None
    bound = binder.bind_each([part for branch in node.args["ifs"] for part in (branch.this, branch.args["true"])])
    if node.this and bound is not None:
        bound = _compared(binder, operand, bound) if operand is not None else None
    return _case(binder, bound, node.args.get("default"), node)


def _compared(binder: Binder, operand: Expression, bound: list[Expression]) -> list[Expression] | None:
    """Every value of `CASE operand WHEN value` as the condition `operand = value`."""
    conditions = [binder.call("=", (operand, value), value.span) for value in bound[::2]]
    there = [condition for condition in conditions if condition is not None]
    if len(there) < len(conditions):
        return None
    return [part for pair in zip(there, bound[1::2], strict=True) for part in pair]


def _case(binder: Binder, bound: list[Expression] | None, default: exp.Expression | None,
          node: exp.Expression) -> Expression | None:  # fmt: skip
    last = binder.bind(default) if default is not None else Literal(None, SqlType.INT64)
    if bound is None or last is None:
        return None
    arguments = [*bound, last]
    return binder.call("CASE", arguments, node) if _fit(binder, arguments, node) else None


def _fit(binder: Binder, arguments: list[Expression], node: exp.Expression) -> bool:
    wrong = [condition for condition in arguments[:-1:2] if coerce(condition, SqlType.BOOL) is None]
    for condition in wrong:
        binder.source.fault("a condition must be BOOL", condition.span, received=condition.type.value,
                            next_step=condition_step(condition.type))  # fmt: skip
    values = [*arguments[1:-1:2], arguments[-1]]
    if wrong or any(all(coerce(value, type_) is not None for value in values) for type_ in SqlType):
        return not wrong
    received = ", ".join(dict.fromkeys(value.type.value for value in values))
    binder.source.fault("the results are of different types", node, expected="one type", received=received,
                        next_step="write an explicit CAST, or put text in quotes")  # fmt: skip
    return False
