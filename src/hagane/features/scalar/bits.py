"""`& | ^ ~ << >>` and BIT_COUNT, on the 64 bits of two's complement.

Source: GoogleSQL's reference, "Bitwise operators" and "Bit functions".
"""

from __future__ import annotations

from collections.abc import Callable

from hagane.features import emit_bits
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value

_LARGEST = 2**63


def bitwise(operator: str) -> Callable[[Operation], Value]:
    """One ONNX operator, bit by bit."""

    def render(op: Operation) -> Value:
        data = op.emitter.node(operator, *(argument.data for argument in op.arguments))
        return strict(op, data, bound=_LARGEST)

    return render


def shift(direction: str) -> Callable[[Operation], Value]:
    """x << y (LEFT) or x >> y (RIGHT): an error for y < 0."""

    def render(op: Operation) -> Value:
        x, y = op.arguments
        data, failed = emit_bits.shift(op.emitter, x.data, y.data, direction)
        return strict(op, data, failed=failed, bound=_LARGEST)

    return render


def bit_count(op: Operation) -> Value:
    """BIT_COUNT(x)."""
    return strict(op, emit_bits.count(op.emitter, op.arguments[0].data), bound=64)
