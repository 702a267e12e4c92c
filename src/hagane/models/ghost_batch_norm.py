"""`GhostBatchNorm`: batch normalisation over parts of a batch (Hoffer, Hubara and Soudry, arXiv 1705.08741)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GhostBatchNorm(nn.Module):  # type: ignore[misc]
    """[n, c] → [n, c]: in training each part of at most `virtual_rows` rows is normalised by its own moments.

    Parts are as equal as can be. The running moments are moved by each part in turn, by `momentum`; a batch of one row,
    which has no variance, is normalised by them, as all rows are in evaluation.

    >>> norm = GhostBatchNorm(1, virtual_rows=2, momentum=0.5)
    >>> norm(torch.tensor([[0.0], [2.0], [10.0], [14.0]])).round().flatten().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    >>> norm.running_mean.tolist()
    [6.25]
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, width: int, *, virtual_rows: int, momentum: float, eps: float = 1e-5) -> None:
        super().__init__()
        self.virtual_rows, self.momentum, self.eps = virtual_rows, momentum, eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_var", torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise, then times weight plus bias."""
        if not self.training or len(x) == 1:
            normalised = (x - self.running_mean) * torch.rsqrt(self.running_var + self.eps)
        else:
            normalised = self._by_parts(x)
        return normalised * self.weight + self.bias

    def _by_parts(self, x: Tensor) -> Tensor:
        num_parts = max(1, min(-(-len(x) // self.virtual_rows), len(x) // 2))
        if len(x) % num_parts == 0:
            return self._normalised(x.view(num_parts, -1, x.shape[1])).flatten(0, 1)
        return torch.cat([self._normalised(part[None])[0] for part in x.tensor_split(num_parts)])

    def _normalised(self, parts: Tensor) -> Tensor:
        """[p, r, c], by the moments over r; the running moments follow."""
        rows = parts.shape[1]
        variance, mean = torch.var_mean(parts, dim=1, correction=0, keepdim=True)
        kept = 1 - self.momentum
        steps = torch.arange(len(parts) - 1, -1, -1, dtype=torch.float32, device=parts.device)
        shares = self.momentum * kept**steps
        with torch.no_grad():
            for running, found in ((self.running_mean, mean), (self.running_var, variance * (rows / (rows - 1)))):
                running.mul_(kept ** len(parts)).add_((shares @ found[:, 0].float()).to(running.dtype))
        return (parts - mean) * torch.rsqrt(variance + self.eps)
