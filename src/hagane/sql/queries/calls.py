"""Calls of functions: which function is meant, which of its signatures, and who writes it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert
from hagane.sql.queries.functions import MODULES
from hagane.sql.queries.functions.refused import REASONS
from hagane.sql.queries.overload import Overload, matched, overload
from hagane.sql.queries.query_type import NULL, STRING, UNKNOWN, QueryType
from hagane.sql.queries.rewriter import Rewriter, as_json
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

Write = Callable[[Call], Value]
PLAIN = {"SUBSTR": 1, "SUBSTRING": 1, "LEFT": 0, "RIGHT": 0}
"""Functions that cut texts, and the least that their first number may be."""
_PYTHON = re.compile(r"\b(hagane_\w+)\(")
_FAIL = re.compile(r"\{fail\|([^}]*)\}")


@cache
def functions() -> dict[str, Any]:
    """Every function: the lines of its signatures, or what writes it."""
    found: dict[str, Any] = {}
    for name in MODULES:
        found |= importlib.import_module(name).FUNCTIONS
    return found


def function_names() -> list[str]:
    """The names that a query may call."""
    return sorted(functions())


def write_call(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """A call, whatever sqlglot made of it."""
    call = read_call(rewriter, node, scope)
    if call is None:
        return rewriter.refuse("a function stands before OVER", node)
    held = functions().get(call.name)
    if held is None:
        return _unknown(call)
    if callable(held):
        rewriter.safe = call.safe
        return _checked(held, call)
    plain = PLAIN.get(call.name)
    if plain is not None and (found := _plain(call, plain)) is not None:
        return found
    if call.over is not None or call.order or call.distinct:
        return call.refuse(f"{call.name} is no aggregate", next_step="remove OVER, DISTINCT and ORDER BY")
    return _overloaded(call, [overload(line) for line in held])


def _checked(write: Write, call: Call) -> Value:
    try:
        return write(call)
    except IndexError:
        return call.refuse(f"{call.name} lacks an argument", received=str(len(call.arguments)))


def _plain(call: Call, least: int) -> Value | None:
    """A text cut by constants that cannot be wrong, without a guard; None where it is another call."""
    if call.over is not None or not 2 <= len(call.arguments) <= 3:
        return None
    values = call.values()
    if values[0].type != STRING or any(
        not isinstance(value.constant, int) or isinstance(value.constant, bool) for value in values[1:]
    ):
        return None
    counts = [value.constant for value in values[1:]]
    if counts[0] < least or min(counts) < 0 or max(counts) > 1_000_000_000:
        return None
    word = {"SUBSTR": "substring"}.get(call.name, call.name.lower())
    return Value(f"{word}({values[0].sql}, {', '.join(map(str, counts))})", STRING)


def read_call(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Call | None:
    """The parts of a call."""
    over, safe, prefix, inner = None, False, "", node
    nulls = ""
    if isinstance(inner, exp.Window):
        over, inner = inner, inner.this
    if isinstance(inner, exp.IgnoreNulls | exp.RespectNulls):
        nulls, inner = "IGNORE" if isinstance(inner, exp.IgnoreNulls) else "RESPECT", inner.this
    if isinstance(inner, exp.SafeFunc):
        safe, inner = True, inner.this
    if isinstance(inner, exp.NetFunc):
        prefix, inner = "NET.", inner.this
    while isinstance(inner, exp.Dot) and isinstance(inner.expression, exp.Func | exp.Dot):
        word = inner.this.name.upper()
        safe, prefix = safe or word == "SAFE", prefix if word == "SAFE" else f"{prefix}{word}."
        inner = inner.expression
    if isinstance(inner, exp.GroupConcat):
        separator = inner.args.get("separator")
        name, arguments = "STRING_AGG", [inner.this, *([separator] if separator is not None else [])]
    elif isinstance(inner, exp.Extract):
        name, arguments = "EXTRACT", [inner.this, inner.expression]
    elif isinstance(inner, exp.Anonymous):
        name, arguments = prefix + str(inner.this).upper(), list(inner.expressions)
    elif isinstance(inner, exp.CurrentDate | exp.CurrentTimestamp | exp.CurrentDatetime | exp.CurrentTime):
        return None
    else:
        return None
    call = Call(rewriter, name, node, arguments, scope, over=over, safe=safe, nulls=nulls)
    for place in range(len(call.arguments)):
        _strip(call, place)
    return call


def _strip(call: Call, place: int) -> None:
    """Take DISTINCT, ORDER BY, LIMIT, IGNORE NULLS and HAVING from around an argument."""
    node = call.arguments[place]
    while True:
        match node:
            case exp.Limit():
                call.limit, node = node.expression, node.this
            case exp.Order():
                call.order, node = tuple(node.expressions), node.this
            case exp.IgnoreNulls():
                call.nulls, node = "IGNORE", node.this
            case exp.RespectNulls():
                call.nulls, node = "RESPECT", node.this
            case exp.HavingMax():
                call.having, node = node, node.this
            case exp.Distinct():
                call.distinct = True
                call.arguments[place : place + 1] = node.expressions
                if place < len(call.arguments):
                    _strip(call, place)
                return
            case _:
                call.arguments[place] = node
                return


def _unknown(call: Call) -> Value:
    if call.name in REASONS or call.name.split(".")[0] + ".*" in REASONS:
        what, step = REASONS.get(call.name) or REASONS[call.name.split(".")[0] + ".*"]
        return call.refuse(what, next_step=step)
    return call.refuse(f"there is no function {call.name}", nearest=nearest(call.name, function_names()) or "")


def _overloaded(call: Call, signatures: list[Overload]) -> Value:
    values = call.values()
    if any(value.type == UNKNOWN for value in values):
        return Value("NULL", UNKNOWN)
    found = [
        (distance[0], place, distance[1]) for place, one in enumerate(signatures) if (distance := matched(one, values))
    ]
    if not found:
        return _mismatch(call, signatures, values)
    _, place, letters = min(found, key=lambda item: item[:2])
    signature = signatures[place]
    wanted = [_resolved(type_, letters) for type_ in signature.takes]
    converted = [
        value if type_.kind == "ANY" else convert(call.rewriter, value, type_)
        for value, type_ in zip(values, wanted, strict=True)
    ]
    gives = _resolved(signature.gives, letters)
    sql = written(call, signature.sql, converted)
    return Value(as_json(sql, gives) if "hagane_" in signature.sql else sql, gives)


def written(call: Call, template: str, values: list[Value]) -> str:
    """A template over values, as it stands or behind `SAFE.`."""
    rewriter = call.rewriter
    rewriter.safe = call.safe
    uses_python = set(_PYTHON.findall(template))
    for name in uses_python:
        safe = f"{name}_safe" if call.safe and not name.endswith("_safe") else name
        rewriter.functions.add(safe)
        template = template.replace(f"{name}(", f"{safe}(")
    others = [place for place, value in enumerate(values) if not value.is_constant or value.constant is None]
    if _FAIL.search(template) and len(values) > 1 and others:  # NULL is no error, whatever stands beside it
        template = f"CASE WHEN {' OR '.join(f'{{{place}}} IS NULL' for place in others)} THEN NULL ELSE {template} END"
    template = _FAIL.sub(lambda found: rewriter.fail(found[1]), template)
    if template.startswith("TRY("):
        return rewriter.bind_all(values, template.format)
    if call.safe and not uses_python:
        return rewriter.bind_all(values, lambda *names: f"TRY({template.format(*names)})")
    repeated = [template.count(f"{{{place}}}") > 1 for place in range(len(values))]
    if not any(twice and not value.repeatable for twice, value in zip(repeated, values, strict=True)):
        return template.format(*(value.sql for value in values))
    return rewriter.bind(values, template.format)


def _resolved(type_: QueryType, letters: dict[str, QueryType]) -> QueryType:
    if type_.kind == "ARRAY" and type_.element is not None:
        return QueryType("ARRAY", element=_resolved(type_.element, letters))
    if len(type_.kind) == 1:
        found = letters.get(type_.kind, NULL)
        return QueryType("INT64") if found == NULL else found
    return type_


def _mismatch(call: Call, signatures: list[Overload], values: list[Value]) -> Value:
    expected = " or ".join(dict.fromkeys(f"{call.name}({', '.join(map(str, one.takes))})" for one in signatures))
    received = f"{call.name}({', '.join(str(value.type) for value in values)})"
    return call.refuse(f"{call.name} takes other arguments", expected=expected, received=received)
