"""How the answers of an ensemble's members become one: their weighted mean, or a linear model over them.

Shapes: m members, n rows, c classes; each member answers [n] (a number) or [n, c] (probabilities), float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from hagane.features.emit import Emitter
from hagane.models.ensemble_weights import NEAREST_TO_CERTAIN, Stack, log_odds

Floats = npt.NDArray[np.float64]


class Mixture(Protocol):
    """What stands behind the members."""

    @property
    def weights(self) -> Floats:
        """[m] what each member has to say."""

    def mix(self, answers: Sequence[Floats]) -> Floats:
        """[n] or [n, c] of what each member answers."""

    def emit(self, emitter: Emitter, answers: Sequence[str]) -> str:
        """Add the nodes that do the same; the name of the mixed answer."""

    def of(self, places: Sequence[int]) -> Mixture:
        """Of these members alone; the others have nothing to say."""


class WeightedMean(NamedTuple):
    """Weights [m] that add up to 1."""

    weights: Floats

    def mix(self, answers: Sequence[Floats]) -> Floats:
        """The weighted mean."""
        return weighted_sum(self.weights, answers)

    def emit(self, emitter: Emitter, answers: Sequence[str]) -> str:
        """Products and their sum."""
        return answers[0] if len(answers) == 1 else emit_weighted_sum(emitter, self.weights, answers)

    def of(self, places: Sequence[int]) -> WeightedMean:
        """With the same weights: those of the others are 0."""
        return WeightedMean(self.weights[list(places)])


class StackedNumbers(NamedTuple):
    """A linear model over numbers."""

    stack: Stack

    @property
    def weights(self) -> Floats:
        """[m]."""
        return self.stack.weights

    def mix(self, answers: Sequence[Floats]) -> Floats:
        """The intercept and the weighted sum."""
        return self.stack.intercept + weighted_sum(self.weights, answers)

    def emit(self, emitter: Emitter, answers: Sequence[str]) -> str:
        """Products and their sum."""
        total = emit_weighted_sum(emitter, self.weights, answers)
        return emitter.node("Add", total, emitter.constant(self.stack.intercept))

    def of(self, places: Sequence[int]) -> StackedNumbers:
        """With the same weights: those of the others are 0."""
        return StackedNumbers(self.stack._replace(weights=self.weights[list(places)]))


class StackedClasses(NamedTuple):
    """A linear model over log odds."""

    stack: Stack

    @property
    def weights(self) -> Floats:
        """[m]."""
        return self.stack.weights

    def mix(self, answers: Sequence[Floats]) -> Floats:
        """Probabilities of the weighted sum of log odds."""
        raw = weighted_sum(self.weights, [log_odds(each) for each in answers]) + self.stack.intercept
        if raw.shape[1] > 1:
            return np.asarray(softmax(raw, axis=1))
        return np.concatenate([expit(-raw), expit(raw)], axis=1)

    def emit(self, emitter: Emitter, answers: Sequence[str]) -> str:
        """Log odds, products, their sum, and probabilities."""
        width = len(self.stack.intercept)
        logs = [_emit_log_odds(emitter, each, width) for each in answers]
        total = emit_weighted_sum(emitter, self.weights, logs)
        raw = emitter.node("Add", total, emitter.constant(self.stack.intercept))
        if width > 1:
            return emitter.node("Softmax", raw, axis=1)
        negative = emitter.node("Sigmoid", emitter.node("Neg", raw))
        return emitter.node("Concat", negative, emitter.node("Sigmoid", raw), axis=1)

    def of(self, places: Sequence[int]) -> StackedClasses:
        """With the same weights: those of the others are 0."""
        return StackedClasses(self.stack._replace(weights=self.weights[list(places)]))


def weighted_sum(weights: Floats, answers: Sequence[Floats]) -> Floats:
    """Σ weight · answer.

    >>> weighted_sum(np.array([0.5, 2.0]), [np.array([2.0]), np.array([1.0])]).tolist()
    [3.0]
    """
    first, *rest = (weight * each for weight, each in zip(weights, answers, strict=True))
    return np.asarray(sum(rest, start=first))


def emit_weighted_sum(emitter: Emitter, weights: Floats, answers: Sequence[str]) -> str:
    """Add the nodes of `weighted_sum`."""
    parts = [
        emitter.node("Mul", each, emitter.constant(np.float64(weight)))
        for weight, each in zip(weights, answers, strict=True)
    ]
    return parts[0] if len(parts) == 1 else emitter.node("Sum", *parts)


def _emit_log_odds(emitter: Emitter, answer: str, width: int) -> str:
    low, high = (emitter.constant(np.float64(end)) for end in (NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN))
    clipped = emitter.node("Clip", answer, low, high)
    if width > 1:
        return emitter.node("Log", clipped)
    second = emitter.node("Gather", clipped, emitter.constant(np.array([1], np.int64)), axis=1)
    rest = emitter.node("Sub", emitter.constant(np.float64(1)), second)
    return emitter.node("Log", emitter.node("Div", second, rest))
