"""Correlations against scipy, pandas and the closed forms, with missing values, ties and more rows than the sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.statistics.correlation_ratios import correlation_ratios
from hagane.statistics.correlations import MAX_PAIRS, Correlations, measure_correlations
from hagane.statistics.cramers_v import cramers_v
from hagane.statistics.draw_sample import draw_sample
from hagane.statistics.measure import measure_statistics
from hagane.statistics.pair_moments import PairMoments
from hagane.statistics.rank import rank


def correlations(source, **options) -> Correlations:
    table = open_table(source)
    return measure_correlations(table, draw_sample(table, measure_statistics(table), **options))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    n = 4_000
    x = draw.normal(size=n)
    frame = pd.DataFrame(
        {
            "x": x,
            "cube": 1e9 + x**3 + draw.normal(size=n),
            "age": draw.integers(18, 90, n),
            "job": draw.choice(["nurse", "pilot", "cook", None], n, p=[0.5, 0.3, 0.1, 0.1]),
            "noise": draw.normal(size=n),
            "one": np.ones(n),
            "key": [f"id{i}" for i in range(n)],
        }
    )
    frame["town"] = np.where(draw.random(n) < 0.6, frame["job"], draw.choice(["a", "b"], n))
    frame["pay"] = frame["job"].map({"nurse": 1.0, "pilot": 3.0, "cook": 0.0}) + draw.normal(size=n)
    frame.loc[draw.random(n) < 0.2, "x"] = np.nan
    frame.loc[draw.random(n) < 0.2, "noise"] = np.inf
    return frame


def test_numbers_are_those_of_pandas(frame):
    found = correlations(frame)
    finite = frame.replace(np.inf, np.nan)
    for a, b in [("x", "cube"), ("x", "age"), ("age", "noise"), ("cube", "pay"), ("x", "noise")]:
        pair = found.of(a, b)
        assert pair.measure == "pearson"
        assert pair.value == pytest.approx(finite[a].corr(finite[b]), abs=1e-12)
        assert pair.num_rows == finite[[a, b]].notna().all(axis=1).sum()
    complete = found.of("cube", "age")
    assert complete.spearman == pytest.approx(scipy.stats.spearmanr(frame["cube"], frame["age"])[0], abs=1e-12)
    # With missing values the ranks are those within each column, not within the pair: close, and never out of range.
    assert found.of("x", "cube").spearman == pytest.approx(
        finite["x"].corr(finite["cube"], method="spearman"), abs=0.005
    )


def test_categories_are_bergsmas_and_kelleys(frame):
    found = correlations(frame)
    counts = pd.crosstab(frame["job"], frame["town"]).to_numpy()
    pair = found.of("job", "town")
    assert (pair.measure, pair.num_rows) == ("cramers_v", counts.sum())
    n, (r, c) = counts.sum(), counts.shape
    phi = scipy.stats.contingency.association(counts, method="cramer") ** 2 * (min(r, c) - 1)
    corrected = max(0, phi - (r - 1) * (c - 1) / (n - 1))
    least = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    assert pair.value == pytest.approx(np.sqrt(corrected / least), abs=1e-12)

    groups = [group["pay"].to_numpy() for _, group in frame.dropna(subset=["job"]).groupby("job")]
    f = scipy.stats.f_oneway(*groups).statistic
    k, n = len(groups), sum(map(len, groups))
    eta_squared = (k - 1) * f / ((k - 1) * f + n - k)
    pair = found.of("pay", "job")
    assert (pair.a, pair.b, pair.measure, pair.num_rows) == ("job", "pay", "correlation_ratio", n)
    assert pair.value == pytest.approx(np.sqrt(1 - (1 - eta_squared) * (n - 1) / (n - k)), abs=1e-12)


def test_what_cannot_vary_is_left_out_and_the_strongest_come_first(frame):
    found = correlations(frame)
    assert found.left_out == ("one", "key")
    strengths = [pair.strength for pair in found.pairs]
    assert strengths == sorted(strengths, reverse=True)
    assert found.num_pairs == len(found.pairs) == 7 * 6 // 2
    assert (found.num_pearson_rows, found.num_sampled_rows) == (4_000, 4_000)


def test_chance_is_not_taken_for_an_association():
    draw = np.random.default_rng(0)
    values = [
        [np.array([f"{c}{i:03}" for i in range(200)])[draw.integers(0, 200, 5_000)] for c in "ab"] for _ in range(5)
    ]
    for a, b in values:
        counts = pd.crosstab(a, b).to_numpy()
        assert scipy.stats.contingency.association(counts) > 0.15
        assert cramers_v(counts) < 0.05
    codes = draw.integers(0, 200, 5_000)
    assert correlation_ratios(codes, draw.normal(size=(5_000, 4)))[0].max() < 0.12


def test_pearsons_r_is_of_every_row_and_not_of_the_sample():
    draw = np.random.default_rng(3)
    n = 60_000
    x = draw.normal(size=n)
    y = draw.normal(size=n)
    x[7], y[7] = 1e4, 1e4  # one row makes the correlation, and a sample would miss it
    late = draw.random(n) < 0.1
    source = pa.table({"x": x, "y": y, "z": pa.array(x + y, mask=late)})
    found = correlations(source, num_rows=5_000)
    assert found.num_pearson_rows == n
    assert 4_500 < found.num_sampled_rows < 5_500
    assert found.of("x", "y").value == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    assert found.of("x", "z").value == pytest.approx(np.corrcoef(x[~late], (x + y)[~late])[0, 1], abs=1e-9)
    assert abs(found.of("x", "y").spearman) < 0.05


def test_a_sample_is_the_same_every_time_and_knows_its_rows():
    source = pa.table({"x": np.arange(50_000.0)})
    table = open_table(source)
    samples = [draw_sample(table, measure_statistics(table), num_rows=5_000) for _ in range(2)]
    assert np.array_equal(samples[0].positions, samples[1].positions)
    assert np.array_equal(samples[0]["x"].values, samples[0].positions)
    assert not samples[0].is_whole


def test_wide_tables_are_cut_short_and_say_so():
    draw = np.random.default_rng(4)
    names = [f"n{i}" for i in range(60)]
    found = correlations(pa.table({name: draw.normal(size=300) for name in names}))
    assert (found.num_pairs, len(found.pairs)) == (60 * 59 // 2, MAX_PAIRS)
    assert found.notes == ("the 1,250 strongest of 1,770 pairs are kept",)


def test_dates_and_truth_values_are_numbers():
    days = pa.array(range(100), pa.int32()).cast(pa.date32())
    moments = pa.array([i * 86_400_000_000 for i in range(100)], pa.timestamp("us", "UTC"))
    found = correlations(pa.table({"day": days, "moment": moments, "late": [i >= 50 for i in range(100)]}))
    assert found.of("day", "moment").value == pytest.approx(1.0)
    expected = scipy.stats.pointbiserialr([i >= 50 for i in range(100)], range(100))[0]
    assert found.of("day", "late").value == pytest.approx(expected)


@pytest.mark.parametrize(
    "source",
    [pa.table({"x": pa.array([], pa.float64())}), pa.table({"a": ["u"], "b": [1.0]}), pa.table({"a": ["u", "v"]})],
)
def test_tables_of_nothing_have_no_correlations(source):
    assert correlations(source).pairs == ()


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0, -5.0, 1e300, np.nan]), max_size=20))
def test_ranks_are_scipys(values):
    expected = scipy.stats.rankdata(values, nan_policy="omit") if values else np.zeros(0)
    assert np.array_equal(rank(np.array(values, float)), expected, equal_nan=True)


@given(
    st.lists(st.tuples(*[st.one_of(st.integers(-9, 9), st.just(np.nan))] * 3), min_size=2, max_size=40),
    st.integers(0, 40),
)
def test_parts_add_up_to_the_whole(rows, cut):
    matrix = np.array(rows, float)
    whole, parts = (PairMoments(np.ones(3), np.full(3, 50.0)) for _ in range(2))
    whole.add(matrix)
    parts.add(matrix[:cut])
    parts.add(matrix[cut:])
    assert np.array_equal(whole.counts(), parts.counts())
    assert np.array_equal(np.isnan(whole.pearson()), np.isnan(parts.pearson()))
    expected = pd.DataFrame(matrix).corr(min_periods=2).to_numpy()
    assert np.allclose(whole.pearson(), expected, atol=1e-9, equal_nan=True)
    assert np.allclose(whole.pearson(), parts.pearson(), atol=1e-9, equal_nan=True)
