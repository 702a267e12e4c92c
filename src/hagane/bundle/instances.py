"""Rows as JSON has them become columns of the signature's types; whatever does not fit is named, all at once."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.bundle.signature import Signature
from hagane.bundle.values import CONVERTERS, Refusal, is_unicode
from hagane.errors import Fault, RequestError, nearest
from hagane.runtime.layout import ColumnData
from hagane.types import SqlType

MAX_FAULTS = 100
"""How many faults are told; how many more there are is said."""

_NONE = type(None)
_FAST_TYPES: dict[SqlType, frozenset[type]] = {
    SqlType.BOOL: frozenset({bool}),
    SqlType.INT64: frozenset({int}),
    SqlType.FLOAT64: frozenset({float, int, _NONE}),
    SqlType.STRING: frozenset({str}),
}
"""Where the values of a column are of these Python types alone, numpy may take them without a look at each."""


class InstanceDecoder:
    """Reads instances: objects by column name, or lists in the signature's order.

    A column that an object does not name is NULL. A name that the signature does not know is a fault, unless `extra` is
    "ignore". `numeric_strings` takes numbers in quotes as numbers. `hagane.bundle.values` has the rules of each type.

    >>> from hagane.bundle.signature import Input
    >>> signature = Signature(inputs=(Input(name="age", type=SqlType.INT64),), task="regression", label="income",
    ...                       label_type=SqlType.FLOAT64, model_type="linear_reg")
    >>> InstanceDecoder(signature).decode([{"age": 3}, [4.0], {}])["age"].data.tolist()
    [3, 4, 0]
    >>> InstanceDecoder(signature).decode([{"agee": 3}])
    Traceback (most recent call last):
    hagane.errors.RequestError: 'agee' is not a column of the model
      where: instances[0].agee
      did you mean: age
      next: correct the name, or leave the field out
    """

    def __init__(
        self, signature: Signature, *, extra: Literal["refuse", "ignore"] = "refuse", numeric_strings: bool = False
    ) -> None:
        self._columns = tuple((column.name, column.type) for column in signature.inputs)
        self._names = frozenset(signature.names)
        self._order = signature.names
        self._refuse_extra = extra == "refuse"
        self._numeric_strings = numeric_strings

    def decode(self, instances: object) -> dict[str, ColumnData]:
        """The columns of these rows. Raises RequestError with every fault of every row."""
        if not isinstance(instances, list | tuple):
            raise RequestError(
                Fault(
                    what="instances is not a list",
                    where="instances",
                    expected="a list of rows",
                    received=describe(instances),
                )
            )
        faults = _Faults(self._order)
        rows = self._objects(instances, faults)
        columns = {name: self._column(index, [row.get(name) for row in rows], faults)
                   for index, (name, _) in enumerate(self._columns)}  # fmt: skip
        faults.raise_any()
        return columns

    def _objects(self, instances: Sequence[Any], faults: _Faults) -> Sequence[dict[str, Any]]:
        """Every row as a dict; a row that is none, or that has unknown fields, is a fault."""
        names = self._names
        if all(type(row) is dict and row.keys() <= names for row in instances):
            return instances
        return [self._object(index, row, faults) for index, row in enumerate(instances)]

    def _object(self, index: int, row: object, faults: _Faults) -> dict[str, Any]:
        if isinstance(row, dict):
            if self._refuse_extra:
                for name in row.keys() - self._names:
                    faults.add(index, len(self._order), _UnknownField(name))
            return row
        if not isinstance(row, list | tuple):
            faults.add(index, -1, _BadRow(describe(row), "an object by column name, or a list of values in order"))
            return {}
        if len(row) != len(self._order):
            faults.add(index, -1, _BadRow(f"{len(row)} values", f"{len(self._order)} values: {_some(self._order)}"))
            return {}
        return dict(zip(self._order, row, strict=True))

    def _column(self, index: int, values: list[Any], faults: _Faults) -> ColumnData:
        sql_type = self._columns[index][1]
        if set(map(type, values)) <= _FAST_TYPES.get(sql_type, frozenset()):
            column = _fast_column(sql_type, values)
            if column is not None:
                return column
        return self._slow_column(index, values, faults)

    def _slow_column(self, index: int, values: list[Any], faults: _Faults) -> ColumnData:
        """Value by value, NULLs and refusals included."""
        sql_type = self._columns[index][1]
        convert, numeric_strings = CONVERTERS[sql_type], self._numeric_strings
        converted: list[Any] = []
        for row, value in enumerate(values):
            result = convert(value, numeric_strings)
            if isinstance(result, Refusal):
                faults.add(row, index, _BadValue(value, result))
                result = None
            converted.append(result)
        return _from_nullable(sql_type, converted)


def _fast_column(sql_type: SqlType, values: list[Any]) -> ColumnData | None:
    """The column in one call of numpy; None where a value is out of range or is no Unicode."""
    if sql_type is SqlType.STRING:
        return ColumnData(_strings(values)) if is_unicode("".join(values)) else None
    try:
        return ColumnData(np.array(values, np.float64 if sql_type is SqlType.FLOAT64 else np.int64))
    except OverflowError:
        return None


def _from_nullable(sql_type: SqlType, values: list[Any]) -> ColumnData:
    if sql_type is SqlType.FLOAT64:
        return ColumnData(np.array(values, np.float64))
    valid = np.array([value is not None for value in values], np.bool_)
    if sql_type is SqlType.STRING:
        return ColumnData(_strings(["" if value is None else value for value in values]), valid)
    return ColumnData(np.array([0 if value is None else value for value in values], np.int64), valid)


def _strings(values: list[str]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


class _BadValue(NamedTuple):
    value: object
    refusal: Refusal


class _UnknownField(NamedTuple):
    name: object


class _BadRow(NamedTuple):
    received: str
    expected: str


class _Faults:
    """Collects what is wrong cheaply, however many; tells the first `MAX_FAULTS` in the order of rows and columns."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._found: list[tuple[int, int, int, _BadValue | _UnknownField | _BadRow]] = []

    def add(self, row: int, column: int, found: _BadValue | _UnknownField | _BadRow) -> None:
        self._found.append((row, column, len(self._found), found))

    def raise_any(self) -> None:
        if not self._found:
            return
        told = [self._fault(row, column, found) for row, column, _, found in heapq.nsmallest(MAX_FAULTS, self._found)]
        more = len(self._found) - len(told)
        if more:
            told.append(Fault(what=f"and {more} more faults", where="instances", next_step="correct these first"))
        raise RequestError(*told)

    def _fault(self, row: int, column: int, found: _BadValue | _UnknownField | _BadRow) -> Fault:
        where = f"instances[{row}]"
        if isinstance(found, _BadRow):
            return Fault(what="not a row", where=where, expected=found.expected, received=found.received)
        if isinstance(found, _UnknownField):
            return self._unknown(where, found.name)
        name = self._names[column]
        return Fault(
            what=f"{name} is not {_article(found.refusal)}",
            where=path_to(where, name),
            expected=found.refusal.expected,
            received=describe(found.value),
            next_step=found.refusal.next_step,
        )

    def _unknown(self, where: str, name: object) -> Fault:
        near = nearest(str(name)[:100], self._names)
        return Fault(
            what=f"{_quoted(name)} is not a column of the model",
            where=path_to(where, name),
            nearest=near,
            expected="" if near else _some(self._names),
            next_step="correct the name, or leave the field out",
        )


