"""`TorchModel`: a fitted torch module with its own ONNX nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import Array, Iteration
from hagane.models.target import Float, Target
from hagane.models.torch_task import entries_as_tensors


class EmitModule(Protocol):
    """How a family's module becomes nodes."""

    def __call__(
        self, emitter: Emitter, module: Any, dense: str | None, ids: str | None, sparse: Sequence[SparsePort], /, *,
        dtype: Float,
    ) -> str:  # fmt: skip
        """Add the module computed in `dtype` behind the named tensors; the name of its output [n, outputs]."""


class TorchModel:
    """A module in its best state and in evaluation, from dense [n, d], ids [n, k] and sparse features to a `Target`.

    `computes_in` is the type of the module's weights when it predicts; None: the target's own.
    """

    def __init__(
        self,
        *,
        family: str,
        module: nn.Module,
        target: Target,
        emit_module: EmitModule,
        importance: Mapping[str, float],
        curve: tuple[Iteration, ...],
        best_iteration: int,
        parameters: Mapping[str, bytes] | None = None,
        computes_in: Float | None = None,
    ) -> None:
        self.family = family
        self.curve = curve
        self.best_iteration = best_iteration
        self.computes_in: Float = computes_in or target.dtype
        self.module = module.to(torch.float64) if self.computes_in is np.float64 else module
        self.module.eval()
        self.target = target
        self._emit_module = emit_module
        self._importance = importance
        self._parameters = parameters or {}

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores by torch, for dense [n, d], ids [n, k] and each sparse feature: float64 [n], or float32 [n, c]."""
        with torch.no_grad():
            output = self.module(*self.inputs(dense, ids, sparse))
        return self.target.scores(output.to(torch.float64 if self.target.dtype is np.float64 else torch.float32))

    def inputs(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows]) -> tuple[Tensor, ...]:
        """What the module is called with."""
        return as_inputs(dense, ids, sparse, self.computes_in)

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the module's nodes; scores in the type that `predict` gives."""
        output = self._emit_module(emitter, self.module, dense, ids, sparse, dtype=self.computes_in)
        if self.computes_in is not self.target.dtype:
            output = emitter.node("Cast", output, to=element_type(self.target.dtype))
        return self.target.emit_scores(emitter, output)

    def importance(self) -> Mapping[str, float]:
        """How much each feature matters, as the family measures it."""
        return self._importance

    def parameters(self) -> Mapping[str, bytes]:
        """What a later fit begins with: see `hagane.models.torch_parameters`."""
        return self._parameters


def as_inputs(dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows], dtype: Float) -> tuple[Tensor, ...]:
    """What a module is called with: [n, d] and [n, k] (no columns where there are none), then the sparse entries."""
    n = next(len(part) for part in (dense, ids, *(rows.offsets[1:] for rows in sparse)) if part is not None)
    x = torch.from_numpy(np.zeros((n, 0), dtype) if dense is None else np.array(dense, dtype))
    slots = torch.from_numpy(np.zeros((n, 0), np.int64) if ids is None else np.array(ids, np.int64))
    return (x, slots, *entries_as_tensors(sparse, dtype))
