"""Which feature erred on which row: against what is known of each expression, for few features and for many."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from hagane.data.open_table import open_table
from hagane.features.encoder import MOST_PARTS, Encoder
from hagane.features.feature_errors import FeatureErrors
from hagane.features.fit import fit_transform


@pytest.mark.parametrize("num_columns", [1, 3, MOST_PARTS + 6])
@pytest.mark.parametrize("accepts_missing", [False, True])
def test_errors_are_those_of_each_expression(num_columns: int, accepts_missing: bool) -> None:
    """LN errs on numbers that are not positive; an infinity is an error of its own where none is taken."""
    random = np.random.default_rng(num_columns)
    numbers = random.choice([-1.0, 0.0, 1.0, 2.0, np.inf], (500, num_columns), p=[0.02, 0.02, 0.5, 0.45, 0.01])
    table = open_table(pa.table({f"x{i}": numbers[:, i] for i in range(num_columns)}))
    expressions = {f"ln{i}": f"COALESCE(LN(x{i}), 0)" for i in range(num_columns)}
    expressions |= {f"same{i}": f"COALESCE(x{i}, 0)" for i in range(num_columns)}
    transform = fit_transform(expressions, table, accepts_missing=accepts_missing)
    (batch,) = table.batches()
    columns = Encoder(transform).encode_columns(batch)
    found = FeatureErrors(transform).find(batch, columns.row_error)
    infinite = np.isinf(numbers) & (not accepts_missing)
    for feature, erred in zip(transform.features, found, strict=True):
        column = int(feature.name.removeprefix("ln").removeprefix("same"))
        expected = infinite[:, column] | ((numbers[:, column] <= 0) & feature.name.startswith("ln"))
        np.testing.assert_array_equal(np.zeros(500, bool) if erred is None else erred, expected, feature.name)
    union = np.logical_or.reduce([erred for erred in found if erred is not None])
    np.testing.assert_array_equal(union, columns.row_error)


def test_where_nothing_errs_no_graph_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    table = open_table(pa.table({"x": [1.0, 2.0], "y": [1.0, 2.0]}))
    transform = fit_transform({"x": "LN(x)", "y": "y"}, table, accepts_missing=True)
    monkeypatch.setattr("hagane.features.feature_errors._ErrorGraph", None)
    (batch,) = table.batches()
    assert list(FeatureErrors(transform).find(batch, Encoder(transform).encode_columns(batch).row_error)) == [None] * 2
