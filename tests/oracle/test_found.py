"""Expressions on which the engines once differed, or on which they are most likely to."""

from __future__ import annotations

import pytest
from oracle_engines import assert_agree
from oracle_rows import SCHEMA, hostile_rows

from hagane.sql.bind import bind

FOUND = [
    "x3 / x2",
    "LOG(x3, x2)",
    "LOG(1000000000000000.0, x3)",
    "RTRIM('\\000') || s3",
    "s2 = '\\000'",
    "NULLIF(s1, '\\000')",
    "STARTS_WITH(s1, '\\000')",
    "IF(STARTS_WITH('\\000', '\\000'), s1, s2)",
    "COALESCE(MOD(CAST(NULL AS INT64), CAST(NULL AS INT64)), i1)",
    "COALESCE(DIV(CAST(NULL AS INT64), 0), i1)",
    "COALESCE(DIV(1, 0), i1)",
    "SAFE_DIVIDE(ABS(x2), 2.2e-308 + FLOOR(x2))",
    "1 / (x1 * 5e-324)",
    "LEAST(SAFE_CAST(i3 AS FLOAT64), ABS(x1), x1 / x3)",
    "COALESCE(EXTRACT(DAYOFWEEK FROM CAST(NULL AS DATE)), i1)",
    "LENGTH(TRIM('\\000')) * i1",
    "-(-(-9223372036854775808)) < i1",  # DuckDB: the negated constant is a HUGEINT
    "COALESCE(-(-9223372036854775808), i1)",
]

DIRECTED = [
    "i1 + i2",
    "i1 - i2",
    "i1 * i2",
    "-i1",
    "ABS(i1)",
    "DIV(i1, i2)",
    "MOD(i1, i2)",
    "DIV(i1, -1)",
    "MOD(i1, -1)",
    "i1 = x1",
    "i1 < x1",
    "CAST(x1 AS INT64)",
    "SAFE_CAST(x1 AS INT64)",
    "CAST(x1 + 0.5 AS INT64)",
    "CAST(i1 AS FLOAT64)",
    "CAST(i1 AS STRING)",
    "CAST(b1 AS STRING)",
    "x1 - x2 = x1 - x2",
    "x1 - x2 != x1 - x2",
    "x1 - x2 > 0 OR x1 - x2 <= 0",
    "LEAST(x1 - x2, x3)",
    "GREATEST(i1, i2, i3)",
    "IF(x1 - x2 IN (0.0, 1.0), 1, 2)",
    "NULLIF(x1 - x2, x1 - x2)",
    "IEEE_DIVIDE(x1, x2)",
    "ROUND(x1, 2)",
    "ROUND(x1, -1)",
    "ROUND(x1 * 1e300, -22)",
    "POW(x1, x2)",
    "POW(x1, 0.5)",
    "POW(x1, i2)",
    "EXP(x1)",
    "SQRT(x1)",
    "LN(x1)",
    "LOG10(x1)",
    "x1 > 0 AND 1 / x2 > 2",
    "IF(x2 = 0, NULL, 1 / x2)",
    "COALESCE(x1, 1 / x2)",
    "COALESCE(1 / x2, x1)",
    "CASE WHEN x1 > 0 THEN LN(x1) WHEN 1 / x2 > 0 THEN SQRT(x2) ELSE x3 END",
    "LN(x1) IS NULL",
    "b1 AND b2",
    "b1 OR b2",
    "NOT b1",
    "b1 IS TRUE",
    "b1 IS NOT FALSE",
    "i1 IN (1, NULL)",
    "i1 NOT IN (1, 2)",
    "s1 LIKE '%a%'",
    "s1 LIKE '_'",
    "s1 LIKE 'a\\\\_%'",
    "UPPER(s1)",
    "LOWER(s1)",
    "LENGTH(s1)",
    "TRIM(s1)",
    "LTRIM(s1)",
    "RTRIM(s1)",
    "REGEXP_CONTAINS(s1, r'a.b')",
    "REGEXP_CONTAINS(s1, r'(?s)a.b')",
    "REGEXP_CONTAINS(s1, r'^.$')",
    "s1 || '_' || s2",
    "ML.BUCKETIZE(x1, [0, 1, 2.5])",
    "ML.BUCKETIZE(x1 - x2, [0, 1, 2.5], TRUE, 'bucket_ranges')",
    "ML.HASH_BUCKETIZE(s1, 1000)",
    "t1 < TIMESTAMP '2013-01-01'",
    "t1 BETWEEN '1969-12-31' AND '2013-01-01 00:00:00+09:00'",
    "d1 >= '2012-12-31'",
    "UNIX_SECONDS(t1)",
    "UNIX_MILLIS(t1)",
    *(
        f"EXTRACT({part} FROM t1)"
        for part in (
            "YEAR",
            "QUARTER",
            "MONTH",
            "WEEK",
            "ISOWEEK",
            "ISOYEAR",
            "DAY",
            "DAYOFWEEK",
            "DAYOFYEAR",
            "HOUR",
            "MINUTE",
            "SECOND",
            "MILLISECOND",
            "MICROSECOND",
        )
    ),
    *(f"EXTRACT({part} FROM d1)" for part in ("YEAR", "WEEK", "ISOWEEK", "ISOYEAR", "DAYOFWEEK", "DAYOFYEAR")),
]


@pytest.mark.parametrize("sql", [*FOUND, *DIRECTED])
def test_engines_agree(sql: str) -> None:
    assert_agree([bind(sql, SCHEMA)], hostile_rows(1))


def test_engines_agree_on_all_at_once() -> None:
    """Side by side in one graph, where expressions of one shape share nodes."""
    assert_agree([bind(sql, SCHEMA) for sql in (*FOUND, *DIRECTED)], hostile_rows(2))
