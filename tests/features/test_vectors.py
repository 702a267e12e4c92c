"""Arrays of numbers as dense features, polynomials, norms and distances, and the words of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.preprocessing import PolynomialFeatures, normalize

from hagane.data.open_table import open_table
from hagane.errors import ExpressionError
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.transform import Transform

VECTORS = [[4.1, 0.5, 1.0], [3.0, 0.0, 2.5], [4.0, 1.0, 2.0]]


def encoded(expressions: dict[str, str], **columns: Any) -> tuple[Transform, np.ndarray, np.ndarray]:
    table = open_table(pa.table(columns))
    transform = fit_transform(expressions, table, dense_dtype="float64", accepts_missing=True)
    found = Encoder(transform).encode_batch(next(iter(table.batches())))
    return transform, found.dense, found.row_error


def value(sql: str, **columns: Any) -> Any:
    return encoded({"f": sql}, **columns)[1][:, 0].tolist()


def test_published_values_of_norms() -> None:
    assert value("ML.LP_NORM(v, 2.0)", v=VECTORS[:2]) == [4.2497058721751557, 3.905124837953327]
    _, dense, _ = encoded({"f": "ML.NORMALIZER(v)"}, v=[[4.0, 1.0, 2.0, 2.0, 0.0]])
    assert dense.tolist() == [[0.8, 0.2, 0.4, 0.4, 0.0]]
    _, dense, _ = encoded({"f": "ML.NORMALIZER(v, 0)"}, v=[[1.0, 2.0, 3.0, 4.0, 5.0]])
    assert dense.tolist() == [[0.2, 0.4, 0.6, 0.8, 1.0]]


@pytest.mark.parametrize(("p", "norm"), [("1", "l1"), ("2", "l2"), ("CAST('+inf' AS FLOAT64)", "max")])
def test_normalizer_against_scikit_learn(p: str, norm: str) -> None:
    _, dense, _ = encoded({"f": f"ML.NORMALIZER(v, {p})"}, v=VECTORS)
    np.testing.assert_allclose(dense, normalize(VECTORS, norm=norm), rtol=1e-15)


@pytest.mark.parametrize(("kind", "expected"), [("EUCLIDEAN", 5.0), ("MANHATTAN", 7.0), ("COSINE", 1 - 24 / 25)])
def test_distances(kind: str, expected: float) -> None:
    points = {"a": [[0.0, 3.0]], "b": [[4.0, 0.0]]} if kind != "COSINE" else {"a": [[3, 4]], "b": [[4, 3]]}
    assert value(f"ML.DISTANCE(a, b, '{kind}')", **points) == [pytest.approx(expected, rel=1e-15)]
    if kind != "MANHATTAN":
        assert value(f"{kind}_DISTANCE(a, b)", **points) == [pytest.approx(expected, rel=1e-15)]


def test_arrays_of_several_lengths_are_refused_as_a_feature_and_err_later() -> None:
    with pytest.raises(ExpressionError, match="from 2 to 3 elements"):
        encoded({"v": "v"}, v=[[1.0, 2.0], [1.0, 2.0, 3.0]])
    transform, dense, errors = encoded({"v": "v"}, v=[[1.0, 2.0], None, [None, 4.0]])
    assert [feature.name for feature in transform.features] == ["v_0", "v_1"]
    assert not errors.any()
    np.testing.assert_array_equal(dense, [[1.0, 2.0], [np.nan, np.nan], [np.nan, 4.0]])
    later = Encoder(transform).encode_batch(pa.record_batch({"v": [[1.0], [5.0, 6.0, 7.0]]}))
    np.testing.assert_array_equal(later.dense, [[1.0, np.nan], [5.0, 6.0]])
    assert later.row_error.tolist() == [True, False]


def test_polynomials_against_scikit_learn() -> None:
    x, y = [1.0, 2.0, -3.0], [0.5, 4.0, 2.0]
    transform, dense, _ = encoded({"p": "ML.POLYNOMIAL_EXPAND(STRUCT(x, y AS z), 3)"}, x=x, y=y)
    names = [feature.name.removeprefix("p_") for feature in transform.features]
    oracle = PolynomialFeatures(3, include_bias=False).fit(np.column_stack([x, y]))
    found = dict(zip(names, dense.T, strict=True))
    for powers, expected in zip(oracle.powers_, oracle.transform(np.column_stack([x, y])).T, strict=True):
        np.testing.assert_allclose(found["_".join("x" * powers[0] + "z" * powers[1])], expected)
    assert list(transform.expressions) == [
        "p_x",
        "p_x_x",
        "p_x_x_x",
        "p_x_x_z",
        "p_x_z",
        "p_x_z_z",
        "p_z",
        "p_z_z",
        "p_z_z_z",
    ]


def test_an_analyzer_may_stand_in_a_polynomial() -> None:
    table = open_table(pa.table({"x": [1.0, None, 3.0]}))
    sql = "ML.POLYNOMIAL_EXPAND(STRUCT(ML.IMPUTER(x, 'mean') OVER () AS m))"
    transform = fit_transform({"p": sql}, table, dense_dtype="float64", accepts_missing=False)
    dense = Encoder(transform).encode_batch(next(iter(table.batches()))).dense
    assert dense.tolist() == [[1.0, 1.0], [2.0, 4.0], [3.0, 9.0]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("TEXT_ANALYZE(s)", ["größe", "42", "日本語", "don", "t", "stop"]),
        ("TEXT_ANALYZE(s, analyzer => 'NO_OP_ANALYZER')", ["Größe: 42、日本語 don't-stop"]),
        ("TEXT_ANALYZE(s, analyzer => 'PATTERN_ANALYZER')", ["gr", "42", "don", "stop"]),
        ("ML.NGRAMS(SPLIT(t, ''), [2, 3], '')", ["鋼の", "鋼の剣", "の剣"]),
    ],
)
def test_words_of_a_text(sql: str, expected: list[str]) -> None:
    table = open_table(pa.table({"s": ["Größe: 42、日本語 don't-stop"], "t": ["鋼の剣"]}))
    transform = fit_transform({"f": f"ML.BAG_OF_WORDS({sql}, 99, 1) OVER ()"}, table, accepts_missing=True)
    assert sorted(transform.features[0].vocabulary) == sorted(set(expected))


def test_options_of_the_robust_scaler() -> None:
    x = [float(number) for number in range(1, 12)]
    assert value("ML.ROBUST_SCALER(x, [10, 90]) OVER ()", x=x) == [(number - 6) / (10 - 2) for number in x]
    assert value("ML.ROBUST_SCALER(x, [25, 75], FALSE) OVER ()", x=x) == [number / (9 - 3) for number in x]
    assert value("ML.ROBUST_SCALER(x, [25, 75], TRUE, FALSE) OVER ()", x=x) == [number - 6 for number in x]


def test_fields_of_structs_are_columns() -> None:
    points = [{"x": 1.0, "tags": ["a"]}, {"x": 2.0, "tags": []}]
    assert value("point.x + ARRAY_LENGTH(point.tags)", point=points) == [2.0, 2.0]
