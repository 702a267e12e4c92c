"""Sums over labelled rows: scikit-learn's metrics of the rows, intervals that cover, and parts that merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from hagane.metrics.delong import delong_test
from hagane.metrics.wilson_interval import wilson_interval
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.multiclass_quality import MulticlassQuality
from hagane.monitoring.quality.regression_quality import RegressionQuality
from hagane.monitoring.quality.window_quality import SliceQuality, Sums, WindowQuality

Array = Any


def binary(p: Array, y: Array, w: Array | None = None) -> BinaryQuality:
    return BinaryQuality.of(p, y, np.ones(len(p)) if w is None else w, threshold=0.4)


def binary_rows(num_rows: int, seed: int) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    y = (random.random(num_rows) < 0.3).astype(np.int64)
    return 1 / (1 + np.exp(-random.normal(2.0 * y - 1.5, 1.2))), y


BINARY: dict[str, Callable[[Array, Array, Array], float]] = {
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p >= 0.4, sample_weight=w),
    "precision": lambda y, p, w: sk.precision_score(y, p >= 0.4, sample_weight=w),
    "recall": lambda y, p, w: sk.recall_score(y, p >= 0.4, sample_weight=w),
    "f1_score": lambda y, p, w: sk.f1_score(y, p >= 0.4, sample_weight=w),
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w),
    "brier_score": lambda y, p, w: sk.brier_score_loss(y, p, sample_weight=w),
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p, sample_weight=w),
    "pr_auc": lambda y, p, w: sk.average_precision_score(y, p, sample_weight=w),
}
NUMBERS: dict[str, Callable[[Array, Array, Array], float]] = {
    "r2_score": lambda y, f, w: sk.r2_score(y, f, sample_weight=w),
    "root_mean_squared_error": lambda y, f, w: sk.root_mean_squared_error(y, f, sample_weight=w),
    "mean_absolute_error": lambda y, f, w: sk.mean_absolute_error(y, f, sample_weight=w),
    "mean_error": lambda y, f, w: float(np.average(f - y, weights=w)),
}


@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics_are_scikit_learns(weighted: bool) -> None:
    p, y = binary_rows(3000, seed=1)
    w = np.random.default_rng(2).choice([1.0, 10.0], 3000) if weighted else np.ones(3000)
    found = binary(p, y, w).metrics()
    assert set(found) == set(BINARY)
    for name, metric in BINARY.items():
        close = 2e-3 if name.endswith("auc") else 1e-12
        assert found[name].value == pytest.approx(metric(y, p, w), abs=close), name
        assert found[name].low < found[name].value < found[name].high


def test_the_area_has_delongs_error() -> None:
    p, y = binary_rows(1500, seed=3)
    ours, theirs = binary(p, y).metrics()["roc_auc"], delong_test(y == 1, p, p)
    assert not isinstance(theirs, str)
    assert (ours.high - ours.low) / (2 * 1.96) == pytest.approx(theirs.standard_errors[0], rel=0.02)  # type: ignore[union-attr]


def test_probabilities_of_rare_classes_are_told_apart() -> None:
    random = np.random.default_rng(0)
    y = (random.random(20_000) < 0.01).astype(np.int64)
    p = 1 / (1 + np.exp(-random.normal(1.5 * y - 6, 1.0)))
    assert p.max() < 0.3
    assert binary(p, y).metrics()["roc_auc"].value == pytest.approx(sk.roc_auc_score(y, p), abs=1e-3)


@pytest.mark.parametrize("weighted", [False, True])
def test_multiclass_metrics_are_scikit_learns(weighted: bool) -> None:
    random = np.random.default_rng(4)
    y = random.choice(4, 2000, p=[0.5, 0.3, 0.15, 0.05])
    scores = np.exp(random.normal(0, 1, (2000, 4)) + 1.2 * np.eye(4)[y])
    scores /= scores.sum(axis=1, keepdims=True)
    w = random.choice([1.0, 5.0], 2000) if weighted else np.ones(2000)
    found = MulticlassQuality.of(scores, y, w).metrics()
    answers = scores.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(y, answers, sample_weight=w),
        "precision": sk.precision_score(y, answers, average="macro", sample_weight=w),
        "recall": sk.recall_score(y, answers, average="macro", sample_weight=w),
        "f1_score": sk.f1_score(y, answers, average="macro", sample_weight=w),
        "log_loss": sk.log_loss(y, scores, sample_weight=w),
    }
    assert {name: estimate.value for name, estimate in found.items()} == pytest.approx(expected, abs=1e-12)


def test_many_classes_have_no_matrix() -> None:
    scores = np.full((3, 60), 1 / 60)
    sums = MulticlassQuality.of(scores, np.array([0, 1, 2]), np.ones(3))
    assert sums.matrix == ()
    assert set(sums.metrics()) == {"accuracy", "log_loss"}


@pytest.mark.parametrize("offset", [0.0, 1e7])
def test_regression_metrics_are_scikit_learns(offset: float) -> None:
    random = np.random.default_rng(5)
    y = offset + random.gamma(2.0, 3.0, 2000)
    f, w = y + random.normal(0.3, 1.0, 2000), random.choice([1.0, 10.0], 2000)
    found = RegressionQuality.of(f, y, w).metrics()
    assert set(found) == set(NUMBERS)
    for name, metric in NUMBERS.items():
        assert found[name].value == pytest.approx(metric(y, f, w), rel=1e-6), name


def test_labels_that_are_all_the_same_have_no_r2() -> None:
    assert "r2_score" not in RegressionQuality.of(np.array([1.0, 2.0]), np.array([7.0, 7.0]), np.ones(2)).metrics()


def test_intervals_cover_the_truth() -> None:
    """Of 300 windows of 400 rows, of which some stand for five, about 95 % cover what 400,000 rows have."""
    p, y = binary_rows(400_000, seed=6)
    truth = binary(p, y).metrics()
    random = np.random.default_rng(7)
    inside = dict.fromkeys(truth, 0)
    for _ in range(300):
        rows = random.integers(0, len(p), 400)
        keep = random.random(400) < np.where(rows % 2, 1.0, 0.2)  # half of the rows are logged at a fifth
        rows = rows[keep]
        found = binary(p[rows], y[rows], np.where(rows % 2, 1.0, 5.0)).metrics()
        for name, estimate in found.items():
            inside[name] += estimate.low <= truth[name].value <= estimate.high
    shares = {name: count / 300 for name, count in inside.items()}
    assert all(0.905 <= share <= 0.99 for name, share in shares.items() if name != "pr_auc"), shares
    assert shares["pr_auc"] >= 0.94, "wider than it need be, never too short"


def test_intervals_of_numbers_cover_the_truth() -> None:
    random = np.random.default_rng(8)
    x = random.gamma(4.0, 1.0, 400_000)
    y = x + random.normal(0, 0.3 * x)
    truth = RegressionQuality.of(x, y, np.ones(len(x))).metrics()
    inside = dict.fromkeys(truth, 0)
    for _ in range(300):
        rows = random.integers(0, len(x), 300)
        for name, estimate in RegressionQuality.of(x[rows], y[rows], np.ones(300)).metrics().items():
            inside[name] += estimate.low <= truth[name].value <= estimate.high
    shares = {name: count / 300 for name, count in inside.items()}
    assert all(0.89 <= share <= 0.99 for share in shares.values()), shares


def test_macro_intervals_cover_the_truth() -> None:
    random = np.random.default_rng(9)

    def rows(num_rows: int) -> MulticlassQuality:
        y = random.choice(3, num_rows, p=[0.6, 0.3, 0.1])
        return MulticlassQuality.of(np.exp(random.normal(0, 1, (num_rows, 3)) + np.eye(3)[y]), y, np.ones(num_rows))

    truth = rows(400_000).metrics()
    inside = dict.fromkeys(truth, 0)
    for _ in range(300):
        for name, estimate in rows(500).metrics().items():
            inside[name] += estimate.low <= truth[name].value <= estimate.high
    shares = {name: count / 300 for name, count in inside.items() if name != "log_loss"}
    assert all(0.91 <= share <= 0.99 for share in shares.values()), shares


def test_wilsons_interval_is_that_of_scipy() -> None:
    from scipy.stats import binomtest

    for hits, rows in ((0, 7), (3, 7), (7, 7), (412, 500)):
        theirs = binomtest(hits, rows).proportion_ci(method="wilson")
        assert wilson_interval(hits / rows, rows) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def sums_of(kind: str, rows: slice, data: tuple[Array, Array, Array]) -> Sums:
    x, y, w = (each[rows] for each in data)
    if kind == "regression":
        return RegressionQuality.of(10 * x, y + 1000.0, w)
    if kind == "binary":
        return BinaryQuality.of(x, (y > 0).astype(np.int64), w, threshold=0.5)
    return MulticlassQuality.of(np.column_stack([x, 1 - x, x * 0 + 0.3]), np.abs(y).astype(np.int64) % 3, w)


ROWS = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.integers(-50, 50), st.sampled_from([1.0, 3.0, 100.0])), min_size=1, max_size=40
)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 40), kind=st.sampled_from(["binary", "multiclass", "regression"]))
def test_parts_merge_into_the_whole(rows: list[tuple[float, int, float]], cut: int, kind: str) -> None:
    data = tuple(np.array(column, np.float64) for column in zip(*rows, strict=True))
    whole = sums_of(kind, slice(None), data)  # type: ignore[arg-type]
    parts = [sums_of(kind, part, data) for part in (slice(0, cut), slice(cut, None))]  # type: ignore[arg-type]
    both = parts[0].merge(parts[1])  # type: ignore[arg-type]
    assert both.num_labelled == len(rows)
    merged, direct = both.metrics(), whole.metrics()
    assert set(merged) >= set(direct) - {"r2_score"}
    for name in set(merged) & set(direct):
        scale = 1e-6 * (1 + abs(direct[name].value))
        for end in ("value", "low", "high"):
            close = pytest.approx(getattr(direct[name], end), rel=1e-5, abs=10 * scale)
            assert getattr(merged[name], end) == close, (name, end)


def test_windows_merge_slice_by_slice_and_round_trip() -> None:
    p, y = binary_rows(200, seed=1)
    first = SliceQuality(label="", sums=binary(p[:100], y[:100]))
    second = SliceQuality(label="", sums=binary(p[100:], y[100:]))
    alone = SliceQuality(label="", slice="a = 'x'", column="a", value="x", sums=binary(p[:7], y[:7]))
    early = WindowQuality(num_rows=150, num_labelled=100, delay_seconds=50.0, longest_delay_seconds=3.0, each=(first,))
    late = WindowQuality(num_rows=50, num_labelled=100, delay_seconds=10.0, longest_delay_seconds=9.0,
                         each=(second, alone))  # fmt: skip
    both = early.merge(late)
    assert both.each[0].sums.metrics()["accuracy"].value == pytest.approx(binary(p, y).metrics()["accuracy"].value)
    assert both.each[1] == alone
    assert (both.share_labelled, both.mean_delay_seconds, both.longest_delay_seconds) == (1.0, 0.3, 9.0)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(both), type=WindowQuality) == both
