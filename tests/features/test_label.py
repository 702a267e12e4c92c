"""The label's classes, and what is left out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError
from hagane.features.label import LabelEncoding, fit_label
from hagane.types import SqlType


def fitted(values: list, type_: pa.DataType | None = None, task: str = "classification") -> LabelEncoding:
    return fit_label(open_table(pa.table({"y": pa.array(values, type_)})), "y", task)


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", None, "é", "z"], ("a", "b", "z", "é")),
        ([3, -1, None, 3], (-1, 3)),
        ([True, False, None], (False, True)),
        ([1.0, 0.0, None], (0, 1)),
    ],
)
def test_classes_ascend(values: list, classes: tuple) -> None:
    encoding = fitted(values)
    assert encoding.classes == classes
    assert [type(value) for value in encoding.classes] == [type(value) for value in classes]
    label = encoding.encode(pa.array(values))
    assert label.values.tolist() == [classes.index(value) for value in values if value is not None]
    assert (label.num_null, label.num_unknown) == (1, 0)
    assert msgspec.json.decode(msgspec.json.encode(encoding), type=LabelEncoding) == encoding


def test_dictionary_and_plain_arrays_are_alike() -> None:
    encoding = fitted(["no", "yes"])
    array = pa.array(["yes", None, "no", "other", "yes"])
    plain, coded = encoding.encode(array), encoding.encode(array.dictionary_encode())
    for mine, theirs in zip(plain, coded, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert plain.values.tolist() == [1, 0, 1]
    assert plain.kept is not None
    assert plain.kept.tolist() == [True, False, True, False, True]
    assert (plain.num_null, plain.num_unknown) == (1, 1)


@pytest.mark.parametrize("type_", [pa.int64(), pa.float64(), pa.bool_()])
def test_regression_takes_numbers(type_: pa.DataType) -> None:
    array = pa.array([1, None, 0]).cast(type_)
    label = fit_label(open_table(pa.table({"y": array})), "y", "regression").encode(array)
    assert label.values.dtype == np.float64
    assert label.values.tolist() == [1, 0]
    assert label.num_null == 1


def test_regression_leaves_out_what_is_not_finite() -> None:
    label = fitted([1.0], pa.float64(), "regression").encode(pa.array([1.0, math.inf, math.nan, 2.0]))
    assert (label.values.tolist(), label.num_null) == ([1, 2], 2)


@pytest.mark.parametrize(
    ("values", "type_", "task", "message"),
    [
        ([None], pa.string(), "classification", "NULL in every row"),
        (["a", "a"], None, "classification", "only 'a'"),
        ([0.5, 1.0], None, "classification", "whole numbers"),
        (list(range(1_001)), None, "classification", "more than 1,000"),
        (["a", "b"], None, "regression", "choose a classifier"),
        ([None, math.nan, math.inf], pa.float64(), "regression", "NULL, NaN or infinity in every row"),
        ([None], pa.int64(), "regression", "NULL in every row"),
        ([0], pa.timestamp("us", tz="UTC"), "classification", "BOOL, INT64 or STRING"),
    ],
)
def test_refusals(values: list, type_: pa.DataType | None, task: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fitted(values, type_, task)


def test_a_missing_column_names_the_nearest() -> None:
    with pytest.raises(DataError, match="did you mean: label"):
        fit_label(open_table(pa.table({"label": [1, 2]})), "labl", "regression")


def test_no_row_left_out_costs_no_copy() -> None:
    encoding = LabelEncoding(column="y", type=SqlType.FLOAT64, task="regression")
    assert encoding.encode(pa.array([1.0, 2.0])).kept is None
