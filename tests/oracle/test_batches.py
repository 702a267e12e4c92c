"""Every function gives a row the same bits in a batch of any size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from oracle_engines import Answer, Graph
from oracle_expressions import calls, with_column
from oracle_rows import hostile_rows

from hagane.features.scalar import SCALAR
from hagane.sql.functions import FUNCTIONS

ROWS = 4096
SLICES = [(0, 0), (0, 1), (17, 1), (4095, 1), (100, 2), (33, 7), (0, 300), (1001, 300)]


def test_every_function_is_compiled_and_none_unknown() -> None:
    assert {name for name in SCALAR if not name.startswith("$")} == set(FUNCTIONS)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_every_batch_size_gives_the_same_bits(name: str) -> None:
    @settings(max_examples=1, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        overloads = FUNCTIONS[name].overloads
        trees = [
            with_column(data.draw(calls(FUNCTIONS[name], overload, 1))) for overload in overloads for _ in range(2)
        ]
        graph = Graph(trees)
        rows = hostile_rows(0, ROWS)
        whole = graph.run(rows)
        for start, count in SLICES:
            for expected, got in zip(whole, graph.run(rows.slice(start, count)), strict=True):
                assert_same_bits(expected, got, slice(start, start + count))

    check()


def assert_same_bits(whole: Answer, part: Answer, rows: slice) -> None:
    assert np.array_equal(part.valid, whole.valid[rows])
    assert np.array_equal(part.error, whole.error[rows])
    there = part.valid
    expected, got = whole.data[rows][there], part.data[there]
    assert expected.shape == got.shape
    if got.dtype == np.float64:
        expected, got = expected.view(np.int64), got.view(np.int64)
    if any(isinstance(value, list) for value in got):  # text tells 0.0 from -0.0, and NaN is the same as NaN
        expected, got = [np.array([repr(value) for value in answers], object) for answers in (expected, got)]
    assert np.array_equal(got, expected)
