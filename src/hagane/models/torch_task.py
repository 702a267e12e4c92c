"""`torch_task`: a module and encoded rows as what the training loop takes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hagane.counted import counted
from hagane.errors import Fault, TrainingError
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.encoded_reader import EncodedReader
from hagane.features.prefetch import prefetch
from hagane.features.sparse_rows import SparseRows
from hagane.models.eval_metric import eval_metric, require_defined
from hagane.models.target import Target
from hagane.models.torch_options import TorchOptions
from hagane.models.training_data import all_labels, mean_weight
from hagane.training.optimizers import optimizers_for
from hagane.training.task import Loss, Metric, Task, TensorBatch
from hagane.training.training_job import Share

EVAL_ROWS = 8192


def torch_task(
    module: nn.Module,
    share: Share,
    options: TorchOptions,
    target: Target,
    *,
    seed: int,
    shift: Sequence[float] = (),
    large_tables: Callable[[nn.Module], list[nn.Parameter]] = lambda module: [],
    make_optimizers: Callable[[nn.Module], tuple[torch.optim.Optimizer, ...]] | None = None,
    least_rows: int = 1,
    losses: Loss | None = None,
    training_loss: Loss | None = None,
) -> Task:
    """`module` takes dense [n, d], ids [n, k] and three tensors a sparse feature, and gives [n, outputs].

    `shift` [outputs] is what the output lacks on eval rows; `large_tables` the parameters whose gradients are sparse.
    `losses` stands in for the target's, `training_loss` for that of the training rows alone.
    A last batch in which a process would have fewer than `least_rows` is left out (batch normalisation needs two).
    """
    unit_of_losses = target.loss_unit if losses is None else 1.0  # a module's own loss has a unit of its own
    losses = losses or target.losses
    reader = EncodedReader(share.train, options.batch_rows(share.train.num_rows), seed=seed, rank=share.rank,
                           world_size=share.size, share="batch")  # fmt: skip
    unit, num_batches = mean_weight(share.train), _num_batches(reader, least_rows * share.size, share.size)

    def optimizers(placed: nn.Module) -> tuple[torch.optim.Optimizer, ...]:
        return optimizers_for(options.optimizer, placed, large_tables(placed), options.learn_rate)

    return Task(
        module=module,
        make_optimizers=make_optimizers or optimizers,
        loss=training_loss or losses,
        eval_loss=_shifted(losses, shift),
        train_batches=_train_batches(reader, num_batches, target, unit),
        num_batches=num_batches,
        eval_batches=_eval_batches(share.evaluation, target, unit),
        num_rows=share.train.num_rows,
        metric=_metric(options.eval_metric, target, shift, share.evaluation),
        loss_unit=unit_of_losses,
        feature_names=tuple(feature.name for feature in share.train.features),
    )


def _num_batches(reader: EncodedReader, least_rows: int, size: int) -> int:
    """Of an epoch: the last one only where it has `least_rows`, those of all `size` processes together."""
    if reader.batch_rows < least_rows:
        raise TrainingError(_too_few_rows(reader.batch_rows, least_rows, size))
    last = reader.num_batches - 1
    is_short = least_rows > size and last > 0 and reader.num_batch_rows(last) < least_rows
    return last if is_short else reader.num_batches


def as_tensors(batch: Batch, target: Target, mean_weight: float = 1.0, all_rows: int | None = None) -> TensorBatch:
    """A batch as float32 and int64 tensors, the label scaled, the weights divided by `mean_weight`."""
    dense = torch.from_numpy(np.ascontiguousarray(batch.dense, np.float32))
    inputs = (dense, torch.from_numpy(batch.ids), *entries_as_tensors(batch.sparse, np.float32))
    label = target.label(batch.label)
    if batch.weight is None:
        return TensorBatch(inputs, label, None, all_rows)
    weight = (batch.weight.astype(np.float64) / mean_weight).astype(np.float32)
    return TensorBatch(inputs, label, torch.from_numpy(weight), all_rows)


def entries_as_tensors(sparse: Sequence[SparseRows], dtype: type[np.floating[Any]]) -> tuple[Tensor, ...]:
    """Three tensors a sparse feature: offsets [n + 1], ids [t], weights [t]."""
    arrays = (
        array for rows in sparse for array in (rows.offsets, rows.ids.astype(np.int64), rows.weights.astype(dtype))
    )
    return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)


def _train_batches(
    reader: EncodedReader, num_batches: int, target: Target, unit: float
) -> Callable[[int, int], Iterator[TensorBatch]]:
    def train_batches(epoch: int, first: int) -> Iterator[TensorBatch]:
        for number, batch in enumerate(itertools.islice(reader.epoch(epoch, first=first), num_batches - first), first):
            yield as_tensors(batch, target, unit, reader.num_batch_rows(number))

    return train_batches


def _eval_batches(
    evaluation: Encoded | None, target: Target, unit: float
) -> Callable[[int, int], Iterator[TensorBatch]] | None:
    if evaluation is None or not evaluation.num_rows:
        return None

    def eval_batches(first: int, every: int) -> Iterator[TensorBatch]:
        starts = range(first * EVAL_ROWS, evaluation.num_rows, every * EVAL_ROWS)
        spans = ((start, min(start + EVAL_ROWS, evaluation.num_rows)) for start in starts)
        rows = prefetch((evaluation.window([span]).batch() for span in spans), 2 if len(starts) > 1 else 0)
        return (as_tensors(batch, target, unit) for batch in rows)

    return eval_batches


def _metric(name: str | None, target: Target, shift: Sequence[float], evaluation: Encoded | None) -> Metric | None:
    """What is watched in place of the eval loss: of scores, in the label's own unit, each row counted once.

    Of several labels the mean over those of which it is defined. Raises TrainingError where that is none.
    """
    if name is None:
        return None
    found = eval_metric(name, target.num_classes)
    if evaluation is not None and evaluation.num_rows:
        require_defined(found, all_labels(evaluation), target.num_classes)
    added = torch.tensor(shift or (0.0,) * target.num_outputs)

    def of_label(one: Target, output: Tensor, label: Tensor) -> float:
        scores = one.scores(output.to(torch.float64 if one.is_number else torch.float32))
        return found.value(one.own_label(label), scores[:, 1] if one.link == "sigmoid" else scores)

    def measure(output: Tensor, label: Tensor, weight: Tensor | None) -> float:
        values = [of_label(*each) for each in target.by_label(output + added, label)]
        defined = [value for value in values if not math.isnan(value)]
        return sum(defined) / len(defined) if defined else math.nan

    return Metric(name, measure, found.is_better_high)


def _shifted(losses: Loss, shift: Sequence[float]) -> Loss:
    if not any(shift):
        return losses
    added = torch.tensor(shift, dtype=torch.float32)
    return lambda output, label: losses(output + added.to(output.device), label)


def _too_few_rows(batch_rows: int, least_rows: int, size: int) -> Fault:
    return Fault(
        what="a batch leaves a process too few rows to normalise by",
        where="model.options.batch_size",
        expected=f"{least_rows} or more, for {counted(size, 'process')}",
        received=str(batch_rows),
        next_step="take a larger batch_size, fewer processes, or no batch_norm",
    )
