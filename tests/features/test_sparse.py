"""Sparse features: what three analyzers learn, and what the graph answers for hostile rows, in batches of any size."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.sparse_rows import SparseRows
from hagane.features.transform import Transform

DOCUMENTS = [
    ["I", "like", "pie", "pie", "pie", None],
    ["yum", "yum", "pie", None],
    ["I", "yum", "pie", None],
    ["you", "like", "pie", None],
]
"""The example of BigQuery ML's pages on ML.TF_IDF and ML.BAG_OF_WORDS."""

TOKENS = st.lists(st.sampled_from(["", "a", "b", "A", "é", "日", "a\0", None]), max_size=6)
ROWS = st.lists(st.one_of(st.none(), TOKENS), min_size=1, max_size=12)


def fitted(rows: list[Any], sql: str, type_: pa.DataType | None = None) -> tuple[Transform, pa.Table]:
    data = pa.table({"tokens": pa.array(rows, pa.list_(type_ or pa.string())), "x": [1.0] * len(rows)})
    return fit_transform({"f": sql}, open_table(data), accepts_missing=False), data


def encoded(transform: Transform, data: pa.Table) -> list[dict[int, float]]:
    batch = next(iter(open_table(data).batches()))
    (sparse,) = Encoder(transform).encode_batch(batch).sparse
    return entries(sparse)


def entries(sparse: SparseRows) -> list[dict[int, float]]:
    """Slot → weight of each row; no slot may come twice."""
    rows = [sparse.slice(row, row + 1) for row in range(sparse.num_rows)]
    assert all(len(set(row.ids.tolist())) == len(row.ids) for row in rows)
    return [dict(zip(row.ids.tolist(), row.weights.tolist(), strict=True)) for row in rows]


def test_the_published_example_of_tf_idf() -> None:
    transform, data = fitted(DOCUMENTS, "ML.TF_IDF(tokens, 3, 1) OVER ()")
    assert transform.features[0].vocabulary == ("I", "like", "pie")
    published = [
        {0: 0.12679902142647365, 1: 0.1412163100645339, 2: 0.1412163100645339, 3: 0.29389333245105953},
        {0: 0.5705955964191315, 3: 0.14694666622552977},
        {0: 0.380397064279421, 1: 0.21182446509680086, 3: 0.14694666622552977},
        {0: 0.380397064279421, 2: 0.21182446509680086, 3: 0.14694666622552977},
    ]
    for row, expected in zip(encoded(transform, data), published, strict=True):
        assert row == {slot: np.float32(weight) for slot, weight in expected.items()}


def test_bag_of_words_and_multi_hot_of_the_example() -> None:
    transform, data = fitted(DOCUMENTS, "ML.BAG_OF_WORDS(tokens, 32, 1) OVER ()")
    assert transform.features[0].vocabulary == ("I", "like", "pie", "you", "yum")
    assert encoded(transform, data) == [{0: 1, 1: 1, 2: 1, 3: 3}, {0: 1, 3: 1, 5: 2}, {0: 1, 1: 1, 3: 1, 5: 1},
                                        {0: 1, 2: 1, 3: 1, 4: 1}]  # fmt: skip
    transform, data = fitted(DOCUMENTS, "ML.MULTI_HOT_ENCODER(tokens, 2, 2) OVER ()")
    assert transform.features[0].vocabulary == ("I", "pie")
    assert encoded(transform, data) == [{0: 1, 1: 1, 2: 1}, {0: 1, 2: 1}, {0: 1, 1: 1, 2: 1}, {0: 1, 2: 1}]


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, top_k=st.integers(1, 4), threshold=st.integers(0, 3))
def test_every_function_against_a_plain_count(rows: list[Any], top_k: int, threshold: int) -> None:
    documents = Counter(token for row in rows for token in set(row or ()) if token is not None)
    frequent = [(-count, token) for token, count in documents.items() if count >= max(1, threshold)]
    vocabulary = sorted(token for _, token in sorted(frequent)[:top_k])
    idf = [math.log(1 + sum(row is not None for row in rows) / (1 + documents[token])) for token in vocabulary]
    idf = [sum(idf) / len(idf) if idf else 0.0, *idf]
    for function in ("MULTI_HOT_ENCODER", "BAG_OF_WORDS", "TF_IDF"):
        transform, data = fitted(rows, f"ML.{function}(tokens, {top_k}, {threshold}) OVER ()")
        (feature,) = transform.sparse
        assert feature.vocabulary == tuple(vocabulary)
        for row, found in zip(rows, encoded(transform, data), strict=True):
            counts = Counter(vocabulary.index(token) + 1 if token in vocabulary else 0 for token in row or ())
            expected = {
                "MULTI_HOT_ENCODER": dict.fromkeys(counts, 1.0),
                "BAG_OF_WORDS": dict(counts),
                "TF_IDF": {slot: count / len(row or "x") * idf[slot] for slot, count in counts.items()},
            }[function]
            assert found == pytest.approx({len(vocabulary) + 1: 1.0} if row is None else expected, rel=1e-6)


