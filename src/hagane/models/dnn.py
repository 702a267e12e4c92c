"""Neural networks on tables: what the classifier and the regressor share.

Training is float32. A classifier predicts in float32 too; a regressor predicts in float64 (the same weights), since the
rounding of float32, multiplied by the label's deviation, can exceed any tolerance where a prediction is near zero.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from hagane.errors import Fault, TrainingError
from hagane.features.batch import Batch
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.encoded_reader import EncodedReader
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.dnn_graph import emit_net
from hagane.models.family import Array, FitContext, Iteration
from hagane.models.options import FamilyOptions
from hagane.models.prior_shift import prior_shift
from hagane.models.sparse_matrix import sparse_matrix
from hagane.models.tabular_net import TabularNet, embedding_width, fold_normalisation
from hagane.models.training_data import mean_weight, weights_of
from hagane.training.checkpointer import Checkpointer, CheckpointPolicy
from hagane.training.loop import History, LoopSettings, Loss, Task, TensorBatch, seeded, train_module
from hagane.training.optimizers import optimizers_for

RELATIVE_TOLERANCE = 1e-6
EVAL_ROWS = 8192
SMALL_STEP = 400_000_000
"""Multiplications of one forward pass below which one thread works alone.

A step consists of some forty operations, and a second thread must be woken for each: on two cores a step of 20 million
multiplications took 5 ms with one thread, 20 ms with two on an idle machine and 170 ms on a busy one.
"""


class DnnOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both dnn families. Names are BigQuery ML's where it has one."""

    hidden_units: tuple[Annotated[int, msgspec.Meta(ge=1, le=65_536)], ...] = (128, 64)
    activation_fn: Literal["relu", "relu6", "crelu", "elu", "selu", "silu", "sigmoid", "tanh"] = "relu"
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.2
    batch_norm: bool = False
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None
    """Rows of a step. null: the power of two nearest to a 128th of the rows, from 32 to 1,024."""
    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 20
    """Epochs, at most."""
    optimizer: Literal["adam", "adamw", "adagrad", "rmsprop", "sgd"] = "adamw"
    learn_rate: Annotated[float, msgspec.Meta(gt=0, le=10)] = 0.002
    learn_rate_decay: bool = True
    """Whether the rate falls to zero along a half cosine over `max_iterations`."""
    l1_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    l2_reg: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    early_stop: bool = True
    patience: Annotated[int, msgspec.Meta(ge=1)] = 5
    """Epochs without progress on the eval rows after which training stops."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Progress is a fall of the eval loss by more than this share."""


class DnnModel:
    """A fitted network. `link`: 'identity' (times `scale` plus `level`), 'sigmoid' (c = 1) or 'softmax'."""

    def __init__(
        self,
        *,
        family: str,
        net: TabularNet,
        link: str,
        level: float,
        scale: float,
        importance: Mapping[str, float],
        curve: tuple[Iteration, ...],
        best_iteration: int,
    ) -> None:
        self.family = family
        self.curve = curve
        self.best_iteration = best_iteration
        self._dtype: type[np.float32] | type[np.float64] = np.float64 if link == "identity" else np.float32
        self._net = net.to(torch.float64) if link == "identity" else net
        self._link, self._level, self._scale = link, level, scale
        self._importance = importance

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores by torch, for dense [n, d], ids [n, k] and each sparse feature: float64 [n], or float32 [n, c]."""
        n = next(len(part) for part in (dense, ids, *(rows.offsets[1:] for rows in sparse)) if part is not None)
        x = torch.from_numpy(np.zeros((n, 0), self._dtype) if dense is None else np.array(dense, self._dtype))
        slots = torch.from_numpy(np.zeros((n, 0), np.int64) if ids is None else np.array(ids, np.int64))
        with torch.no_grad():
            output = self._net(x, slots, *entries_as_tensors(sparse, self._dtype))
            if self._link == "softmax":
                return np.asarray(torch.softmax(output, dim=1).numpy())
            if self._link == "sigmoid":
                return np.asarray(torch.cat([torch.sigmoid(-output), torch.sigmoid(output)], dim=1).numpy())
            return np.asarray((output[:, 0] * self._scale + self._level).numpy())

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the network's nodes; scores in the type that `predict` gives."""
        output = emit_net(emitter, self._net, dense, ids, sparse, dtype=self._dtype)
        if self._link == "softmax":
            return emitter.node("Softmax", output, axis=1)
        if self._link == "sigmoid":
            negative = emitter.node("Sigmoid", emitter.node("Neg", output))
            return emitter.node("Concat", negative, emitter.node("Sigmoid", output), axis=1)
        flat = emitter.node("Reshape", output, emitter.constant(np.array([-1], np.int64)))
        scaled = emitter.node("Mul", flat, emitter.constant(self._dtype(self._scale)))
        return emitter.node("Add", scaled, emitter.constant(self._dtype(self._level)))

    def importance(self) -> Mapping[str, float]:
        """How far each feature moves the first layer over the training rows (root mean square over its units)."""
        return self._importance


