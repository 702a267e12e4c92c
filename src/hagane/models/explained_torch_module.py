"""`explained_torch_module`: integrated gradients of a module of the user's own, or why there are none.

The module is taken apart at its columns (`find_cuts`), each column is given to a feature (`column_owners`), and the
gradient of what comes behind them is exported (`export_gradient`). What comes out is tried on a few rows before it is
believed: the columns and the answers must be the module's, the gradients torch's own.

Shapes: n rows, w columns, c outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, fx

from hagane.features.emit import Emitter, element_type
from hagane.features.emit_gradient import NoGradientError
from hagane.features.feature import FeatureKind
from hagane.features.graph_ports import SparsePort
from hagane.models.column_owners import column_owners
from hagane.models.find_cuts import FoundCut, Observed, find_cuts, observe, operator_name, output_of
from hagane.models.gradient_decompositions import aten, forward_decompositions
from hagane.models.module_columns import ModuleColumns, evaluate
from hagane.models.named_features import NamedFeatures
from hagane.models.no_gradient_reason import no_gradient_reason
from hagane.models.torch_export import (
    PresentInputs,
    emit_model,
    free_rows,
    quiet,
    sample_inputs,
    to_onnx,
    torch_ports,
    without_bags,
)
from hagane.models.torch_gradient import export_gradient
from hagane.models.torch_inputs import TorchInputs
from hagane.runtime.session import session_options

BATCHES = (5, 9)
"""Rows on which the graph is watched: what has the one size and then the other is the batch."""
MOST_COLUMNS = 16_384
"""Of a row: vectors with a place for each of very many categories would not fit."""
LARGEST_DIFFERENCE = 1e-4
"""Between torch's answers and gradients and those of the graphs, relative; both are float32."""


@dataclass(frozen=True, kw_only=True)
class ExplainedTorchModule:
    """A module's columns, and its gradient in them, as graphs that torch exported."""

    owners: tuple[int, ...]
    """[w] the feature of each column: dense features, then ids, then sparse ones."""
    columns: onnx.ModelProto
    """The tensors that are there → [n, w]."""
    gradient: onnx.ModelProto
    """[n, w] and seed [n, c] → output [n, c] and the gradient of Σ seed · output [n, w]."""

    def emit_columns(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort]) -> str:
        """Add the columns behind the named tensors, as float64."""
        (columns,) = emit_model(emitter, self.columns, torch_ports(emitter, dense, ids, sparse))
        return emitter.node("Cast", columns, to=element_type(np.float64))

    def emit_gradient(self, emitter: Emitter, columns: str, seed: str) -> tuple[str, str]:
        """Add output and gradient behind columns [n, w] float64 and seed [n, c] float64; both float64."""
        narrow = [emitter.node("Cast", each, to=element_type(np.float32)) for each in (columns, seed)]
        found = emit_model(emitter, self.gradient, narrow)
        output, gradient = (emitter.node("Cast", each, to=element_type(np.float64)) for each in found)
        return output, gradient


def explained_torch_module(module: NamedFeatures) -> ExplainedTorchModule:
    """Take a fitted module apart. Raises NoGradientError, which says what stands in the way."""
    try:
        columns, owners = _columns_of(module)
        gradient = export_gradient(columns, module.inputs.num_outputs)
        tensors = PresentInputs(module, module.inputs).chosen(sample_inputs(module.inputs))
        with torch.no_grad():
            head = to_onnx(_Columns(columns), tensors)
        _check(columns, module, head, gradient)
    except NoGradientError:
        raise
    except Exception as error:
        raise NoGradientError(no_gradient_reason(error)) from error
    return ExplainedTorchModule(owners=owners, columns=head, gradient=gradient)


class _Columns(torch.nn.Module):  # type: ignore[misc]
    """The first half of a module."""

    def __init__(self, columns: ModuleColumns) -> None:
        super().__init__()
        self.program, self._found = columns.program, columns

    def forward(self, *tensors: Tensor) -> Tensor:
        """[n, w]."""
        return self._found.columns(*tensors)


