"""`plain_value`: a value of a column as statistics show it, and `raw_value` back from it."""

from __future__ import annotations

import datetime
from typing import Any

from hagane.types import SqlType

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def plain_value(type_: SqlType, value: Any) -> Any:
    """TIMESTAMP (microseconds) and DATE (days since 1970) as ISO 8601, everything else as it is.

    >>> plain_value(SqlType.DATE, 18_321), plain_value(SqlType.TIMESTAMP, 5), plain_value(SqlType.INT64, 5)
    ('2020-02-29', '1970-01-01T00:00:00.000005Z', 5)
    """
    if value is None or type_ not in (SqlType.TIMESTAMP, SqlType.DATE):
        return value
    try:
        if type_ is SqlType.TIMESTAMP:
            return (_EPOCH + datetime.timedelta(microseconds=value)).isoformat().replace("+00:00", "Z")
        return (_EPOCH.date() + datetime.timedelta(days=value)).isoformat()
    except OverflowError:
        return str(value)


def raw_value(type_: SqlType, value: Any) -> Any:
    """What `plain_value` was given; the text alone does not sort as time does.

    >>> raw_value(SqlType.TIMESTAMP, "1970-01-01T00:00:00.000005Z"), raw_value(SqlType.DATE, "1969-12-31")
    (5, -1)
    """
    if not isinstance(value, str) or type_ not in (SqlType.TIMESTAMP, SqlType.DATE):
        return value
    try:
        if type_ is SqlType.TIMESTAMP:
            return (datetime.datetime.fromisoformat(value) - _EPOCH) // datetime.timedelta(microseconds=1)
        return (datetime.date.fromisoformat(value) - _EPOCH.date()).days
    except ValueError:
        return int(value)
