"""Columns under names of their own: out of the graph's tensors, cut, joined, as rows and as Arrow."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.bundle.output_column import OutputColumn
from hagane.bundle.output_values import OutputValues
from hagane.bundle.prediction_columns import output_type, prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import ROW_ERROR, Signature
from hagane.types import Column, SqlType

NEAREST = OutputColumn(name="near", fields=(Column("id", SqlType.INT64), Column("distance", SqlType.FLOAT64)))
TAGS = OutputColumn(name="tags", type=SqlType.ARRAY_STRING, is_ragged=True, is_nullable=True)
DAY = OutputColumn(name="day", type=SqlType.DATE, is_nullable=True)
PLACE = OutputColumn(name="place", type=SqlType.INT64)
SIGNATURE = Signature(
    inputs=(), task="preprocessing", model_type="transform_only", output_columns=(PLACE, NEAREST, TAGS, DAY)
)
OUTPUTS = {
    "output.place": np.array([3, 1, 2]),
    "output.near.id": np.array([[3, 1], [1, 2], [2, 1]]),
    "output.near.distance": np.array([[0.0, 1.0], [0.5, np.nan], [0.0, 2.0]]),
    "output.tags": np.array(["a", "b", "c"], object),
    "rows.tags": np.array([0, 0, 2]),
    "valid.tags": np.array([True, True, False]),
    "output.day": np.array([0, 1, 2]),
    "valid.day": np.array([True, False, True]),
    ROW_ERROR: np.array([False, False, True]),
}
ROWS = [
    {
        "place": 3,
        "near": [{"id": 3, "distance": 0.0}, {"id": 1, "distance": 1.0}],
        "tags": ["a", "b"],
        "day": "1970-01-01",
    },
    {"place": 1, "near": [{"id": 1, "distance": 0.5}, {"id": 2, "distance": None}], "tags": [], "day": None},
    {"place": 2, "near": [{"id": 2, "distance": 0.0}, {"id": 1, "distance": 2.0}], "tags": None, "day": "1970-01-03"},
]


def test_every_tensor_is_promised_and_becomes_its_column() -> None:
    assert set(SIGNATURE.outputs) == OUTPUTS.keys()
    predictions = Predictions.from_outputs(SIGNATURE, OUTPUTS)
    assert predictions.rows() == [*ROWS[:2], {**ROWS[2], "row_error": True}]
    table = pa.table(prediction_columns(predictions))
    assert [table.schema.field(each.name).type for each in SIGNATURE.output_columns] == [
        output_type(each) for each in SIGNATURE.output_columns
    ]
    rows = table.to_pylist()
    assert rows[2] == {"place": None, "near": None, "tags": None, "day": None}, "a row that erred is refused"
    assert [row["near"] for row in rows[:2]] == [row["near"] for row in ROWS[:2]]
    assert [row["tags"] for row in rows[:2]] == [["a", "b"], []]
    assert rows[1]["day"] is None


@given(cuts=st.lists(st.integers(0, 3), max_size=4))
def test_parts_joined_are_the_whole(cuts: list[int]) -> None:
    whole = Predictions.from_outputs(SIGNATURE, OUTPUTS)
    ends = [0, *sorted(cuts), 3]
    sizes = [stop - start for start, stop in itertools.pairwise(ends)]
    parts = whole.split(sizes)
    assert [row for part in parts for row in part.rows()] == whole.rows()
    assert Predictions.concatenate(parts).rows() == whole.rows()
    copies = [Predictions.from_outputs(SIGNATURE, OUTPUTS)] * 2
    assert Predictions.concatenate(copies).rows() == whole.rows() * 2


@pytest.mark.parametrize("column", SIGNATURE.output_columns, ids=lambda column: column.name)
def test_no_rows(column: OutputColumn) -> None:
    empty = OutputValues.of(column, {name: array[:0] for name, array in OUTPUTS.items()}, 0)
    assert (len(empty), empty.rows()) == (0, [])
