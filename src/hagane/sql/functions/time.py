"""Date and time functions."""

from __future__ import annotations

from hagane.sql.functions.signature import DATE, INT64, STRING, TIMESTAMP, Overload, Signature, each

WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
WEEKS = ("WEEK", *(f"WEEK({day})" for day in WEEKDAYS[1:]))
"""Weeks by the day on which they begin, Sunday first: WEEK is WEEK(SUNDAY)."""
DATE_PARTS = ("YEAR", "QUARTER", "MONTH", *WEEKS, "ISOWEEK", "ISOYEAR", "DAY", "DAYOFWEEK", "DAYOFYEAR")
TIME_PARTS = ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
SPANS = ("YEAR", "ISOYEAR", "QUARTER", "MONTH", *WEEKS, "ISOWEEK", "DAY")
"""What dates are truncated to and counted in."""
DATE_STEPS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
"""What DATE_ADD adds."""
MICROSECONDS = {
    "MICROSECOND": 1,
    "MILLISECOND": 1_000,
    "SECOND": 1_000_000,
    "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000,
    "DAY": 86_400_000_000,
}
"""µs in each unit of fixed length."""
FIRST_DAY, LAST_DAY = -719_162, 2_932_896
"""0001-01-01 and 9999-12-31 as days since 1970."""

_DATE_INT = (Overload((DATE, INT64), DATE),)
_TIMESTAMP_INT = (Overload((TIMESTAMP, INT64), TIMESTAMP),)
_RANGE = "the result lies outside the years 1 to 9999"

TIME = (
    Signature("EXTRACT", "EXTRACT(part FROM t [AT TIME ZONE zone])",
              "A part of a TIMESTAMP (in UTC, or in the zone) or of a DATE.",
              (Overload((TIMESTAMP,), INT64), Overload((DATE,), INT64)), modifiers=("part", "zone")),
    Signature("DATE", "DATE(t, zone), DATE(year, month, day)",
              "The day of a TIMESTAMP (in UTC, or in the zone); a date from numbers.",
              (Overload((TIMESTAMP,), DATE), Overload((INT64, INT64, INT64), DATE)), modifiers=("zone",),
              fails="there is no such day in the years 1 to 9999"),
    Signature("TIMESTAMP", "TIMESTAMP(d, zone)", "The midnight (in UTC, or in the zone) that begins a DATE.",
              each((DATE,), 1, TIMESTAMP), modifiers=("zone",), fails=_RANGE),
    Signature("DATE_ADD", "DATE_ADD(d, INTERVAL n part)", "n days, weeks, months, quarters or years later.",
              _DATE_INT, modifiers=("part",), fails=_RANGE),
    Signature("DATE_SUB", "DATE_SUB(d, INTERVAL n part)", "n days, weeks, months, quarters or years earlier.",
              _DATE_INT, modifiers=("part",), fails=_RANGE),
    Signature("DATE_DIFF", "DATE_DIFF(d, e, part)", "How many boundaries of the part lie between e and d.",
              each((DATE,), 2, INT64), modifiers=("part",)),
    Signature("DATE_TRUNC", "DATE_TRUNC(d, part)", "The first day of the part in which d lies.",
              each((DATE,), 1), modifiers=("part",), fails=_RANGE),
    Signature("LAST_DAY", "LAST_DAY(d, part)", "The last day of the part (MONTH where left out) in which d lies.",
              each((DATE,), 1), modifiers=("part",), fails=_RANGE),
    Signature("TIMESTAMP_ADD", "TIMESTAMP_ADD(t, INTERVAL n part)", "n parts (MICROSECOND to DAY) later.",
              _TIMESTAMP_INT, modifiers=("part",), fails=_RANGE),
    Signature("TIMESTAMP_SUB", "TIMESTAMP_SUB(t, INTERVAL n part)", "n parts (MICROSECOND to DAY) earlier.",
              _TIMESTAMP_INT, modifiers=("part",), fails=_RANGE),
    Signature("TIMESTAMP_DIFF", "TIMESTAMP_DIFF(t, u, part)",
              "How many whole parts (MICROSECOND to DAY) lie between u and t.",
              each((TIMESTAMP,), 2, INT64), modifiers=("part",)),
    Signature("TIMESTAMP_TRUNC", "TIMESTAMP_TRUNC(t, part, zone)",
              "The beginning of the part (in UTC, or in the zone) in which t lies.",
              each((TIMESTAMP,), 1), modifiers=("part", "zone"), fails=_RANGE),
    Signature("FORMAT_DATE", "FORMAT_DATE(format, d)", "A DATE as text.", each((DATE,), 1, STRING),
              modifiers=("format",)),
    Signature("FORMAT_TIMESTAMP", "FORMAT_TIMESTAMP(format, t, zone)",
              "A TIMESTAMP (in UTC, or in the zone) as text.", each((TIMESTAMP,), 1, STRING),
              modifiers=("format", "zone"), fails="in the zone it lies outside the years 1 to 9999"),
    Signature("PARSE_DATE", "PARSE_DATE(format, s)", "The DATE that a text says.", each((STRING,), 1, DATE),
              modifiers=("format",), fails="s is not in the format, or there is no such day"),
    Signature("PARSE_TIMESTAMP", "PARSE_TIMESTAMP(format, s, zone)",
              "The TIMESTAMP that a text says (in UTC, or in the zone).", each((STRING,), 1, TIMESTAMP),
              modifiers=("format", "zone"), fails="s is not in the format, or there is no such time"),
    Signature("UNIX_SECONDS", "UNIX_SECONDS(t)", "Whole seconds since 1970, down.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MILLIS", "UNIX_MILLIS(t)", "Whole ms since 1970, down.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_MICROS", "UNIX_MICROS(t)", "µs since 1970.", each((TIMESTAMP,), 1, INT64)),
    Signature("UNIX_DATE", "UNIX_DATE(d)", "Days since 1970.", each((DATE,), 1, INT64)),
    Signature("TIMESTAMP_SECONDS", "TIMESTAMP_SECONDS(n)", "n seconds since 1970.", each((INT64,), 1, TIMESTAMP),
              fails=_RANGE),
    Signature("TIMESTAMP_MILLIS", "TIMESTAMP_MILLIS(n)", "n ms since 1970.", each((INT64,), 1, TIMESTAMP),
              fails=_RANGE),
    Signature("TIMESTAMP_MICROS", "TIMESTAMP_MICROS(n)", "n µs since 1970.", each((INT64,), 1, TIMESTAMP),
              fails=_RANGE),
    Signature("DATE_FROM_UNIX_DATE", "DATE_FROM_UNIX_DATE(n)", "n days since 1970.", each((INT64,), 1, DATE),
              fails=_RANGE),
)  # fmt: skip
