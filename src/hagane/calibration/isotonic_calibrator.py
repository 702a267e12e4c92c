"""Isotonic calibration: the rising curve of the lowest squared error, as a table in the graph.

Zadrozny and Elkan 2002, "Transforming classifier scores into accurate multiclass probability estimates": pool adjacent
violators, rows of one score taken together; of three classes and more each class against the others, then divided
by their sum. Between the ends of two pools the curve is a straight line, beyond the first and the last it is level. The
targets are Platt's, so that no pool says 0 or 1: a rare class that no eval row shows may come all the same.

Shapes: n rows, c classes, a curve of k points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.calibration.calibrator import Doubles
from hagane.features.emit import Emitter
from hagane.features.emit_curve import emit_curves
from hagane.features.emit_row_totals import emit_row_totals


@dataclass(frozen=True, slots=True)
class RisingCurve:
    """Through the points (x, y), both rising; level before the first and behind the last."""

    x: tuple[float, ...]
    """[k] rising strictly."""
    y: tuple[float, ...]

    @property
    def slopes(self) -> tuple[float, ...]:
        """[k] from each point to the next, 0 from the last; 0, a step, where two points lie too near to divide by."""
        with np.errstate(over="ignore"):
            rises = np.append(np.diff(self.y) / np.diff(self.x), 0.0)
        return tuple(np.where(np.isfinite(rises), rises, 0.0).tolist())

    def at(self, x: Doubles) -> Doubles:
        """[n] → [n], as the graph computes it, operation by operation."""
        points, values = np.array(self.x), np.array(self.y)
        inside = np.minimum(np.maximum(x, points[0]), points[-1])
        left = np.searchsorted(points, inside, side="right") - 1
        reached = (inside - points[left]) * np.array(self.slopes)[left] + values[left]
        return np.asarray(np.minimum(reached, np.append(values[1:], values[-1])[left]))


@dataclass(frozen=True, slots=True)
class IsotonicCalibrator:
    """A curve for the second of two classes, or one for each of more."""

    curves: tuple[RisingCurve, ...]
    method: str = "isotonic"

    def apply(self, probabilities: Doubles) -> Doubles:
        """[n, c] → [n, c]."""
        if len(self.curves) == 1:
            second = self.curves[0].at(probabilities[:, 1])
            return np.column_stack([1.0 - second, second])
        raised = np.column_stack([curve.at(probabilities[:, index]) for index, curve in enumerate(self.curves)])
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def emit(self, emitter: Emitter, probabilities: str) -> str:
        """A look-up in the curves' points, a product and a sum; of three classes and more a division."""
        points = [(curve.x, curve.y, curve.slopes) for curve in self.curves]
        if len(self.curves) == 1:
            second = emitter.node("Gather", probabilities, emitter.constant([1], np.int64), axis=1, width=1)
            raised = emit_curves(emitter, second, points)
            first = emitter.node("Sub", emitter.constant(1.0, np.float64), raised)
            return emitter.node("Concat", first, raised, axis=1, width=2)
        raised = emit_curves(emitter, probabilities, points)
        return emitter.node("Div", raised, emit_row_totals(emitter, raised))

    def describe(self) -> str:
        """How many points there are."""
        return f"{sum(len(curve.x) for curve in self.curves):,} points"


def fit_isotonic(
    probabilities: Doubles, labels: npt.NDArray[np.int64], weights: Doubles | None = None
) -> IsotonicCalibrator:
    """The rising curves of the lowest weighted squared error to Platt's targets.

    `probabilities` [n, c], `labels` [n] class numbers, `weights` [n] or none.

    >>> scores = np.array([0.1, 0.2, 0.3, 0.4])
    >>> fitted = fit_isotonic(np.column_stack([1 - scores, scores]), np.array([0, 1, 0, 1]))
    >>> fitted.curves[0].x, np.round(fitted.curves[0].y, 3).tolist()
    ((0.1, 0.2, 0.3, 0.4), [0.25, 0.5, 0.5, 0.75])
    """
    weights = np.ones(len(labels)) if weights is None else weights
    num_classes = probabilities.shape[1]
    places = (1,) if num_classes == 2 else range(num_classes)
    return IsotonicCalibrator(tuple(_curve(probabilities[:, place], labels == place, weights) for place in places))


def _curve(scores: Doubles, is_class: npt.NDArray[np.bool_], weights: Doubles) -> RisingCurve:
    from sklearn.isotonic import IsotonicRegression

    inside, outside = float(weights[is_class].sum()), float(weights[~is_class].sum())
    targets = np.where(is_class, (inside + 1.0) / (inside + 2.0), 1.0 / (outside + 2.0))
    there = weights > 0
    fitted = IsotonicRegression(out_of_bounds="clip").fit(scores[there], targets[there], sample_weight=weights[there])
    return RisingCurve(
        tuple(fitted.X_thresholds_.tolist()), tuple(np.maximum.accumulate(fitted.y_thresholds_).tolist())
    )
