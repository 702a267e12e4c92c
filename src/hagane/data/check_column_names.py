"""`check_column_names`: what has no columns, or two of one name, is no table."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.errors import DataError, Fault


def check_column_names(names: Sequence[str], *, query: str = "") -> None:
    """Raise DataError where there is no column, and for every name that two columns share; `query` made them.

    >>> check_column_names(["age", "job", "Age"])
    Traceback (most recent call last):
    hagane.errors.DataError: two columns are named 'Age'
      expected: every column has a name of its own, whatever its case
    """
    if not names:
        raise DataError(
            Fault(
                what="there are no columns",
                expected="a table of one column or more",
                next_step="look at where the data come from: nothing was selected, or what made them came out empty",
            )
        )
    seen: set[str] = set()
    faults = []
    for name in names:
        if name.lower() in seen:
            faults.append(_twice(name, query))
        seen.add(name.lower())
    if faults:
        raise DataError(*faults)


def _twice(name: str, query: str) -> Fault:
    of_query = " of the query" if query else ""
    return Fault(
        what=f"two columns{of_query} are named {name!r}",
        sql=query,
        end=len(query.split("\n", 1)[0]),
        expected="every column has a name of its own, whatever its case",
        next_step="rename one with AS, or leave one out with SELECT * EXCLUDE (…)" if query else "",
    )
