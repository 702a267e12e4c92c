"""CAST, SAFE_CAST, and the literals DATE '…' and TIMESTAMP '…'."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.sql.cast_patterns import NOT_A_NUMBER
from hagane.sql.coerce import coerce, literal_as
from hagane.sql.dialects import spelled_out
from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.fold import fold
from hagane.sql.functions import FUNCTIONS
from hagane.sql.refusals import CAST_REASONS, TYPE_REASONS
from hagane.sql.source import WAY_OUT
from hagane.sql.syntax import SQL_TYPES
from hagane.types import SCALAR_TYPES, SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

_NO_SUCH_CAST = "BigQuery has no CAST from {} to {}"
_EXAMPLES = {SqlType.DATE: "like '2013-01-31'", SqlType.TIMESTAMP: "like '2013-01-31 23:59:00'"}


def bind_cast(binder: Binder, node: exp.Cast, *, safe: bool) -> Expression | None:
    """The cast that `node` is (constants are cast at once), or None after noting its faults."""
    argument = binder.bind(node.this)
    is_plain = isinstance(node.to, exp.DataType) and not node.to.expressions
    target = SQL_TYPES.get(node.to.this) if is_plain else None
    if node.args.get("format") is not None:
        binder.source.fault("CAST with a FORMAT cannot be compiled", node.args["format"],
                            next_step="use FORMAT_DATE, FORMAT_TIMESTAMP, PARSE_DATE or PARSE_TIMESTAMP")  # fmt: skip
        return None
    if target is None:
        name = spelled_out(node.to)
        what, next_step = TYPE_REASONS.get(name, (f"there is no type {name}", WAY_OUT))
        binder.source.fault(what, node, expected=", ".join(type_.value for type_ in SCALAR_TYPES), next_step=next_step)
    if argument is None or target is None:
        return None
    return argument if argument.type is target else _cast(binder, argument, target, node, safe)


def _cast(binder: Binder, argument: Expression, target: SqlType, node: exp.Cast, safe: bool) -> Expression | None:
    span = binder.source.span(node)
    if (literal := literal_as(argument, target)) is not None:
        return Literal(literal.value, target, span=span)
    if isinstance(argument, Literal) and not _is_word(argument, target):
        return _no_value(binder, argument, target, node, safe)
    if any(
        overload.first == (argument.type,) and overload.result is target for overload in FUNCTIONS["CAST"].overloads
    ):
        return fold(Call("CAST", (argument,), target, (safe,), span=span))
    what, next_step = CAST_REASONS.get((argument.type, target), (_NO_SUCH_CAST, WAY_OUT))
    binder.source.fault(what.format(argument.type.value, target.value), node, next_step=next_step)
    return None


def _is_word(literal: Literal, target: SqlType) -> bool:
    """Whether a constant is left to the graph: NaN, of which there is no constant, and what is no text."""
    is_text = literal.type is SqlType.STRING and isinstance(literal.value, str)
    return not is_text or (target is SqlType.FLOAT64 and bool(re.fullmatch(NOT_A_NUMBER, str(literal.value))))


def _no_value(binder: Binder, literal: Literal, target: SqlType, node: exp.Cast, safe: bool) -> Expression | None:
    """NULL for SAFE_CAST of a constant that says no value; a fault for CAST."""
    if safe:
        return Literal(None, target, span=binder.source.span(node))
    binder.source.fault(f"{literal.value!r} is no {target.value}", node, expected=_EXAMPLES.get(target, ""))
    return None


def bind_moment(binder: Binder, node: exp.Expression, type_: SqlType) -> Expression | None:
    """`DATE('…')` or `TIMESTAMP('…')` of a constant, or None after noting its faults."""
    if len(list(node.iter_expressions())) != 1 or not isinstance(node.this, exp.Literal):
        return binder.refuse(node)
    argument = binder.bind(node.this)
    moment = coerce(argument, type_) if argument is not None else None
    if argument is not None and moment is None:
        binder.source.fault(f"this is no {type_.value}", node, expected=_EXAMPLES[type_])
    return moment
