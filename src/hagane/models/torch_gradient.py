"""`export_gradient`: the gradient of a user's module as a graph.

ONNX Runtime has no gradients, and our own rules (`emit_gradient`) know our own operators alone. torch knows the
gradient of all of its operators: its backward pass is traced, taken apart into its core operators, and exported like a
module (docs/adr/0024).
"""

from __future__ import annotations

import onnx
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext
from torch.nn.attention import SDPBackend, sdpa_kernel

from hagane.models.gradient_decompositions import gradient_decompositions
from hagane.models.module_columns import ModuleColumns
from hagane.models.torch_export import SAMPLE_ROWS, quiet, to_onnx


def export_gradient(columns: ModuleColumns, num_outputs: int) -> onnx.ModelProto:
    """`columns` [n, w] and `seed` [n, c] → output [n, c] and the gradient [n, w] of Σ seed · output, all float32.

    Raises whatever torch or its exporter raises where an operator has no gradient, or its gradient no ONNX form.
    """
    given = torch.randn(SAMPLE_ROWS, columns.width), torch.randn(SAMPLE_ROWS, num_outputs)
    return to_onnx(_Positional(trace_gradient(columns, *given)), given)


def trace_gradient(columns: ModuleColumns, given: Tensor, seed: Tensor) -> fx.GraphModule:
    """The output and its gradient as one graph of core operators, whose rows are free."""

    def both(given: Tensor, seed: Tensor) -> tuple[Tensor, Tensor]:
        moved = given.detach().requires_grad_(True)
        with torch.enable_grad():
            output = columns.answer(moved)
            (gradient,) = torch.autograd.grad(output, moved, seed)
        return output.detach(), gradient

    fake = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    tensors = [fake.from_tensor(each, symbolic_context=_free_rows()) for each in (given, seed)]
    with quiet(), fake, sdpa_kernel(SDPBackend.MATH):
        graph = make_fx(both, decomposition_table=gradient_decompositions())(*tensors)
    for name, parameter in [*graph.named_parameters()]:  # which exporters look for where they were made
        delattr(graph, name)
        graph.register_buffer(name, parameter.detach())
    return graph


def _free_rows() -> StatelessSymbolicContext:
    return StatelessSymbolicContext(dynamic_sizes=[DimDynamic.DUCK, DimDynamic.STATIC])


class _Positional(nn.Module):  # type: ignore[misc]
    """A graph under the signature that `to_onnx` calls."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__()
        self.traced = traced

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """What the graph answers."""
        found: tuple[Tensor, ...] = self.traced(*tensors)
        return found
