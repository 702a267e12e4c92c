"""`window_option`: into which windows the traffic is to be cut, as a person writes it."""

from __future__ import annotations

from hagane.fronts.cli.one_of import one_of


def window_option(value: str) -> str:
    """As a spec has it. Raises UsageError with the nearest of them.

    >>> window_option("Day"), window_option("5000rows")
    ('day', '5000 rows')
    """
    from hagane.spec.rows_of_window import CALENDAR, rows_of_window

    num_rows = rows_of_window(value.lower())
    if num_rows is not None:
        return f"{num_rows} rows"
    found: str = one_of("--window", value, (*CALENDAR, "5000 rows"))
    return found
