"""`parameters_of`: what a caller gives for `@name` and `?`, with the types of BigQuery's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from hagane.errors import DataError, Fault
from hagane.session.variable import Variable

Parameters: TypeAlias = Mapping[str, Any] | Sequence[Any] | None
"""Values by name (`@name`) or in their order (`?`): plain Python, or a `Variable` that says its type."""

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (str, "STRING"),
    (bytes, "BYTES"),
    (Decimal, "NUMERIC"),
    (dt.datetime, "DATETIME"),
    (dt.date, "DATE"),
    (dt.time, "TIME"),
)


def parameters_of(given: Parameters) -> dict[str, Variable]:
    """The parameters by name in lower case, positional ones by their number from 1, their types found out.

    Raises DataError for values of other types.

    >>> parameters_of({"Day": "x"}), parameters_of([3, [0.5]])["2"].type
    ({'day': Variable(type='STRING', value='x')}, 'ARRAY<FLOAT64>')
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        items = [(str(name).lower(), value) for name, value in given.items()]
    elif isinstance(given, Sequence) and not isinstance(given, str | bytes):
        items = [(str(number), value) for number, value in enumerate(given, 1)]
    else:
        expected = "a mapping of names to values, or a list of values"
        raise DataError(Fault(what="parameters are given so that none can be told", expected=expected))
    return {name: value if isinstance(value, Variable) else Variable(_type(name, value), _plain(value))
            for name, value in items}  # fmt: skip


def _type(name: str, value: Any) -> str:
    """BigQuery's type of a value of Python's (or numpy's)."""
    value = _plain(value)
    if value is None:
        return "INT64"
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return "TIMESTAMP"
    if isinstance(value, Mapping):
        return f"STRUCT<{', '.join(f'`{field}` {_type(name, each)}' for field, each in value.items())}>"
    if isinstance(value, list | tuple):
        elements = dict.fromkeys(_type(name, each) for each in value if each is not None) or {"INT64": None}
        if set(elements) == {"INT64", "FLOAT64"}:
            return "ARRAY<FLOAT64>"
        if len(elements) == 1:
            return f"ARRAY<{next(iter(elements))}>"
    for python_type, found in _TYPES:
        if isinstance(value, python_type):
            return found
    expected = "text, a number, a truth value, bytes, a date, a time, a list of one type, a mapping"
    what = f"the value of the parameter {name} has no type of SQL"
    raise DataError(Fault(what=what, expected=expected, received=type(value).__name__))


def _plain(value: Any) -> Any:
    """numpy's scalars and arrays, and pandas' times, as Python's."""
    if type(value).__module__.split(".")[0] == "numpy":
        return value.tolist()
    return value
