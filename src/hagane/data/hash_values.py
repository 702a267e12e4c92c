"""`hash_values`: DuckDB's hash of values that lie in memory."""

from __future__ import annotations

import functools
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa


def hash_values(values: pa.Array[Any]) -> npt.NDArray[np.uint64]:
    """Of n strings, or arrays, none of them NULL, [n]: what `hash(x)` is in SQL.

    >>> len(set(hash_values(pa.array(["a", "b", "a"])).tolist()))
    2
    """
    with _connection().cursor() as connection:
        connection.register("given", pa.table({"x": values}))
        found = connection.execute("SELECT hash(x) AS h FROM given").fetchnumpy()
    return np.asarray(found["h"], np.uint64)


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})
