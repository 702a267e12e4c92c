"""The rewriter by DuckDB itself: published values, where it raises, and what never is NULL."""

from __future__ import annotations

import duckdb
import pytest
from duckdb_cursor import duckdb_cursor

from hagane.sql.bind import bind
from hagane.sql.expression import Analyze, Call, ColumnRef, Expression, Literal
from hagane.sql.functions import FUNCTIONS
from hagane.sql.nullable import can_be_null
from hagane.sql.to_duckdb import row_error, to_duckdb
from hagane.types import SCALAR_TYPES, Column, Schema, SqlType

SCHEMA = Schema(
    (
        *(Column(type_.value[0].lower(), type_) for type_ in SCALAR_TYPES if type_ is not SqlType.DATE),
        Column("d ay", SqlType.DATE),
    )
)
ROW = {
    "i": "9223372036854775807::BIGINT",
    "f": "2.5::DOUBLE",
    "s": "'Straße'",
    "b": "TRUE",
    "t": "TIMESTAMPTZ '2012-12-30 23:59:59.5+00'",
    "d ay": "DATE '1969-12-31'",
}
FOX = "The quick brown fox jumps over the lazy dog"


def answer(sql: str, *, safe: bool = True) -> object:
    columns = ", ".join(f'{value} AS "{name}"' for name, value in ROW.items())
    with duckdb_cursor() as connection:
        text = to_duckdb(bind(sql, SCHEMA), safe=safe)
        found = connection.execute(f"SELECT {text} FROM (SELECT {columns})").fetchone()
    return found[0] if found else None


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("i + 1", None),
        ("f / 0", None),
        ("IEEE_DIVIDE(f, 0)", float("inf")),
        ("CAST(f AS INT64)", 3),
        ("CAST(-f AS INT64)", -3),
        ("LN(-f)", None),
        ("LOG(f * 400, 10)", pytest.approx(3)),
        ("MOD(-7, CAST(f AS INT64))", -1),
        ("DIV(-7, CAST(f AS INT64))", -2),
        ("EXTRACT(DAYOFWEEK FROM t)", 1),
        ("EXTRACT(WEEK FROM t)", 53),
        ("EXTRACT(ISOWEEK FROM t)", 52),
        ("EXTRACT(MILLISECOND FROM t)", 500),
        ("EXTRACT(DAYOFYEAR FROM `d ay`)", 365),
        ("UNIX_DATE(`d ay`)", -1),
        ("UPPER(s)", "STRAßE"),
        ("LENGTH(s)", 6),
        ("ML.BUCKETIZE(f, [1, 2.5, 4], FALSE, 'bucket_ranges')", "[2.5, 4)"),
        ("ML.FEATURE_CROSS(STRUCT(s, CAST(b AS STRING)))", "Straße_true"),
        ("ROUND(f)", 3.0),
        ("ROUND(-f)", -3.0),
        ("GREATEST(f, NULL)", None),
        ("ML.HASH_BUCKETIZE(IF(b, 'hello', s), 2147483647)", 613153351),
        ("ML.HASH_BUCKETIZE(IF(b, '', s), 2147483647)", 0),
        (f"ML.HASH_BUCKETIZE(IF(b, '{FOX}', s), 1000003)", 0x2E4FF723 % 1000003),
    ],
)
def test_value(sql: str, value: object) -> None:
    """Hashes: published MurmurHash3_x86_32 values; weeks: the calendar of December 2012."""
    assert answer(sql) == value


@pytest.mark.parametrize(
    ("sql", "fails"),
    [
        ("i + 1", True),
        ("f / 0 IS NULL", True),
        ("SAFE_DIVIDE(f, 0)", False),
        ("IF(b, f, 1 / 0)", False),
        ("b OR 1 / 0 > 1", True),
        ("COALESCE(f, LN(-1))", False),
        ("COALESCE(LN(-f), 1)", True),
        ("SAFE_CAST(f * 1e300 AS INT64)", False),
        ("LN(f)", False),
    ],
)
def test_without_safe_a_row_error_raises(sql: str, fails: bool) -> None:
    if fails:
        with pytest.raises(duckdb.ConversionException):
            answer(sql, safe=False)
    else:
        assert answer(sql, safe=False) == answer(sql)


def test_try_tells_a_row_error() -> None:
    expression = bind("10 / i", SCHEMA)
    with duckdb_cursor() as connection:
        sql = f"SELECT TRY(struct_pack(v := {to_duckdb(expression, safe=False)})) IS NULL, {row_error(expression)}"
        rows = connection.execute(f"{sql} FROM (VALUES (0::BIGINT), (NULL), (5)) AS rows(i)").fetchall()
    assert rows == [(True, True), (False, False), (False, False)]


def test_text_grows_with_the_tree_and_not_beyond() -> None:
    column = ColumnRef("f", SqlType.FLOAT64)
    tree: Expression = column
    sizes = []
    for _ in range(40):
        tree = Call("/", (tree, column), SqlType.FLOAT64)
        sizes.append(len(to_duckdb(tree)))
    assert sizes[39] < 40 * 2 * sizes[1]


def test_analyzers_are_not_computed() -> None:
    with pytest.raises(TypeError, match="learned"):
        to_duckdb(Analyze("ML.STANDARD_SCALER", ColumnRef("f", SqlType.FLOAT64), SqlType.FLOAT64))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "CASE"])
def test_every_function_is_rendered(name: str) -> None:
    from hagane.sql.duckdb_functions import RENDER

    assert name in RENDER


@pytest.mark.parametrize(
    ("sql", "possible"),
    [
        ("f", True),
        ("f IS NULL", False),
        ("COALESCE(f, 0)", False),
        ("COALESCE(f, i)", True),
        ("COALESCE(f, 0) + 1", True),
        ("NOT (f IS NULL)", False),
        ("IF(f IS NULL, 1, 2)", False),
        ("IF(b, 1, 2)", False),
        ("IF(b, 1, NULL)", True),
        ("SIGN(COALESCE(i, 0))", False),
        ("ABS(COALESCE(i, 0))", True),
        ("ABS(COALESCE(f, 0))", False),
        ("ML.IMPUTER(f, 'mean') OVER ()", False),
        ("ML.LABEL_ENCODER(s) OVER ()", False),
        ("ML.STANDARD_SCALER(f) OVER ()", True),
        ("NULLIF(COALESCE(i, 0), 0)", True),
        ("SAFE_DIVIDE(COALESCE(f, 0), COALESCE(f, 1))", True),
        ("CAST(COALESCE(f, 0) AS INT64)", True),
        ("CAST(COALESCE(i, 0) AS STRING)", False),
    ],
)
def test_can_be_null(sql: str, possible: bool) -> None:
    assert can_be_null(bind(sql, SCHEMA)) is possible
    assert can_be_null(Literal(None, SqlType.INT64))