class Target(msgspec.Struct, frozen=True):
    """What the network is trained towards: `num_outputs` numbers under a loss; labels become (y − level) / scale."""

    num_outputs: int
    loss: Loss
    link: str
    level: float = 0.0
    scale: float = 1.0


def fit_net(
    train: Encoded, evaluation: Encoded | None, options: DnnOptions, context: FitContext, *, family: str, target: Target
) -> DnnModel:
    """Train a `TabularNet` and keep its best state. The same seed gives the same bits on one machine."""
    if options.batch_norm and train.num_rows < 2:
        raise TrainingError(Fault(what="batch_norm needs at least 2 training rows", where="model.options.batch_norm"))
    cardinalities = [feature.cardinality for feature in train.features if feature.kind is FeatureKind.ID]
    num_threads = context.num_threads or num_threads_for(train, cardinalities, options)
    with seeded(context.seed, num_threads):
        net = TabularNet(
            train.num_dense,
            cardinalities,
            target.num_outputs,
            sparse_cardinalities=[f.cardinality for f in train.features if f.kind is FeatureKind.SPARSE],
            hidden_units=options.hidden_units,
            activation=options.activation_fn,
            dropout=options.dropout,
            batch_norm=options.batch_norm,
        )
        shift = torch.from_numpy(prior_shift(context.class_offsets, context.num_classes).astype(np.float32))
        task = _task(net, train, evaluation, options, target=target, seed=context.seed, shift=shift)
        history = _train(task, _settings(options), context)
        net = fold_normalisation(net)
        _shift_output(net, shift)
        importance = first_layer_movement(net, train)
    return DnnModel(
        family=family,
        net=net,
        link=target.link,
        level=target.level,
        scale=target.scale,
        importance=importance,
        curve=_curve(history, target),
        best_iteration=history.best_iteration,
    )


def _train(task: Task, settings: LoopSettings, context: FitContext) -> History:
    if context.checkpoints is None:
        return train_module(task, settings, context.progress, preemption=context.preemption)
    with Checkpointer(CheckpointPolicy(folder=context.checkpoints)) as checkpointer:
        return train_module(task, settings, context.progress, checkpointer=checkpointer, preemption=context.preemption)


def batch_rows_for(num_rows: int, options: DnnOptions) -> int:
    """Rows of a step.

    >>> [batch_rows_for(rows, DnnOptions()) for rows in (10, 30_000, 5_000_000)]
    [32, 256, 1024]
    """
    return options.batch_size or min(1024, max(32, 2 ** round(math.log2(max(num_rows, 1) / 128))))


def num_threads_for(train: Encoded, cardinalities: Sequence[int], options: DnnOptions) -> int:
    """1 where a step is so small that waking other threads costs more than they bring, else 0: all."""
    inputs = train.num_dense + sum(embedding_width(cardinality) for cardinality in cardinalities)
    inputs += sum(embedding_width(f.cardinality) for f in train.features if f.kind is FeatureKind.SPARSE)
    widths = [inputs, *options.hidden_units, 1]
    multiplications = batch_rows_for(train.num_rows, options) * sum(a * b for a, b in pairwise(widths))
    return 1 if multiplications < SMALL_STEP else 0


def first_layer_movement(net: TabularNet, train: Encoded) -> dict[str, float]:
    """By feature name: the deviation, over training rows, of what it adds to the first layer (RMS over units)."""
    first = next(layer for layer in net.layers if isinstance(layer, torch.nn.Linear))
    weights = first.weight.detach().numpy().astype(np.float64).T
    deviation, shares = _spread_of_inputs(train)
    moved = {}
    for feature, weight, spread in zip(train.features, weights[: train.num_dense], deviation, strict=False):
        moved[feature.name] = float(spread * np.sqrt(np.mean(np.square(weight))))
    names = [feature.name for feature in train.features if feature.kind is not FeatureKind.DENSE]
    row = train.num_dense
    for group, table in zip(net.groups, net.tables, strict=True):
        vectors = table.weight.detach().numpy().astype(np.float64)
        for column, offset in zip(group.columns, group.offsets, strict=True):
            share = shares[column]
            added = vectors[offset : offset + len(share)] @ weights[row : row + group.width]
            moved[names[column]] = float(np.sqrt(np.mean(share @ np.square(added - share @ added))))
            row += group.width
    for index, bag in enumerate(net.bags):
        width, name = bag.embedding_dim, names[train.num_ids + index]
        spread = _covariance_of_bag(train, index, bag.weight.detach().numpy().astype(np.float64))
        added = weights[row : row + width]
        moved[name] = float(np.sqrt(np.mean(np.maximum(np.einsum("eu,ef,fu->u", added, spread, added), 0))))
        row += width
    return {feature.name: moved[feature.name] for feature in train.features}


