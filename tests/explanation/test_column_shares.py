"""From features to raw columns: beside games whose Shapley values are known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from hagane.explanation.column_shares import ColumnShares, summed_by
from hagane.explanation.explanation_facts import ExplainedFeature

NAMES = tuple("abcdefgh")


def shares_of(*features: tuple[str, ...]) -> ColumnShares:
    told = tuple(ExplainedFeature(name=f"f{number}", columns=columns) for number, columns in enumerate(features))
    return ColumnShares(told, NAMES, np.arange(len(told)))


def test_a_feature_of_one_column_is_that_columns() -> None:
    shares = shares_of(("a",), ("b",), ("a",))
    attributions = np.array([[1.0, 10.0, 100.0]])
    found = shares.share(attributions, np.zeros((1, 3)), lambda own: pytest.fail("nothing is mixed"), lambda z: z[:, 0])
    assert found.tolist() == [[101.0, 10.0, *[0.0] * 6]]


def test_a_product_is_shared_by_shapleys_rule() -> None:
    """f = a · b · c from (1, 1, 1) to (2, 3, 5): the mean over the six orders, by hand."""
    row, baseline = np.array([2.0, 3.0, 5.0]), np.ones(3)
    shares = shares_of(("c", "a", "b"))

    def mixed(own: frozenset[int]) -> np.ndarray:
        values = np.where(np.isin(np.arange(3), list(own)), row, baseline)
        return np.array([[values.prod()]])

    expected = np.zeros(3)
    for order in permutations(range(3)):
        for place, player in enumerate(order):
            before, after = frozenset(order[:place]), frozenset(order[: place + 1])
            expected[player] += (mixed(after) - mixed(before))[0, 0] / 6
    found = shares.share(np.array([[29.0]]), np.array([[30.0]]), mixed, lambda z: z[:, 0])
    np.testing.assert_allclose(found[0, :3], expected, rtol=1e-14)
    np.testing.assert_allclose(found.sum(), 29.0)


def test_what_the_feature_was_given_beyond_is_divided_equally() -> None:
    shares = shares_of(("a", "b"))
    mixed = lambda own: np.array([[float(0 in own) + 2.0 * (1 in own)]])  # noqa: E731
    found = shares.share(np.array([[7.0]]), np.array([[3.0]]), mixed, lambda z: z[:, 0])
    assert found[0, :2].tolist() == [3.0, 4.0]


def test_a_feature_of_very_many_columns_is_divided_equally() -> None:
    shares = shares_of(NAMES)
    found = shares.share(np.array([[8.0]]), np.zeros((1, 1)), lambda own: pytest.fail("mixed"), lambda z: z[:, 0])
    assert found.tolist() == [[1.0] * 8]


def test_no_rows() -> None:
    assert summed_by(np.zeros((0, 3)), np.array([0, 1, 0]), 2).shape == (0, 2)
