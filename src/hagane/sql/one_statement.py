"""`one_statement`: a data query is one query; what a driver would run besides, or silently leave out, is refused."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from hagane.errors import DataError, Fault


def one_statement(query: str, *, dialect: str) -> str:
    """The query without the semicolons around it. Raises DataError where another statement follows, underlined.

    `dialect` is sqlglot's name (`duckdb`, `sqlite`, `postgres`, `bigquery`): it says what a string and a comment are.
    A text that it cannot cut into words is left to the database to judge.

    >>> one_statement("SELECT ';' AS x; -- the end;", dialect="duckdb")
    "SELECT ';' AS x"
    >>> one_statement("SELECT 1; DROP TABLE trips", dialect="sqlite")
    Traceback (most recent call last):
    hagane.errors.DataError: another statement follows the query
      SELECT 1; DROP TABLE trips
                ^^^^^^^^^^^^^^^^
      expected: one query
      next: leave it out; several steps of one query are WITH first AS (…), second AS (…) SELECT …
    """
    try:
        tokens = sqlglot.tokenize(query, read=dialect)
    except (SqlglotError, RecursionError):
        return query.strip().rstrip(";").rstrip()
    words = [token for token in tokens if token.token_type is not TokenType.SEMICOLON]
    begin = words[0].start if words and tokens[0] is not words[0] else 0
    ends = [token.start for token in tokens if token.token_type is TokenType.SEMICOLON and token.start >= begin]
    if not ends:
        return query[begin:].strip()
    after = [token for token in words if token.start > ends[0]]
    if after:
        raise DataError(
            Fault(
                what="another statement follows the query",
                sql=query,
                start=after[0].start,
                end=after[-1].end + 1,
                expected="one query",
                next_step="leave it out; several steps of one query are WITH first AS (…), second AS (…) SELECT …",
            )
        )
    return query[begin : ends[0]].strip()