def test_arrays_of_whole_numbers() -> None:
    transform, data = fitted([[3, 3, -1], [3, None], None, []], "ML.BAG_OF_WORDS(tokens, 9, 1) OVER ()", pa.int64())
    assert transform.features[0].vocabulary == ("-1", "3")
    assert encoded(transform, data) == [{1: 1, 2: 2}, {0: 1, 2: 1}, {3: 1}, {}]


def test_text_is_split_in_the_graph_by_dictionary_or_not() -> None:
    texts = ["a b", None, "", "日 b b", "x", *["a b c"] * 7]
    table = open_table(pa.table({"s": texts}))
    transform = fit_transform(
        {"f": "ML.BAG_OF_WORDS(SPLIT(LOWER(s), ' '), 10, 1) OVER ()"}, table, accepts_missing=False
    )
    assert transform.features[0].vocabulary == ("", "a", "b", "c", "x", "日")
    plain, coded = (next(iter(table.batches(dictionary=dictionary))) for dictionary in (False, True))
    answers = [Encoder(transform).encode_batch(batch).sparse[0] for batch in (plain, coded)]
    assert entries(answers[0]) == entries(answers[1])
    assert entries(answers[0])[:4] == [{2: 1, 3: 1}, {7: 1}, {1: 1}, {3: 2, 6: 1}]


def test_a_row_is_the_same_in_every_batch() -> None:
    chance = np.random.default_rng(0)
    words = ["a", "b", "c", "日本", ""]
    texts = [
        None if chance.random() < 0.1 else " ".join(chance.choice(words, chance.integers(0, 9))) for _ in range(4096)
    ]
    arrays = [None if text is None else [len(word) for word in text.split(" ")] for text in texts]
    table = open_table(pa.table({"s": texts, "a": arrays}))
    expressions = {"f": "ML.TF_IDF(SPLIT(s, ' '), 3, 1) OVER ()", "g": "ML.TF_IDF(SPLIT(s, ''), 4, 1) OVER ()",
                   "h": "ML.MULTI_HOT_ENCODER(a, 2, 1) OVER ()"}  # fmt: skip
    transform = fit_transform(expressions, table, accepts_missing=False)
    encoder, batch = Encoder(transform), next(iter(table.batches()))
    whole = encoder.encode_batch(batch).sparse
    for start, count in [(0, 0), (0, 1), (4095, 1), (17, 2), (33, 7), (1001, 300), (3796, 300)]:
        part = encoder.encode_batch(batch.slice(start, count)).sparse
        for expected, found in zip(whole, part, strict=True):
            for left, right in zip(expected.slice(start, start + count), found, strict=True):
                assert left.tobytes() == right.tobytes()


def test_a_transform_comes_back_from_json() -> None:
    transform, data = fitted(DOCUMENTS, "ML.TF_IDF(tokens, 3, 1) OVER ()")
    again = Transform.from_json(transform.to_json())
    assert again.sparse == transform.sparse
    assert encoded(again, data) == encoded(transform, data)
