"""ML.DESCRIBE_DATA, against NumPy and what was counted by hand."""

from __future__ import annotations

import datetime
import decimal
import math

import numpy as np
import pyarrow as pa
import pytest
from function_calls import call_table

from hagane.errors import DataError
from hagane.session.functions.describe_data import SCHEMA

NAMES = (
    "name num_rows num_nulls num_zeros min max mean stddev median quantiles unique avg_string_length num_values "
    "top_values min_array_length max_array_length avg_array_length total_array_length array_length_quantiles dimension"
)


def describe(table: pa.Table, workspace, **options) -> dict[str, dict]:
    found = call_table("ML.DESCRIBE_DATA", workspace, None, table, **options)
    assert found.schema == SCHEMA
    return {row["name"]: row for row in found.to_pylist()}


def test_the_columns_are_bigquerys():
    assert NAMES.split() == SCHEMA.names


def test_numbers(shared_workspace):
    rng = np.random.default_rng(1)
    values = rng.normal(5, 2, 1001).round(1)
    table = pa.table({"x": pa.array([*values, None, math.nan, 0.0]), "n": pa.array(range(1004))})
    x = describe(table, shared_workspace, num_quantiles=4)["x"]
    ordered = np.sort([*values, 0.0])
    assert (x["num_rows"], x["num_nulls"], x["num_values"]) == (1004, 2, 1002)
    assert x["num_zeros"] == (ordered == 0).sum()
    assert x["mean"] == pytest.approx(ordered.mean())
    assert x["stddev"] == pytest.approx(ordered.std(ddof=1))
    ranks = [max(math.ceil(1002 * fraction), 1) - 1 for fraction in (0, 0.25, 0.5, 0.75, 1)]
    assert x["quantiles"] == list(ordered[ranks])
    assert (x["min"], x["max"]) == (str(ordered[0]), str(ordered[-1]))
    assert (x["unique"], x["avg_string_length"], x["top_values"], x["dimension"]) == (None, None, [], None)


def test_defaults_and_whole_numbers_as_text(shared_workspace):
    table = pa.table({"n": [3, 1, 2], "price": pa.array([decimal.Decimal("1.50")] * 3)})
    found = describe(table, shared_workspace)
    assert (found["n"]["quantiles"], found["n"]["min"], found["n"]["max"]) == ([1.0, 2.0, 3.0], "1", "3")
    assert (found["price"]["mean"], found["price"]["stddev"]) == (1.5, 0.0)


def test_infinities_and_huge_numbers(shared_workspace):
    table = pa.table({"x": [1.0, math.inf, 3.0], "y": [1e300, -1e300, 2.0]})
    found = describe(table, shared_workspace)
    assert (found["x"]["max"], found["x"]["mean"], found["x"]["stddev"]) == ("inf", None, None)
    assert (found["y"]["min"], found["y"]["stddev"]) == ("-1e+300", None)


def test_text_and_what_is_read_as_text(shared_workspace):
    table = pa.table(
        {
            "job": ["nurse", "pilot", None, "nurse", "Ärztin"],
            "late": [True, False, True, None, True],
            "day": pa.array([datetime.date(2020, 1, 31)] * 5),
            "at": pa.array([datetime.datetime(2020, 1, 31, 12, tzinfo=datetime.UTC)] * 5),
        }
    )
    found = describe(table, shared_workspace, top_k=2)
    job = found["job"]
    assert job["top_values"] == [{"value": "nurse", "count": 2}, {"value": "pilot", "count": 1}]
    assert (job["unique"], job["num_nulls"], job["avg_string_length"]) == (3, 1, 5.25)
    assert (job["min"], job["max"], job["mean"], job["quantiles"]) == ("nurse", "Ärztin", None, [])
    assert found["late"]["top_values"] == [{"value": "true", "count": 3}, {"value": "false", "count": 1}]
    assert found["day"]["min"] == "2020-01-31"
    assert found["at"]["min"] == "2020-01-31 12:00:00+00"


def test_arrays_structs_and_sparse_vectors(shared_workspace):
    sparse = pa.list_(pa.struct([("index", pa.int64()), ("value", pa.float64())]))
    table = pa.table(
        {
            "tags": pa.array([["a", "b"], ["a"], [], None, ["c", None]]),
            "marks": pa.array([[1, 2], [3], [0], [], [4, 5]]),
            "sparse": pa.array([[(0, 1.0), (6, 3.0)], [], [(2, 0.0)], [], []], sparse),
            "place": pa.array([{"lat": 1.5, "city": "Kyoto"}] * 5),
        }
    )
    found = describe(table, shared_workspace, num_array_length_quantiles=2, top_k=1)
    tags, marks, vector = found["tags"], found["marks"], found["sparse"]
    assert (tags["num_rows"], tags["num_nulls"], tags["num_values"], tags["unique"]) == (5, 1, 4, 3)
    assert (tags["min_array_length"], tags["max_array_length"], tags["avg_array_length"]) == (0, 2, 1.25)
    assert (tags["total_array_length"], tags["array_length_quantiles"]) == (5, [0, 1, 2])
    assert tags["top_values"] == [{"value": "a", "count": 2}]
    assert (marks["mean"], marks["num_zeros"], marks["quantiles"]) == (2.5, 1, [0.0, 2.0, 5.0])
    assert (vector["dimension"], vector["num_values"], vector["max"]) == (7, 3, "3")
    assert (found["place_lat"]["mean"], found["place_city"]["top_values"][0]["value"]) == (1.5, "Kyoto")


def test_no_rows_and_no_values(shared_workspace):
    found = describe(pa.table({"x": pa.array([], pa.float64()), "s": pa.array([], pa.string())}), shared_workspace)
    assert (found["x"]["num_rows"], found["x"]["min"], found["x"]["quantiles"]) == (0, None, [])
    assert (found["s"]["unique"], found["s"]["top_values"]) == (0, [])


def test_types_without_statistics_are_all_named(shared_workspace):
    table = pa.table({"a": pa.array([[[1]]]), "x": [1], "b": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))})
    with pytest.raises(DataError) as caught:
        describe(table, shared_workspace)
    assert [fault.what.split("'")[1] for fault in caught.value.faults] == ["a", "b"]
