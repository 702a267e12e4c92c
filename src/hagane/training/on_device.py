"""`on_device`: batches where the module is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from hagane.training.task import TensorBatch


def on_device(batches: Iterable[TensorBatch], device: str) -> Iterator[TensorBatch]:
    """The batches on `device`. To a GPU each is copied out of pinned memory while the one before is computed with."""
    return iter(batches) if device == "cpu" else _copied_ahead(iter(batches), device)


def _copied_ahead(batches: Iterator[TensorBatch], device: str) -> Iterator[TensorBatch]:
    stream = torch.cuda.Stream(device)

    def copy(tensor: Tensor) -> Tensor:
        return tensor.pin_memory().to(device, non_blocking=True)

    def copied() -> TensorBatch | None:
        batch = next(batches, None)
        if batch is None:
            return None
        with torch.cuda.stream(stream):
            return _each_tensor(batch, copy)

    following = copied()
    while following is not None:
        current = torch.cuda.current_stream(device)
        current.wait_stream(stream)
        for tensor in _tensors(following):
            tensor.record_stream(current)  # its memory is not given away before the computation has done with it
        batch, following = following, copied()
        yield batch


def _tensors(batch: TensorBatch) -> list[Tensor]:
    return [*batch.inputs, batch.label, *([] if batch.weight is None else [batch.weight])]


def _each_tensor(batch: TensorBatch, change: Callable[[Tensor], Tensor]) -> TensorBatch:
    weight = None if batch.weight is None else change(batch.weight)
    return TensorBatch(tuple(map(change, batch.inputs)), change(batch.label), weight, batch.all_rows)
