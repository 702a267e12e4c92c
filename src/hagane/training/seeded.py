"""`seeded`: torch's random numbers and threads for one training, both as they were afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int, num_threads: int = 0) -> Iterator[None]:
    """Torch's random numbers from `seed`, on `num_threads` (0: as they are); both as they were afterwards.

    >>> with seeded(7):
    ...     first = torch.rand(1)
    >>> with seeded(7):
    ...     bool(torch.rand(1) == first)
    True
    """
    before = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if num_threads:
            torch.set_num_threads(num_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
