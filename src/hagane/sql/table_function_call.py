"""`TableFunctionCall`: a call of a function over models or data as it stands in FROM, with its arguments as written."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp


class ModelArgument(exp.Expression):  # type: ignore[misc]
    """`MODEL dataset.model`: `name` is the path without backquotes."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class TableArgument(exp.Expression):  # type: ignore[misc]
    """`TABLE dataset.table`: `this` is the `exp.Table`."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class NamedArgument(exp.Expression):  # type: ignore[misc]
    """`name => value`: `name` is in lower case, `expression` whatever an argument may be."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True}


class TableFunctionCall(exp.Expression, exp.Func):  # type: ignore[misc]
    """`ML.PREDICT(MODEL m, (SELECT …), STRUCT(0.7 AS threshold))`.

    `name` is `ML.PREDICT`; each of `expressions` a `ModelArgument`, a `TableArgument`, an `exp.Subquery` (of a query),
    a `NamedArgument`, or any other expression. It stands as `this` of an `exp.Table`, which has alias, joins, pivots.

    >>> from hagane.sql.parse_script import parse_script
    >>> statement, = parse_script("SELECT * FROM ml.weights(MODEL `d.m`) AS w")
    >>> call = statement.query.find(TableFunctionCall)
    >>> call.name, call.expressions[0].name, call.parent.alias, argument_span(call)
    ('ML.WEIGHTS', 'd.m', 'w', (14, 37))
    """

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}
    _sql_names: ClassVar[list[str]] = ["TABLE_FUNCTION_CALL"]


def argument_span(node: exp.Expression) -> tuple[int, int]:
    """Where a call, or one of its arguments, stands in the script: its first character, and one past its last.

    (0, 0) of a node that no parser made.
    """
    meta: dict[str, Any] = node.meta
    return meta.get("start", 0), meta.get("end", -1) + 1
