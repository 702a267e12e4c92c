"""Strategy conformance: whoever trains, the losses agree step by step; a process that is killed loses nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from hagane.errors import TrainingError
from hagane.features.encoded import Encoded, EncodedWriter, id_dtype
from hagane.features.feature import Feature, FeatureKind
from hagane.features.sparse_rows import SparseRows
from hagane.models import family_options, get_family
from hagane.models.family import FitContext
from hagane.models.torch_model import TorchModel
from hagane.spec.spec import Training
from hagane.spec.strategy import Strategy

LARGE = 70_000
"""Slots of a table whose gradients are sparse; where the model is split up there are none."""


def features(slots: int) -> tuple[Feature, ...]:
    return (
        *(Feature(name=name, kind=FeatureKind.DENSE, columns=(name,)) for name in ("a", "b", "c")),
        Feature(name="id", kind=FeatureKind.ID, columns=("id",), cardinality=9),
        Feature(name="many", kind=FeatureKind.ID, columns=("many",), cardinality=slots),
        Feature(name="words", kind=FeatureKind.SPARSE, columns=("words",), cardinality=12),
    )


OPTIONS = {"max_iterations": 2, "dropout": 0.0, "batch_size": 60, "hidden_units": [8], "eval_every_steps": 1,
           "early_stop": False, "l2_reg": 1e-3, "max_gradient_norm": 0.5}  # fmt: skip


def rows(folder: Path, num_rows: int, seed: int, slots: int) -> Encoded:
    random = np.random.default_rng(seed)
    dense = random.normal(size=(3, num_rows)).astype(np.float32)
    ids, many = random.integers(0, 9, num_rows), random.integers(0, slots, num_rows)
    counts = random.integers(0, 4, num_rows)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    words = SparseRows(offsets, random.integers(0, 12, offsets[-1]).astype(np.uint8), np.ones(offsets[-1], np.float32))
    label = (dense[0] + 0.4 * (ids % 3) + random.normal(size=num_rows) > 0.4).astype(np.int64)
    writer = EncodedWriter(folder, features(slots), weighted=True)
    weight = random.uniform(0.5, 2, num_rows).astype(np.float32)
    writer.append([*dense, ids.astype(np.uint8), many.astype(id_dtype(slots)), words, label], weight)
    return writer.close()


Split = tuple[Encoded, Encoded]


def split_of(folder: Path, slots: int) -> Split:
    """241 rows in batches of 60: the last one has a single row, fewer than there are processes."""
    return rows(folder / "train", 241, 1, slots), rows(folder / "eval", 50, 2, slots)


def fit(split: Split, strategy: Strategy, **options: Any) -> TorchModel:
    context = FitContext(features=split[0].features, num_classes=2, training=Training(strategy=strategy))
    made = family_options("dnn_classifier", OPTIONS | options)
    model = get_family("dnn_classifier").fit(*split, made, context)
    assert isinstance(model, TorchModel)
    return model


def weights(model: TorchModel) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.module.parameters()])


def processes(number: int, sharding: str, marks: Any = ()) -> Any:
    strategy = Strategy(type="mirrored", num_processes=number, sharding=sharding)
    return pytest.param(strategy, id=f"{number}-{sharding}", marks=marks)


@pytest.mark.parametrize(
    "strategy",
    [
        processes(2, "replicated"),
        processes(2, "full", pytest.mark.slow),
        processes(1, "replicated", pytest.mark.slow),
        processes(4, "replicated", pytest.mark.slow),
        processes(4, "full", pytest.mark.slow),
    ],
)
def test_the_losses_are_those_of_one_process_step_by_step(tmp_path: Path, strategy: Strategy) -> None:
    split = split_of(tmp_path, 300 if strategy.sharding == "full" else LARGE)
    alone, together = fit(split, Strategy()), fit(split, strategy)
    assert len(together.curve) == len(alone.curve) == 2 * 5
    for found, expected in zip(together.curve, alone.curve, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=1e-5)
        assert found.eval_loss == pytest.approx(expected.eval_loss, rel=1e-5)
    assert together.best_iteration == alone.best_iteration
    torch.testing.assert_close(weights(together), weights(alone), rtol=1e-4, atol=1e-5)


def test_a_fault_of_the_training_is_told_once_and_nothing_is_started_again(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TrainingError, match=r"the (eval )?loss became"):
        fit(split_of(tmp_path, 300), Strategy(type="mirrored", num_processes=2), learn_rate=10.0, optimizer="sgd",
            max_iterations=200, max_gradient_norm=None, l2_reg=50.0)  # fmt: skip
    assert time.monotonic() - began < 100


@pytest.mark.slow
def test_a_loss_with_a_link_and_a_metric_are_those_of_one_process(tmp_path: Path) -> None:
    """A metric of all eval rows is no mean over processes."""
    split = split_of(tmp_path, 300)
    counted = family_options("dnn_regressor", OPTIONS | {"loss": "poisson", "eval_metric": "median_absolute_error"})
    found = []
    for strategy in (Strategy(), Strategy(type="mirrored", num_processes=2)):
        context = FitContext(features=split[0].features, training=Training(strategy=strategy))
        found.append(get_family("dnn_regressor").fit(*split, counted, context).curve)
    alone, together = found
    assert [row.loss for row in together] == pytest.approx([row.loss for row in alone], rel=1e-5)
    assert [row.eval_loss for row in together] == pytest.approx([row.eval_loss for row in alone], rel=1e-5)
    assert [row.metric for row in together] == pytest.approx([row.metric for row in alone], rel=1e-4)
