"""The graph and DuckDB agree: random expressions over hostile rows, and every function for itself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_engines import assert_agree, by_duckdb
from oracle_expressions import calls, features, with_column
from oracle_rows import hostile_rows
from oracle_sql import to_text

from hagane.sql.expression import Expression
from hagane.sql.functions import FUNCTIONS
from hagane.sql.nullable import can_be_null

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@settings(max_examples=30, deadline=None, suppress_health_check=CHECKS)
@given(trees=st.lists(features(), min_size=1, max_size=8), seed=st.integers(0, 3))
def test_random_expressions(trees: list[Expression], seed: int) -> None:
    assert_agree(trees, hostile_rows(seed))


@settings(max_examples=60, deadline=None, suppress_health_check=CHECKS)
@given(trees=st.lists(features(depth=3), min_size=4, max_size=8), seed=st.integers(0, 3))
def test_what_cannot_be_null_is_not(trees: list[Expression], seed: int) -> None:
    never = [tree for tree in trees if not can_be_null(tree)]
    for tree, found in zip(never, by_duckdb(never, hostile_rows(seed)) if never else [], strict=True):
        assert found.valid.all(), to_text(tree)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=1500, deadline=None, suppress_health_check=CHECKS)
@given(trees=st.lists(features(depth=5), min_size=1, max_size=8), seed=st.integers(0, 7))
def test_thousands_of_expressions(trees: list[Expression], seed: int) -> None:
    assert_agree(trees, hostile_rows(seed))


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_every_function(name: str) -> None:
    """Each overload over columns and constants, without and with a call as an argument."""

    @settings(
        max_examples=4,
        deadline=None,
        suppress_health_check=CHECKS,
        derandomize=True,
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        signature = FUNCTIONS[name]
        depths = [1, 1, 2]
        trees = [data.draw(calls(signature, overload, depth)) for overload in signature.overloads for depth in depths]
        assert_agree([with_column(tree) for tree in trees], hostile_rows(0))

    check()
