"""`on_device`: batches where the module is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
            return batch.each(copy)

    following = copied()
    while following is not None:
        current = torch.cuda.current_stream(device)
        current.wait_stream(stream)
        for tensor in following.tensors:
            tensor.record_stream(current)  # its memory is not given away before the computation has done with it
        batch, following = following, copied()
        yield batch
