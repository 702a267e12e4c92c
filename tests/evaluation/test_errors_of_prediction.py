"""The 2-D histogram against numpy's own."""

import numpy as np

from hagane.evaluation.errors_of_prediction import NUM_BINS, density


def test_density_is_numpys_histogram_of_the_rows_inside():
    generator = np.random.default_rng(0)
    labels = generator.normal(size=5_000)
    predictions = labels + generator.normal(size=5_000)
    found = density(labels, predictions)
    edges = np.linspace(found.low, found.high, NUM_BINS + 1)
    expected, _, _ = np.histogram2d(predictions, labels, bins=(edges, edges))
    np.testing.assert_array_equal(np.array(found.counts), expected)
    assert found.num_outside == 5_000 - expected.sum()
    assert found.num_outside <= 0.02 * 5_000


def test_an_outlier_does_not_flatten_the_picture():
    labels = np.append(np.linspace(0, 1, 999), 1e12)
    found = density(labels, np.linspace(0, 1, 1000))
    assert found.high <= 1.0
    assert found.num_outside >= 1


def test_constant_values_have_a_range_around_them():
    found = density(np.full(3, 7.0), np.full(3, 7.0))
    assert found.low < 7 < found.high
    assert sum(map(sum, found.counts)) == 3


def test_a_range_beyond_float64_has_no_picture():
    assert density(np.array([-1e308, 1e308]), np.zeros(2)) is None
