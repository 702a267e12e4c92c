"""Standard errors and p-values beside certified and published values, and independent computations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.weights import INTERCEPT, ModelWeights, Scaling
from hagane.spec.spec import Downsample, Training

Encode = Callable[..., Encoded]
ASKED = {"l2_reg": 0.0, "calculate_p_values": True, "category_encoding_method": "dummy_encoding"}

LONGLEY = np.array([
    [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
    [60171, 88.2, 258054, 3682, 1616, 109773, 1949], [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
    [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
    [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
    [66019, 101.2, 397469, 2904, 3048, 117388, 1955], [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
    [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
    [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
    [69331, 115.7, 518173, 4806, 2572, 127852, 1961], [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
])  # fmt: skip
"""Longley (1967), as in NIST's Statistical Reference Datasets."""
LONGLEY_CERTIFIED = {
    INTERCEPT: (-3482258.63459582, 890420.383607373),
    "x0": (15.0618722713733, 84.9149257747669),
    "x1": (-0.0358191792925910, 0.0334910077722432),
    "x2": (-2.02022980381683, 0.488399681651699),
    "x3": (-1.03322686717359, 0.214274163161675),
    "x4": (-0.0511041056535807, 0.226073200069370),
    "x5": (1829.15146461355, 455.478499142212),
}
"""NIST's certified estimates and their standard deviations (itl.nist.gov/div898/strd/lls/data/Longley.shtml)."""
SPECTOR = np.array([
    [2.66, 20, 0, 0], [2.89, 22, 0, 0], [3.28, 24, 0, 0], [2.92, 12, 0, 0], [4.00, 21, 0, 1], [2.86, 17, 0, 0],
    [2.76, 17, 0, 0], [2.87, 21, 0, 0], [3.03, 25, 0, 0], [3.92, 29, 0, 1], [2.63, 20, 0, 0], [3.32, 23, 0, 0],
    [3.57, 23, 0, 0], [3.26, 25, 0, 1], [3.53, 26, 0, 0], [2.74, 19, 0, 0], [2.75, 25, 0, 0], [2.83, 19, 0, 0],
    [3.12, 23, 1, 0], [3.16, 25, 1, 1], [2.06, 22, 1, 0], [3.62, 28, 1, 1], [2.89, 14, 1, 0], [3.51, 26, 1, 0],
    [3.54, 24, 1, 1], [2.83, 27, 1, 1], [3.39, 17, 1, 1], [2.67, 24, 1, 0], [3.65, 21, 1, 1], [4.00, 23, 1, 1],
    [3.10, 21, 1, 0], [2.39, 19, 1, 1],
])  # fmt: skip
"""Spector and Mazzeo (1980), from Greene, Econometric Analysis: grade point average, test score, programme; better."""
SPECTOR_PUBLISHED = {
    INTERCEPT: (-13.0213, 4.931, 0.008),
    "x0": (2.8261, 1.263, 0.025),
    "x1": (0.0952, 0.142, 0.501),
    "x2": (2.3787, 1.065, 0.025),
}
"""Logit in statsmodels' documentation (discrete choice models), which agrees with Greene's table."""


def weights(
    train: Encoded, name: str = "linear_reg", num_classes: int = 0, scalings: Any = None, **options: Any
) -> ModelWeights:
    context = FitContext(features=train.features, num_classes=num_classes)
    model = get_family(name).fit(train, None, family_options(name, {**ASKED, **options}), context)
    return model.weights("y", [str(c) for c in range(num_classes)], scalings or {})


def table(encode: Encode, dense: np.ndarray, label: np.ndarray, ids: np.ndarray | None = None,
          cardinalities: Sequence[int] = (), **more: Any) -> Encoded:  # fmt: skip
    ids = np.empty((len(label), 0), np.int64) if ids is None else ids
    return encode(dense, ids, label, tuple(cardinalities), dense_dtype="float64", block_rows=64, **more)


def by_name(found: ModelWeights) -> dict[str, Any]:
    return {weight.processed_input: weight for weight in found.weights}