def describe(value: object) -> str:
    """A received value, short enough to print, and what kind of thing it is.

    >>> describe("forty"), describe(3.5), describe([1, 2]), describe(None)
    ("'forty' (a string)", '3.5 (a number)', 'a list of 2 values', 'null')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"{str(value).lower()} (a bool)"
    if isinstance(value, str):
        return f"{_quoted(value)} (a string)"
    if isinstance(value, int):
        return (
            f"{value} (a number)"
            if value.bit_length() < 256
            else f"a number of about {value.bit_length() * 0.301:.0f} digits"
        )
    if isinstance(value, float):
        return f"{value!r} (a number)"
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)} values"
    return f"a {type(value).__name__}"


def path_to(where: str, name: object) -> str:
    """`instances[3].age`, or `instances[3]['my column']` where the name is no plain word."""
    return (
        f"{where}.{name}"
        if isinstance(name, str) and name.isidentifier() and len(name) <= 100
        else f"{where}[{_quoted(name)}]"
    )


def _quoted(name: object) -> str:
    text = str(name)
    return (
        ascii(text[:60]) + f"… ({len(text)} characters)"
        if len(text) > 60
        else (repr(text) if text.isprintable() else ascii(text))
    )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:20])
    return shown if len(names) <= 20 else f"{shown}, … ({len(names)} columns)"


def _article(refusal: Refusal) -> str:
    sql_type = refusal.expected.partition(":")[0]
    return f"{'an' if sql_type[0] in 'AEIOU' else 'a'} {sql_type}"
