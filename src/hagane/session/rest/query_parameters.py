"""`query_parameters`: what a request gives for `@name` and `?`, with its types."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hagane.errors import DataError, Fault
from hagane.session.rest.field_type import FieldType
from hagane.session.variable import Variable


def query_parameters(given: Sequence[Mapping[str, Any]]) -> dict[str, Variable] | list[Variable]:
    """By name, or in their order where they have none. Raises DataError that names every one that cannot be read.

    >>> query_parameters([{"name": "n", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "3"}}])
    {'n': Variable(type='INT64', value=3)}
    """
    found: list[tuple[str, Variable]] = []
    faults: list[Fault] = []
    for number, parameter in enumerate(given, 1):
        name = str(parameter.get("name") or "")
        kind = parameter.get("parameterType") or {}
        try:
            parsed = _type(kind)
            value = _value(parsed, parameter.get("parameterValue") or {})
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, DataError):
            what = f"the value of the parameter {name or number} cannot be read"
            received = str((parameter.get("parameterValue") or {}).get("value"))
            faults.append(Fault(what=what, expected=str(kind.get("type", "a type")), received=received))
        else:
            found.append((name, Variable(parsed.sql, value)))
    if faults:
        raise DataError(*faults)
    if all(name for name, _ in found):
        return dict(found)
    return [variable for _, variable in found]


def _type(kind: Mapping[str, Any]) -> FieldType:
    """Of a `QueryParameterType`."""
    name = str(kind["type"]).upper()
    if name == "ARRAY":
        element = _type(kind["arrayType"])
        return FieldType(element.name, element.fields, True, element.precision)
    if name == "STRUCT":
        return FieldType("STRUCT", tuple((str(each["name"]), _type(each["type"])) for each in kind["structTypes"]))
    return FieldType.parse(name)


def _value(kind: FieldType, given: Mapping[str, Any]) -> Any:
    """Of a `QueryParameterValue`, as Arrow would give it."""
    if kind.is_array:
        if "arrayValues" not in given and given.get("value") is None:
            return []
        return [_value(kind.element, each) for each in given["arrayValues"]]
    if kind.fields:
        if "structValues" not in given:
            return None
        return {name: _value(inner, given["structValues"].get(name) or {}) for name, inner in kind.fields}
    text = given.get("value")
    return None if text is None else _READERS.get(kind.name, str)(text)


def _bool(text: Any) -> bool:
    known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    return known[str(text).lower()]


def _timestamp(text: Any) -> dt.datetime:
    """`2020-01-01 00:00:00+00:00`; UTC where no zone is said."""
    cleaned = str(text).strip().removesuffix("UTC").strip()
    found = dt.datetime.fromisoformat(cleaned)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _datetime(text: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(str(text)).replace(tzinfo=None)


_READERS: dict[str, Callable[[Any], Any]] = {
    "INT64": int,
    "FLOAT64": float,
    "BOOL": _bool,
    "NUMERIC": lambda text: decimal.Decimal(str(text)),
    "BIGNUMERIC": lambda text: decimal.Decimal(str(text)),
    "BYTES": lambda text: base64.b64decode(text, validate=True),
    "DATE": lambda text: dt.date.fromisoformat(str(text)),
    "DATETIME": _datetime,
    "TIME": lambda text: dt.time.fromisoformat(str(text)),
    "TIMESTAMP": _timestamp,
}
"""The others are text."""
