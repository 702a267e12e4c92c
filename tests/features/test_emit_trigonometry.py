"""Trigonometric and hyperbolic functions against 64-bit mantissas: the ulps that docs/semantics.md states."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from hagane.features import emit_arc, emit_hyperbolic, emit_trigonometry
from hagane.features.emit import Emitter
from hagane.features.scalar import trigonometric
from hagane.runtime.session import Session

Array = npt.NDArray[np.floating]
ROWS = 40_000
WIDER = np.finfo(np.longdouble).nmant > 60
GENERATOR = np.random.default_rng(7)


def compute(function: Callable[..., str], *columns: Array) -> Array:
    e = Emitter()
    names = [e.input(f"x{index}", np.float64, ("n", 1)) for index in range(len(columns))]
    e.output("y", function(e, *names), np.float64, ("n", 1))
    session = Session(e.model().SerializeToString())
    return session.run({name: x[:, None] for name, x in zip(names, columns, strict=True)}, ["y"])["y"][:, 0]


def most_ulps(got: Array, true: Array) -> float:
    nearest = true.astype(np.float64)
    assert np.array_equal(np.isnan(nearest), np.isnan(got))
    finite = np.isfinite(nearest) & np.isfinite(got)
    assert np.array_equal(nearest[~finite & ~np.isnan(got)], got[~finite & ~np.isnan(got)])
    error = np.abs(got.astype(np.longdouble) - true) / np.spacing(np.abs(nearest)).astype(np.longdouble)
    return float(error[finite].max())


def angle(pick: Callable[..., str]) -> Callable[[Emitter, str], str]:
    return lambda e, x: pick(e, *emit_trigonometry.sine_and_cosine(e, x))


SIZES = 10.0 ** GENERATOR.uniform(-300, 300, ROWS) * GENERATOR.choice([-1.0, 1.0], ROWS)
SPECIAL = np.array([0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324])
ANGLES = np.concatenate([
    GENERATOR.uniform(-10, 10, ROWS), GENERATOR.uniform(-(2.0**31), 2.0**31, ROWS),
    np.arange(-3000, 3000) * (math.pi / 2), 10.0 ** GENERATOR.uniform(-300, 0, 1000), SPECIAL,
])  # fmt: skip
FRACTIONS = np.concatenate([
    GENERATOR.uniform(-1, 1, ROWS), 1 - 10.0 ** GENERATOR.uniform(-16, 0, ROWS),
    10.0 ** GENERATOR.uniform(-300, 0, 1000), [-0.999, 0.0],
])  # fmt: skip
NUMBERS = np.concatenate([GENERATOR.uniform(-3, 3, ROWS), SIZES, SPECIAL])
EXPONENTS = np.concatenate([
    GENERATOR.uniform(-3, 3, ROWS), GENERATOR.uniform(-711, 711, ROWS),
    10.0 ** GENERATOR.uniform(-300, 0, 1000), SPECIAL, [710.4758600739439, -710.4758600739439],
])  # fmt: skip
FROM_ONE = np.concatenate([1 + 10.0 ** GENERATOR.uniform(-16, 10, ROWS), np.abs(SIZES) + 1, [1.0, math.inf]])


@pytest.mark.skipif(not WIDER, reason="no wider float on this machine")
@pytest.mark.parametrize(
    ("function", "true", "x", "limit"),
    [
        (angle(trigonometric.sine), np.sin, ANGLES, 1),
        (angle(trigonometric.cosine), np.cos, ANGLES, 1),
        (angle(trigonometric.tangent), np.tan, ANGLES, 4),
        (angle(trigonometric.secant), lambda x: 1 / np.cos(x), ANGLES, 4),
        (angle(trigonometric.cosecant), lambda x: 1 / np.sin(x), ANGLES[np.abs(ANGLES) > 1e-300], 4),
        (trigonometric.arc_sine, np.arcsin, FRACTIONS, 4),
        (trigonometric.arc_cosine, np.arccos, FRACTIONS, 4),
        (trigonometric.arc_tangent, np.arctan, NUMBERS, 4),
        (trigonometric.hyperbolic_sine, np.sinh, EXPONENTS, 4),
        (trigonometric.hyperbolic_cosine, np.cosh, EXPONENTS, 4),
        (trigonometric.hyperbolic_tangent, np.tanh, EXPONENTS, 4),
        (trigonometric.hyperbolic_cotangent, lambda x: 1 / np.tanh(x), EXPONENTS[np.abs(EXPONENTS) > 1e-300], 4),
        (trigonometric.hyperbolic_secant, lambda x: 1 / np.cosh(x), EXPONENTS, 4),
        (trigonometric.hyperbolic_cosecant, lambda x: 1 / np.sinh(x), EXPONENTS[np.abs(EXPONENTS) > 1e-300], 4),
        (emit_hyperbolic.asinh, np.arcsinh, NUMBERS, 4),
        (emit_hyperbolic.acosh, np.arccosh, FROM_ONE, 4),
        (emit_hyperbolic.atanh, np.arctanh, FRACTIONS[np.abs(FRACTIONS) < 1], 4),
        (emit_hyperbolic.cube_root, np.cbrt, NUMBERS, 1),
    ],
)  # fmt: skip
def test_last_bits(function: Callable[..., str], true: Callable[[Array], Array], x: Array, limit: float) -> None:
    with np.errstate(all="ignore"):
        assert most_ulps(compute(function, x), true(x.astype(np.longdouble))) <= limit


@pytest.mark.skipif(not WIDER, reason="no wider float on this machine")
def test_last_bits_of_the_angle_of_a_point() -> None:
    y = GENERATOR.permutation(NUMBERS)
    with np.errstate(all="ignore"):
        true = np.arctan2(y.astype(np.longdouble), NUMBERS.astype(np.longdouble))
        assert most_ulps(compute(emit_arc.arc, y, NUMBERS), true) <= 4


def test_quarter_turns() -> None:
    """Near a multiple of pi the sine is what the double lacks of it."""
    x = np.array([math.pi, 2 * math.pi, 355.0, 1e8 * math.pi, 245850922.0])
    assert compute(angle(trigonometric.sine), x).tolist() == pytest.approx([math.sin(v) for v in x], rel=3e-16)


def test_cubes_have_whole_roots() -> None:
    x = np.arange(-1000.0, 1000.0)
    assert np.array_equal(compute(emit_hyperbolic.cube_root, x**3), x)
