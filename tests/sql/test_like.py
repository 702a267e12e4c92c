"""LIKE of several patterns: BigQuery's published answers, by DuckDB."""

from __future__ import annotations

import pytest
from duckdb_cursor import duckdb_cursor

from hagane.sql.bind import bind
from hagane.sql.to_duckdb import to_duckdb
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((Column("s", SqlType.STRING), Column("i", SqlType.INT64)))


def _like(value: str, pattern: str) -> object:
    tree = bind(f"IF(i IS NULL, s, {value}) {pattern}", SCHEMA)
    with duckdb_cursor() as connection:
        found = connection.execute(f"SELECT {to_duckdb(tree)} FROM (SELECT NULL::VARCHAR AS s, 1::BIGINT AS i)")
        row = found.fetchone()
    return row[0] if row else None


@pytest.mark.parametrize(
    ("value", "pattern", "expected"),
    [
        ("NULL", "LIKE ANY ('a', 'b')", None),
        ("'a'", "LIKE ANY ('a', 'c')", True),
        ("'a'", "LIKE ANY ('b', 'c')", False),
        ("'a'", "LIKE SOME ('a', NULL)", True),
        ("'a'", "LIKE ANY ('b', NULL)", None),
        ("NULL", "NOT LIKE ANY ('a', 'b')", None),
        ("'a'", "NOT LIKE ANY ('a', 'b')", True),
        ("'a'", "NOT LIKE ANY ('a', '%a%')", False),
        ("'a'", "NOT LIKE ANY ('a', NULL)", None),
        ("'a'", "NOT LIKE SOME ('b', NULL)", True),
        ("'a'", "LIKE ALL ('a', '%a%')", True),
        ("'a'", "LIKE ALL ('a', 'c')", False),
        ("'a'", "LIKE ALL ('a', NULL)", None),
        ("'a'", "LIKE ALL ('b', NULL)", False),
        ("'a'", "NOT LIKE ALL ('b', 'c')", True),
        ("'a'", "NOT LIKE ALL ('a', 'c')", False),
        ("'a'", "NOT LIKE ALL ('a', NULL)", False),
        ("'a'", "NOT LIKE ALL ('b', NULL)", None),
        ("'a'", "LIKE ANY UNNEST(['b', 'a'])", True),
        ("'a'", "LIKE ANY ('%' || 'a')", True),
    ],
)
def test_like_of_several_patterns(value: str, pattern: str, expected: bool | None) -> None:
    """The examples of BigQuery's documentation."""
    assert _like(value, pattern) is expected
