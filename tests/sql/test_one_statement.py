"""Where one statement ends and another begins, in each dialect."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import DataError
from hagane.sql.one_statement import one_statement

PIECES = [
    "SELECT ",
    "1",
    "x",
    ";",
    " ",
    "\n",
    "'a;b'",
    "'it''s'",
    '"a;b"',
    "-- c; d\n",
    "/* e; f */",
    "$$g; h$$",
    "(",
    ")",
    ",",
]


@pytest.mark.parametrize(
    ("dialect", "query", "kept"),
    [
        ("duckdb", "SELECT 1 ;; \n", "SELECT 1"),
        ("duckdb", "; ;SELECT 1;", "SELECT 1"),
        ("duckdb", ";", ""),
        ("duckdb", "SELECT $$a;b$$", "SELECT $$a;b$$"),
        ("postgres", "SELECT E'it\\';' AS x;", "SELECT E'it\\';' AS x"),
        ("sqlite", "SELECT [a;b], `c;d` FROM t;", "SELECT [a;b], `c;d` FROM t"),
        ("bigquery", 'SELECT r\'a\\\';\', """b;c""" # ; the end', 'SELECT r\'a\\\';\', """b;c""" # ; the end'),
    ],
)
def test_semicolons_in_texts_and_comments_end_nothing(dialect: str, query: str, kept: str) -> None:
    assert one_statement(query, dialect=dialect) == kept


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_duckdb_counts_as_many_statements(query: str) -> None:
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error:
        return
    if len(statements) > 1:
        with pytest.raises(DataError):
            one_statement(query, dialect="duckdb")
        return
    kept = one_statement(query, dialect="duckdb")
    assert [words(each.query) for each in duckdb.extract_statements(kept)] == [words(each.query) for each in statements]


def words(query: str) -> list[str]:
    """A statement without comments and the semicolons around it."""
    return [token.text for token in sqlglot.tokenize(query, read="duckdb") if token.text != ";"]
