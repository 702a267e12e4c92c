"""Date and time functions."""

from __future__ import annotations

from hagane.sql.functions.signature import DATE, INT64, TIMESTAMP, Overload, Signature, each

DATE_PARTS = ("YEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "ISOYEAR", "DAY", "DAYOFWEEK", "DAYOFYEAR")
TIME_PARTS = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")

TIME = (
    Signature("EXTRACT", "EXTRACT(part FROM t)", "A part of a TIMESTAMP (in UTC) or of a DATE.",
              (Overload((TIMESTAMP,), INT64), Overload((DATE,), INT64)), modifiers=("part",)),
    Signature("UNIX_SECONDS", "UNIX_SECONDS(t)", "Whole seconds since 1970, down.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MILLIS", "UNIX_MILLIS(t)", "Whole ms since 1970, down.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MICROS", "UNIX_MICROS(t)", "µs since 1970.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_DATE", "UNIX_DATE(d)", "Days since 1970.", each((DATE,), 1, INT64)),
)  # fmt: skip