def test_longley(encode: Encode) -> None:
    """Columns that nearly say the same: what NIST rates as of higher difficulty."""
    found = weights(table(encode, LONGLEY[:, 1:], LONGLEY[:, 0]))
    assert (found.test, found.degrees_of_freedom) == ("t", 9.0)
    for name, (weight, error) in LONGLEY_CERTIFIED.items():
        row = by_name(found)[name]
        assert row.weight == pytest.approx(weight, rel=1e-7)
        assert row.standard_error == pytest.approx(error, rel=1e-7)
        assert row.p_value == pytest.approx(2 * stats.t.sf(abs(weight / error), 9), rel=1e-6)


def test_spector_and_mazzeo(encode: Encode) -> None:
    found = weights(table(encode, SPECTOR[:, :3], SPECTOR[:, 3].astype(np.int64)), "logistic_reg", 2)
    assert (found.test, found.degrees_of_freedom) == ("z", None)
    for name, (weight, error, p_value) in SPECTOR_PUBLISHED.items():
        row = by_name(found)[name]
        assert row.weight == pytest.approx(weight, abs=1e-4)
        assert row.standard_error == pytest.approx(error, abs=1e-3)
        assert row.p_value == pytest.approx(p_value, abs=1e-3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), n=st.integers(3, 200), offset=st.floats(-1e6, 1e6), unit=st.floats(1e-6, 1e6))
def test_one_number_is_scipys_linregress(encode: Encode, seed: int, n: int, offset: float, unit: float) -> None:
    random = np.random.default_rng(seed)
    x = random.normal(size=n) + offset
    y = unit * (0.3 * x + random.normal(size=n))
    found, oracle = by_name(weights(table(encode, x[:, None], y))), stats.linregress(x, y)
    assert found["x0"].weight == pytest.approx(oracle.slope, rel=1e-6)
    assert found["x0"].standard_error == pytest.approx(oracle.stderr, rel=1e-6)
    assert found["x0"].p_value == pytest.approx(oracle.pvalue, rel=1e-4, abs=1e-300)
    assert found[INTERCEPT].standard_error == pytest.approx(oracle.intercept_stderr, rel=1e-6)


