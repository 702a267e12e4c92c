"""What is worse beyond noise: how often chance alone is called so, and what a true loss is called."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk

from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.quality import LEAST_OF_A_CLASS
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.compare_estimate import Compared, compare_estimate
from hagane.monitoring.quality.estimate import Estimate
from hagane.monitoring.quality.multiclass_quality import MulticlassQuality
from hagane.spec.quality import Quality

NO_TOLERANCE = Quality(threshold=1e-9)


def windows(shift: float, *, num_eval: int = 500, num_window: int = 800) -> list[dict[str, Finding]]:
    """120 windows beside as many evaluations of their own, of a model whose scores lose `shift` of their power."""
    random, found = np.random.default_rng(1), []
    for _ in range(120):
        y = random.random(num_eval + num_window) < 0.3
        power = np.where(np.arange(len(y)) < num_eval, 2.0, 2.0 - shift)
        p = 1 / (1 + np.exp(-random.normal(power * y - 1.5, 1.0)))
        known, labels = p[:num_eval], y[:num_eval]
        base = {"accuracy": sk.accuracy_score(labels, known >= 0.5), "roc_auc": sk.roc_auc_score(labels, known),
                "log_loss": sk.log_loss(labels, known)}  # fmt: skip
        came = BinaryQuality.of(p[num_eval:], y[num_eval:].astype(np.int64), np.ones(num_window), threshold=0.5)
        metrics = came.metrics()
        found.append(
            {name: compare_estimate(name, metrics[name], Compared(value=value, num_rows=num_eval), NO_TOLERANCE,
                                    measure="labels", num_rows=num_window, num_effective=came.num_effective,
                                    is_judged=True)
             for name, value in base.items()}
        )  # fmt: skip
    return found


def shares(found: list[dict[str, Finding]]) -> dict[str, float]:
    return {name: float(np.mean([each[name].is_anomaly for each in found])) for name in found[0]}


def test_chance_alone_is_called_so_in_a_fortieth_of_the_windows() -> None:
    assert all(share <= 0.075 for share in shares(windows(0.0)).values())


def test_a_true_loss_is() -> None:
    assert all(share >= 0.9 for share in shares(windows(1.0)).values())


def test_which_way_is_worse() -> None:
    def compare(metric: str, value: float, base: float) -> Finding:
        estimate, against = Estimate(value, value - 0.01, value + 0.01), Compared(value=base, num_rows=1e6)
        return compare_estimate(metric, estimate, against, Quality(), measure="labels", num_rows=900,
                                num_effective=900.0, is_judged=True)  # fmt: skip

    worse, same, hair = (compare("log_loss", value, 0.5) for value in (0.6, 0.5, 0.555))
    assert (worse.is_anomaly, same.is_anomaly, hair.is_anomaly) == (True, False, False)
    assert (worse.is_back, same.is_back, hair.is_back) == (False, True, False)
    worse, better, near = (compare("accuracy", value, 0.8) for value in (0.6, 0.9, 0.73))
    assert (worse.is_anomaly, better.is_anomaly, near.is_anomaly) == (True, False, False)
    assert (worse.is_back, better.is_back, near.is_back) == (False, True, False)
    assert worse.excess > 1 > better.excess


def test_without_rows_of_an_evaluation_nothing_is_worse() -> None:
    found = compare_estimate("accuracy", Estimate(0.1, 0.0, 0.2), Compared(value=0.9, num_rows=0), Quality(),
                             measure="labels", num_rows=9, num_effective=9.0, is_judged=True)  # fmt: skip
    assert not found.is_anomaly


def test_a_rare_class_raises_no_alarm() -> None:
    """Of three of its rows all may be hits, or none: means over classes are judged where there are some of each."""
    random = np.random.default_rng(3)

    def window(num_rows: int) -> MulticlassQuality:
        logits = random.normal(size=(num_rows, 3)) * 2.5 + np.array([1, 0, -6])
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        labels = (scores.cumsum(axis=1) > random.random((num_rows, 1))).argmax(axis=1)
        return MulticlassQuality.of(scores, labels, np.ones(num_rows))

    evaluated = window(5_000).metrics()
    wrong = judged = 0
    for num_rows in (200, 1_000) * 150:
        sums = window(num_rows)
        for name, estimate in sums.metrics().items():
            against = Compared(value=evaluated[name].value, num_rows=5_000)
            found = compare_estimate(name, estimate, against, Quality(), measure="labels", num_rows=num_rows,
                                     num_effective=sums.num_effective,
                                     is_judged=sums.num_of_rarest(name) >= LEAST_OF_A_CLASS)  # fmt: skip
            wrong += found.is_anomaly and found.is_judged
            judged += found.is_judged
    assert judged > 600
    assert wrong <= 0.01 * judged
