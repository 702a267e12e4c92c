"""`QueryFunction`: a function of one row's values, as DuckDB calls it on columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class QueryFunction:
    """Types of arguments and result in DuckDB's words, and what computes a row, or whole arrays of them."""

    takes: tuple[str, ...]
    gives: str
    row: Callable[..., Any] | None = None
    """Of one row's values: of NULL it is not asked unless `nulls`, and gives NULL. ValueError is the query's error."""
    arrays: Callable[..., pa.Array] | None = None
    """Of Arrow arrays, instead."""
    nulls: bool = False
    arrow: pa.DataType | None = None
    """The type of the result; found by DuckDB's word where None."""

    def over(self, name: str, *, safe: bool) -> Callable[..., pa.Array]:
        """What is called with Arrow columns; equal rows, of which texts have many, are computed once."""
        whole = self.arrays
        if whole is not None:
            return _of_arity(len(self.takes), lambda *columns: whole(*(_one(column) for column in columns)))
        row, result = self.row, self.arrow or _ARROW[self.gives]
        assert row is not None

        def compute(*columns: Any) -> pa.Array:
            held: dict[tuple[Any, ...], Any] = {}
            answers = []
            for values in zip(*(_one(column).to_pylist() for column in columns), strict=True):
                key = tuple(tuple(value) if isinstance(value, list) else value for value in values)
                if key not in held:
                    held[key] = _answer(row, values, name, safe=safe, nulls=self.nulls)
                answers.append(held[key])
            return pa.array(answers, result)

        return _of_arity(len(self.takes), compute)


def _of_arity(count: int, function: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    """DuckDB counts a function's parameters, and takes `*columns` for one."""
    shapes: dict[int, Callable[..., pa.Array]] = {
        1: lambda a: function(a),  # noqa: PLW0108  # its parameters are what it is for
        2: lambda a, b: function(a, b),  # noqa: PLW0108
        3: lambda a, b, c: function(a, b, c),  # noqa: PLW0108
        4: lambda a, b, c, d: function(a, b, c, d),  # noqa: PLW0108
        5: lambda a, b, c, d, e: function(a, b, c, d, e),  # noqa: PLW0108
    }
    return shapes[count]


def _answer(row: Callable[..., Any], values: tuple[Any, ...], name: str, *, safe: bool, nulls: bool) -> Any:
    if not nulls and None in values:
        return None
    try:
        return row(*values)
    except (ValueError, OverflowError, ArithmeticError) as error:
        if safe:
            return None
        raise ValueError(f"{name.removeprefix('hagane_').upper()}: {error}") from None


def _one(column: Any) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


_ARROW = {
    "VARCHAR": pa.string(), "BLOB": pa.binary(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_(), "DOUBLE": pa.float64(),
    "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "TIME": pa.time64("us"),
    "DECIMAL(38, 9)": pa.decimal128(38, 9), "BIGINT[]": pa.list_(pa.int64()), "VARCHAR[]": pa.list_(pa.string()),
    "BLOB[]": pa.list_(pa.binary()), "INTERVAL": pa.month_day_nano_interval(),
}  # fmt: skip
