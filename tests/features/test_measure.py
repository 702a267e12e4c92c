"""Aggregates of many arguments in few scans."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.features.analyzers.analyzer import Aggregates, ValueCounts
from hagane.features.measure import Question, measure
from hagane.types import SqlType


@pytest.fixture
def columns() -> dict[str, list]:
    random = np.random.default_rng(1)
    words = {f"s{i}": random.choice(["a", "b", "é", "ab", None], 500).tolist() for i in range(20)}
    return words | {"k": random.integers(0, 4, 500).tolist(), "x": random.normal(size=500).tolist()}


@pytest.mark.parametrize("is_columnar", [True, False])
def test_counts_of_many_columns(columns: dict[str, list], is_columnar: bool) -> None:
    queries: list[str] = []
    table = open_table(pa.table(columns))

    def query(sql: str) -> pa.Table:
        queries.append(sql)
        return table.query(sql)

    names = [name for name in columns if name != "x"]
    questions = [Question(name, SqlType.STRING, Aggregates(counts=ValueCounts(100, 3))) for name in names]
    for name, measured in zip(names, measure(query, questions, num_rows=500, is_columnar=is_columnar), strict=True):
        counted = Counter(value for value in columns[name] if value is not None)
        expected = sorted(((-n, value) for value, n in counted.items() if n >= 100))[:3]
        assert measured.counts == tuple((value, -n) for n, value in expected)
    assert len(queries) == (21 if is_columnar else 2)


def test_no_more_values_leave_the_database_than_are_wanted() -> None:
    """Ties at the cut, NULL the most frequent of all; a million values stay where they can be put on disk."""
    values = [None] * 50 + [f"{number:03}" for number in range(300)] + ["b", "b", "a", "a"]
    table = open_table(pa.table({f"s{i}": values for i in range(3)}))
    sizes: list[int] = []

    def query(sql: str) -> pa.Table:
        found = table.query(sql)
        sizes.append(found.num_rows)
        return found

    questions = [Question(f"s{i}", SqlType.STRING, Aggregates(counts=ValueCounts(1, limit))) for i, limit in
                 enumerate((1, 4, 3))]  # fmt: skip
    found = measure(query, questions, num_rows=len(values))
    assert [measured.counts for measured in found] == [
        tuple([("a", 2), ("b", 2), ("000", 1), ("001", 1)][:limit]) for limit in (1, 4, 3)
    ]
    assert sizes == [3 * (4 + 1)]


def test_one_scan_for_all_scalars(columns: dict[str, list]) -> None:
    table = open_table(pa.table(columns))
    scans: list[str] = []

    def query(sql: str, *, with_row: bool = False) -> pa.Table:
        scans.append(sql)
        return table.query(sql)

    low, high = measure(
        query, [Question("x", SqlType.FLOAT64, Aggregates({"v": f"{f}({{x}})"})) for f in ("min", "max")], num_rows=500
    )
    assert (low.scalars["v"], high.scalars["v"]) == (min(columns["x"]), max(columns["x"]))
    assert len(scans) == 1
