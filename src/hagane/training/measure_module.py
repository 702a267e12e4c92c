"""The loss of a module, and the metric that is watched, over rows it is not trained on."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from hagane.training.group import Group
from hagane.training.on_device import on_device
from hagane.training.task import Loss, Metric, Task, TensorBatch


def measure_module(task: Task, module: nn.Module, group: Group) -> tuple[float | None, float | None]:
    """The loss of the eval rows, and the metric that is watched: the same in every process."""
    if task.eval_batches is None:
        return None, None
    if task.metric is not None:
        every = on_device(task.eval_batches(0, 1), group.device)
        loss, metric = group.agree(_loss_and_metric(module, task.watched_loss, task.metric, every))
        return loss, metric
    if group.is_split:
        every = on_device(task.eval_batches(0, 1), group.device)
        return group.agree([mean_loss(module, task.watched_loss, every)])[0], None
    batches = on_device(task.eval_batches(group.rank, group.size), group.device)
    total, weight = group.add_up(total_loss(module, task.watched_loss, batches))
    return total / weight, None


def mean_loss(module: nn.Module, loss: Loss, batches: Iterable[TensorBatch]) -> float:
    """Weighted mean loss over rows, without gradients and with dropout off."""
    total, weight = total_loss(module, loss, batches)
    return total / weight


def total_loss(module: nn.Module, loss: Loss, batches: Iterable[TensorBatch]) -> tuple[float, float]:
    """Σ weight · loss and Σ weight over rows, without gradients and with dropout off."""
    module.eval()
    total, weight = 0.0, 0.0
    with torch.no_grad():
        for batch in batches:
            total += float(weighted_losses(module, loss, batch).sum())
            weight += batch.total_weight
    return total, weight


def weighted_losses(module: nn.Module, loss: Loss, batch: TensorBatch) -> Tensor:
    """[n] the loss of each row times its weight."""
    losses = loss(module(*batch.inputs).float(), batch.label)
    return losses if batch.weight is None else losses * batch.weight


def _loss_and_metric(
    module: nn.Module, loss: Loss, metric: Metric, batches: Iterable[TensorBatch]
) -> tuple[float, float]:
    """One pass over the eval rows, whose outputs are held."""
    module.eval()
    outputs, labels, weights, total, total_weight = [], [], [], 0.0, 0.0
    with torch.no_grad():
        for batch in batches:
            output = module(*batch.inputs).float()
            losses = loss(output, batch.label)
            total += float((losses if batch.weight is None else losses * batch.weight).sum())
            total_weight += batch.total_weight
            outputs.append(output.cpu())
            labels.append(batch.label.cpu())
            weights.append(None if batch.weight is None else batch.weight.cpu())
    held = None if weights[0] is None else torch.cat([weight for weight in weights if weight is not None])
    return total / total_weight, metric.measure(torch.cat(outputs), torch.cat(labels), held)
