"""Every analyzer by oracles that share no code with it: statistics, numpy, scikit-learn."""

from __future__ import annotations

import math
import statistics
import sys
from collections import Counter
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from hagane.data.open_table import open_table
from hagane.features.analyzers import ANALYZERS, get_analyzer
from hagane.features.encoder import Encoder
from hagane.features.fit import fit_transform
from hagane.features.transform import Transform
from hagane.sql.functions import ANALYZERS as SIGNATURES

NUMBERS = [3.0, -1.5, None, 10.0, 10.0, 0.25, None, 7.0]


def fit(sql: str, values: list, type_: pa.DataType | None = None, *, accepts_missing: bool = True) -> Transform:
    table = open_table(pa.table({"x": pa.array(values, type_)}))
    return fit_transform({"f": sql}, table, dense_dtype="float64", accepts_missing=accepts_missing)


def apply(transform: Transform, values: list, type_: pa.DataType | None = None) -> np.ndarray:
    table = open_table(pa.table({"x": pa.array(values, type_)}))
    dense, ids, *_ = Encoder(transform).encode_batch(next(iter(table.batches())))
    return dense[:, 0] if dense.shape[1] else ids[:, 0]


def fit_apply(sql: str, values: list, type_: pa.DataType | None = None) -> np.ndarray:
    return apply(fit(sql, values, type_), values, type_)


def test_the_table_names_every_analyzer_of_the_language() -> None:
    assert set(ANALYZERS) == set(SIGNATURES)
    for name in ANALYZERS:
        assert get_analyzer(name).name == name


@pytest.mark.parametrize(
    ("function", "reference"),
    [("ML.MIN_MAX_SCALER", MinMaxScaler()), ("ML.MAX_ABS_SCALER", MaxAbsScaler())],
)
def test_scalers_against_scikit_learn(function: str, reference: object) -> None:
    expected = reference.fit_transform(np.array(NUMBERS, float).reshape(-1, 1))[:, 0]  # type: ignore[attr-defined]
    np.testing.assert_allclose(fit_apply(f"{function}(x) OVER ()", NUMBERS), expected, rtol=1e-15)


def test_standard_scaler_divides_by_the_sample_deviation() -> None:
    population = StandardScaler().fit_transform(np.array(NUMBERS, float).reshape(-1, 1))[:, 0]
    known = sum(value is not None for value in NUMBERS)
    expected = population * math.sqrt((known - 1) / known)
    np.testing.assert_allclose(fit_apply("ML.STANDARD_SCALER(x) OVER ()", NUMBERS), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "function", ["ML.STANDARD_SCALER", "ML.MIN_MAX_SCALER", "ML.MAX_ABS_SCALER", "ML.ROBUST_SCALER"]
)
@pytest.mark.parametrize("values", [[0.1] * 7, [5, 5, None, 5], [None, None], [], [2.0]])
def test_scalers_of_columns_without_spread(function: str, values: list) -> None:
    transform = fit(f"{function}(x) OVER ()", values, pa.float64())
    answer = apply(transform, [0.1, 5.0, None, 1e300], pa.float64())
    assert np.isfinite(answer[[0, 1, 3]]).all()
    assert np.isnan(answer[2])
    if function != "ML.MAX_ABS_SCALER" or not any(values):
        assert answer[[0, 1, 3]].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "function", ["ML.STANDARD_SCALER", "ML.MIN_MAX_SCALER", "ML.MAX_ABS_SCALER", "ML.ROBUST_SCALER"]
)
def test_scalers_learn_from_finite_values_only(function: str) -> None:
    clean = fit(f"{function}(x) OVER ()", [1.0, 2.0, 4.0, 8.0])
    dirty = fit(f"{function}(x) OVER ()", [1.0, math.inf, 2.0, math.nan, 4.0, -math.inf, None, 8.0])
    assert dirty.parameters == clean.parameters


EXTREMES = {
    "largest": [-1.7e308, 1.7e308, 1e308, 0.0, 3.0],
    "one side": [1e308, 1.1e308, 1.7e308, 1.2e308],
    "least": [5e-324, 1.5e-323, 0.0, 1e-322],
    "squares overflow": [1e200, -1e200, 3e200, 0.0],
    "squares underflow": [-1e-200, 0.0, 1e-200, 3e-200],
    "whole": [-(2**63), 2**63 - 1, 0, 5],
}


