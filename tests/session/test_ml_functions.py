"""`ML.*` functions in queries against the graphs that TRANSFORM compiles from the same expressions."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from hagane.errors import HaganeError
from hagane.session.session import Session

EXPRESSIONS = {
    "standard": "ML.STANDARD_SCALER(x) OVER ()",
    "min_max": "ML.MIN_MAX_SCALER(x) OVER ()",
    "max_abs": "ML.MAX_ABS_SCALER(x) OVER ()",
    "robust": "ML.ROBUST_SCALER(x) OVER ()",
    "robust_10_90": "ML.ROBUST_SCALER(x, [10, 90], FALSE) OVER ()",
    "mean": "ML.IMPUTER(x, 'mean') OVER ()",
    "median": "ML.IMPUTER(x, 'median') OVER ()",
    "frequent": "ML.IMPUTER(c, 'most_frequent') OVER ()",
    "quantile": "ML.QUANTILE_BUCKETIZE(x, 4) OVER ()",
    "quantile_ranges": "ML.QUANTILE_BUCKETIZE(x, 4, 'bucket_ranges') OVER ()",
    "label": "ML.LABEL_ENCODER(c) OVER ()",
    "one_hot": "ML.ONE_HOT_ENCODER(c) OVER ()",
    "multi_hot": "ML.MULTI_HOT_ENCODER(t) OVER ()",
    "words": "ML.BAG_OF_WORDS(t) OVER ()",
    "tf_idf": "ML.TF_IDF(t) OVER ()",
    "bucket": "ML.BUCKETIZE(x, [-1, 0, 2.5])",
    "bucket_json": "ML.BUCKETIZE(x, [-1, 0, 2.5], TRUE, 'bucket_ranges_json')",
    "ngrams": "ML.NGRAMS(t, [1, 2])",
    "distance": "ML.DISTANCE([IFNULL(x, 0), 1.0], [2.0, 3.0])",
    "norm": "ML.LP_NORM([IFNULL(x, 0), 2], 2)",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    drawn = random.Random(1)
    session = Session(Path(tmp_path_factory.mktemp("workspace")))
    rows = [
        f"SELECT {i} AS i, {drawn.gauss(0, 3) if i % 11 else 'NULL'} AS x, "
        f"{repr(drawn.choice('abcdef')) if i % 13 else 'NULL'} AS c, "
        f"ARRAY<STRING>[{', '.join(repr(drawn.choice('pqrst')) for _ in range(i % 4 + 1))}] AS t, {i} / 3 AS y"
        for i in range(150)
    ]
    session.sql(f"CREATE TABLE t AS {' UNION ALL '.join(rows)}")
    return session


def test_a_query_computes_what_the_graph_computes(session: Session) -> None:
    listed = ", ".join(f"{expression} AS {name}" for name, expression in EXPRESSIONS.items())
    session.sql(f"CREATE MODEL m TRANSFORM({listed}, y) OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['y'])"
                " AS SELECT * FROM t")  # fmt: skip
    names = ", ".join(EXPRESSIONS)
    graph = session.sql(f"SELECT {names} FROM ML.TRANSFORM(MODEL m, TABLE t) ORDER BY i").rows()
    query = session.sql(f"SELECT {listed} FROM t ORDER BY i").rows()
    assert len(graph) == len(query) == 150
    for name in EXPRESSIONS:
        wrong = [
            (mine[name], theirs[name])
            for mine, theirs in zip(query, graph, strict=True)
            if not _near(mine[name], theirs[name])
        ]
        assert not wrong, (name, wrong[:3])


def _near(one: Any, two: Any) -> bool:
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(_near, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return all(map(_near, one.values(), two.values()))
    if isinstance(one, float) and isinstance(two, float):
        return math.isclose(one, two, rel_tol=1e-6, abs_tol=1e-7)  # the weights of a sparse feature have 32 bits
    return bool(one == two)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ML.FEATURE_CROSS(STRUCT('a' AS x, 'b' AS y, 'c' AS z), 3)",
         {"x_y": "a_b", "x_z": "a_c", "y_z": "b_c", "x_y_z": "a_b_c"}),
        ("ML.POLYNOMIAL_EXPAND(STRUCT(2 AS f1, 3 AS f2))",
         {"f1": 2.0, "f1_f1": 4.0, "f1_f2": 6.0, "f2": 3.0, "f2_f2": 9.0}),
        ("ML.HASH_BUCKETIZE('a', 0)", -5528939962900187677),
        ("ML.HASH_BUCKETIZE('a', 100)", (-5528939962900187677 % 2**64) % 100),
        ("ML.NORMALIZER([4.0, 1.0, 2.0, 2.0, 0.0])", [0.8, 0.2, 0.4, 0.4, 0.0]),
        ("ML.NORMALIZER([1.0, 2.0, 3.0, 4.0, 5.0], 0)", [0.2, 0.4, 0.6, 0.8, 1.0]),
        ("ML.DISTANCE([1.0, 2.0], [4.0, 6.0], 'MANHATTAN')", 7.0),
    ],
)  # fmt: skip
def test_what_bigquery_documents(session: Session, expression: str, expected: Any) -> None:
    (row,) = session.sql(f"SELECT {expression} AS v").rows()
    assert _near(row["v"], expected)
    if isinstance(expected, dict):
        assert list(row["v"]) == list(expected)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT ML.STANDARD_SCALER(x) FROM t", "needs OVER"),
        ("SELECT ML.STANDARD_SCALER(x) OVER (PARTITION BY c) FROM t", "is empty"),
        ("SELECT ML.STANDARD_SCALER(i) OVER () FROM t GROUP BY i", "not from groups"),
        ("SELECT ML.DECODE_IMAGE(c) FROM t", "images are not read here"),
        ("SELECT ML.BUCKETIZE(x, [3, 1]) FROM t", "ascend strictly"),
        ("SELECT ML.LABEL_ENCODER(x) OVER () FROM t", "is FLOAT64, not STRING"),
    ],
)
def test_what_is_refused(session: Session, query: str, said: str) -> None:
    with pytest.raises(HaganeError, match=said):
        session.sql(query).rows()
