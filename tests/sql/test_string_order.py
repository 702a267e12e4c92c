"""Strings ordered against constants, held against Python's order of code points and RE2 itself."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from duckdb_cursor import duckdb_cursor
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.sql.string_order import MAX_LENGTH, less_than
from hagane.sql.to_duckdb import to_duckdb
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((Column("s", SqlType.STRING), Column("t", SqlType.STRING)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NEAR = st.text("ab\0\x7fé\uffff\U0010ffff", max_size=4)


@settings(max_examples=100, deadline=None)
@given(bound=st.one_of(NEAR, TEXTS), texts=st.lists(st.one_of(NEAR, TEXTS), max_size=20))
def test_pattern(bound: str, texts: list[str]) -> None:
    texts = [*texts, bound, bound + "\0", bound[:-1]]
    with duckdb_cursor() as connection:
        connection.register("rows", pa.table({"s": texts}))
        found = connection.execute("SELECT regexp_full_match(s, ?) FROM rows", [f"(?s:{less_than(bound)})"]).fetchall()
    assert [is_less for (is_less,) in found] == [text < bound for text in texts]


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("bound", ["", "m", "mé", "z" * MAX_LENGTH])
def test_operators(operator: str, bound: str) -> None:
    """DuckDB's own order is that of the bytes."""
    texts = ["", "m", "mé", "mf", "m\u0300", "n", "z" * MAX_LENGTH, "z" * 300, "\U0010ffff", None]
    sql = [to_duckdb(bind(f"s {operator} '{bound}'", SCHEMA)), to_duckdb(bind(f"'{bound}' {operator} s", SCHEMA))]
    with duckdb_cursor() as connection:
        connection.register("rows", pa.table({"s": texts}))
        found = connection.sql(f"SELECT {sql[0]}, {sql[1]} FROM rows").fetchall()
        true = connection.execute(f"SELECT s {operator} $1, $1 {operator} s FROM rows", [bound]).fetchall()
    assert found == true


def test_a_longer_constant_is_refused() -> None:
    with pytest.raises(ExpressionError, match=re.escape("constant of at most 200 characters")):
        bind(f"s < '{'a' * 201}'", SCHEMA)
