"""Platt scaling: a slope and a shift of the log probabilities.

Of two classes it is Platt's sigmoid over the log odds, p' = σ(a ln(p / (1 − p)) + b) (Platt 1999, "Probabilistic
outputs for support vector machines"; Lin, Lin and Weng 2007). Of more classes it is softmax(a ln p + b) with one slope
and a shift for each class: temperature scaling (Guo et al. 2017, "On calibration of modern neural networks", who found
one slope to do as well as one for each class) with biases (Alexandari, Kundaje and Shrikumar 2020), the same as Platt's
where there are two. A slope below 0 is never taken: it would turn the order of the scores round.

Shapes: n rows, c classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hagane.calibration.calibrator import Doubles
from hagane.features.emit import Emitter
from hagane.number_text import brief_text

LEAST = 1e-12
"""Probabilities below count as this much: of a float32 sigmoid that says 0 nothing finer is known."""
MAX_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class SigmoidCalibrator:
    """softmax(slope · ln p + shifts)."""

    slope: float
    shifts: tuple[float, ...]
    """[c] of each class, the first one's 0."""
    method: str = "platt"

    def apply(self, probabilities: Doubles) -> Doubles:
        """[n, c] → [n, c]."""
        return softmax(self.slope * log_probabilities(probabilities) + np.array(self.shifts))

    def emit(self, emitter: Emitter, probabilities: str) -> str:
        """Five nodes."""
        bounded = emitter.node("Max", probabilities, emitter.constant(LEAST, np.float64))
        scaled = emitter.node("Mul", emitter.node("Log", bounded), emitter.constant(self.slope, np.float64))
        shifted = emitter.node("Add", scaled, emitter.constant(np.array([self.shifts])))
        return emitter.node("Softmax", shifted, axis=1)

    def describe(self) -> str:
        """The slope, and of two classes the shift."""
        shift = f", shift {brief_text(self.shifts[1])}" if len(self.shifts) == 2 else f", {len(self.shifts)} shifts"
        return f"slope {brief_text(self.slope)}{shift}"


def fit_sigmoid(
    probabilities: Doubles, labels: npt.NDArray[np.int64], weights: Doubles | None = None
) -> SigmoidCalibrator:
    """The slope and shifts of the lowest log loss against Platt's smoothed targets.

    `probabilities` [n, c], `labels` [n] class numbers, `weights` [n] or none. The loss is convex; by L-BFGS.

    >>> rows = np.array([[0.1, 0.9]] * 10 + [[0.9, 0.1]] * 10)
    >>> labels = np.array([1] * 7 + [0] * 3 + [0] * 7 + [1] * 3)
    >>> fitted = fit_sigmoid(rows, labels)
    >>> fitted.apply(np.array([[0.1, 0.9]])).round(2).tolist()  # seven in ten, drawn towards a half
    [[0.33, 0.67]]
    """
    weights = np.ones(len(labels)) if weights is None else weights
    logs = log_probabilities(probabilities)
    logs = logs - logs[:, :1]
    targets = smoothed_targets(labels, weights, logs.shape[1])
    found = _minimize(logs, targets, weights, is_sloped=True)
    if found[0] < 0:
        found = _minimize(logs, targets, weights, is_sloped=False)
    return SigmoidCalibrator(slope=float(found[0]), shifts=(0.0, *map(float, found[1:])))


def smoothed_targets(labels: npt.NDArray[np.int64], weights: Doubles, num_classes: int) -> Doubles:
    """[n, c] Platt's targets: (N_k + 1) / (N_k + c) for a row's own class k, 1 / (N_k + c) for each of the others.

    >>> smoothed_targets(np.array([0, 1, 1]), np.ones(3), 2).round(3).tolist()
    [[0.667, 0.333], [0.25, 0.75], [0.25, 0.75]]
    """
    counts = np.bincount(labels, weights=weights, minlength=num_classes)
    table = (np.eye(num_classes) * counts[:, None] + 1.0) / (counts[:, None] + num_classes)
    return np.asarray(table[labels])


def log_probabilities(probabilities: Doubles) -> Doubles:
    """[n, c] natural logarithms of what is at least `LEAST`."""
    return np.log(np.maximum(probabilities, LEAST))


def softmax(scores: Doubles) -> Doubles:
    """[n, c] → [n, c], each row summing to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _minimize(logs: Doubles, targets: Doubles, weights: Doubles, *, is_sloped: bool) -> Doubles:
    """[c] the slope (0 where not `is_sloped`) and the shifts but the first."""
    from scipy.optimize import minimize

    num_classes = logs.shape[1]
    first = 0 if is_sloped else 1
    start = np.concatenate([[float(is_sloped)], np.zeros(num_classes - 1)])

    def loss(free: Doubles) -> tuple[float, Doubles]:
        parameters = np.concatenate([np.zeros(first), free])
        scores = parameters[0] * logs + np.concatenate([[0.0], parameters[1:]])
        peaks = scores.max(axis=1, keepdims=True)
        sums = np.log(np.exp(scores - peaks).sum(axis=1, keepdims=True)) + peaks
        errors = (np.exp(scores - sums) - targets) * weights[:, None] / total
        gradient = np.concatenate([[np.sum(errors * logs)], errors[:, 1:].sum(axis=0)])
        return float(np.sum((sums - scores) * targets * weights[:, None]) / total), gradient[first:]

    total = max(float(weights.sum()), 1e-300)
    found = minimize(
        loss,
        start[first:],
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_STEPS, "gtol": 1e-10, "ftol": 1e-15, "maxcor": 30},
    )
    return np.concatenate([np.zeros(first), found.x])
