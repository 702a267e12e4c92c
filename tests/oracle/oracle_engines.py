"""Both engines over the same rows, and what counts as the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from duckdb_cursor import duckdb_cursor
from oracle_rows import LAYOUT, feed_of

from hagane.features.compiler import DTYPES, Compiler
from hagane.features.emit import Emitter
from hagane.features.value import ArrayValue
from hagane.runtime.session import Session
from hagane.sql.expression import Expression
from hagane.sql.to_duckdb import row_error, to_duckdb
from hagane.types import SqlType

MAX_ULPS = 8


@dataclass(frozen=True)
class Answer:
    """One expression over n rows: `data` [n] (meaningless where not `valid`), `valid` [n], `error` [n]."""

    data: np.ndarray
    valid: np.ndarray
    error: np.ndarray


class Graph:
    """Expressions compiled into one graph."""

    def __init__(self, expressions: Sequence[Expression]) -> None:
        emitter = Emitter()
        self._lanes = Compiler(emitter, LAYOUT).compile(expressions)
        self._outputs: list[str] = []
        for number, (value, _) in enumerate(self._lanes):
            if isinstance(value, ArrayValue):
                self._array_outputs(emitter, number, value)
            else:
                self._output(emitter, f"data{number}", value.data, DTYPES[value.type])
            self._output(emitter, f"valid{number}", value.valid, np.bool_)
            self._output(emitter, f"error{number}", value.error, np.bool_)
        self._session = Session(emitter.model().SerializeToString())

    def _output(self, emitter: Emitter, name: str, tensor: str | None, dtype: type) -> None:
        if tensor is not None:
            self._outputs.append(name)
            emitter.output(name, tensor, dtype, ("n", "g"))

    def _array_outputs(self, emitter: Emitter, number: int, value: ArrayValue) -> None:
        flat = {"rows": value.rows, "data": value.data, "element_valid": value.element_valid}
        dtypes = {"rows": np.int64, "data": DTYPES[value.type], "element_valid": np.bool_}
        for part, tensor in flat.items():
            if tensor is not None:
                self._outputs.append(f"{part}{number}")
                emitter.output(f"{part}{number}", tensor, dtypes[part], (f"rows{number}",))

    def run(self, table: pa.Table) -> list[Answer]:
        """The graph's answers over the rows."""
        found = self._session.run(feed_of(table), self._outputs)
        return [self._lane(found, number, table.num_rows) for number in range(len(self._lanes))]

    def _lane(self, found: dict[str, np.ndarray], number: int, rows: int) -> Answer:
        value, index = self._lanes[number]

        def column(part: str, otherwise: bool) -> np.ndarray:
            tensor = found.get(f"{part}{number}")
            if tensor is None:
                return np.full(rows, otherwise)
            assert tensor.shape == (rows, value.width), f"{part}: {tensor.shape}, not {(rows, value.width)}"
            return tensor[:, index]

        data = _lists(found, number, rows) if isinstance(value, ArrayValue) else column("data", False)
        return Answer(data, column("valid", True), column("error", False))


def _lists(found: dict[str, np.ndarray], number: int, rows: int) -> np.ndarray:
    """[n] of lists, None where an element is NULL."""
    data, places = found[f"data{number}"], found[f"rows{number}"]
    assert data.shape == places.shape
    assert (np.diff(places) >= 0).all()
    there = found.get(f"element_valid{number}", np.ones(len(data), np.bool_))
    lists: list[list[object]] = [[] for _ in range(rows)]
    for place, value, known in zip(places.tolist(), data.tolist(), there.tolist(), strict=True):
        lists[place].append(value if known else None)
    return _objects(lists)


