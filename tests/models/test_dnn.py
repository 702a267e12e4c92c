"""The neural network: its graph for every activation, normalisation folded away, labels of any size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from small_encoder import graph_of, relative_difference

from hagane.errors import TrainingError
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.models import family_options, get_family
from hagane.models.dnn_graph import emit_net
from hagane.models.embedded_features import group_by_width
from hagane.models.embedding_widths import embedding_width
from hagane.models.family import FitContext
from hagane.models.tabular_net import ACTIVATIONS, TabularNet, fold_normalisation
from hagane.models.torch_model import TorchModel
from hagane.runtime.session import Session

Encode = Callable[..., Encoded]
CARDINALITIES = (3, 50, 8, 2000, 9)


def data(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    ids = np.stack([random.integers(0, c, n) for c in CARDINALITIES], axis=1)
    return random.normal(size=(n, 6)).astype(np.float32), ids


def fit(
    name: str, train: Encoded, evaluation: Encoded | None = None, *, num_classes: int = 0, **options: Any
) -> TorchModel:
    quick = {"max_iterations": 3, "hidden_units": (16, 8), **options}
    context = FitContext(features=train.features, num_classes=num_classes, num_threads=1)
    return get_family(name).fit(train, evaluation, family_options(name, quick), context)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_graph_of_every_activation(activation: str, dtype: type[np.floating[Any]]) -> None:
    dense, ids = data()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = TabularNet(
            6,
            CARDINALITIES,
            3,
            widths=(4, 8, 4, 32, 2),
            hidden_units=(20, 10),
            activation=activation,
            dropout=0.5,
            batch_norm=True,
        )
        for layer in net.layers:
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.running_mean.uniform_(-1, 1)
                layer.running_var.uniform_(0.1, 3)
                torch.nn.init.uniform_(layer.weight)
    net.eval()
    with torch.no_grad():
        expected = net.double()(torch.from_numpy(dense).double(), torch.from_numpy(ids)).numpy()
        folded = fold_normalisation(net)
        assert not any(isinstance(layer, torch.nn.BatchNorm1d | torch.nn.Dropout) for layer in folded.layers)
        assert np.abs(folded(torch.from_numpy(dense).double(), torch.from_numpy(ids)).numpy() - expected).max() < 1e-12
    emitter = Emitter()
    names = emitter.input("dense", np.float32, ("n", 6)), emitter.input("ids", np.int64, ("n", 5))
    emitter.output("y", emit_net(emitter, folded, *names, dtype=dtype), dtype, ("n", 3))
    found = Session(emitter.model().SerializeToString()).run({"dense": dense, "ids": ids}, ["y"])["y"]
    assert relative_difference(found, expected) < (1e-12 if dtype is np.float64 else 2e-6)


@pytest.mark.parametrize("name", ["dnn_classifier", "dnn_regressor"])
def test_batch_normalisation_and_its_export(name: str, encode: Encode) -> None:
    dense, ids = data(129)
    label = (dense[:, 0] > 0).astype(np.int64) if name == "dnn_classifier" else dense[:, 0].astype(np.float64)
    train = encode(dense, ids, label, CARDINALITIES)
    model = fit(name, train, num_classes=2, batch_norm=True, batch_size=64)
    assert relative_difference(graph_of(model, train)(dense, ids), model.predict(dense, ids)) <= 1e-6
    with pytest.raises(TrainingError, match="batch_norm"):
        fit("dnn_regressor", encode(dense[:1], ids[:1], np.ones(1), CARDINALITIES), batch_norm=True)


@pytest.mark.parametrize(("level", "scale"), [(0.0, 1e6), (1e9, 1e-3), (-5.0, 1e-9)])
def test_labels_of_any_size(level: float, scale: float, encode: Encode) -> None:
    """Predictions near zero of a label that varies by a million agree to 1e-6: a regressor predicts in float64."""
    dense, ids = data()
    train = encode(dense, ids, level + scale * dense[:, 0].astype(np.float64), CARDINALITIES)
    model = fit("dnn_regressor", train, max_iterations=15, learn_rate=0.01)
    expected = model.predict(dense, ids)
    assert expected.dtype == np.float64
    assert relative_difference(graph_of(model, train)(dense, ids), expected) <= 1e-6
    assert np.corrcoef(expected, dense[:, 0])[0, 1] > 0.8


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "adagrad", "ftrl", "rmsprop", "sgd"])
def test_every_optimizer_lowers_the_loss(optimizer: str, encode: Encode) -> None:
    dense, ids = data()
    train = encode(dense, ids, (dense[:, 0] > 0).astype(np.int64), CARDINALITIES)
    curve = fit(
        "dnn_classifier",
        train,
        num_classes=2,
        optimizer=optimizer,
        learn_rate=0.1 if optimizer in ("ftrl", "sgd") else 0.01,
        max_iterations=8,
    ).curve
    assert curve[-1].loss < 0.9 * curve[0].loss


def test_losses_are_in_the_label_s_unit(encode: Encode) -> None:
    dense, ids = data()
    label = 1000 * dense[:, 0].astype(np.float64)
    train = encode(dense, ids, label, CARDINALITIES)
    model = fit("dnn_regressor", train, train, max_iterations=2)
    best = model.curve[model.best_iteration - 1]
    assert best.eval_loss == pytest.approx(np.mean(np.square(model.predict(dense, ids) - label)), rel=1e-4)


def test_penalties_shrink_the_weights(encode: Encode) -> None:
    dense, ids = data()
    train = encode(dense, ids, (dense[:, 0] > 0).astype(np.int64), CARDINALITIES)

    def size(**options: float) -> float:
        net = fit("dnn_classifier", train, num_classes=2, max_iterations=10, learn_rate=0.01, **options).module
        return float(
            sum(layer.weight.detach().abs().sum() for layer in net.layers if isinstance(layer, torch.nn.Linear))
        )

    plain = size()
    assert size(l2_reg=0.05) < 0.8 * plain
    assert size(l1_reg=0.01) < 0.8 * plain


def test_a_thousand_id_features_are_a_few_nodes() -> None:
    cardinalities = [5, 12, 80, 900] * 250
    groups = group_by_width(cardinalities, [embedding_width(each) for each in cardinalities])
    assert len(groups) == 4
    assert sorted(column for group in groups for column in group.columns) == list(range(1000))
    for group in groups:
        assert group.offsets[-1] < group.num_slots


def test_the_importance_finds_the_feature_that_matters(encode: Encode) -> None:
    dense, ids = data(2000)
    train = encode(dense, ids, (5 * dense[:, 2] + (ids[:, 1] % 2)).astype(np.float64), CARDINALITIES)
    importance = fit("dnn_regressor", train, max_iterations=10, learn_rate=0.01).importance()
    assert max(importance, key=lambda name: importance[name]) == "x2"
