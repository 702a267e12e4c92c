"""One raw value, as JSON or Python has it, becomes a value of a SQL type. These are the rules of the border.

========= =================================================================================== =====================
type      taken                                                                               becomes
========= =================================================================================== =====================
any       null                                                                                NULL
BOOL      true, false                                                                         0, 1
INT64     a whole number in [-2^63, 2^63); 3.0 is one, 3.5 and true are not                   int64
FLOAT64   any number that a double can hold; "NaN" (NULL), "Infinity", "-Infinity"            float64, NaN is NULL
STRING    any string of Unicode scalar values (no lone surrogates)                            str
TIMESTAMP RFC 3339: "2013-01-01T05:00:00Z", a space for T, an offset; no offset means UTC; no µs since 1970, UTC
          time means midnight; digits past the microsecond are cut; a datetime
DATE      "2013-01-01"; a date                                                                days since 1970
ARRAY     a list of such values, null among them too; an empty one is not NULL                a list
========= =================================================================================== =====================

A number in quotes is a STRING, and refused as a number unless `numeric_strings` is asked for. A number for a TIMESTAMP
is refused: seconds, milliseconds and microseconds look alike.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from typing import NamedTuple
from typing import cast as typed

import numpy as np

from hagane.types import SqlType

RawValue = int | float | str
RawArray = list[RawValue | None]
Converter = Callable[[object, bool], "RawValue | RawArray | Refusal | None"]
"""(value, numeric_strings) → what the graph is fed, None for NULL, or why not."""


class Refusal(NamedTuple):
    """Why a value is not of its column's type."""

    expected: str
    next_step: str = ""
    place: int | None = None
    """Which element of an array it is, from 0; None where the whole value is meant."""


