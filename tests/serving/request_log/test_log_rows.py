"""The short way from requests to rows gives what the long way gives."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.bundle.bundle import Bundle
from hagane.bundle.predictions import Predictions
from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.column_data import column_data
from hagane.runtime.layout import ColumnData
from hagane.serving.deployment import Deployment
from hagane.serving.request_log.arrow_column import arrow_column
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_rows import LogRows
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.served_model import ServedModel
from hagane.serving.typed_body import TypedBody
from hagane.types import SqlType

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "age": st.integers(-(2**63), 2**63 - 1),
    "fare": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60),
    "job": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "member": st.booleans(),
    "seen": st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    "born": st.dates().map(lambda day: day.isoformat()),
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in VALUES.items()}),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150)
@given(ROWS)
def test_what_was_fed_to_the_graph_is_what_is_decoded(flights: Bundle, rows: list[dict[str, Any]]) -> None:
    model = ServedModel(flights, protocols=("vertex",))
    fed = TypedBody(model).read(msgspec.json.encode({"instances": rows}))
    if fed is None:
        return  # one that goes the long way in any case
    for treatment in ({}, dict.fromkeys(VALUES, "hash")):
        logged = LoggedModel(
            endpoint="e",
            deployed_model_id="i",
            model="m",
            version="1",
            signature=flights.signature,
            sensitive=treatment,
        )
        log_rows = LogRows(Deployment(model), logged, Pseudonyms(bytes(32)), 1.0)
        long_way = log_rows._decoded(rows)
        try:
            short_way = log_rows._fed([fed])
        except pa.ArrowInvalid:
            assert any(type(row.get("fare")) is int and abs(row["fare"]) > 2**53 for row in rows)
        else:
            assert short_way.equals(long_way)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.randoms())
def test_parts_are_joined_as_they_were(flights: Bundle, sizes: list[int], draw: Any) -> None:
    whole = flights.predict([{"age": number % 90} for number in range(sum(sizes))])
    parts = whole.split(sizes)
    chosen = [part for part in parts if draw.random() < 0.7] or [parts[0]]
    joined = Predictions.concatenate(chosen)
    for name in ("row_errors", "probabilities", "labels"):
        expected = np.concatenate([getattr(part, name) for part in chosen])
        assert getattr(joined, name).tolist() == expected.tolist()


@given(st.sampled_from(list(SqlType)), st.data())
def test_columns_come_back_as_they_were(type_: SqlType, data: st.DataObject) -> None:
    elements: dict[SqlType, st.SearchStrategy[Any]] = {
        SqlType.BOOL: st.integers(0, 1), SqlType.INT64: VALUES["age"], SqlType.TIMESTAMP: st.integers(-(2**50), 2**50),
        SqlType.DATE: st.integers(-700_000, 2_000_000), SqlType.STRING: VALUES["job"], SqlType.FLOAT64: st.floats(),
    }  # fmt: skip
    scalar = type_.element if type_.is_array else type_
    lengths = data.draw(st.lists(st.integers(0, 3), max_size=5)) if type_.is_array else []
    size = sum(lengths) if type_.is_array else data.draw(st.integers(0, 5))
    dtype: Any = object if scalar is SqlType.STRING else np.float64 if scalar is SqlType.FLOAT64 else np.int64
    values = np.array(data.draw(st.lists(elements[scalar], min_size=size, max_size=size)), dtype)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64) if type_.is_array else None
    column = ColumnData(values, None, offsets)
    array = arrow_column(column, type_)
    assert array.type == ARROW_TYPES[type_]
    back = column_data(array, type_)
    assert (
        np.array_equal(back.data, values)
        if dtype is object
        else back.data.tobytes() == column.data.tobytes()
        or (np.array_equal(np.isnan(back.data), np.isnan(values)) and dtype is np.float64)
    )
    assert offsets is None or back.offsets.tolist() == offsets.tolist()  # type: ignore[union-attr]
