"""`gather_json`: what each process of a training has to say, told to all of them."""

from __future__ import annotations

from typing import Any

import msgspec
import torch
import torch.distributed as dist


def gather_json(value: Any) -> list[Any]:
    """What every process gave, by its number, as JSON holds it. Every process calls it.

    torch's own `all_gather_object` unpickles what other machines send, and so runs whatever code they like; this reads
    numbers, texts, lists and mappings, and no more.
    """
    text = torch.frombuffer(bytearray(msgspec.json.encode(value)), dtype=torch.uint8)
    sizes = _gathered(torch.tensor([len(text)]))
    padded = torch.zeros(max(int(size) for size in sizes), dtype=torch.uint8)
    padded[: len(text)] = text
    told = zip(_gathered(padded), sizes, strict=True)
    return [msgspec.json.decode(each[: int(size)].numpy().tobytes()) for each, size in told]


def _gathered(tensor: torch.Tensor) -> list[torch.Tensor]:
    found = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
    dist.all_gather(found, tensor)
    return found
