"""A torch module as an ONNX graph, by torch's own exporter (`torch.export` and onnxscript: docs/adr/0011).

Rows stay free: the graph takes batches of any size. Embedding bags, which the exporter turns into a loop over the rows,
are spelled out as sums before.
"""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from hagane.features.emit import OPSETS, Emitter
from hagane.features.emit_graph import emit_graph
from hagane.features.graph_ports import SparsePort
from hagane.models.named_features import NamedFeatures
from hagane.models.target import Float
from hagane.models.torch_inputs import TorchInputs

SAMPLE_ROWS = 5
"""Neither 0 nor 1, which exporters take for constants."""


def emit_torch(
    emitter: Emitter,
    module: NamedFeatures,
    dense: str | None,
    ids: str | None,
    sparse: Sequence[SparsePort] = (),
    *,
    dtype: Float,
) -> str:
    """Add the module's graph behind the named tensors; the name of its output [n, c] float32."""
    (output,) = emit_model(emitter, export_model(module), torch_ports(emitter, dense, ids, sparse))
    return output


def emit_model(emitter: Emitter, model: onnx.ModelProto, given: Sequence[str]) -> tuple[str, ...]:
    """Add an exported model behind tensors in the order of its inputs; the names of its outputs."""
    graph = model.graph
    return emit_graph(emitter, graph, dict(zip((each.name for each in graph.input), given, strict=True)))


