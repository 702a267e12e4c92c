"""What each member of an ensemble has to say, learned from its answers to rows that it was not fitted on.

`greedy_weights` is ensemble selection (Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004): from
nothing, again and again the member is added, with replacement, with which the mean of those chosen loses least; a
member's weight is how often it was. Few steps and many zeros are its regularisation.

The stacks are linear models over the members' answers with weights that are not negative, without which stacking
follows noise (Breiman, "Stacked Regressions", Machine Learning 24, 1996): of numbers least squares, of classes log loss
of log odds (a logarithmic opinion pool). The latter's weights are drawn to 1 / m each as strongly as by one row, so
that they are finite where the members make no mistake.

Shapes: m members, n rows, c classes; answers [m, n] or [m, n, c]; label [n], weight [n].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, nnls
from scipy.special import logsumexp, softmax

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ROUNDS = 60
"""Steps of the selection: weights are multiples of one in so many."""
LEAST_GAIN = 1e-9
"""Share of the loss by which a step must lower it to count."""
LEAST_PROBABILITY = 1e-15
SAME = 1e-9
"""A deviation of less than this share of what is answered is none."""
NEAREST_TO_CERTAIN = 1e-6
"""Probabilities nearer to 0 and 1 count as if they were so near: a forest's may be 0."""


class Stack(NamedTuple):
    """A linear model over the members' answers."""

    weights: Floats
    """[m], none negative."""
    intercept: Floats
    """[1] of a number, [1] of the log odds of two classes, [c] of the logarithms of more."""


def greedy_weights(answers: Floats, label: Floats | None, weight: Floats, *, rounds: int = ROUNDS) -> Floats:
    """[m] weights that add up to 1, of `answers` [m, n]: numbers for `label`; without one, probabilities of the class
    that came true.

    >>> greedy_weights(np.array([[1.0, 3.0], [2.0, 2.0], [9.0, 9.0]]), np.array([1.5, 2.5]), np.ones(2), rounds=4)
    array([0.5, 0.5, 0. ])
    """
    counts, best, least = np.zeros(len(answers), np.int64), np.zeros(len(answers), np.int64), np.inf
    total = np.zeros(answers.shape[1])
    for step in range(1, rounds + 1):
        losses = [_loss((total + each) / step, label, weight) for each in answers]
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total += answers[chosen]
        if losses[chosen] < least - LEAST_GAIN * abs(least if np.isfinite(least) else 0.0):
            best, least = counts.copy(), losses[chosen]
    return np.asarray(best / best.sum())


def stack_numbers(answers: Floats, label: Floats, weight: Floats) -> Stack:
    """Least squares over the members' numbers [m, n]; one that always answers the same has weight 0."""
    share = weight / weight.sum()
    means, level = answers @ share, float(label @ share)
    root = np.sqrt(share)
    apart, target = (answers - means[:, None]) * root, (label - level) * root
    deviations = np.linalg.norm(apart, axis=1)
    varies = deviations > SAME * (np.linalg.norm(target) + np.abs(means))
    weights = np.zeros(len(answers))
    if varies.any():
        weights[varies] = nnls((apart[varies] / deviations[varies, None]).T, target)[0] / deviations[varies]
    return Stack(weights, np.array([level - weights @ means]))


def stack_classes(answers: Floats, label: Ints, weight: Floats) -> Stack:
    """Log loss over the members' probabilities [m, n, c]."""
    logs = log_odds(answers)
    num_members, _, width = logs.shape
    start = np.concatenate([np.full(num_members, 1 / num_members), np.zeros(width)])
    bounds = [(0.0, None)] * num_members + [(None, None)] * width
    found = minimize(_stack_loss, start, (logs, label, weight), jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-8})  # fmt: skip
    weights, intercept = found.x[:num_members], found.x[num_members:]
    return Stack(weights, intercept if width == 1 else intercept - intercept.mean())


def log_odds(answers: Floats) -> Floats:
    """[…, 1] of the second of two classes, [… , c] the logarithms of more, from probabilities […, c].

    >>> log_odds(np.array([0.25, 0.75])).round(4).tolist(), log_odds(np.array([1.0, 0.0])).round(1).tolist()
    ([1.0986], [-13.8])
    """
    clipped = np.clip(answers, NEAREST_TO_CERTAIN, 1 - NEAREST_TO_CERTAIN)
    if answers.shape[-1] > 2:
        return np.asarray(np.log(clipped))
    second = clipped[..., 1:]
    return np.asarray(np.log(second / (1 - second)))


def _loss(mixed: Floats, label: Floats | None, weight: Floats) -> float:
    if label is None:
        return float(-weight @ np.log(np.maximum(mixed, LEAST_PROBABILITY)))
    return float(weight @ np.square(mixed - label))


def _stack_loss(point: Floats, logs: Floats, label: Ints, weight: Floats) -> tuple[float, Floats]:
    """The loss, a mean over rows, and its gradient [m + width]."""
    num_members, num_rows, width = logs.shape
    raw = np.tensordot(point[:num_members], logs, axes=1) + point[num_members:]
    raw = raw if width > 1 else np.concatenate([np.zeros((num_rows, 1)), raw], axis=1)
    loss = weight @ (logsumexp(raw, axis=1) - raw[np.arange(num_rows), label])
    slope = softmax(raw, axis=1)
    slope[np.arange(num_rows), label] -= 1
    slope = (slope * weight[:, None])[:, raw.shape[1] - width :]
    apart = point[:num_members] - 1 / num_members
    gradient = np.concatenate([np.tensordot(logs, slope, axes=((1, 2), (0, 1))) + apart, slope.sum(axis=0)])
    total = weight.sum()
    return float(loss + apart @ apart / 2) / total, gradient / total
