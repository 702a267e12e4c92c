"""Neural networks on tables: what the classifier and the regressor share.

Training is float32. A classifier predicts in float32 too; a regressor predicts in float64 (the same weights), since the
rounding of float32, multiplied by the label's deviation, can exceed any tolerance where a prediction is near zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np
import torch
from torch import nn

from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.feature import Feature, FeatureKind
from hagane.models.begin_net import begin_net
from hagane.models.carry_over import carry_over
from hagane.models.dnn_graph import emit_layers, emit_net
from hagane.models.embedding_options import EmbeddingOptions
from hagane.models.family import FitContext
from hagane.models.features_graph import emit_columns
from hagane.models.first_layer_movement import first_layer_movement
from hagane.models.options import narrowed
from hagane.models.prior_shift import prior_shift
from hagane.models.tabular_net import TabularNet, fold_normalisation
from hagane.models.target import Target
from hagane.models.task_arguments import TaskArguments
from hagane.models.torch_model import ExplainedModule, TorchModel
from hagane.models.torch_parameters import torch_parameters
from hagane.models.torch_task import torch_task
from hagane.models.train_torch import train_torch, training_curve
from hagane.models.training_data import require_rows_to_normalise
from hagane.training.task import Task
from hagane.training.training_job import Share

RELATIVE_TOLERANCE = 1e-6
SMALL_STEP = 400_000_000
"""Multiplications of one forward pass below which one thread works alone.

A step consists of some forty operations, and a second thread must be woken for each: on two cores a step of 20 million
multiplications took 5 ms with one thread, 20 ms with two on an idle machine and 170 ms on a busy one.
"""


class DnnOptions(EmbeddingOptions, frozen=True, kw_only=True):
    """Options of both dnn families. Names are BigQuery ML's where it has one."""

    shaping: ClassVar[tuple[str, ...]] = (
        *("hidden_units", "activation_fn", "batch_norm"),
        *("embedding_dims", "max_embedding_dim"),
    )

    hidden_units: tuple[Annotated[int, msgspec.Meta(ge=1, le=65_536)], ...] = (128, 64)
    activation_fn: Literal["relu", "relu6", "crelu", "elu", "selu", "silu", "sigmoid", "tanh"] = "relu"
    dropout: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.2
    batch_norm: bool = False


class DnnArguments(TaskArguments, frozen=True, kw_only=True):
    """Of this family."""

    options: DnnOptions


def fit_net(
    train: Encoded, evaluation: Encoded | None, options: DnnOptions, context: FitContext, *, family: str, target: Target
) -> TorchModel:
    """Train a `TabularNet` and keep its best state. The same seed gives the same bits on one machine."""
    if options.batch_norm:
        require_rows_to_normalise(train)
    shift = tuple(prior_shift(context.class_offsets, context.num_classes).tolist())
    begun = begin_net(make_net, options, target, shift, context,
                      carry=lambda earlier, net, start, _: carry_over(earlier, net, start, context.features),
                      last=lambda net: net.layers[-1])  # fmt: skip
    target = begun.target
    arguments = DnnArguments(options=narrowed(options, DnnOptions), target=target, seed=context.seed, shift=shift)
    threads = num_threads_for(train.features, options, options.batch_rows(train.num_rows))
    trained = train_torch("hagane.models.dnn:make_task", arguments, Share(train, evaluation), options, context,
                          num_threads=threads, initial=begun.state)  # fmt: skip
    assert isinstance(trained.module, TabularNet)
    left = torch_parameters(trained.module.state_dict(), target, shift)
    net = fold_normalisation(trained.module)
    shift_output(net.layers[-1], shift)
    return TorchModel(
        family=family,
        module=net,
        target=target,
        emit_module=emit_net,
        importance=first_layer_movement(net, train),
        curve=training_curve(trained.history, target.loss_unit),
        best_iteration=trained.history.best_iteration,
        parameters=left,
        explained=ExplainedModule(emit_columns, _emit_output, lambda net: net.feature_of_column),
    )


def _emit_output(emitter: Emitter, net: TabularNet, columns: str) -> str:
    return emit_layers(emitter, net, columns, dtype=np.float64)


def make_task(arguments: dict[str, Any], share: Share) -> Task:
    """The network and its batches, in any process."""
    given = msgspec.convert(arguments, DnnArguments)
    return torch_task(
        make_net(share.train.features, given.options, given.target.num_outputs),
        share,
        given.options,
        given.target,
        seed=given.seed,
        shift=given.shift,
        large_tables=_large_tables,
        least_rows=2 if given.options.batch_norm else 1,
    )


def make_net(features: Sequence[Feature], options: DnnOptions, num_outputs: int) -> TabularNet:
    """An untrained network for these features."""
    widths, sparse_widths = options.widths(features)
    return TabularNet(
        sum(feature.kind is FeatureKind.DENSE for feature in features),
        [feature.cardinality for feature in features if feature.kind is FeatureKind.ID],
        num_outputs,
        widths=widths,
        sparse_cardinalities=[f.cardinality for f in features if f.kind is FeatureKind.SPARSE],
        sparse_widths=sparse_widths,
        hidden_units=options.hidden_units,
        activation=options.activation_fn,
        dropout=options.dropout,
        batch_norm=options.batch_norm,
    )


def num_threads_for(features: Sequence[Feature], options: DnnOptions, batch_rows: int) -> int:
    """1 where a step is so small that waking other threads costs more than they bring, else 0: all."""
    num_dense = sum(feature.kind is FeatureKind.DENSE for feature in features)
    widths = [num_dense + sum(sum(part) for part in options.widths(features)), *options.hidden_units, 1]
    return 1 if batch_rows * sum(a * b for a, b in pairwise(widths)) < SMALL_STEP else 0


def _large_tables(net: nn.Module) -> list[nn.Parameter]:
    assert isinstance(net, TabularNet)
    return net.large_tables


def shift_output(last: nn.Module, shift: Sequence[float]) -> None:
    """Add `shift` to what a network puts out, by the bias of its last layer."""
    if any(shift):
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.bias += torch.tensor(shift, dtype=torch.float32)
