"""`literal`: a typed value as an expression of BigQuery's dialect."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlglot import exp

from hagane.errors import DataError, Fault
from hagane.session.variable import Variable

_CAST_FROM_TEXT = ("DATE", "DATETIME", "TIMESTAMP", "TIME", "NUMERIC", "BIGNUMERIC", "INTERVAL")


def literal(variable: Variable) -> exp.Expression:
    """An expression that has the variable's value and type. Raises DataError for a value that is none of the type.

    >>> literal(Variable("ARRAY<INT64>", [1, None])).sql("bigquery")
    'ARRAY<INT64>[1, CAST(NULL AS INT64)]'
    """
    type_ = exp.DataType.build(variable.type, dialect="bigquery")
    return _literal(type_, variable.value)


def _literal(type_: exp.DataType, value: Any) -> exp.Expression:
    if value is None:
        return exp.Cast(this=exp.Null(), to=type_.copy())
    name = type_.this.value
    if name == "ARRAY":
        elements = [_literal(type_.expressions[0], element) for element in _sequence(value, type_)]
        return exp.Cast(this=exp.Array(expressions=elements), to=type_.copy())
    if name == "STRUCT":
        return _struct(type_, value)
    text = type_.sql("bigquery").upper()
    return _scalar(text.partition("(")[0], type_, value)


def _struct(type_: exp.DataType, value: Any) -> exp.Expression:
    values = list(value.values()) if isinstance(value, dict) else list(_sequence(value, type_))
    if len(values) != len(type_.expressions):
        raise _wrong(type_, value)
    fields = []
    for field, each in zip(type_.expressions, values, strict=True):
        if isinstance(field, exp.ColumnDef):
            fields.append(exp.PropertyEQ(this=field.this.copy(), expression=_literal(field.kind, each)))
        else:
            fields.append(_literal(field, each))
    return exp.Struct(expressions=fields)


def _scalar(name: str, type_: exp.DataType, value: Any) -> exp.Expression:
    try:
        if name in _CAST_FROM_TEXT:
            return exp.Cast(this=exp.Literal.string(_text(value)), to=type_.copy())
        make = _SCALARS.get(name)
        if make is not None:
            return make(value)
    except (ValueError, TypeError):
        raise _wrong(type_, value) from None
    return exp.Cast(this=exp.Literal.string(str(value)), to=type_.copy())


def _int(value: Any) -> exp.Expression:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError(value)
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(value)
    cast = exp.Cast(this=exp.Literal.string(str(number)), to=exp.DataType.build("INT64", dialect="bigquery"))
    return _number(str(number)) if number > -(2**63) else cast


def _float(value: Any) -> exp.Expression:
    number = float(value)
    text = repr(number) if math.isfinite(number) else str(number)
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build("FLOAT64", dialect="bigquery"))


def _number(text: str) -> exp.Expression:
    return exp.Neg(this=exp.Literal.number(text[1:])) if text.startswith("-") else exp.Literal.number(text)


def _bool(value: Any) -> exp.Expression:
    if isinstance(value, str):
        value = {"true": True, "false": False}[value.lower()] if value.lower() in ("true", "false") else None
    if not isinstance(value, bool):
        raise ValueError(value)
    return exp.Boolean(this=value)


def _string(value: Any) -> exp.Expression:
    if not isinstance(value, str):
        raise TypeError(value)
    return exp.Literal.string(value)


def _bytes(value: Any) -> exp.Expression:
    held = base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(value)
    return exp.Anonymous(this="FROM_HEX", expressions=[exp.Literal.string(held.hex())])


def _json(value: Any) -> exp.Expression:
    import json

    text = value if isinstance(value, str) else json.dumps(value)
    return exp.Anonymous(this="PARSE_JSON", expressions=[exp.Literal.string(text)])


_SCALARS: dict[str, Callable[[Any], exp.Expression]] = {
    "INT64": _int,
    "FLOAT64": _float,
    "BOOL": _bool,
    "STRING": _string,
    "BYTES": _bytes,
    "JSON": _json,
}


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    raise TypeError(value)


def _sequence(value: Any, type_: exp.DataType) -> Any:
    if isinstance(value, str | bytes | dict) or not hasattr(value, "__iter__"):
        raise _wrong(type_, value)
    return value


def _wrong(type_: exp.DataType, value: Any) -> DataError:
    return DataError(
        Fault(what="the value is none of its type", expected=type_.sql("bigquery"), received=repr(value)[:200])
    )
