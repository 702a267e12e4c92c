"""Curves in the graph against numpy, bit by bit and at every batch size."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.calibration.isotonic_calibrator import RisingCurve
from hagane.features.emit import Emitter
from hagane.features.emit_curve import emit_curves
from hagane.runtime.session import Session


def session(curves: list[RisingCurve]) -> Session:
    e = Emitter()
    x = e.input("x", np.float64, ("n", len(curves)))
    points = [(curve.x, curve.y, curve.slopes) for curve in curves]
    e.output("y", emit_curves(e, x, points), np.float64, ("n", len(curves)))
    return Session(e.model().SerializeToString())


def random_curve(random: np.random.Generator, size: int) -> RisingCurve:
    return RisingCurve(
        tuple(np.sort(random.random(size)).tolist()), tuple(np.sort(random.random(size).round(3)).tolist())
    )


@pytest.mark.parametrize("sizes", [(1,), (2,), (12,), (300,), (5, 1, 40), (2, 2)])
def test_the_graph_answers_what_numpy_does(sizes: tuple[int, ...]) -> None:
    random = np.random.default_rng(sum(sizes))
    curves = [random_curve(random, size) for size in sizes]
    at_points = [random.choice(curve.x, 1_000) for curve in curves]
    x = np.concatenate([random.uniform(-0.2, 1.2, (3_096, len(sizes))), np.column_stack(at_points)])
    run = session(curves)
    whole = run.run({"x": x}, ["y"])["y"]
    expected = np.column_stack([curve.at(x[:, lane]) for lane, curve in enumerate(curves)])
    assert np.array_equal(whole, expected)
    assert whole == pytest.approx(
        np.column_stack([np.interp(x[:, lane], curve.x, curve.y) for lane, curve in enumerate(curves)]), abs=1e-12
    )
    for n in (0, 1, 2, 7, 300):
        assert np.array_equal(run.run({"x": x[:n]}, ["y"])["y"], whole[:n])


def test_points_that_lie_too_near_make_a_step() -> None:
    curve = RisingCurve((0.0, 5e-324, 1.0), (0.2, 0.4, 0.6))
    x = np.array([[0.0], [5e-324], [0.5], [1.0]])
    assert curve.slopes[0] == 0.0
    assert session([curve]).run({"x": x}, ["y"])["y"][:, 0].tolist() == pytest.approx([0.2, 0.4, 0.5, 0.6])
