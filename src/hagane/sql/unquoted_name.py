"""`unquoted_name`: a column whose name is no plain word, written without the backquotes that it needs."""

from __future__ import annotations

from collections.abc import Iterable

from hagane.sql.expression import Span


def unquoted_name(sql: str, span: Span, names: Iterable[str]) -> Span | None:
    """Where around `span` one of the names stands as it is; None where none does.

    >>> unquoted_name("1 + hours-per-week", Span(4, 9), ["age", "hours-per-week"])
    Span(start=4, end=18)
    >>> unquoted_name("hours", Span(0, 5), ["age", "hours-per-week"])
    """
    for name in names:
        if name.isidentifier():
            continue
        at = sql.lower().find(name.lower(), max(0, span.end - len(name)))
        if 0 <= at <= span.start and span.end <= at + len(name):
            return Span(at, at + len(name))
    return None
