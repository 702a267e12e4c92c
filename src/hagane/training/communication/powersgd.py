"""`PowerSgd`: gradient matrices travel as two thin factors.

Vogels, Karimireddy and Jaggi, PowerSGD (arXiv 1905.13727), algorithm 1 and 2: with M [n, m] a process's gradient plus
what it could not send before, and Q [m, r] of the step before,

    P = mean(M Q), P̂ = orthonormal basis of P's columns, Q = mean(Mᵀ P̂), gradient = P̂ Qᵀ, error = M − P̂ P̂ᵀ M

which is one step of subspace iteration towards the best approximation of rank r. Each process keeps its own error; the
mean of the errors is exactly what the common gradient lacks, so that nothing is lost, only late. Q is made orthonormal
before use, which leaves the space of P̂ as it is, and keeps small gradients from vanishing in float32. Both factors are
held transposed, [r, n] and [r, m]: on a CPU the products with M are three to ten times as fast.

Matrices for which the factors are not at least half as large, vectors, and numbers go uncompressed, all together with
the first factors: two collectives a step. They are started when the last bucket has come, over the parameters in the
module's order, however the buckets are laid out.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hagane.spec.communication import Communication
from hagane.training.checkpoint import tensors_under
from hagane.training.communication.gradient_hook import register_hook
from hagane.training.communication.mean_of_rows import mean_of_rows
from hagane.training.communication.traffic import Traffic

MIN_RATIO = 2
"""A matrix is compressed where that makes it at least so many times smaller."""
_ERROR, _FACTOR = "error.", "q."


class _Waiting(NamedTuple):
    """A bucket whose answer is owed: DistributedDataParallel waits for `answer`."""

    buffer: Tensor
    gradients: dict[str, Tensor]
    """By the parameter's name; views of `buffer`."""
    answer: torch.futures.Future[Tensor]


class PowerSgd:
    """Gradients of rank `powersgd_rank`, with error feedback and the factors of the step before."""

    def __init__(self, options: Communication, group: Any = None, seed: int = 0) -> None:
        self.rank = options.powersgd_rank
        self.traffic = Traffic(dist.get_world_size(group))
        self._group, self._seed = group, seed
        self._names: dict[int, str] = {}
        self._places: dict[str, int] = {}
        self._errors: dict[str, Tensor] = {}
        self._factors: dict[str, Tensor] = {}
        self._waiting: list[_Waiting] = []

    def register(self, wrapped: nn.parallel.DistributedDataParallel) -> None:
        """Take the place of the all-reduce."""
        self._names = register_hook(self, wrapped)
        self._places = {name: place for place, name in enumerate(self._names.values())}

    def hook(self, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:
        """The mean of a sparse bucket; a promise for others, kept with the last one."""
        buffer = bucket.buffer()
        if buffer.is_sparse:
            answer = mean_of_rows(buffer, self._group, self.traffic)
        else:
            answer = torch.futures.Future(devices=[buffer.device] if buffer.is_cuda else None)
            names = (self._names[id(parameter)] for parameter in bucket.parameters())
            gradients = dict(zip(names, bucket.gradients(), strict=True))
            self._waiting.append(_Waiting(buffer, gradients, answer))
        if bucket.is_last():
            self._answer_all()
        return answer

    def state(self) -> dict[str, Tensor]:
        """The errors (of this process) and the factors (the same in all), by the names of parameters."""
        return {_ERROR + name: error for name, error in self._errors.items()} | {
            _FACTOR + name: factor for name, factor in self._factors.items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self._errors = tensors_under(_ERROR, tensors)
        self._factors = tensors_under(_FACTOR, tensors)

    def _answer_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        gradients = {name: gradient for each in waiting for name, gradient in each.gradients.items()}
        if gradients:
            self.average({name: gradients[name] for name in sorted(gradients, key=self._places.__getitem__)})
        for each in waiting:
            each.answer.set_result(each.buffer)

    def average(self, gradients: dict[str, Tensor]) -> None:
        """Overwrite the gradients, by parameter's name, with those that all processes agree on."""
        wide = {name: _as_matrix(gradient) for name, gradient in gradients.items() if self._pays(gradient)}
        rest = [gradient for name, gradient in gradients.items() if name not in wide]
        matrices = {name: self._with_error(name, matrix) for name, matrix in wide.items()}
        starts = [_orthonormal(self._factor(name, matrix)) for name, matrix in matrices.items()]
        lefts = [start @ matrix.T for start, matrix in zip(starts, matrices.values(), strict=True)]
        means = self._mean([*lefts, *rest])
        for gradient, mean in zip(rest, means[len(matrices) :], strict=True):
            gradient.copy_(mean)
        if not matrices:
            return
        lefts = [_orthonormal(left) for left in means[: len(matrices)]]
        rights = [left @ matrix for left, matrix in zip(lefts, matrices.values(), strict=True)]
        for (name, matrix), left, right in zip(matrices.items(), lefts, rights, strict=True):
            self._errors[name] = torch.addmm(matrix, left.T, right, alpha=-1).view_as(gradients[name])
        for name, left, right in zip(matrices, lefts, self._mean(rights), strict=True):
            self._factors[name] = right
            torch.mm(left.T, right, out=wide[name])

    def _pays(self, gradient: Tensor) -> bool:
        if gradient.ndim < 2 or not gradient.numel():
            return False
        rows, columns = len(gradient), gradient[0].numel()
        return bool(min(self.rank, rows, columns) * (rows + columns) * MIN_RATIO <= rows * columns)

    def _with_error(self, name: str, matrix: Tensor) -> Tensor:
        error = self._errors.get(name)
        return matrix if error is None else matrix + error.to(matrix.device).view_as(matrix)

    def _factor(self, name: str, matrix: Tensor) -> Tensor:
        """Q [r, m] of the step before; at first random, the same in all processes."""
        rank, columns = min(self.rank, *matrix.shape), matrix.shape[1]
        found = self._factors.get(name)
        if found is None or found.shape != (rank, columns):
            digest = hashlib.sha256(f"{self._seed}:{name}".encode()).digest()
            generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
            found = torch.randn(rank, columns, generator=generator)
        return found.to(matrix.device, matrix.dtype)

    def _mean(self, tensors: list[Tensor]) -> list[Tensor]:
        """The mean of each over the processes, in one collective."""
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self.traffic.add_all_reduce(flat.numel() * flat.element_size())
        dist.all_reduce(flat, group=self._group)
        parts = flat.div_(self.traffic.num_processes).split([tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def _as_matrix(gradient: Tensor) -> Tensor:
    return gradient.view(gradient.shape[0], -1)


def _orthonormal(rows: Tensor) -> Tensor:
    """An orthonormal basis [r, n] of a space that holds the rows; of full rank even where they are not."""
    basis, _ = torch.linalg.qr(rows.T.float())
    result: Tensor = basis.T.to(rows.dtype).contiguous()
    return result
