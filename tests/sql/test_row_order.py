"""Which queries give their rows in the same order every time."""

from __future__ import annotations

import pytest

from hagane.sql.row_order import has_row_order


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM 'a.csv'", True),
        ("FROM 'a.csv'", True),
        ("WITH t AS (SELECT * FROM 'a.csv') SELECT x FROM t WHERE y LIMIT 5", True),
        ("SELECT * FROM 'a.csv', 'b.csv'", False),
        ("SELECT DISTINCT x FROM 'a.csv'", False),
        ("SELECT * FROM 'a.csv' UNION ALL SELECT * FROM 'b.csv'", False),
        ("SELECT *, row_number() OVER (PARTITION BY k) FROM 'a.csv'", False),
        ("SELECT k, avg(x) AS m FROM 'a.csv' GROUP BY k", False),
        ("SELECT * FROM 'a.csv' a JOIN 'b.csv' b USING (k) ORDER BY a.t", True),
        ("SELECT ((((", False),
        ("SELECT x FROM 'a.csv' WHERE k IN (1, 2, 3, 4)", True),
        ("SELECT x FROM 'a.csv' WHERE k IN (1, 2, 3, 4, 5)", False),
        ("SELECT x FROM 'a.csv' WHERE k IN (SELECT k FROM 'b.csv')", False),
        ("SELECT x FROM 'a.csv' a WHERE EXISTS (FROM 'b.csv' b WHERE a.k = b.k)", False),
        ("SELECT x FROM 'a.csv' WHERE k = ANY([1, 2, 3, 4, 5])", False),
        ("SELECT x FROM 'a.csv' WHERE list_contains([1, 2, 3, 4, 5], k)", False),
    ],
)
def test_row_order(query: str, expected: bool) -> None:
    assert has_row_order(query) is expected


@pytest.mark.parametrize(
    ("query", "dialect", "expected"),
    [
        ("SELECT x FROM t", "sqlite", True),
        ("SELECT x FROM t", "postgres", False),
        ("SELECT x FROM t", "bigquery", False),
        ("SELECT x FROM t ORDER BY x", "postgres", True),
    ],
)
def test_databases(query: str, dialect: str, expected: bool) -> None:
    assert has_row_order(query, dialect=dialect) is expected