def _exact_scale(function: str, numbers: list[Fraction]) -> tuple[Fraction, Fraction]:
    """Centre and scale by exact arithmetic; quantiles by nearest rank."""
    ordered, n = sorted(numbers), len(numbers)
    lower, median, upper = (ordered[math.ceil(n * q) - 1] for q in (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4)))
    mean = sum(numbers) / n
    variance = sum((number - mean) ** 2 for number in numbers) / (n - 1)
    with localcontext(prec=60):
        deviation = Fraction((Decimal(variance.numerator) / variance.denominator).sqrt())
    return {
        "ML.MIN_MAX_SCALER": (ordered[0], ordered[-1] - ordered[0]),
        "ML.MAX_ABS_SCALER": (Fraction(0), max(map(abs, numbers))),
        "ML.ROBUST_SCALER": (median, upper - lower),
        "ML.STANDARD_SCALER": (mean, min(deviation, Fraction(sys.float_info.max))),
    }[function]


@pytest.mark.parametrize("values", EXTREMES.values(), ids=EXTREMES)
@pytest.mark.parametrize(
    "function", ["ML.STANDARD_SCALER", "ML.MIN_MAX_SCALER", "ML.MAX_ABS_SCALER", "ML.ROBUST_SCALER"]
)
def test_scalers_of_extreme_columns(function: str, values: list) -> None:
    """Rounding alone: half a step of the least FLOAT64 counts where all numbers are that small."""
    numbers = [Fraction(float(value)) for value in values]
    center, scale = _exact_scale(function, numbers)
    expected = [float((number - center) / scale) for number in numbers]
    step = float(Fraction(5e-324) / scale)
    found = fit_apply(f"{function}(x) OVER ()", values)
    np.testing.assert_allclose(found, expected, rtol=1e-9 + step, atol=1e-9 + 2 * step)


def test_what_is_far_from_the_rows_of_training_is_no_nan() -> None:
    transform = fit("ML.ROBUST_SCALER(x) OVER ()", [1.6e308, 1.7e308, 1.75e308])
    assert apply(transform, [-1.7e308])[0] == pytest.approx(-3.4 / 0.15, rel=1e-9)


def test_min_max_scaler_caps_what_lies_outside_and_reaches_both_ends() -> None:
    transform = fit("ML.MIN_MAX_SCALER(x) OVER ()", [0.1, 0.7])
    assert apply(transform, [0.1, 0.7, -5.0, 5.0, None]).tolist()[:4] == [0.0, 1.0, 0.0, 1.0]


