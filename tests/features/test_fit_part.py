"""Fitted by parts against fitted at once, over random partitions of the rows."""

from __future__ import annotations

import functools
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.errors import DataError
from hagane.features.fit import fit_transform
from hagane.features.fit_part import FitPart, fit_part

EXACT = {
    "range": "ML.MIN_MAX_SCALER(x) OVER ()",
    "peak": "ML.MAX_ABS_SCALER(n) OVER ()",
    "word": "ML.ONE_HOT_ENCODER(s, 'most_frequent', 5, 2) OVER ()",
    "label": "ML.LABEL_ENCODER(s, 10, 1) OVER () + 0",
    "common": "ML.IMPUTER(n, 'most_frequent') OVER ()",
    "scaled": "ML.STANDARD_SCALER(x) OVER ()",
    "mean": "ML.IMPUTER(n, 'mean') OVER ()",
    "log": "ML.STANDARD_SCALER(LN(x * x + 1)) OVER ()",
}
RANKED = {"robust": "ML.ROBUST_SCALER(x) OVER ()", "median": "ML.IMPUTER(n, 'median') OVER ()"}


def table_of(num_rows: int, seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    missing = random.random(num_rows) < 0.2
    return pa.table(
        {
            "x": pa.array(random.normal(3, 2, num_rows), pa.float64(), mask=missing),
            "n": pa.array(random.integers(-9, 9, num_rows), pa.int64(), mask=missing[::-1]),
            "s": pa.array(np.array(list("aabbbcdé"))[random.integers(0, 8, num_rows)], pa.string()),
        }
    )


def by_parts(transform, table, part_of_row, num_parts, fitted=None) -> FitPart:
    parts = [
        fit_part(transform, open_table(table.filter(part_of_row == part)), accepts_missing=True, fitted=fitted)
        for part in range(num_parts)
    ]
    return functools.reduce(FitPart.merge, (FitPart.from_json(part.to_json()) for part in parts))


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 300), st.integers(1, 4), st.integers(0, 1_000))
def test_any_partition_gives_the_parameters_of_the_whole(num_rows, num_parts, seed):
    table = table_of(num_rows, seed)
    part_of_row = np.random.default_rng(seed).integers(0, num_parts, num_rows)
    together = fit_transform({**EXACT, **RANKED}, open_table(table), accepts_missing=True)
    merged = by_parts({**EXACT, **RANKED}, table, part_of_row, num_parts).fit()
    assert list(merged.fitted) == list(together.fitted)
    for node, expected in together.fitted.items():
        found = merged.fitted[node]
        for name in expected.__struct_fields__:
            mine, theirs = getattr(found, name), getattr(expected, name)
            assert mine == (pytest.approx(theirs, rel=1e-9, abs=1e-9) if isinstance(theirs, float) else theirs), name


def test_quantiles_of_many_rows_lie_within_the_error_of_their_sketch():
    table = table_of(40_000, 1)
    parts = np.random.default_rng(2).integers(0, 5, 40_000)
    merged = by_parts(RANKED, table, parts, 5)
    (robust, *_), sketch = merged.fit().fitted.values(), merged.nodes[0].quantiles
    x = np.sort(table["x"].drop_null().to_numpy())
    assert sketch.count == len(x)
    assert sketch.rank_error < 0.005
    for fraction, value in ((0.25, robust.lower_quartile), (0.5, robust.median), (0.75, robust.upper_quartile)):
        assert np.searchsorted(x, value) / len(x) == pytest.approx(fraction, abs=sketch.rank_error)


def test_tokens():
    texts = pa.table({"t": [["a", "b"], ["a"], None, ["c", "a", "a"], ["b"]]})
    transform = {"words": "ML.TF_IDF(t, 10, 1) OVER ()"}
    together = fit_transform(transform, open_table(texts), accepts_missing=True)
    merged = by_parts(transform, texts, np.array([0, 1, 1, 0, 1]), 2).fit()
    assert list(merged.fitted.values()) == list(together.fitted.values())


def test_parts_of_different_fits_are_not_merged():
    table = open_table(table_of(9, 0))
    parts = [fit_part({"f": sql}, table, accepts_missing=True) for sql in ("x", "n")]
    with pytest.raises(DataError, match="different fits"):
        parts[0].merge(parts[1])


def test_no_rows_at_all():
    merged = by_parts(RANKED, table_of(0, 0), np.zeros(0), 2).fit()
    assert all(math.isfinite(value) for value in (next(iter(merged.fitted.values())).median,))


AROUND = {
    "upper": "UPPER(ML.IMPUTER(s, 'most_frequent') OVER ())",
    "cross": "ML.FEATURE_CROSS(STRUCT(ML.QUANTILE_BUCKETIZE(x, 3) OVER () AS bucket, s))",
    "pair": "[ML.IMPUTER(s, 'most_frequent') OVER (), s]",
    "range": "ML.MIN_MAX_SCALER(x) OVER ()",
}


@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.integers(0, 300), st.integers(1, 4), st.integers(0, 1_000))
def test_any_partition_gives_the_vocabularies_of_text_around_analyzers_in_a_second_pass(num_rows, num_parts, seed):
    table = table_of(num_rows, seed)
    part_of_row = np.random.default_rng(seed).integers(0, num_parts, num_rows)
    together = fit_transform(AROUND, open_table(table), accepts_missing=True)
    first = by_parts(AROUND, table, part_of_row, num_parts)
    assert first.needs_second_pass
    second = by_parts(AROUND, table, part_of_row, num_parts, fitted=first)
    assert not second.needs_second_pass
    assert list(second.fit().fitted.items()) == list(together.fitted.items())
    assert second.fit().features == together.features


def test_a_second_pass_is_asked_for_and_belongs_to_its_first():
    table = open_table(table_of(50, 0))
    first = fit_part(AROUND, table, accepts_missing=True)
    with pytest.raises(DataError, match="in a second pass"):
        first.fit()
    second = fit_part(AROUND, table, accepts_missing=True, fitted=first)
    with pytest.raises(DataError, match="different fits"):
        first.merge(second)
    with pytest.raises(DataError, match="different fits"):
        fit_part({"upper": AROUND["upper"]}, table, accepts_missing=True, fitted=first)