def torch_ports(emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> list[str]:
    """The tensors that are there, as a module is given them."""
    given = [emitter.node("Cast", dense, to=onnx.TensorProto.FLOAT)] if dense is not None else []
    given += [ids] if ids is not None else []
    for port in sparse:
        given += [_offsets(emitter, port), port.ids, port.weights]
    return given


def export_model(module: NamedFeatures) -> onnx.ModelProto:
    """The module in evaluation as a model of the pinned operators. Raises whatever torch's exporter raises.

    Its inputs are dense [n, d] where there are numbers, ids [n, k] where there are categories, then three tensors a
    sparse feature (offsets [n + 1], ids [t], weights [t]).
    """
    present = PresentInputs(without_bags(module), module.inputs).eval()
    with torch.no_grad():
        return to_onnx(present, present.chosen(sample_inputs(module.inputs)))


def to_onnx(module: nn.Module, tensors: Sequence[Tensor]) -> onnx.ModelProto:
    """`module`, called with `*tensors`, whose first axes are free, as a model of the pinned operators."""
    with quiet():
        program = torch.onnx.export(
            module, tuple(tensors), dynamo=True, opset_version=OPSETS[""], dynamic_shapes=free_rows(tensors),
            verbose=False,
        )  # fmt: skip
    assert program is not None
    model: onnx.ModelProto = program.model_proto
    return onnx.inliner.inline_local_functions(model) if model.functions else model


def free_rows(tensors: Sequence[Tensor]) -> dict[str, Any]:
    """What exporters are told of the shapes that `forward(*tensors)` takes."""
    return {"tensors": tuple({0: torch.export.Dim.DYNAMIC} for _ in tensors)}


def sample_inputs(inputs: TorchInputs, rows: int = SAMPLE_ROWS) -> tuple[Tensor, ...]:
    """Rows to call a module with: numbers around 0, every category, two words a row and more."""
    random = np.random.default_rng(0)
    width = sum(feature.width for feature in inputs.features if feature.kind == "dense")
    slots = [feature.cardinality for feature in inputs.features if feature.kind == "id"]
    dense = torch.from_numpy(random.normal(size=(rows, width)).astype(np.float32))
    ids = torch.from_numpy(random.integers(0, np.array(slots, np.int64), (rows, len(slots))))
    entries: list[Tensor] = []
    for number, feature in enumerate(feature for feature in inputs.features if feature.kind == "sparse"):
        lengths = np.full(rows, 2)
        lengths[0] += 3 + 2 * number  # so that no two features have as many entries
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        entries.append(torch.from_numpy(offsets))
        entries.append(torch.from_numpy(random.integers(0, feature.cardinality, offsets[-1])))
        entries.append(torch.from_numpy(random.uniform(0.5, 1.5, offsets[-1]).astype(np.float32)))
    return (dense, ids, *entries)


class PresentInputs(nn.Module):  # type: ignore[misc]
    """Takes the tensors that have columns alone, as graphs do."""

    def __init__(self, module: nn.Module, inputs: TorchInputs) -> None:
        super().__init__()
        self.module = module
        kinds = [feature.kind for feature in inputs.features]
        num_sparse = sum(kind == "sparse" for kind in kinds)
        self.is_there = ("dense" in kinds, "id" in kinds, *(True,) * (3 * num_sparse))

    def chosen(self, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Of all tensors of a call those that are there."""
        return tuple(tensor for tensor, is_there in zip(tensors, self.is_there, strict=True) if is_there)

    def forward(self, *tensors: Tensor) -> Tensor:
        """[n, outputs] of the tensors that are there, the others empty."""
        rest = list(tensors)
        rows = rest[0].shape[0] if any(self.is_there[:2]) else rest[0].shape[0] - 1
        empty = [torch.zeros((rows, 0)), torch.zeros((rows, 0), dtype=torch.int64)]
        first = [rest.pop(0) if is_there else empty[place] for place, is_there in enumerate(self.is_there[:2])]
        result: Tensor = self.module(*first, *rest)
        return result


class _SummedBag(nn.Module):  # type: ignore[misc]
    """What `nn.EmbeddingBag` of mode sum or mean computes, from operations that every graph has."""

    def __init__(self, bag: nn.EmbeddingBag) -> None:
        super().__init__()
        self.weight, self.mode, self.has_end = bag.weight, bag.mode, bag.include_last_offset

    def forward(self, input: Tensor, offsets: Tensor, per_sample_weights: Tensor | None = None) -> Tensor:
        """[n, width] the sum or the mean of each row's vectors."""
        starts = offsets[:-1] if self.has_end else offsets
        marks = torch.zeros(input.shape[0] + 1, dtype=torch.int64)
        rows = marks.index_add(0, starts, torch.ones_like(starts))[:-1].cumsum(0) - 1
        vectors = nn.functional.embedding(input, self.weight)
        if per_sample_weights is not None:
            vectors = vectors * per_sample_weights[:, None]
        if self.mode == "mean":
            counts = torch.zeros(starts.shape[0], dtype=torch.int64).index_add(0, rows, torch.ones_like(rows))
            vectors = vectors / counts[rows][:, None]
        return torch.zeros((starts.shape[0], self.weight.shape[1])).index_add(0, rows, vectors)


def without_bags(module: nn.Module) -> nn.Module:
    """A copy in which embedding bags are spelled out."""
    module = copy.deepcopy(module)
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.EmbeddingBag and child.mode in ("sum", "mean") and child.max_norm is None:
                setattr(parent, name, _SummedBag(child))
    return module


def _offsets(emitter: Emitter, port: SparsePort) -> str:
    """[n + 1] where each row's entries begin, from the row of each entry."""
    axis = emitter.constant([1], np.int64)
    ones = emitter.node("Expand", emitter.constant([1], np.int64), emitter.node("Shape", port.rows))
    zeros = emitter.node("Expand", emitter.constant([0], np.int64), port.num_rows)
    counts = emitter.node("ScatterND", zeros, emitter.node("Unsqueeze", port.rows, axis), ones, reduction="add")
    ends = emitter.node("CumSum", counts, emitter.constant(0, np.int64))
    return emitter.node("Concat", emitter.constant([0], np.int64), ends, axis=0)


@contextmanager
def quiet() -> Iterator[None]:
    """The exporter's talk is for those who write exporters."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