def _columns_of(module: NamedFeatures) -> tuple[ModuleColumns, tuple[int, ...]]:
    """The module's columns, and the feature of each."""
    inputs = module.inputs
    present = PresentInputs(without_bags(module), inputs).eval().requires_grad_(True)
    batches = [present.chosen(sample_inputs(inputs, rows)) for rows in BATCHES]
    program = _program(present, batches[0])
    nodes = tuple(node for node in program.graph.nodes if node.op == "placeholder")
    observed = observe(
        program, [(n, dict(zip(nodes, batch, strict=True))) for n, batch in zip(BATCHES, batches, strict=True)]
    )
    places = _places(nodes, inputs, present.is_there)
    numbers, output = nodes[0] if present.is_there[0] else None, output_of(program)
    reads, found = find_cuts(observed, output, numbers, places)
    num_dense = len(places[numbers]) if numbers is not None else 0
    columns = ModuleColumns(program=program, inputs=nodes, output=output, num_dense=num_dense, reads=reads,
                            cuts=tuple(each.cut for each in found), sizes=observed.sizes)  # fmt: skip
    if columns.width > MOST_COLUMNS:
        raise NoGradientError(f"{columns.width:,} columns at once")
    owners = [owner for each in found for owner in _owners(each, columns, observed, inputs)]
    return columns, (*range(num_dense), *owners)


def _program(present: PresentInputs, batch: Sequence[Tensor]) -> fx.GraphModule:
    """The module's operators, none of which changes a tensor in place. Gradients are wanted: nothing is fused."""
    with quiet(), torch.enable_grad():
        exported = torch.export.export(present, tuple(batch), dynamic_shapes=free_rows(batch))
        exported = exported.run_decompositions(forward_decompositions())
        program = exported.module(check_guards=False)
    assert isinstance(program, fx.GraphModule)
    for node in program.graph.nodes:
        if node.target is aten.view.default:  # which relies on the memory that a fused operator leaves
            node.target = aten.reshape.default
    return program.requires_grad_(False)


def _places(nodes: Sequence[fx.Node], inputs: TorchInputs, is_there: Sequence[bool]) -> dict[fx.Node, Sequence[int]]:
    """The features of each input: of numbers and ids column by column."""
    counts = [sum(f.width for f in inputs.features if f.kind is kind) for kind in FeatureKind]
    begins = [0, *accumulate(counts)]
    first, *others = ([*range(begin, begin + count)] for begin, count in zip(begins, counts[:2], strict=False))
    sparse = [[begins[2] + place] for place in range(counts[2]) for _ in range(3)]
    features = [columns for columns, there in zip([first, *others, *sparse], is_there, strict=True) if there]
    return dict(zip(nodes, features, strict=True))


def _owners(each: FoundCut, columns: ModuleColumns, observed: Observed, inputs: TorchInputs) -> list[int]:
    features = sorted(each.features)
    if len(features) == 1:
        return features * each.cut.width
    name = operator_name(each.cut.node)
    num_dense = columns.num_dense
    cardinalities = [f.cardinality for f in inputs.features if f.kind is FeatureKind.ID]
    if features[-1] >= num_dense + len(cardinalities):
        raise NoGradientError(f"{name} of words and something else at once")

    def value(dense: Tensor, ids: Tensor) -> Tensor:
        given = [*((dense,) if num_dense else ()), *((ids,) if cardinalities else ())]
        known = dict(zip(columns.inputs, given, strict=False))
        (found,) = evaluate(columns.program, known, [each.cut.node])
        return each.cut.flat(found)

    return column_owners(value, features, num_dense=num_dense, cardinalities=cardinalities, name=name)


def _check(columns: ModuleColumns, module: NamedFeatures, head: onnx.ModelProto, gradient: onnx.ModelProto) -> None:
    """The graphs answer what torch answers, to more rows than they were exported with."""
    rows = 2 * BATCHES[1]
    given = sample_inputs(module.inputs, rows)
    tensors = PresentInputs(module, module.inputs).chosen(given)
    seed = torch.linspace(-1, 1, rows * module.inputs.num_outputs).reshape(rows, -1)
    expected = columns.columns(*tensors).requires_grad_(True)
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(columns.answer(expected), expected, seed)
    with torch.no_grad():
        output = module(*given)
    (moved,) = _run(head, *tensors)
    answer, turned = _run(gradient, expected.detach(), seed)
    for what, theirs, ours in (
        ("columns", expected.detach(), moved),
        ("answers", output, answer),
        ("gradients", slope, turned),
    ):
        apart = np.abs(theirs.numpy() - ours) / np.maximum(1, np.abs(theirs.numpy()).max(initial=0))
        if not apart.max(initial=0) <= LARGEST_DIFFERENCE:
            raise NoGradientError(f"{what} that differ from torch's by {apart.max():.1g}")


def _run(model: onnx.ModelProto, *tensors: Tensor) -> list[np.ndarray]:
    options = session_options(1)
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    found: list[np.ndarray] = session.run(None, dict(zip(names, (each.numpy() for each in tensors), strict=True)))
    return found
