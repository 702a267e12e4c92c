"""Gram matrices by tables of pairs are those of the sparse product: counts bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hagane.features.encoded import EncodedWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.models import moments, pair_tables
from hagane.models.design import Design


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("num_dense", [0, 3])
def test_tables_give_what_the_product_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_dense: int, is_weighted: bool
) -> None:
    random, sizes, n = np.random.default_rng(5), (3, 40, 7), 5_000
    names = [f"x{i}" for i in range(num_dense)]
    features = tuple(Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in names)
    features += tuple(Feature(name=f"c{s}", kind=FeatureKind.ID, columns=("c",), cardinality=s) for s in sizes)
    writer = EncodedWriter(tmp_path, features, label_dtype="float64", block_rows=2_048, weighted=is_weighted)
    dense = [random.normal(size=n).astype(np.float32) for _ in names]
    ids = [random.integers(0, s - 1, n).astype(np.uint8) for s in sizes]
    weight = random.random(n).astype(np.float32) if is_weighted else None
    writer.append([*dense, *ids, random.normal(size=n)], weight)
    encoded = writer.close()
    design = Design(encoded, np.zeros(num_dense), np.ones(num_dense))
    found = []
    for cells in (pair_tables.CELLS_A_ENTRY, 1e9, 1e-9):  # some rows at a time, each block, all at the end
        monkeypatch.setattr(pair_tables, "CELLS_A_ENTRY", cells)
        found.append(moments.measure_moments(design, 0.25, with_gram=True))
    monkeypatch.setattr(moments, "PairTables", lambda *_: None)
    product = moments.measure_moments(design, 0.25, with_gram=True)
    for tables in found:
        if is_weighted:  # the same sums in another order
            assert tables.gram == pytest.approx(product.gram, rel=1e-13, abs=1e-10)
        else:
            assert np.array_equal(tables.gram, product.gram)
        assert np.array_equal(tables.gram, tables.gram.T)
    rows = encoded.arrays()
    one_hot = [np.eye(s)[rows.ids[:, place].astype(int)] for place, s in enumerate(sizes)]
    matrix = np.concatenate([rows.dense.astype(float), *one_hot], axis=1)
    weights = np.ones(n) if rows.weight is None else rows.weight.astype(float)
    assert tables.gram == pytest.approx(matrix.T @ (weights[:, None] * matrix), rel=1e-12, abs=1e-9)
