"""`TorchModel`: a fitted torch module with its own ONNX nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from hagane.explanation.explanation_facts import RawScale
from hagane.features.emit import Emitter, element_type
from hagane.features.emit_gradient import emit_gradient
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.explained import ExplainedTensors, Explanation
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


class ExplainedModule(NamedTuple):
    """How a family's module is explained: by the columns that its categories and words have become.

    Each function is called like the module's own `EmitModule`, or with those columns.
    """

    emit_columns: EmitModule
    """The name of the columns [n, w], in any type."""
    emit_output: Callable[[Emitter, Any, str], str]
    """Emitter, module, columns [n, w] float64 → output [n, c] float64, in operators that have gradients."""
    owners: Callable[[Any], Sequence[int]]
    """[w] the feature of each column: dense features, then ids, then sparse ones."""


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
        explained: ExplainedModule | None = None,
    ) -> None:
        self.family = family
        self._explained = explained
        self._emitted: tuple[Emitter, str] | None = None
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
        return self.target.emit_scores(emitter, self._emit_output(emitter, dense, ids, sparse))

    def _emit_output(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """Asked twice for one graph, it is made once: a user's module takes seconds to export."""
        if self._emitted is None or self._emitted[0] is not emitter:
            output = self._emit_module(emitter, self.module, dense, ids, sparse, dtype=self.computes_in)
            if self.computes_in is not self.target.dtype:
                output = emitter.node("Cast", output, to=element_type(self.target.dtype))
            self._emitted = emitter, output
        return self._emitted[1]

    def explanation(self) -> Explanation:
        """Integrated gradients in the columns that the features have become; by answers alone where those are unknown.

        A module of a user's own may hold any operation: the columns of its graph are its raw scores then.
        """
        scales: dict[str, RawScale] = {"identity": "value", "exp": "log", "sigmoid": "log_odds", "softmax": "logit"}
        if self._explained is None:
            num_raw = self.target.num_outputs
            return Explanation("sampled_shapley", scales[self.target.link], num_raw, (0,) * num_raw)
        owners = tuple(self._explained.owners(self.module))
        return Explanation(
            method="integrated_gradients",
            raw_scale=scales[self.target.link],
            num_raw=self.target.num_outputs,
            owners=owners,
            gradient=self._gradient(self._explained, len(owners)),
        )

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the columns, and the raw scores: outputs, in the label's unit where they are its value."""
        raw = emitter.node("Cast", self._emit_output(emitter, dense, ids, sparse), to=element_type(np.float64))
        raw = self._in_own_unit(emitter, raw)
        if self._explained is None:
            return ExplainedTensors(raw, raw)
        columns = self._explained.emit_columns(emitter, self.module, dense, ids, sparse, dtype=self.computes_in)
        return ExplainedTensors(emitter.node("Cast", columns, to=element_type(np.float64)), raw)

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes scores of raw scores, as the model itself does."""
        if self.target.link == "identity":
            return raw
        return self.target.emit_scores(emitter, emitter.node("Cast", raw, to=element_type(self.target.dtype)))

    def _gradient(self, explained: ExplainedModule, width: int) -> bytes:
        """`columns` [n, w] and `seed` [n, c] → `raw` [n, c] and `gradient` [n, w] of Σ seed · raw, in float64."""
        emitter, c = Emitter(), self.target.num_outputs
        columns = emitter.input("columns", np.float64, ("n", width))
        raw = self._in_own_unit(emitter, explained.emit_output(emitter, self.module, columns))
        emitter.output("raw", raw, np.float64, ("n", c))
        seed = emitter.input("seed", np.float64, ("n", c))
        emitter.output("gradient", emit_gradient(emitter, raw, columns, seed), np.float64, ("n", width))
        serialized: bytes = emitter.model().SerializeToString(deterministic=True)
        return serialized

    def _in_own_unit(self, emitter: Emitter, output: str) -> str:
        if self.target.link != "identity":
            return output
        scale, level = self.target.units
        return emitter.node(
            "Add", emitter.node("Mul", output, emitter.constant(np.array(scale))), emitter.constant(np.array(level))
        )

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