def _spread_of_inputs(train: Encoded) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.float64]]]:
    """Deviation of each dense feature [d], and the weighted share of the rows in each slot of each id feature."""
    d, total = train.num_dense, 0.0
    sums, squares = np.zeros(d), np.zeros(d)
    counts = [np.zeros(feature.cardinality) for feature in train.features if feature.kind is FeatureKind.ID]
    for batch in train.blocks():
        weight, dense = weights_of(batch), batch.dense.astype(np.float64)
        total += float(weight.sum())
        sums += weight @ dense
        squares += weight @ np.square(dense)
        for index, count in enumerate(counts):
            counts[index] = count + np.bincount(batch.ids[:, index].astype(np.int64), weight, minlength=len(count))
    return np.sqrt(np.maximum(squares / total - np.square(sums / total), 0)), [count / total for count in counts]


def _covariance_of_bag(train: Encoded, index: int, table: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """[e, e] weighted covariance, over the training rows, of sparse feature `index`'s summed embeddings."""
    width, total = table.shape[1], 0.0
    sums, products = np.zeros(width), np.zeros((width, width))
    for batch in train.blocks():
        weight = weights_of(batch)
        summed = sparse_matrix([batch.sparse[index]], [0], len(table)) @ table
        total += float(weight.sum())
        sums += weight @ summed
        products += summed.T @ (weight[:, None] * summed)
    return products / total - np.outer(sums / total, sums / total)


def _settings(options: DnnOptions) -> LoopSettings:
    return LoopSettings(
        max_epochs=options.max_iterations,
        early_stop=options.early_stop,
        patience=options.patience,
        min_rel_progress=options.min_rel_progress,
        l1_reg=options.l1_reg,
        l2_reg=options.l2_reg,
        schedule="cosine" if options.learn_rate_decay else "constant",
    )


def _task(
    net: TabularNet,
    train: Encoded,
    evaluation: Encoded | None,
    options: DnnOptions,
    *,
    target: Target,
    seed: int,
    shift: torch.Tensor,
) -> Task:
    """`shift` [outputs] is what the output lacks on eval rows; empty for nothing."""
    reader = EncodedReader(train, batch_rows_for(train.num_rows, options), seed=seed)
    unit = mean_weight(train)

    lonely = options.batch_norm and train.num_rows % reader.batch_rows == 1
    num_batches = reader.num_batches - lonely

    def train_batches(epoch: int, first: int) -> Iterator[TensorBatch]:
        batches = itertools.islice(reader.epoch(epoch, first=first), num_batches - first)
        return (as_tensors(batch, target, unit) for batch in batches)

    eval_batches: Callable[[], Iterator[TensorBatch]] | None = None
    if evaluation is not None and evaluation.num_rows:
        watched = evaluation

        def eval_batches() -> Iterator[TensorBatch]:
            return (as_tensors(part, target, unit) for block in watched.blocks() for part in _cut(block))

    return Task(
        module=net,
        optimizers=optimizers_for(options.optimizer, net, net.large_tables, options.learn_rate),
        loss=target.loss,
        eval_loss=(lambda output, label: target.loss(output + shift, label)) if shift.any() else target.loss,
        train_batches=train_batches,
        num_batches=num_batches,
        eval_batches=eval_batches,
        num_rows=train.num_rows,
    )


def _shift_output(net: TabularNet, shift: torch.Tensor) -> None:
    """Add `shift` to what the network puts out, by its last bias."""
    if shift.any():
        last = net.layers[-1]
        assert isinstance(last, torch.nn.Linear)
        with torch.no_grad():
            last.bias += shift


def as_tensors(batch: Batch, target: Target, mean_weight: float = 1.0) -> TensorBatch:
    """A batch as float32 and int64 tensors, the label scaled, the weights divided by `mean_weight`."""
    label: npt.NDArray[Any] = batch.label
    if target.link == "identity":
        label = ((label.astype(np.float64) - target.level) / target.scale).astype(np.float32)
    dense = torch.from_numpy(np.ascontiguousarray(batch.dense, np.float32))
    inputs = (dense, torch.from_numpy(batch.ids), *entries_as_tensors(batch.sparse, np.float32))
    if batch.weight is None:
        return TensorBatch(inputs, torch.from_numpy(label))
    weight = (batch.weight.astype(np.float64) / mean_weight).astype(np.float32)
    return TensorBatch(inputs, torch.from_numpy(label), torch.from_numpy(weight))


def entries_as_tensors(sparse: Sequence[SparseRows], dtype: type[np.floating[Any]]) -> tuple[torch.Tensor, ...]:
    """Three tensors a sparse feature: offsets [n + 1], ids [t], weights [t]."""
    arrays = (
        array for rows in sparse for array in (rows.offsets, rows.ids.astype(np.int64), rows.weights.astype(dtype))
    )
    return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)


def _cut(block: Batch) -> Iterator[Batch]:
    return (block.slice(at, min(at + EVAL_ROWS, block.num_rows)) for at in range(0, block.num_rows, EVAL_ROWS))


def _curve(history: History, target: Target) -> tuple[Iteration, ...]:
    """Losses in the label's own unit."""
    unit = target.scale**2
    return tuple(
        Iteration(
            iteration=each.number,
            loss=each.loss * unit,
            eval_loss=None if each.eval_loss is None else each.eval_loss * unit,
            learning_rate=each.learn_rate,
            duration_ms=1000 * each.duration_seconds,
        )
        for each in history.iterations
    )
