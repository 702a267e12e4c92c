"""What of this machine each replica gets: cores as threads, GPUs as CUDA_VISIBLE_DEVICES."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

NVIDIA_DEVICES = Path("/proc/driver/nvidia/gpus")


def num_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def visible_gpus(environment: Mapping[str, str], devices: Path = NVIDIA_DEVICES) -> tuple[str, ...]:
    """The GPUs by the names that CUDA_VISIBLE_DEVICES takes: those that it lists, else all that the driver has.

    >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "2,GPU-5a"}), visible_gpus({"CUDA_VISIBLE_DEVICES": "-1"})
    (('2', 'GPU-5a'), ())
    """
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return tuple(str(number) for number in range(len(list(devices.iterdir())))) if devices.is_dir() else ()
    found: list[str] = []
    for name in (word.strip() for word in listed.split(",")):
        if not name or name.startswith("-"):  # CUDA reads no further than the first name that is none
            break
        found.append(name)
    return tuple(found)


def share_gpus(gpus: Sequence[str], num_ranks: int, each: int | None = None) -> list[tuple[str, ...]] | None:
    """The GPUs of each rank of this machine, or None where all see all of them.

    `each` says how many a rank gets, 0 that they are not divided; without it they are divided evenly as far as there is
    one for each rank.

    >>> share_gpus(("0", "1", "2"), 2), share_gpus(("0",), 2), share_gpus(("0", "1"), 2, 0)
    ([('0',), ('1',)], None, None)
    """
    count = len(gpus) // max(1, num_ranks) if each is None else each
    if count == 0:
        return None
    return [tuple(gpus[rank * count : (rank + 1) * count]) for rank in range(num_ranks)]
