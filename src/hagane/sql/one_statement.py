"""`one_statement`: a data query is one query; what a driver would run besides, or silently leave out, is refused."""

from __future__ import annotations

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from hagane.errors import DataError, Fault


def one_statement(query: str, *, dialect: str) -> str:
    """The query without the semicolons that end it. Raises DataError where another statement follows, underlined.

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
    ends = [token.start for token in tokens if token.token_type is TokenType.SEMICOLON]
    if not ends:
        return query.strip()
    after = [token for token in tokens if token.start > ends[0] and token.token_type is not TokenType.SEMICOLON]
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
    return query[: ends[0]].strip()
