"""What networks are stopped by: scikit-learn's figures of all eval rows, the best of them kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from family_cases import QUICK
from sklearn.metrics import average_precision_score, mean_absolute_error, r2_score, roc_auc_score

from hagane.errors import SpecError, TrainingError
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.progress import SILENT
from hagane.progress.events import Event, IterationEnded, StoppedEarly

Encode = Callable[..., Encoded]
CASES = [
    ("dnn_classifier", "roc_auc", 2, lambda y, p: roc_auc_score(y, p[:, 1])),
    ("dnn_classifier", "pr_auc", 2, lambda y, p: average_precision_score(y, p[:, 1])),
    ("dnn_classifier", "accuracy", 2, lambda y, p: np.mean(p.argmax(axis=1) == y)),
    ("dnn_classifier", "roc_auc", 3, lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
    ("dnn_linear_combined_classifier", "brier_score", 2, lambda y, p: -np.mean((p[:, 1] - y) ** 2)),
    ("tabnet_classifier", "roc_auc", 3, lambda y, p: roc_auc_score(y, p, multi_class="ovr")),
    ("torch_classifier", "roc_auc", 2, lambda y, p: roc_auc_score(y, p[:, 1])),
    ("dnn_regressor", "mean_absolute_error", 0, lambda y, p: -mean_absolute_error(y, p)),
    ("dnn_linear_combined_regressor", "r2_score", 0, r2_score),
    ("tabnet_regressor", "mean_absolute_error", 0, lambda y, p: -mean_absolute_error(y, p)),
    ("torch_regressor", "r2_score", 0, r2_score),
]


class Events:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Event] = []

    def phase(self, name: str, **_: Any) -> Any:
        return SILENT.phase(name)

    def note(self, text: str) -> None: ...

    def tell(self, event: Event) -> None:
        self.told.append(event)


def labelled(encode: Encode, n: int, seed: int, num_classes: int, edge: float = 1.0) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(n, 3)).astype(np.float32)
    signal = dense[:, 0] + random.normal(size=n)
    edges = [edge] if num_classes == 2 else np.quantile(signal, np.arange(1, num_classes) / num_classes)
    weight = random.uniform(0.1, 3, n).astype(np.float32)
    label = np.digitize(signal, edges).astype(np.int64) if num_classes else 300.0 * signal + 4_000
    return encode(dense, random.integers(0, 4, (n, 1)), label, (4,), weight=weight)


def fit(
    name: str, train: Encoded, evaluation: Encoded, num_classes: int, events: Events, *, offsets: Any = (), **given: Any
) -> Any:
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1, seed=7, progress=events,
                         class_offsets=offsets)  # fmt: skip
    return get_family(name).fit(train, evaluation, family_options(name, {**QUICK[name], **given}), context)


@pytest.mark.parametrize(("name", "metric", "num_classes", "oracle"), CASES)
def test_the_state_that_is_best_by_the_metric_is_kept(
    name: str, metric: str, num_classes: int, oracle: Callable[..., float], encode: Encode
) -> None:
    train, held_out = labelled(encode, 400, 0, num_classes), labelled(encode, 300, 1, num_classes)
    events = Events()
    offsets = (0.0, 0.7, 0.2)[:num_classes]
    model = fit(name, train, held_out, num_classes, events, offsets=offsets, eval_metric=metric, max_iterations=8,
                learn_rate=0.03)  # fmt: skip
    batch = held_out.arrays()
    found = oracle(batch.label, model.predict(batch.dense, batch.ids))
    better_high = metric in ("roc_auc", "pr_auc", "accuracy", "r2_score")
    direction = 1 if better_high else -1
    figures = [row.metric * direction for row in model.curve]
    assert figures[model.best_iteration - 1] == max(figures) == pytest.approx(found, rel=1e-5)
    assert len(set(figures)) > 1
    told = [event for event in events.told if isinstance(event, IterationEnded)]
    assert [(each.metric, each.metric_name) for each in told] == [(row.metric, metric) for row in model.curve]


def test_it_stops_by_the_metric_and_not_by_the_loss(encode: Encode) -> None:
    train, held_out, events = labelled(encode, 400, 0, 2), labelled(encode, 300, 1, 2), Events()
    model = fit("dnn_classifier", train, held_out, 2, events, eval_metric="accuracy", max_iterations=60, patience=4,
                min_rel_progress=0.0)  # fmt: skip
    (stopped,) = (event for event in events.told if isinstance(event, StoppedEarly))
    best = int(np.argmax([row.metric for row in model.curve])) + 1
    assert (model.best_iteration, len(model.curve)) == (best, best + 4)
    assert stopped.best_value == model.curve[best - 1].metric
    assert best != int(np.argmin([row.eval_loss for row in model.curve])) + 1


@pytest.mark.parametrize("name", ["dnn_classifier", "boosted_tree_classifier"])
def test_a_metric_that_no_scores_of_the_eval_rows_have_is_refused(name: str, encode: Encode) -> None:
    train, one_class = labelled(encode, 200, 0, 2), labelled(encode, 100, 1, 2, edge=-100)
    with pytest.raises(TrainingError, match="'roc_auc' is not defined for the eval rows") as caught:
        fit(name, train, one_class, 2, Events(), eval_metric="roc_auc")
    assert caught.value.faults[0].received == "every label is the same"


def test_epochs_in_which_a_metric_has_no_value_yet_are_not_waited_for(encode: Encode) -> None:
    """Precision has none before a row is called positive; of one row in twenty none is, in the first epochs."""
    events, train, held_out = Events(), labelled(encode, 400, 0, 2, edge=2), labelled(encode, 300, 1, 2, edge=2)
    model = fit("dnn_classifier", train, held_out, 2, events, eval_metric="precision", max_iterations=40, patience=1,
                learn_rate=0.004)  # fmt: skip
    known = [not math.isnan(row.metric) for row in model.curve]
    assert not known[0]
    assert not known[1]
    assert any(known)
    assert model.best_iteration > known.index(True)


def test_a_metric_that_three_classes_do_not_have_is_refused_before_anything_is_encoded(encode: Encode) -> None:
    features = labelled(encode, 20, 0, 3).features
    for name in ("dnn_classifier", "tabnet_classifier", "dnn_linear_combined_classifier", "boosted_tree_classifier"):
        faults = family_options(name, {"eval_metric": "pr_auc"}).feature_faults(features, 3)
        assert [fault.what for fault in faults] == ["'pr_auc' is not defined for 3 classes"]
        assert not family_options(name, {"eval_metric": "pr_auc"}).feature_faults(features, 2)


def test_a_metric_of_classes_is_none_of_numbers() -> None:
    with pytest.raises(SpecError):
        family_options("tabnet_regressor", {"eval_metric": "accuracy"})
