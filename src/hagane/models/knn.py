"""k nearest neighbours: what the classifier and the regressor share.

Nothing is fitted: the training rows are kept (`knn_points`), and a row is answered from those nearest to it. The loss
of the training rows is that of answering each from the others alone.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from hagane.errors import SpecError
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.models.family import Array, FitContext, Iteration
from hagane.models.knn_model import KnnModel
from hagane.models.knn_options import KnnOptions
from hagane.models.knn_points import knn_points
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import weights_of
from hagane.progress import Phase

Floats = npt.NDArray[np.float64]
MEASURED_ROWS = 10_000
"""Rows of a split that losses are measured on, at most, evenly spaced."""
ABLATED_ROWS = 500
"""The same of importance, which asks for all of them once a feature."""
LEAST_SHARE = 1e-15
"""A share of 0 costs as if it were this."""


def fit_knn(
    train: Encoded, evaluation: Encoded | None, options: KnnOptions, context: FitContext, *, family: str
) -> KnnModel:
    """Keep the points, and measure them. Raises SpecError for features without a distance."""
    if faults := options.feature_faults(train.features, context.num_classes):
        raise SpecError(*faults)
    begun = time.perf_counter()
    names = [feature.name for feature in train.features]
    held_out = evaluation if evaluation is not None and evaluation.num_rows else None
    with context.progress.phase("train", total=2 + len(names), unit="measures") as phase:
        points = knn_points(train, options, context)
        model = KnnModel(points, options, family=family, num_classes=context.num_classes, feature_names=names)
        kept = _spaced(len(points.label), MEASURED_ROWS)
        own = model.predict_apart(kept) if len(points.label) > 1 else model.predict(points.numbers, points.ids)
        loss = _loss(own, points.label[kept], points.weight[kept], context.num_classes)
        phase.advance(1)
        eval_loss = None if held_out is None else _eval_loss(model, held_out, context.num_classes)
        phase.advance(1)
        model.moved = _moved(model, train.take(_spaced(train.num_rows, ABLATED_ROWS)), phase)
    duration_ms = 1000 * (time.perf_counter() - begun)
    point = Iteration(iteration=1, loss=loss, eval_loss=eval_loss, duration_ms=duration_ms)
    tell_iteration(context.progress, point, num_rows=train.num_rows, max_iterations=1, best_iteration=1)
    model.curve = (point,)
    return model


def _eval_loss(model: KnnModel, evaluation: Encoded, num_classes: int) -> float:
    batch = evaluation.take(_spaced(evaluation.num_rows, MEASURED_ROWS))
    return _loss(model.predict(batch.dense, batch.ids), batch.label.astype(np.float64), weights_of(batch), num_classes)


def _loss(scores: Array, label: Floats, weight: Floats, num_classes: int) -> float:
    """The weighted mean log loss, or squared error."""
    if num_classes:
        shares = scores[np.arange(len(scores)), label.astype(np.intp)]
        losses = -np.log(np.maximum(shares, LEAST_SHARE))
    else:
        losses = np.square(scores.astype(np.float64) - label)
    return float(weight @ losses / max(weight.sum(), 1e-300))


def _moved(model: KnnModel, batch: Batch, phase: Phase) -> list[float]:
    """[features] by how much the answers change where a feature is its mean, or its most frequent category."""
    weight = weights_of(batch)
    weight = weight / max(weight.sum(), 1e-300)
    before, moved = model.predict(batch.dense, batch.ids).astype(np.float64), []
    d = batch.dense.shape[1]
    for column in range(d + batch.ids.shape[1]):
        dense, ids = batch.dense.astype(np.float64), batch.ids.astype(np.int64)
        if column < d:
            dense[:, column] = weight @ dense[:, column]
        else:
            ids[:, column - d] = np.bincount(ids[:, column - d], weight).argmax()
        apart = np.square(model.predict(dense, ids).astype(np.float64) - before)
        moved.append(float(np.sqrt((weight @ apart).max())))
        phase.advance(1)
    return moved


def _spaced(num_rows: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, max(num_rows - 1, 0), min(num_rows, most)).astype(np.int64))
