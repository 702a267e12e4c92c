"""`call_options`: what STRUCT(…) or `name => value` say to a function, as its `Options`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlglot import exp

from hagane.errors import Fault, SqlError, nearest
from hagane.session.table_function import TableFunction
from hagane.sql.table_function_call import argument_span


def call_options(function: TableFunction, given: Mapping[str, tuple[Any, exp.Expression]], sql: str) -> msgspec.Struct:
    """The options over their defaults. Raises SqlError with all that are unknown or of a wrong type, underlined."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(function.Options)}
    faults = []
    values: dict[str, Any] = {}
    for name, (value, clause) in given.items():
        if name not in fields:
            faults.append(_unknown(function, name, clause, sql, list(fields)))
            continue
        try:
            values[name] = msgspec.convert(_plain(value), fields[name].type)
        except msgspec.ValidationError as error:
            faults.append(_fault(f"the option {name} of {function.name} cannot be {value!r}", clause, sql, str(error)))
    if faults:
        raise SqlError(*faults)
    try:
        return msgspec.convert(values, function.Options)
    except msgspec.ValidationError as error:
        raise SqlError(Fault(what=f"{function.name}: {error}", sql=sql)) from None


def _plain(value: Any) -> Any:
    """Exact decimals as numbers: a literal like 0.7 may be one."""
    from decimal import Decimal

    return float(value) if isinstance(value, Decimal) else value


def _unknown(function: TableFunction, name: str, clause: exp.Expression, sql: str, known: list[str]) -> Fault:
    fault = _fault(f"{function.name} has no option '{name}'", clause, sql, "")
    expected = "one of " + ", ".join(known) if known else "no options"
    return msgspec.structs.replace(fault, expected=expected, nearest=nearest(name, known))


def _fault(what: str, clause: exp.Expression, sql: str, expected: str) -> Fault:
    start, end = _span(clause, sql)
    return Fault(what=what, sql=sql, start=start, end=end, expected=expected)


def _span(clause: exp.Expression, sql: str) -> tuple[int, int]:
    """Where the option's name stands: within the STRUCT, whose place is known."""
    start, end = argument_span(clause)
    if end:
        return start, end
    outer = clause.parent
    start, end = argument_span(outer) if outer is not None else (0, 0)
    name = clause.alias_or_name or clause.this.name
    found = re.search(rf"\b{re.escape(name)}\b", sql[start:end], re.IGNORECASE)
    return (start + found.start(), start + found.end()) if found else (start, end)