def _objects(values: list[object]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def by_graph(expressions: Sequence[Expression], table: pa.Table) -> list[Answer]:
    """The compiled graph's answers."""
    return Graph(expressions).run(table)


def by_duckdb(expressions: Sequence[Expression], table: pa.Table) -> list[Answer]:
    """DuckDB's answers."""
    columns = []
    for number, expression in enumerate(expressions):
        columns += [f"{to_duckdb(expression)} AS v{number}", f"{row_error(expression)} AS e{number}"]
    with duckdb_cursor() as connection:
        connection.execute("SET TimeZone = 'Asia/Tokyo'")  # no answer may depend on it
        connection.register("rows", table)
        answers = connection.sql(f"SELECT {', '.join(columns)} FROM rows").to_arrow_table()
    return [
        Answer(
            *_values(answers[f"v{number}"].combine_chunks(), expression.type),
            answers[f"e{number}"].combine_chunks().to_numpy(zero_copy_only=False).astype(np.bool_),
        )
        for number, expression in enumerate(expressions)
    ]


_ARROW = {
    SqlType.BOOL: pa.bool_(),
    SqlType.INT64: pa.int64(),
    SqlType.FLOAT64: pa.float64(),
    SqlType.STRING: pa.string(),
    SqlType.TIMESTAMP: pa.timestamp("us"),
    SqlType.DATE: pa.date32(),
    SqlType.ARRAY_INT64: pa.list_(pa.int64()),
    SqlType.ARRAY_FLOAT64: pa.list_(pa.float64()),
    SqlType.ARRAY_STRING: pa.list_(pa.string()),
}


def _values(array: pa.Array, type_: SqlType) -> tuple[np.ndarray, np.ndarray]:
    assert array.type == _ARROW[type_], f"DuckDB gives {array.type} for {type_}"
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    if type_ is SqlType.STRING:
        return np.array(array.to_pylist(), object), valid
    if type_.is_array:
        return _objects(array.to_pylist()), valid
    whole = {SqlType.TIMESTAMP: pa.int64(), SqlType.DATE: pa.int32()}.get(type_)
    numbers = array.cast(whole) if whole else array
    return numbers.fill_null(False if type_ is SqlType.BOOL else 0).to_numpy(zero_copy_only=False), valid


def difference(type_: SqlType, expected: Answer, got: Answer) -> tuple[int, str] | None:
    """The first row where the answers differ, and how; None where they are the same."""
    same = {
        "error": expected.error == got.error,
        "NULL": expected.valid == got.valid,
        "value": ~expected.valid | ~got.valid | _equal(type_, expected.data, got.data),
    }
    for what, equal in same.items():
        if not equal.all():
            row = int(np.argmin(equal))
            return row, f"{what}: DuckDB {_told(expected, row)}, graph {_told(got, row)}"
    return None


def _told(answer: Answer, row: int) -> str:
    value = repr(answer.data[row]) if answer.valid[row] else "NULL"
    return value + (" with an error" if answer.error[row] else "")


def _equal(type_: SqlType, expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    if type_.is_array:
        return np.array([_same_array(type_.element, *pair) for pair in zip(expected, got, strict=True)], np.bool_)
    if type_ is not SqlType.FLOAT64:
        return np.asarray(expected == got, np.bool_)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(expected - got) <= MAX_ULPS * np.spacing(np.abs(np.where(np.isfinite(expected), expected, 0)))
    return (expected == got) | (np.isnan(expected) & np.isnan(got)) | near


def _same_array(element: SqlType, expected: list[object] | None, got: list[object] | None) -> bool:
    """Whether two arrays have equal elements; one that is NULL is compared by nobody."""
    if expected is None or got is None:
        return True
    if [item is None for item in expected] != [item is None for item in got]:
        return False
    dtype = object if element is SqlType.STRING else np.float64 if element is SqlType.FLOAT64 else np.int64
    pairs = [(left, right) for left, right in zip(expected, got, strict=True) if left is not None]
    left, right = (np.array([pair[side] for pair in pairs], dtype) for side in (0, 1))
    return bool(_equal(element, left, right).all())


def assert_agree(expressions: Sequence[Expression], table: pa.Table) -> None:
    """Fails, naming the expression and the row, where the engines differ."""
    from oracle_sql import to_text

    answers = zip(expressions, by_duckdb(expressions, table), by_graph(expressions, table), strict=True)
    for expression, expected, got in answers:
        found = difference(expression.type, expected, got)
        if found:
            row, how = found
            values = {name: table[name][row].as_py() for name in _columns(expression)}
            raise AssertionError(f"{to_text(expression)}\n  row {row}: {values!r}\n  {how}")


def _columns(expression: Expression) -> tuple[str, ...]:
    from hagane.sql.expression import columns_of

    return columns_of(expression)
