"""BigQuery ML's preprocessing of what a TRANSFORM gives: the same as of columns that nobody transformed."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.errors import ExpressionError
from hagane.features.automatic import automatic_transform
from hagane.features.bigquery_transform import bigquery_transform
from hagane.statistics.measure import measure_statistics
from hagane.types import Column, Schema, SqlType

TYPES = (
    *(SqlType.INT64, SqlType.FLOAT64, SqlType.STRING, SqlType.BOOL, SqlType.DATE, SqlType.TIMESTAMP),
    *(SqlType.ARRAY_STRING, SqlType.ARRAY_FLOAT64),
)
SCHEMA = Schema(tuple(Column(f"c{number}", type_) for number, type_ in enumerate(TYPES)))


@pytest.mark.parametrize(("scales", "accepts_missing"), [(True, False), (False, True), (False, False)])
def test_a_column_as_it_is_becomes_what_it_becomes_without_a_transform(scales: bool, accepts_missing: bool):
    arrays = [
        *([1, 2], [0.5, None], ["a", "b"], [True, None]),
        *(pa.array([1, 2], pa.date32()), pa.array([1, 2], pa.timestamp("us", "UTC"))),
        *([["a"], ["b", "c"]], [[1.0, 2.0], [3.0, 4.0]]),
    ]
    table = open_table(pa.table([pa.array(each) for each in arrays], names=list(SCHEMA.names)))
    assert table.schema == SCHEMA
    statistics = measure_statistics(table)
    automatic = automatic_transform(SCHEMA, statistics, "label", scales=scales, accepts_missing=accepts_missing,
                                    rules="bigquery").expressions  # fmt: skip
    written = {name: name for name in SCHEMA.names}
    found = bigquery_transform(written, SCHEMA, scales=scales, accepts_missing=accepts_missing)
    assert found == automatic
    if "_TS_DOW_c5" in found:  # doing it twice changes nothing
        assert bigquery_transform(found, SCHEMA, scales=scales, accepts_missing=accepts_missing) == found


def test_what_is_learned_or_has_slots_stays():
    transform = {
        "a": "ML.STANDARD_SCALER(c0) OVER ()",
        "b": "ML.BUCKETIZE(c0, [1, 2])",
        "c": "ML.QUANTILE_BUCKETIZE(c0, 4) OVER ()",
        "d": "ML.POLYNOMIAL_EXPAND(STRUCT(ML.IMPUTER(c0, 'mean') OVER () AS x, c1 AS y))",
    }
    assert bigquery_transform(transform, SCHEMA, scales=True, accepts_missing=False) == transform


def test_several_features_of_one_expression_are_each_preprocessed():
    transform = {
        "p": "ML.POLYNOMIAL_EXPAND(STRUCT(c0, c1), 1)",
        "x": "ML.FEATURE_CROSS(STRUCT(c2, CAST(c3 AS STRING) AS b, c2 || 'z' AS z))",
    }
    found = bigquery_transform(transform, SCHEMA, scales=True, accepts_missing=False)
    assert found["p_c0"] == "COALESCE(ML.STANDARD_SCALER(CAST(c0 AS FLOAT64)) OVER (), 0)"
    assert list(found) == ["p_c0", "p_c1", "x_c2_b", "x_c2_z", "x_b_z"]
    assert found["x_c2_b"].startswith("ML.ONE_HOT_ENCODER(ML.FEATURE_CROSS(")


def test_a_comment_swallows_nothing():
    found = bigquery_transform({"x": "LN(c0) -- its logarithm"}, SCHEMA, scales=True, accepts_missing=False)
    assert bigquery_transform(found, SCHEMA, scales=True, accepts_missing=False) == found


def test_faults_are_told_together():
    with pytest.raises(ExpressionError) as caught:
        bigquery_transform({"x": "LN(nope)", "y": "nope + 1"}, SCHEMA, scales=True, accepts_missing=False)
    assert [fault.where for fault in caught.value.faults] == ["transform.x", "transform.y"]
    with pytest.raises(ExpressionError, match="two features are called '_TS_DOM_t'"):
        bigquery_transform({"t": "c5", "_TS_DOM_t": "c0"}, SCHEMA, scales=True, accepts_missing=False)