def test_robust_scaler_takes_ranks_not_interpolations() -> None:
    """Of 1 … 8 the nearest ranks of 25, 50 and 75 % are 2, 4 and 6."""
    assert fit_apply("ML.ROBUST_SCALER(x) OVER ()", list(range(1, 9))).tolist() == [(x - 4) / 4 for x in range(1, 9)]


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60), st.integers(2, 12))
@settings(max_examples=15, deadline=None)
def test_quantile_points_are_nearest_ranks(values: list[int], num_buckets: int) -> None:
    """Rank ceil(n * i / buckets), in whole numbers."""
    ordered, n = sorted(values), len(values)
    ranks = [-(-n * i // num_buckets) for i in range(1, num_buckets)]
    points = sorted({ordered[max(rank, 1) - 1] for rank in ranks})
    transform = fit(f"ML.QUANTILE_BUCKETIZE(x, {num_buckets}) OVER ()", values)
    assert transform.parameters[0].parameters["points"] == tuple(map(float, points))
    expected = [sum(point <= value for point in points) + 1 for value in values]
    assert apply(transform, values).tolist() == expected


def test_quantile_buckets_have_names_and_a_slot_for_null() -> None:
    transform = fit("ML.QUANTILE_BUCKETIZE(x, 4, 'bucket_ranges') OVER ()", [1, 2, 3, 4, 5, 6, 7, 8])
    (feature,) = transform.ids
    assert feature.vocabulary == ("(-inf, 2)", "[2, 4)", "[4, 6)", "[6, +inf)")
    assert feature.cardinality == 6
    assert apply(transform, [-9, 2, 5, 99, None]).tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("sql", ["ML.QUANTILE_BUCKETIZE(x, 4) OVER ()", "ML.BUCKETIZE(x, [1.0, 2.0])"])
def test_buckets_of_infinities(sql: str) -> None:
    transform = fit(sql, [1.0, 2.0, 3.0])
    last = transform.ids[0].cardinality - 2
    assert apply(transform, [-math.inf, math.inf, math.nan], pa.float64()).tolist() == [1, last, last + 1]


def test_quantiles_of_nothing_are_one_bucket() -> None:
    transform = fit("ML.QUANTILE_BUCKETIZE(x, 3) OVER ()", [None, None], pa.float64())
    assert transform.ids[0].vocabulary == ("bin_1",)
    assert apply(transform, [1.0, None], pa.float64()).tolist() == [1, 2]


WORDS = ["b"] * 9 + ["a"] * 7 + ["é"] * 6 + ["zz"] * 5 + ["rare"] * 4 + [None] * 3


def test_one_hot_vocabulary_is_alphabetical_by_code_point() -> None:
    transform = fit("ML.ONE_HOT_ENCODER(x) OVER ()", WORDS)
    (feature,) = transform.ids
    assert feature.vocabulary == ("a", "b", "zz", "é")
    assert (feature.cardinality, feature.dropped_slot) == (6, -1)
    assert apply(transform, ["a", "é", "rare", "unseen", "", None]).tolist() == [1, 4, 0, 0, 0, 5]


def test_one_hot_drops_the_most_frequent_and_keeps_the_top() -> None:
    transform = fit("ML.ONE_HOT_ENCODER(x, 'most_frequent', 2, 1) OVER ()", WORDS)
    assert transform.ids[0].vocabulary == ("a", "b")
    assert transform.ids[0].dropped_slot == 2


def test_ties_of_frequency_go_to_the_first_in_the_alphabet() -> None:
    transform = fit("ML.ONE_HOT_ENCODER(x, 'most_frequent', 2, 1) OVER ()", ["c", "b", "a", "c", "b", "a"])
    assert transform.ids[0].vocabulary == ("a", "b")
    assert transform.ids[0].dropped_slot == 1


@pytest.mark.parametrize("values", [[None, None], [], ["once"]])
@pytest.mark.parametrize("function", ["ML.ONE_HOT_ENCODER", "ML.LABEL_ENCODER"])
def test_vocabulary_of_nothing(function: str, values: list) -> None:
    transform = fit(f"{function}(x) OVER ()", values, pa.string())
    assert transform.ids[0].cardinality == 2
    assert apply(transform, ["once", None], pa.string()).tolist() == [0, 1]


def test_label_encoder_alone_has_a_null_slot_and_inside_an_expression_gives_zero() -> None:
    assert apply(fit("ML.LABEL_ENCODER(x) OVER ()", WORDS), ["a", "rare", None]).tolist() == [1, 0, 5]
    assert apply(fit("ML.LABEL_ENCODER(x) OVER () + 10", WORDS), ["a", "rare", None]).tolist() == [11, 10, 10]


@pytest.mark.parametrize("type_", [pa.int64(), pa.bool_()])
def test_categories_made_from_numbers(type_: pa.DataType) -> None:
    values = ([True, False, True, True] if pa.types.is_boolean(type_) else [10, -2, 9, 10]) * 5
    transform = fit("ML.ONE_HOT_ENCODER(CAST(x AS STRING)) OVER ()", values, type_)
    vocabulary = transform.ids[0].vocabulary
    assert vocabulary == (("false", "true") if pa.types.is_boolean(type_) else ("-2", "10", "9"))
    texts = [str(value).lower() for value in values]
    assert apply(transform, values, type_).tolist() == [vocabulary.index(text) + 1 for text in texts]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("mean", statistics.fmean([3, -1.5, 10, 10, 0.25, 7])), ("median", 3.0), ("most_frequent", 10.0)],
)
def test_imputer_of_numbers(strategy: str, expected: float) -> None:
    answer = fit_apply(f"ML.IMPUTER(x, '{strategy}') OVER ()", NUMBERS)
    np.testing.assert_allclose(answer, [expected if value is None else value for value in NUMBERS], rtol=1e-10)


def test_imputer_ties_go_to_the_smallest() -> None:
    transform = fit("ML.IMPUTER(x, 'most_frequent') OVER ()", [10, 9, 10, 9, None])
    assert transform.parameters[0].parameters["value"] == 9
    text = fit("ML.IMPUTER(x, 'most_frequent') OVER ()", ["b", "a", "b", "a", None])
    assert text.parameters[0].parameters["value"] == "a"


def test_imputer_of_text_is_an_id_without_null() -> None:
    transform = fit("ML.IMPUTER(x, 'most_frequent') OVER ()", WORDS)
    most = Counter(word for word in WORDS if word).most_common(1)[0][0]
    slot = transform.ids[0].vocabulary.index(most) + 1
    assert apply(transform, ["a", None, most]).tolist() == [1, slot, slot]


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_imputer_of_nothing_is_zero(strategy: str) -> None:
    transform = fit(f"ML.IMPUTER(x, '{strategy}') OVER ()", [None], pa.float64())
    assert apply(transform, [None, 2.0], pa.float64()).tolist() == [0.0, 2.0]


def test_hash_buckets_begin_at_slot_one() -> None:
    transform = fit("ML.HASH_BUCKETIZE(x, 7)", ["a"])
    answer = apply(transform, ["a", "b", "é", "", None])
    assert transform.ids[0].cardinality == 9
    assert ((answer[:4] >= 1) & (answer[:4] <= 7)).all()
    assert answer[4] == 8