def mixed(seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    dense, ids = random.normal(size=(n, 2)), np.stack([random.integers(1, 4, n), random.integers(1, 3, n)], axis=1)
    raw = dense @ [1.0, -0.5] + (ids[:, 0] == 2) + random.logistic(size=n)
    return dense, ids, raw


CARDINALITIES = (5, 4)
"""With a slot for what is unknown and one for NULL, which no row has."""


def matrix(dense: np.ndarray, ids: np.ndarray, dropped: Sequence[int]) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Numbers, the categories that rows have but for the one left out, 1; and which column is which category."""
    slots = [
        (f, s) for f, c in enumerate(CARDINALITIES) for s in range(c) if s != dropped[f] and (ids[:, f] == s).any()
    ]
    return np.column_stack([dense, *((ids[:, f] == s).astype(float) for f, s in slots), np.ones(len(ids))]), slots


def fullest(ids: np.ndarray) -> list[int]:
    return [int(np.bincount(column).argmax()) for column in ids.T]


def errors_in_order(found: ModelWeights, slots: list[tuple[int, int]], output: int = 0) -> np.ndarray:
    size = len(found.weights) // max(1, len(found.classes) if len(found.classes) > 2 else 1)
    rows = {w.processed_input: w for w in found.weights[output * size : (output + 1) * size]}
    categories = [rows[f"c{feature}"].category_weights[slot].standard_error for feature, slot in slots]
    return np.array([rows["x0"].standard_error, rows["x1"].standard_error, *categories, rows[INTERCEPT].standard_error])


def test_categories_are_measured_against_the_most_frequent_one(encode: Encode) -> None:
    dense, ids, raw = mixed()
    found = weights(table(encode, dense, raw, ids, CARDINALITIES))
    x, slots = matrix(dense, ids, fullest(ids))
    solution, residuals, rank, _ = np.linalg.lstsq(x, raw, rcond=None)
    expected = np.sqrt(np.diag(np.linalg.inv(x.T @ x)) * residuals[0] / (len(raw) - rank))
    assert errors_in_order(found, slots) == pytest.approx(expected, rel=1e-9)
    left_out = by_name(found)["c0"].category_weights[fullest(ids)[0]]
    assert (left_out.weight, left_out.standard_error, left_out.p_value) == (0.0, 0.0, None)
    unseen, null = (by_name(found)["c0"].category_weights[slot] for slot in (0, 4))
    assert (unseen.kind, unseen.standard_error, null.kind, null.p_value) == ("unknown", None, "null", None)
    assert by_name(found)[INTERCEPT].weight == pytest.approx(solution[-1])


@pytest.mark.parametrize("name", ["linear_reg", "logistic_reg"])
def test_what_the_rows_do_not_determine_has_no_error_and_the_rest_is_as_without_it(name: str, encode: Encode) -> None:
    dense, ids, raw = mixed()
    label, classes = (raw, 0) if name == "linear_reg" else ((raw > 0).astype(np.int64), 2)
    twice = np.column_stack([dense[:, 0], dense[:, 1], dense[:, 1], np.full(len(raw), 3.0)])
    whole = by_name(weights(table(encode, twice, label, ids, CARDINALITIES), name, classes))
    plain = by_name(weights(table(encode, dense, label, ids, CARDINALITIES), name, classes))
    assert [whole[name].standard_error for name in ("x1", "x2", "x3", INTERCEPT)] == [None] * 4
    assert whole["x0"].standard_error == pytest.approx(plain["x0"].standard_error, rel=1e-6)
    assert whole["x0"].p_value == pytest.approx(plain["x0"].p_value, rel=1e-4)
    assert whole["x1"].weight == pytest.approx(plain["x1"].weight / 2, rel=1e-4)
    for one, other in zip(whole["c0"].category_weights, plain["c0"].category_weights, strict=True):
        assert (one.standard_error is None) == (other.standard_error is None)
        assert one.standard_error == pytest.approx(other.standard_error or 0.0, rel=1e-6) or one.standard_error is None


@pytest.mark.parametrize(("name", "classes"), [("linear_reg", 0), ("logistic_reg", 2), ("logistic_reg", 3)])
def test_a_weight_of_two_is_a_row_twice(name: str, classes: int, encode: Encode) -> None:
    dense, ids, raw = mixed(n=150)
    label = np.digitize(raw, np.quantile(raw, np.arange(1, classes) / classes)) if classes else raw
    counts = np.random.default_rng(1).integers(0, 4, len(raw))
    rows = np.repeat(np.arange(len(raw)), counts)
    weight = counts.astype(np.float32)
    weighted = weights(table(encode, dense, label, ids, CARDINALITIES, weight=weight), name, classes)
    copies = weights(table(encode, dense[rows], label[rows], ids[rows], CARDINALITIES), name, classes)
    for one, other in zip(weighted.rows(), copies.rows(), strict=True):
        if one["category"] is None:
            assert one["standard_error"] == pytest.approx(other["standard_error"], rel=1e-5)
            assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-3)


def test_three_classes_beside_the_information_of_two_measured_against_the_third(encode: Encode) -> None:
    """The usual way: class 2 has no weights. Taking the mean off gives weights that add up to 0, and their errors."""
    dense, ids, raw = mixed(n=500)
    label = np.digitize(raw + np.random.default_rng(3).normal(size=500), [-0.7, 0.8]).astype(np.int64)
    found = weights(table(encode, dense, label, ids, CARDINALITIES), "logistic_reg", 3)
    x, slots = matrix(dense, ids, fullest(ids))
    p = x.shape[1]
    theta = np.zeros((3, p))
    for _ in range(30):
        chances = np.exp(x @ theta.T)
        chances /= chances.sum(axis=1, keepdims=True)
        information = np.block([
            [x.T @ (x * (chances[:, k] * ((k == o) - chances[:, o]))[:, None]) for o in range(2)] for k in range(2)
        ])  # fmt: skip
        slope = np.concatenate([x.T @ ((label == k) - chances[:, k]) for k in range(2)])
        theta[:2] += np.linalg.solve(information, slope).reshape(2, p)
    mean_off = np.kron(np.vstack([np.eye(2), np.zeros(2)]) - 1 / 3, np.eye(p))
    covariance = mean_off @ np.linalg.inv(information) @ mean_off.T
    expected = np.sqrt(np.diag(covariance)).reshape(3, p)
    for output in range(3):
        assert errors_in_order(found, slots, output) == pytest.approx(expected[output], rel=1e-5)
        row = found.weights[output * 5 + 1]
        assert (row.class_label, row.processed_input) == (str(output), "x0")
        assert row.weight == pytest.approx((theta - theta.mean(axis=0))[output, 0], abs=1e-5)


@pytest.mark.parametrize(("name", "classes"), [("linear_reg", 0), ("logistic_reg", 2)])
def test_a_scaler_is_undone(name: str, classes: int, encode: Encode) -> None:
    """Weights and errors, of the intercept too, are those of a model of the raw values."""
    dense, _, raw = mixed()
    label = (raw > 0).astype(np.int64) if classes else raw
    raw_values = dense * [20.0, 0.01] + [1000.0, -3.0]
    scaled = (raw_values - [900.0, -3.1]) / [50.0, 0.2]
    scalings = {"x0": Scaling(900.0, 50.0, "fare"), "x1": Scaling(-3.1, 0.2, "tip")}
    one = by_name(weights(table(encode, scaled, label), name, classes, scalings))
    other = by_name(weights(table(encode, raw_values, label), name, classes))
    assert one["x0"].input == "fare"
    for feature in (INTERCEPT, "x0", "x1"):
        for figure in ("weight", "standardized_weight", "standard_error", "p_value"):
            assert getattr(one[feature], figure) == pytest.approx(getattr(other[feature], figure), rel=1e-4)


def test_rows_that_separate_the_classes_have_no_errors(encode: Encode) -> None:
    x = np.linspace(-1, 1, 60)
    found = weights(table(encode, x[:, None], (x > 0).astype(np.int64)), "logistic_reg", 2)
    assert all(row.p_value is None or row.p_value > 0.5 for row in found.weights)


def test_a_class_that_no_row_has_leaves_none(encode: Encode) -> None:
    dense, ids, raw = mixed()
    found = weights(table(encode, dense, np.where(raw > 0, 2, 0), ids, CARDINALITIES), "logistic_reg", 3)
    assert all(row["p_value"] is None for row in found.rows())


def test_no_more_rows_than_weights_leave_nothing_to_measure_with(encode: Encode) -> None:
    found = weights(table(encode, np.array([[1.0], [2.0]]), np.array([3.0, 5.0])))
    assert [row.standard_error for row in found.weights] == [None, None]


def test_what_it_is_not_had_for() -> None:
    with pytest.raises(SpecError) as raised:
        family_options("logistic_reg", {"calculate_p_values": True, "l1_reg": 1.0, "early_stop": True})
    assert [fault.where for fault in raised.value.faults] == [
        f"model.options.{name}" for name in ("l1_reg", "l2_reg", "early_stop", "category_encoding_method")
    ]


def test_too_many_weights_are_refused(encode: Encode) -> None:
    dense, ids, raw = mixed()
    with pytest.raises(TrainingError, match="p-values are not to be had for so wide a model"):
        weights(table(encode, dense, (raw > 0).astype(np.int64), ids, (5, 4000)), "logistic_reg", 2)


@pytest.mark.parametrize(
    "given", [{"auto_class_weights": True}, {"class_weights": {"a": 2.0}}, {"downsample": Downsample(rate=0.5)}]
)
def test_weights_by_class_are_refused(given: dict[str, Any]) -> None:
    asked = {"calculate_p_values": True, "l2_reg": 0.0, "category_encoding_method": "dummy_encoding"}
    options = family_options("logistic_reg", asked)
    (fault,) = options.training_faults(Training(**given))
    assert "p-values would claim more than the data say" in fault.what
    assert fault.where == f"training.{next(iter(given))}"
    assert options.training_faults(Training(weight_column="w")) == ()
    assert family_options("logistic_reg", {}).training_faults(Training(**given)) == ()
