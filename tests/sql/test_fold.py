"""Constants that are computed while binding, against DuckDB's value of the call that they were."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from duckdb_cursor import duckdb_cursor
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import ExpressionError
from hagane.sql import binder, casts
from hagane.sql.bind import bind
from hagane.sql.expression import Call, Expression, Literal
from hagane.sql.to_duckdb import row_error, to_duckdb
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((Column("s", SqlType.STRING), Column("i", SqlType.INT64), Column("x", SqlType.FLOAT64),
                 Column("d", SqlType.DATE)))  # fmt: skip
NUMBERS = st.sampled_from(["0", "1", "2", "-7", "64", "63", "9223372036854775807", "-9223372036854775808", "NULL"]).map(
    lambda text: f"({text})"
)
FLOATS = st.sampled_from(["0.0", "0.5", "-2.5", "1e308", "5e-324", "2.0", "CAST('inf' AS FLOAT64)", "1e19"]).map(
    lambda text: f"({text})"
)
TEXTS = st.sampled_from(["''", "'a'", "'日本'", "'%'"])


def _integers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "&", "|", "^", "<<", ">>"]), inner)
    named = st.builds("{}({}, {})".format, st.sampled_from(["DIV", "MOD", "LEAST", "GREATEST", "COALESCE", "SAFE_ADD"]),
                      inner, inner)  # fmt: skip
    one = st.builds("{}({})".format, st.sampled_from(["-", "ABS", "~", "LENGTH"]), inner | TEXTS)
    chosen = st.builds("IF({} < {} OR NOT {} = 1, {}, {})".format, inner, inner, inner, inner, inner)
    return infix | named | one | chosen


def _floats(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    infix = st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner)
    named = st.builds("{}({}, {})".format, st.sampled_from(["SAFE_DIVIDE", "LEAST", "GREATEST"]), inner, inner)
    one = st.builds("{}({})".format, st.sampled_from(["-", "ABS", "FLOOR", "CEIL", "ROUND", "TRUNC"]), inner)
    return infix | named | one


INTEGER = st.recursive(NUMBERS, _integers, max_leaves=6)
FLOAT = st.recursive(FLOATS | NUMBERS, _floats, max_leaves=6)
CAST = st.builds("SAFE_CAST({} AS {})".format, FLOAT | INTEGER, st.just("INT64")) | st.builds(
    "CAST({} AS STRING)".format, INTEGER
)


def _bound(sql: str, *, is_folded: bool) -> Expression | None:
    whole = f"IF(s IS NULL, {sql}, NULL)"
    try:
        if is_folded:
            return bind(whole, SCHEMA)
        with patch.object(binder, "fold", lambda call: call), patch.object(casts, "fold", lambda call: call):
            return bind(whole, SCHEMA)
    except ExpressionError:
        return None


def _answer(tree: Expression) -> object:
    sql = f"SELECT {to_duckdb(tree)}, {row_error(tree)} FROM (SELECT NULL::VARCHAR AS s)"
    with duckdb_cursor() as connection:
        return connection.execute(sql).fetchone()


@settings(max_examples=150, deadline=None)
@given(INTEGER | FLOAT | CAST)
def test_a_folded_constant_is_what_the_call_is(sql: str) -> None:
    folded, call = _bound(sql, is_folded=True), _bound(sql, is_folded=False)
    assert (folded is None) == (call is None)
    if folded is not None and call is not None:
        assert repr(_answer(folded)) == repr(_answer(call))


@settings(max_examples=100, deadline=None)
@given(st.integers(-20, 20), st.integers(-20, 20), st.sampled_from("+-*"))
def test_it_stands_where_a_literal_may(a: int, b: int, operator: str) -> None:
    value = {"+": a + b, "-": a - b, "*": a * b}[operator]
    assert bind(f"i + ({a} {operator} {b})", SCHEMA) == bind(f"i + {value}", SCHEMA)


@pytest.mark.parametrize(
    ("folded", "literal"),
    [
        ("SUBSTR(s, 1, 1 + 1)", "SUBSTR(s, 1, 2)"),
        ("SUBSTR(s, -(3))", "SUBSTR(s, -3)"),
        ("SUBSTR(s, CAST(2.5 AS INT64))", "SUBSTR(s, 3)"),
        ("SUBSTR(s, IF(TRUE, LENGTH('ab'), 9))", "SUBSTR(s, 2)"),
        ("ROUND(x, 1 - 2)", "ROUND(x, -1)"),
        ("ML.QUANTILE_BUCKETIZE(x, 2 * 5) OVER ()", "ML.QUANTILE_BUCKETIZE(x, 10) OVER ()"),
        ("ML.HASH_BUCKETIZE(s, 1 << 10)", "ML.HASH_BUCKETIZE(s, 1024)"),
        ("ML.HASH_BUCKETIZE(s, CAST(POW(2, 10) AS INT64))", "ML.HASH_BUCKETIZE(s, 1024)"),
        ("ML.BUCKETIZE(x, [60 * 60, 24 * 60 * 60])", "ML.BUCKETIZE(x, [3600, 86400])"),
        ("DATE_ADD(d, INTERVAL 2 * 7 DAY)", "DATE_ADD(d, INTERVAL 14 DAY)"),
        ("STARTS_WITH(s, CONCAT('a', 'b'))", "STARTS_WITH(s, 'ab')"),
        ("s LIKE '%' || 'b'", "s LIKE '%b'"),
        ("s IN ('a' || 'b', 'c')", "s IN ('ab', 'c')"),
        ("i IN (1 + 1, 3)", "i IN (2, 3)"),
    ],
)
def test_constants_of_every_kind(folded: str, literal: str) -> None:
    assert bind(folded, SCHEMA) == bind(literal, SCHEMA)


@pytest.mark.parametrize("sql", ["DIV(1, 0)", "1 / 0", "9223372036854775807 + 1", "0.0 * -1", "1e308 * 10", "LN(2)"])
def test_what_errs_or_has_no_constant_stays_a_call(sql: str) -> None:
    """A call that errs marks its row; the sign of a zero counts in IEEE_DIVIDE; LN is not exact."""
    tree = bind(f"IEEE_DIVIDE(x, {sql})", SCHEMA)
    assert isinstance(tree, Call)
    assert not isinstance(tree.arguments[1], Literal)
