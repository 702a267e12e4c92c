"""Measures of drift, against SciPy, published numbers of BigQuery and arithmetic done by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from hagane.monitoring.distribution import Bucket, Categories, Histogram
from hagane.monitoring.equal_width_edges import equal_width_edges
from hagane.monitoring.measures import MEASURES, get_measure
from hagane.monitoring.measures.aligned_counts import aligned_counts
from hagane.monitoring.measures.jensen_shannon import jensen_shannon
from hagane.monitoring.measures.l_infinity import l_infinity

counts = st.dictionaries(st.text(max_size=2), st.integers(1, 10**9).map(float), min_size=1, max_size=12)


@st.composite
def histograms(draw) -> Histogram:
    edges = draw(st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True))
    sizes = draw(st.lists(st.integers(0, 1000), min_size=len(edges) - 1, max_size=len(edges) - 1))
    wide = Histogram.of_edges(sorted(float(edge) for edge in edges), [float(size) for size in sizes])
    points = draw(st.lists(st.sampled_from([-math.inf, 3.0, math.inf]), max_size=3))
    return Histogram((*wide.buckets, *(Bucket(point, point, 5.0) for point in points), Bucket(60.0, 61.0, 1.0)))


@given(counts, counts)
def test_categories_are_as_far_apart_as_scipy_says(base, study):
    values = sorted({*base, *study})
    p, q = ([side.get(value, 0.0) for value in values] for side in (base, study))
    found = jensen_shannon(Categories(base), Categories(study))
    assert found == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    shares = [np.array(side) / sum(side) for side in (p, q)]
    assert l_infinity(Categories(base), Categories(study)) == pytest.approx(np.abs(shares[0] - shares[1]).max())


@given(histograms(), histograms())
def test_histograms_are_cut_into_the_same_pieces_and_lose_nothing(base, study):
    p, q = aligned_counts(base, study)
    assert p.sum() == pytest.approx(base.total)
    assert q.sum() == pytest.approx(study.total)
    found = jensen_shannon(base, study)
    assert found is not None
    assert found == pytest.approx(jensenshannon(p, q, base=2) ** 2, abs=1e-9)
    assert found == pytest.approx(jensen_shannon(study, base))
    assert 0 <= found <= 1
    assert jensen_shannon(base, base) == pytest.approx(0, abs=1e-12)


def test_a_cut_bucket_gives_each_piece_its_part():
    base = Histogram.of_edges([0, 10], [10])
    study = Histogram.of_edges([5, 15], [10])
    expected = jensenshannon([0.5, 0.5, 0], [0, 0.5, 0.5], base=2) ** 2
    assert jensen_shannon(base, study) == pytest.approx(expected)


def test_numbers_and_text_are_not_compared():
    number, text = Histogram.of_edges([0, 1], [1]), Categories({"a": 1})
    assert jensen_shannon(number, text) is None
    assert jensen_shannon(text, Categories({})) is None
    assert l_infinity(number, number) is None
    assert l_infinity(text, Categories({})) == 1.0


def test_widths_near_the_end_of_the_range():
    edges = equal_width_edges(-1.7e308, 1.7e308, 10)
    assert len(edges) == 11
    assert edges == sorted(edges)
    histogram = Histogram.of_edges(edges, [1.0] * 10)
    assert jensen_shannon(histogram, Histogram.of_edges([-1.7e308, 1.7e308], [10.0])) == pytest.approx(0, abs=1e-12)


def test_every_measure_of_the_table_is_there():
    for name in MEASURES:
        measure = get_measure(name)
        alike = [(Categories({"a": 1}), Categories({"a": 2})), (Histogram.of_edges([0, 1], [3]),) * 2]
        assert {measure(*pair) for pair in alike} in ({0.0}, {0.0, None}), name


@pytest.fixture(scope="module")
def census(shared_data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The rows of `bigquery-public-data.ml_datasets.census_adult_income`."""
    connection = duckdb.connect()
    path = shared_data / "adult" / "adult.data"
    sql = (
        f"CREATE TABLE census AS SELECT trim(column01) AS workclass, trim(column07) AS relationship, "
        f"trim(column08) AS race, trim(column09) AS sex FROM read_csv('{path}', header = false, auto_detect = true)"
    )
    connection.execute(sql)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("column", "largest_change", "divergence"),
    [("sex", 0.2173, 0.0497), ("race", 0.0804, 0.0244)],
)
def test_what_bigquery_printed_of_the_same_rows(census, column, largest_change, divergence):
    """Incorporated self-employed against the rest (statmike/vertex-ai-mlops, data+ai/bq-ml, data_quality, 2026)."""

    def counted(condition: str) -> Categories:
        rows = census.execute(f"SELECT {column}, count(*) FROM census WHERE {condition} GROUP BY ALL").fetchall()
        return Categories({value: float(count) for value, count in rows})

    base, study = counted("workclass != 'Self-emp-inc'"), counted("workclass = 'Self-emp-inc'")
    assert (base.total, study.total) == (31_445, 1_116)
    assert round(l_infinity(base, study) or 0, 4) == largest_change
    assert round(jensen_shannon(base, study) or 0, 4) == divergence
