"""Hyperparameters in texts: found, refused, filled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import ExpressionError
from hagane.sql.bind import bind
from hagane.sql.expression import Literal, walk
from hagane.sql.hparams import fill_hparams, find_hparams, hparam_candidates, hparam_range, sql_literal
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((Column("s", SqlType.STRING), Column("x", SqlType.FLOAT64)))


def test_several_in_one_expression() -> None:
    sql = "IF(x > hparam_range(-1.5, 2e3), ML.HASH_BUCKETIZE(s, HPARAM_CANDIDATES([10, 20])), 0)"
    low, buckets = find_hparams(sql)
    assert (low.low, low.high, buckets.candidates) == (-1.5, 2000.0, (10, 20))
    assert fill_hparams(sql, [0.5, 20]) == "IF(x > 0.5, ML.HASH_BUCKETIZE(s, 20), 0)"


@pytest.mark.parametrize(
    "sql",
    [
        "s = 'HPARAM_RANGE(1, 2)'",
        "x -- HPARAM_RANGE(1, 2)",
        "hparam_range",
        "`HPARAM_RANGE`",
        "/* HPARAM_RANGE(1) */ x",
    ],
)
def test_what_is_none(sql: str) -> None:
    assert find_hparams(sql) == ()


def test_nested_arrays_as_bigquery_writes_them() -> None:
    (found,) = find_hparams("HPARAM_CANDIDATES([STRUCT([8]), STRUCT([8, 16])])")
    assert found.candidates == ((8,), (8, 16))


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("HPARAM_RANGE(1)", "two numbers"),
        ("HPARAM_RANGE(2, 1)", "range is empty"),
        ("HPARAM_RANGE('a', 'b')", "two numbers"),
        ("HPARAM_RANGE(x, 2)", "takes constants"),
        ("HPARAM_CANDIDATES([])", "one array"),
        ("HPARAM_CANDIDATES(1, 2)", "one array"),
        ("HPARAM_CANDIDATES([x])", "takes constants"),
    ],
)
def test_faults_are_underlined(sql: str, what: str) -> None:
    with pytest.raises(ExpressionError, match=what) as caught:
        find_hparams(f"ML.HASH_BUCKETIZE(s, {sql})")
    assert caught.value.faults[0].start == 21


def test_a_minus_and_a_negative_number_begin_no_comment() -> None:
    assert fill_hparams("y-HPARAM_RANGE(-5, 5)", [-3]) == "y- -3"
    assert fill_hparams("y - HPARAM_RANGE(-5.0, 5)", [-0.5]) == "y - -0.5"
    schema = Schema((Column("y", SqlType.INT64),))
    assert bind(fill_hparams("y-HPARAM_RANGE(-5, 5)", [-3]), schema) == bind("y - (-3)", schema)


def test_one_without_a_value_is_not_bound() -> None:
    with pytest.raises(ExpressionError, match="has no value yet"):
        bind("ML.HASH_BUCKETIZE(s, HPARAM_RANGE(1, 2))", SCHEMA)


VALUES = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(VALUES)
def test_a_literal_binds_to_its_value(value: Any) -> None:
    tree = bind(f"COALESCE(NULL, {sql_literal(value)}) = {'s' if isinstance(value, str) else 'x'}"
                if not isinstance(value, bool) else f"(x > 1) = {sql_literal(value)}", SCHEMA)  # fmt: skip
    constants = [node.value for node in walk(tree) if isinstance(node, Literal) and node.value is not None]
    assert value in constants or float(value) in constants


@given(st.lists(VALUES, min_size=1).map(tuple))
def test_candidates_round_trip(values: tuple[Any, ...]) -> None:
    (found,) = find_hparams(hparam_candidates(values))
    assert found.candidates == values
    assert all(found.admits(value) for value in values)


@given(st.integers(-(2**62), 2**62), st.integers(1, 2**62), st.data())
def test_ranges_round_trip(low: int, width: int, data: st.DataObject) -> None:
    (found,) = find_hparams(hparam_range(low, low + width))
    assert (found.low, found.high) == (low, low + width)
    assert found.admits(data.draw(st.integers(low, low + width)))
    assert not found.admits(low - 1)
