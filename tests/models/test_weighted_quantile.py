"""Quantiles of numbers in blocks are numpy's of the rows that the weights repeat."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hagane.models.weighted_quantile import weighted_quantile

number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)
some_rows = st.lists(st.tuples(number, st.integers(0, 3)), min_size=1, max_size=40)


@given(some_rows.filter(lambda rows: any(weight for _, weight in rows)), st.floats(0.01, 1.0), st.integers(0, 40))
def test_it_is_numpy_s(rows: list[tuple[float, int]], share: float, cut: int) -> None:
    values, weights = np.array([value for value, _ in rows]), np.array([weight for _, weight in rows])
    blocks = [(values[:cut], weights[:cut].astype(float)), (values[cut:], weights[cut:].astype(float))]
    repeated = np.repeat(values, weights)
    assert weighted_quantile(lambda: blocks, share) == np.quantile(repeated, share, method="inverted_cdf")
