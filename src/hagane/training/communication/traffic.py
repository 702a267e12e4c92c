"""`Traffic`: how many bytes a process sends, counted where they are handed to torch.distributed."""

from __future__ import annotations

import msgspec
from torch import Tensor


class Traffic(msgspec.Struct):
    """What one process has sent so far; without the headers of the transport (about 3 per cent on Ethernet).

    An all-reduce of s bytes among n processes sends 2 (n - 1) / n · s from each: s for two (the ring of gloo and NCCL;
    Patarasuk and Yuan, 2009). The benchmark `benchmarks/communication.py` holds it against the counters of the network.

    >>> traffic = Traffic(num_processes=4)
    >>> traffic.add_all_reduce(1000)
    >>> traffic
    Traffic(num_processes=4, collectives=1, reduced_bytes=1000, sent_bytes=1500)
    """

    num_processes: int
    collectives: int = 0
    """Messages to all others, each of which costs the network's delay at least once."""
    reduced_bytes: int = 0
    """Of the tensors that were handed over."""
    sent_bytes: int = 0

    def add_all_reduce(self, num_bytes: int) -> None:
        """Count an all-reduce of a tensor of `num_bytes`."""
        self.collectives += 1
        self.reduced_bytes += num_bytes
        self.sent_bytes += 2 * (self.num_processes - 1) * num_bytes // self.num_processes

    def add_sparse(self, gradient: Tensor) -> None:
        """Count an all-reduce of a coalesced sparse tensor: each process's rows go to every other one."""
        values, indices = gradient.values(), gradient.indices()
        num_bytes = values.numel() * values.element_size() + indices.numel() * indices.element_size()
        self.collectives += 1
        self.reduced_bytes += num_bytes
        self.sent_bytes += (self.num_processes - 1) * num_bytes
