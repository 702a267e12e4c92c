"""Folds of a split: every row in one of them, each with its share of every class, read as if written by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.features.encoded import Encoded, EncodedWriter
from hagane.features.encoded_reader import EncodedReader
from hagane.features.feature import Feature, FeatureKind
from hagane.features.fold_rows import Fold, FoldRows, folds_in_block
from hagane.features.sparse_rows import SparseRows

N, BLOCK = 1_000, 128


def encoded(folder: Path, *, weighted: bool = True) -> Encoded:
    """`x` is the row's number."""
    random = np.random.default_rng(0)
    features = tuple(
        Feature(name=name, kind=kind, columns=(name,), cardinality=size)
        for name, kind, size in (("x", FeatureKind.DENSE, 0), ("c", FeatureKind.ID, 40), ("s", FeatureKind.SPARSE, 9))
    )
    writer = EncodedWriter(folder, features, dense_dtype="float64", block_rows=BLOCK, weighted=weighted)
    lengths = random.integers(0, 4, N)
    words = SparseRows(np.concatenate([[0], np.cumsum(lengths)]), random.integers(0, 9, lengths.sum()).astype(np.uint8),
                       random.random(lengths.sum()).astype(np.float32))  # fmt: skip
    weight = random.random(N).astype(np.float32) if weighted else None
    writer.append([np.arange(N) / 1.0, np.arange(N) % 40, words, (np.arange(N) % 10 == 0).astype(np.int64)], weight)
    return writer.close()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.integers(2, 12), st.integers(0, 2**32 - 1), st.integers(1, 90), st.booleans())
def test_every_row_is_in_one_fold_and_out_of_all_others(n: int, k: int, seed: int, block: int, numbers: bool) -> None:
    label = np.random.default_rng(seed).integers(0, 3, n)
    label = label.astype(np.float64) if numbers else label
    inside, outside = [], []
    for number in range(k):
        for found, is_inside in ((inside, True), (outside, False)):
            fold = Fold(seed=seed, num_folds=k, number=number, inside=is_inside)
            rows = FoldRows(fold, n, block, lambda a, b: label[a:b])
            found.append(rows.at(np.arange(len(rows))))
            assert np.all(np.diff(found[-1]) > 0)
    assert sorted(np.concatenate([np.zeros(0, int), *inside]).tolist()) == list(range(n))
    for one, rest in zip(inside, outside, strict=True):
        assert sorted([*one.tolist(), *rest.tolist()]) == list(range(n))


def test_a_fold_has_its_share_of_every_class() -> None:
    label = np.repeat([0, 1, 2], [900, 83, 17])
    folds = folds_in_block(3, 5, 0, label)
    shares = np.array([[np.sum((folds == fold) & (label == cls)) for cls in range(3)] for fold in range(5)])
    assert np.ptp(shares, axis=0).max() <= 1
    assert np.ptp(shares.sum(axis=1)) <= 1
    assert (folds != folds_in_block(3, 5, 1, label)).any()
    assert (folds != folds_in_block(4, 5, 0, label)).any()


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_its_rows_are_read_as_if_there_were_no_others(inside: bool, weighted: bool, tmp_path: Path) -> None:
    whole = encoded(tmp_path / "whole", weighted=weighted)
    fold = Fold(seed=1, num_folds=4, number=2, inside=inside)
    part, all_rows = whole.of_fold(fold), whole.arrays()
    rows = part.places(0, part.num_rows)
    assert abs(len(rows) - (N / 4 if inside else 3 * N / 4)) < 8
    expected = all_rows.take(rows)
    linked = tmp_path / "linked"
    part.link_to(linked)
    for found in (part, Encoded.open(linked), part.of_features(part.features, dense_dtype="float32", finite=True)):
        batch = found.arrays()
        assert found.num_rows == part.num_rows
        for mine, theirs in zip((batch.dense, batch.ids, batch.label), expected[:3], strict=True):
            np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_array_equal(batch.sparse[0].offsets, expected.sparse[0].offsets)
        np.testing.assert_array_equal(batch.sparse[0].ids, expected.sparse[0].ids)
        np.testing.assert_array_equal(batch.sparse[0].weights, expected.sparse[0].weights)
        assert (batch.weight is None) == (not weighted)
        if batch.weight is not None:
            np.testing.assert_array_equal(batch.weight, expected.weight)
        for block in range(found.num_blocks):
            span = slice(block * BLOCK, (block + 1) * BLOCK)
            np.testing.assert_array_equal(found.columns(block)[-1], expected.label[span])
            np.testing.assert_array_equal(found.columns(block)[1], expected.ids[span, 0])
            assert found.sparse(block)[0].num_rows == len(expected.label[span])
    some = np.array([5, 0, 99, 5])
    np.testing.assert_array_equal(part.take(some).dense[:, 0], rows[some])
    assert 0.8 < part.num_entries / expected.sparse[0].offsets[-1] < 1.2


def test_an_epoch_of_it_has_each_of_its_rows_once(tmp_path: Path) -> None:
    part = encoded(tmp_path / "whole").of_fold(Fold(seed=1, num_folds=3, number=0, inside=False))
    reader = EncodedReader(part, 50, seed=2, window_blocks=2)
    seen = np.concatenate([batch.dense[:, 0] for batch in reader.epoch(0)])
    assert sorted(seen.tolist()) == part.places(0, part.num_rows).tolist()
    assert seen.tolist() != sorted(seen.tolist())


def test_weights_by_class_count_in_a_fold(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "whole", weighted=False).weighted_by_class(np.array([1.0, 9.0]))
    part = whole.of_fold(Fold(seed=1, num_folds=3, number=1, inside=True))
    batch = part.arrays()
    np.testing.assert_array_equal(batch.weight, np.where(batch.label == 1, 9, 1))


def test_numbers_beyond_float32_are_0_to_who_takes_none(tmp_path: Path) -> None:
    feature = Feature(name="x", kind=FeatureKind.DENSE, columns=("x",))
    writer = EncodedWriter(tmp_path, (feature,), dense_dtype="float64")
    writer.append([np.array([np.nan, 1e300, -np.inf, 0.1]), np.zeros(4, np.int64)])
    whole = writer.close()
    finite = whole.of_features([feature], dense_dtype="float32", finite=True)
    np.testing.assert_array_equal(finite.arrays().dense[:, 0], np.float32([0, 0, 0, 0.1]))
    as_is = whole.of_features([feature], dense_dtype="float32", finite=False)
    np.testing.assert_array_equal(as_is.block(0).dense[:, 0], np.float32([np.nan, np.inf, -np.inf, 0.1]))
