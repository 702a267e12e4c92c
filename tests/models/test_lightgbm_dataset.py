"""Rows that are binned a block at a time are the data set that LightGBM makes of one matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
import scipy.sparse as sp
from small_encoder import sparse_rows

from hagane.features.encoded import Encoded
from hagane.models import lightgbm_dataset
from hagane.models.lightgbm_dataset import EncodedRows
from hagane.models.tree_columns import TreeColumns

Encode = Callable[..., Encoded]
PARAMETERS = {
    "objective": "regression",
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
}


def table(encode: Encode, n: int, *, words: tuple[int, ...] = (), weighted: bool = False) -> Encoded:
    random = np.random.default_rng(7)
    x, ids = random.normal(size=(n, 3)).astype(np.float32), random.integers(0, 300, (n, 2))
    x[random.random(x.shape) < 0.1] = np.nan
    x[:, 1] = np.where(random.random(n) < 0.7, 0, x[:, 1])
    sparse = [sparse_rows(random, n, cardinality) for cardinality in words]
    weight = random.uniform(0.5, 2, n).astype(np.float32) if weighted else None
    return encode(x, ids, random.normal(size=n), (300, 300), block_rows=128, sparse=sparse, words=words, weight=weight)


def columns_of(train: Encoded) -> TreeColumns:
    return TreeColumns(train.features, max_slots=300, width=1)


def matrix_of(train: Encoded) -> Any:
    batch = train.arrays()
    return columns_of(train).matrix(batch.dense, batch.ids, batch.sparse, [])


def trees_of(dataset: lgb.Dataset, rounds: int = 5) -> str:
    text = lgb.train(PARAMETERS, dataset, rounds).model_to_string()
    return str(text).partition("Tree=0")[2].partition("\nparameters")[0]


@pytest.mark.parametrize("words", [(), (40,), (40, 9)])
@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_make_the_data_set_of_the_matrix(words: tuple[int, ...], weighted: bool, encode: Encode) -> None:
    train = table(encode, 700, words=words, weighted=weighted)
    batch, matrix = train.arrays(), matrix_of(train)
    assert sp.issparse(matrix) == bool(words)
    own = lightgbm_dataset.lightgbm_dataset(
        EncodedRows(train, columns_of(train), (), None), PARAMETERS, sample_bytes=1 << 30
    )
    oracle = lgb.Dataset(matrix, batch.label, weight=batch.weight, categorical_feature=[3, 4], params=dict(PARAMETERS))
    assert trees_of(own) == trees_of(oracle)


@pytest.mark.parametrize("words", [(), (40,)])
def test_bins_are_found_on_the_sample_that_lightgbm_takes(
    words: tuple[int, ...], encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some blocks give rows to it, some none."""
    train = table(encode, 3000, words=words)
    monkeypatch.setattr(lightgbm_dataset, "SAMPLE_ROWS", 150)
    own = lightgbm_dataset.lightgbm_dataset(
        EncodedRows(train, columns_of(train), (), None), PARAMETERS, sample_bytes=1 << 30
    )
    parameters = {**PARAMETERS, "bin_construct_sample_cnt": 150}
    oracle = lgb.Dataset(matrix_of(train), train.arrays().label, categorical_feature=[3, 4], params=parameters)
    assert trees_of(own) == trees_of(oracle)


def test_eval_rows_are_binned_as_training_rows_are(encode: Encode) -> None:
    train, held_out = table(encode, 700), table(encode, 300)
    rows = [EncodedRows(part, columns_of(train), (), None) for part in (train, held_out)]
    own = lightgbm_dataset.lightgbm_dataset(rows[0], PARAMETERS, sample_bytes=1 << 30)
    watched = lightgbm_dataset.lightgbm_dataset(rows[1], PARAMETERS, sample_bytes=1 << 30, reference=own)
    booster = lgb.Booster(PARAMETERS, own)
    booster.add_valid(watched, "eval")
    for _ in range(5):
        booster.update()
    expected = np.mean(np.square(booster.predict(matrix_of(held_out)) - held_out.arrays().label))
    assert booster.eval_valid()[0][2] == pytest.approx(expected, rel=1e-6)
    sums = lightgbm_dataset.raw_sums(booster, rows[1])
    assert np.array_equal(sums, booster.predict(matrix_of(held_out), raw_score=True))