INT64_MIN, INT64_END = -(2**63), 2**63
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_EPOCH_ORDINAL = 719_163  # datetime.date(1970, 1, 1).toordinal()
_MIN_TIMESTAMP, _MAX_TIMESTAMP = -62_135_596_800_000_000, 253_402_300_799_999_999  # the years 1 to 9999
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,5})?")
_SPELLED = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.([0-9]{1,9}))? ?([Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

NOT_BOOL = Refusal("BOOL: true, false or null")
NOT_INT64 = Refusal("INT64: a whole number or null")
INT64_RANGE = Refusal("INT64: a whole number from -9223372036854775808 to 9223372036854775807")
NOT_FLOAT64 = Refusal("FLOAT64: a number or null")
FLOAT64_RANGE = Refusal("FLOAT64: a number that a double can hold")
QUOTED = "send the number without quotes"
NOT_STRING = Refusal("STRING: a string or null")
NOT_UNICODE = Refusal("STRING: Unicode text without lone surrogates")
NOT_TIMESTAMP = Refusal("TIMESTAMP: a string such as '2013-01-01T05:00:00Z', or null")
TIMESTAMP_RANGE = Refusal("TIMESTAMP: a real date and time of the years 1 to 9999")
NOT_DATE = Refusal("DATE: a string such as '2013-01-01', or null")
DATE_RANGE = Refusal("DATE: a real date of the years 1 to 9999")


def to_bool(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    """BOOL.

    >>> to_bool(True), to_bool(None), to_bool(1)
    (1, None, Refusal(expected='BOOL: true, false or null', next_step='', place=None))
    """
    value = plain(value)
    if value is None:
        return None
    return int(value) if isinstance(value, bool) else NOT_BOOL


def to_int64(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    """INT64.

    >>> to_int64(3.0), to_int64("3", True), to_int64(3.5).expected
    (3, 3, 'INT64: a whole number or null')
    """
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        if not numeric_strings:
            return Refusal(NOT_INT64.expected, QUOTED)
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return NOT_INT64
    return value if INT64_MIN <= value < INT64_END else INT64_RANGE


def to_float64(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    """FLOAT64; NaN is NULL.

    >>> to_float64(3), to_float64("-Infinity"), to_float64("NaN"), to_float64("3").next_step
    (3.0, -inf, None, 'send the number without quotes')
    """
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, str):
        if value in _SPELLED:
            return _SPELLED[value]
        if not _NUMBER.fullmatch(value):
            return NOT_FLOAT64
        if not numeric_strings:
            return Refusal(NOT_FLOAT64.expected, QUOTED)
        number = float(value)
        return FLOAT64_RANGE if math.isinf(number) else number
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOT_FLOAT64
    try:
        number = float(value)
    except OverflowError:
        return FLOAT64_RANGE
    return None if math.isnan(number) else number


def to_string(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    r"""STRING.

    >>> to_string("鋼"), to_string("\ud800").expected
    ('鋼', 'STRING: Unicode text without lone surrogates')
    """
    value = plain(value)
    if value is None:
        return None
    if not isinstance(value, str):
        return NOT_STRING
    return value if is_unicode(value) else NOT_UNICODE


def to_timestamp(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    """TIMESTAMP in µs since 1970 UTC.

    >>> to_timestamp("1970-01-01T01:00:00.000001+01:00"), to_timestamp("1970-01-02"), to_timestamp(5).expected
    (1, 86400000000, "TIMESTAMP: a string such as '2013-01-01T05:00:00Z', or null")
    """
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, str):
        moment = _parse_timestamp(value)
        if isinstance(moment, Refusal):
            return moment
    elif isinstance(value, datetime.datetime):
        moment = value
    else:
        return NOT_TIMESTAMP
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    microseconds = (moment - _EPOCH) // _MICROSECOND
    return microseconds if _MIN_TIMESTAMP <= microseconds <= _MAX_TIMESTAMP else TIMESTAMP_RANGE


def to_date(value: object, numeric_strings: bool = False) -> RawValue | Refusal | None:
    """DATE in days since 1970.

    >>> to_date("1970-01-02"), to_date("2013-02-30").expected
    (1, 'DATE: a real date of the years 1 to 9999')
    """
    value = plain(value)
    if value is None:
        return None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.toordinal() - _EPOCH_ORDINAL
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return NOT_DATE
    try:
        return datetime.date.fromisoformat(value).toordinal() - _EPOCH_ORDINAL
    except ValueError:
        return DATE_RANGE


def to_array(convert: Callable[[object, bool], RawValue | Refusal | None], element: SqlType) -> Converter:
    """ARRAY<element>, whose elements `convert` takes.

    >>> to_array(to_int64, SqlType.INT64)([1, None, 2.0], False), to_array(to_int64, SqlType.INT64)(["x"], False).place
    ([1, None, 2], 0)
    """
    refusal = Refusal(f"{element.array.value}: a list of {element.value}, or null")

    def to_elements(value: object, numeric_strings: bool = False) -> RawArray | Refusal | None:
        value = value.tolist() if isinstance(value, np.ndarray) else plain(value)
        if value is None:
            return None
        if not isinstance(value, list | tuple):
            return refusal
        elements = [convert(item, numeric_strings) for item in value]
        for index, item in enumerate(elements):
            if isinstance(item, Refusal):
                return item._replace(place=index)
        return typed("RawArray", elements)

    return to_elements


CONVERTERS: dict[SqlType, Converter] = {
    SqlType.BOOL: to_bool,
    SqlType.INT64: to_int64,
    SqlType.FLOAT64: to_float64,
    SqlType.STRING: to_string,
    SqlType.TIMESTAMP: to_timestamp,
    SqlType.DATE: to_date,
    SqlType.ARRAY_INT64: to_array(to_int64, SqlType.INT64),
    SqlType.ARRAY_FLOAT64: to_array(to_float64, SqlType.FLOAT64),
    SqlType.ARRAY_STRING: to_array(to_string, SqlType.STRING),
}


def plain(value: object) -> object:
    """A numpy scalar (or NaT) as the Python value that it stands for; anything else as it is."""
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]").item()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime.datetime) and value != value:  # noqa: PLR0124 (pandas' NaT)
        return None
    return value


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: Python's strings may hold half a surrogate pair, which Unicode text never does."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_timestamp(text: str) -> datetime.datetime | Refusal:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return NOT_TIMESTAMP
    day, time, fraction, offset = found.groups()
    if offset in ("Z", "z", "UTC", None):
        offset = "+00:00"
    try:
        return datetime.datetime.fromisoformat(f"{day}T{time or '00:00'}{_microseconds(time, fraction)}{offset}")
    except ValueError:
        return TIMESTAMP_RANGE


def _microseconds(time: str | None, fraction: str | None) -> str:
    """The fraction as fromisoformat wants it; seconds must be there to have one."""
    if fraction is None:
        return ""
    assert time is not None
    return ("" if len(time) == 8 else ":00") + "." + (fraction + "000000")[:6]
