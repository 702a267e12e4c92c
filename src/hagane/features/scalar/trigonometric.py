"""Trigonometric and hyperbolic functions and the cube root: an error where x is finite and the result is not.

Source: GoogleSQL's reference, "Mathematical functions"; `docs/semantics.md` for the ulps.
"""

from __future__ import annotations

from collections.abc import Callable

from hagane.features import emit_arc, emit_float, emit_hyperbolic, emit_trigonometry
from hagane.features.emit import Emitter
from hagane.features.emit_logic import both, either, negate
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value

Compute = Callable[..., str]


def total(compute: Compute, bound: float | None = None) -> Callable[[Operation], Value]:
    """A function that never fails; |result| <= bound for finite arguments."""

    def render(op: Operation) -> Value:
        known = bound if all(argument.bound is not None for argument in op.arguments) else None
        data = compute(op.emitter, *(argument.data for argument in op.arguments))
        return strict(op, data, is_quiet=True, bound=known)

    return render


def partial(compute: Compute) -> Callable[[Operation], Value]:
    """A function that fails where x is finite and the result is not."""

    def render(op: Operation) -> Value:
        e, x = op.emitter, op.arguments[0].data
        data = compute(e, x)
        return strict(op, data, failed=_is_lost(e, x, data), is_quiet=True)

    return render


def of_angle(compute: Compute, bound: float | None = None) -> Callable[[Operation], Value]:
    """A function of sine and cosine, which also fails beyond the angles that keep a meaning."""

    def render(op: Operation) -> Value:
        e, (x,) = op.emitter, op.arguments
        data = compute(e, *emit_trigonometry.sine_and_cosine(e, x.data))
        failed = emit_trigonometry.is_beyond(e, x.data)
        if bound is None:
            failed = either(e, failed, _is_lost(e, x.data, data))
        return strict(op, data, failed=failed, is_quiet=True, bound=bound if x.bound is not None else None)

    return render


def sine(e: Emitter, s: str, c: str) -> str:
    """sin x."""
    return s


def cosine(e: Emitter, s: str, c: str) -> str:
    """cos x."""
    return c


def tangent(e: Emitter, s: str, c: str) -> str:
    """sin x / cos x."""
    return emit_float.divide(e, s, c, is_one=False)


def cotangent(e: Emitter, s: str, c: str) -> str:
    """cos x / sin x."""
    return emit_float.divide(e, c, s, is_one=False)


def secant(e: Emitter, s: str, c: str) -> str:
    """1 / cos x."""
    return e.node("Reciprocal", c)


def cosecant(e: Emitter, s: str, c: str) -> str:
    """1 / sin x."""
    return e.node("Reciprocal", s)


def arc_sine(e: Emitter, x: str) -> str:
    """The angle of (sqrt(1 - x^2), x)."""
    return emit_arc.arc(e, x, _other_side(e, x))


def arc_cosine(e: Emitter, x: str) -> str:
    """The angle of (x, sqrt(1 - x^2))."""
    return emit_arc.arc(e, _other_side(e, x), x)


def arc_tangent(e: Emitter, x: str) -> str:
    """The angle of (1, x)."""
    return emit_arc.arc(e, x, emit_float.number(e, 1.0))


def hyperbolic_sine(e: Emitter, x: str) -> str:
    """sinh x."""
    return emit_hyperbolic.sinh_and_cosh(e, x)[0]


def hyperbolic_cosine(e: Emitter, x: str) -> str:
    """cosh x."""
    return emit_hyperbolic.sinh_and_cosh(e, x)[1]


def hyperbolic_tangent(e: Emitter, x: str) -> str:
    """sinh x / cosh x."""
    sinh, cosh = emit_hyperbolic.sinh_and_cosh(e, emit_hyperbolic.bounded(e, x))
    return emit_float.divide(e, sinh, cosh, is_one=False)


def hyperbolic_cotangent(e: Emitter, x: str) -> str:
    """cosh x / sinh x."""
    sinh, cosh = emit_hyperbolic.sinh_and_cosh(e, emit_hyperbolic.bounded(e, x))
    return emit_float.divide(e, cosh, sinh, is_one=False)


def hyperbolic_secant(e: Emitter, x: str) -> str:
    """1 / cosh x."""
    return emit_hyperbolic.reciprocals(e, x)[1]


def hyperbolic_cosecant(e: Emitter, x: str) -> str:
    """1 / sinh x."""
    return emit_hyperbolic.reciprocals(e, x)[0]


def _other_side(e: Emitter, x: str) -> str:
    """sqrt((1 - x) (1 + x))."""
    one = emit_float.number(e, 1.0)
    return e.node("Sqrt", e.node("Mul", e.node("Sub", one, x), e.node("Add", one, x)))


def _is_lost(e: Emitter, x: str, result: str) -> str:
    return both(e, negate(e, emit_float.is_finite(e, result)), emit_float.is_finite(e, x))
