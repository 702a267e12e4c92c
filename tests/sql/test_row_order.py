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
    ],
)
def test_row_order(query: str, expected: bool) -> None:
    assert has_row_order(query) is expected
