"""What must hold between the values of a data schema, whatever wrote it: YAML, Python or inference."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator

from hagane.errors import Fault, SpecError
from hagane.spec.data_schema import ColumnSchema, DataSchema, Value
from hagane.types import SqlType

BOUNDED = (SqlType.INT64, SqlType.FLOAT64, SqlType.DATE, SqlType.TIMESTAMP)
LISTED = (SqlType.STRING, SqlType.INT64, SqlType.BOOL)
APPLIES: dict[str, tuple[SqlType, ...]] = {
    "domain": LISTED,
    "max_unseen_fraction": LISTED,
    "min": BOUNDED,
    "max": BOUNDED,
    "finite": (SqlType.FLOAT64,),
    "min_length": (SqlType.STRING,),
    "max_length": (SqlType.STRING,),
    "unique": (*LISTED, *BOUNDED),
}
"""Rule → the types that it is for; the others are for all."""
_INT64 = range(-(2**63), 2**63)


def check_data_schema(schema: DataSchema) -> None:
    """Raise SpecError with every fault of a schema that can be seen without data.

    >>> check_data_schema(DataSchema(columns={"age": ColumnSchema(type=SqlType.INT64, min=3, max=1)}))
    Traceback (most recent call last):
    hagane.errors.SpecError: 'age' can hold no value: min is greater than max
      where: columns.age.min
      expected: min <= max
      received: 3 > 1
    """
    if faults := data_schema_faults(schema):
        raise SpecError(*faults)


def data_schema_faults(schema: DataSchema) -> list[Fault]:
    """Every fault that `check_data_schema` would raise, as a list; `where` is a path such as `columns.age.min`."""
    faults = [fault for name, column in schema.columns.items() for fault in _column(name, column)]
    if schema.min_rows < 0:
        faults.append(_out_of_range("min_rows", "0 or more", schema.min_rows))
    faults += [
        Fault(what=f"the rule '{name}' has no condition", where=f"rules.{name}", expected="a SQL condition")
        for name, sql in schema.rules.items()
        if not sql.strip()
    ]
    return faults


def parse_moment(text: str) -> datetime.datetime | None:
    """The moment (UTC) that ISO 8601 text names, midnight for a date alone; None for any other text.

    >>> parse_moment("2013-01-31"), parse_moment("31.1.2013")
    (datetime.datetime(2013, 1, 31, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
        return moment.replace(tzinfo=datetime.UTC) if moment.tzinfo is None else moment.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


def _column(name: str, column: ColumnSchema) -> Iterator[Fault]:
    yield from _misplaced(name, column)
    for key in ("min_present_fraction", "max_unseen_fraction"):
        if not 0 <= getattr(column, key) <= 1:
            yield _out_of_range(f"columns.{name}.{key}", "from 0 to 1", getattr(column, key))
    if column.domain is not None:
        yield from _domain(name, column)
    yield from _bounds(name, column)
    yield from _lengths(name, column)


def _misplaced(name: str, column: ColumnSchema) -> Iterator[Fault]:
    for key, types in APPLIES.items():
        if getattr(column, key) not in (None, False, 0) and column.type not in types:
            yield Fault(
                what=f"'{key}' is no rule for {column.type.value}",
                where=f"columns.{name}.{key}",
                expected="a column of type " + ", ".join(type_.value for type_ in types),
                next_step="remove it, or write a condition under 'rules'",
            )
    if column.max_unseen_fraction and column.domain is None:
        yield Fault(
            what=f"'{name}' has no domain outside of which values could lie",
            where=f"columns.{name}.max_unseen_fraction",
            next_step="add 'domain', or remove this",
        )


def _domain(name: str, column: ColumnSchema) -> Iterator[Fault]:
    assert column.domain is not None
    if not column.domain:
        yield Fault(
            what=f"the domain of '{name}' is empty",
            where=f"columns.{name}.domain",
            next_step="list values, or remove it",
        )
    for index, value in enumerate(column.domain):
        if column.type in LISTED and not _fits(value, column.type):
            yield _wrong_value(f"columns.{name}.domain[{index}]", column.type, value)


def _bounds(name: str, column: ColumnSchema) -> Iterator[Fault]:
    ends = {key: value for key in ("min", "max") if (value := getattr(column, key)) is not None}
    if column.type not in BOUNDED:
        return
    wrong = {key: value for key, value in ends.items() if not _fits(value, column.type)}
    for key, value in wrong.items():
        yield _wrong_value(f"columns.{name}.{key}", column.type, value)
    if len(ends) == 2 and not wrong and _number(ends["min"]) > _number(ends["max"]):
        yield Fault(
            what=f"'{name}' can hold no value: min is greater than max",
            where=f"columns.{name}.min",
            expected="min <= max",
            received=f"{ends['min']} > {ends['max']}",
        )


def _lengths(name: str, column: ColumnSchema) -> Iterator[Fault]:
    least, most = column.min_length, column.max_length
    for key, value in (("min_length", least), ("max_length", most)):
        if value is not None and value < 0:
            yield _out_of_range(f"columns.{name}.{key}", "0 or more", value)
    if least is not None and most is not None and least > most:
        yield Fault(
            what=f"'{name}' can hold no value: min_length is greater than max_length",
            where=f"columns.{name}.min_length",
            expected="min_length <= max_length",
            received=f"{least} > {most}",
        )


_FITS: dict[SqlType, Callable[[Value], bool]] = {
    SqlType.STRING: lambda value: isinstance(value, str),
    SqlType.BOOL: lambda value: isinstance(value, bool),
    SqlType.INT64: lambda value: (
        not isinstance(value, bool | str) and value == int(value) and int(value) in _INT64
        if not isinstance(value, float) or math.isfinite(value)
        else False
    ),
    SqlType.FLOAT64: lambda value: not isinstance(value, bool | str) and math.isfinite(value),
    SqlType.DATE: lambda value: isinstance(value, str) and len(value) == 10 and parse_moment(value) is not None,
    SqlType.TIMESTAMP: lambda value: isinstance(value, str) and parse_moment(value) is not None,
}


def _fits(value: Value, type_: SqlType) -> bool:
    """Whether the value is one of the type's."""
    return _FITS[type_](value)


def _number(value: Value) -> float:
    """A number that orders the values of a type; for a moment the seconds since 1970."""
    moment = parse_moment(value) if isinstance(value, str) else None
    return moment.timestamp() if moment is not None else float(value)


def _wrong_value(where: str, type_: SqlType, value: Value) -> Fault:
    expected = {
        SqlType.STRING: "a text",
        SqlType.BOOL: "true or false",
        SqlType.INT64: "a whole number of 64 bits",
        SqlType.FLOAT64: "a finite number",
        SqlType.DATE: "a date such as 2013-01-31",
        SqlType.TIMESTAMP: "a moment such as 2013-01-31 or 2013-01-31T18:30:00Z",
    }[type_]
    is_text_wanted = type_ is SqlType.STRING
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    step = f'put it in quotes: "{shown}"' if is_text_wanted else ""
    what = f"'{shown}' is no value of a {type_.value} column"
    return Fault(what=what, where=where, expected=expected, next_step=step)


def _out_of_range(where: str, expected: str, received: float) -> Fault:
    return Fault(what=f"{where} is out of range", where=where, expected=expected, received=f"{received:g}")
