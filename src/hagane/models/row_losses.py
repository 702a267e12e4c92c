"""The losses of linear models, row by row, with their slopes by the raw score.

Shapes: raw [n, c], label [n] → losses [n], residuals [n, c]. `raw` is overwritten by the residuals, so that n · c
numbers are held once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
RowLoss = Callable[[Floats, Floats], tuple[Floats, Floats]]


def squared_losses(raw: Floats, label: Floats) -> tuple[Floats, Floats]:
    """Half the squared error.

    >>> squared_losses(np.array([[3.0]]), np.array([1.0]))
    (array([2.]), array([[2.]]))
    """
    raw[:, 0] -= label
    return 0.5 * np.square(raw[:, 0]), raw


def log_losses(raw: Floats, label: Floats) -> tuple[Floats, Floats]:
    """The log loss of two classes (c = 1: the log odds of the second) or of c, by softmax.

    >>> log_losses(np.array([[0.0]]), np.array([1.0]))
    (array([0.69314718]), array([[-0.5]]))
    >>> log_losses(np.zeros((1, 4)), np.array([2.0]))
    (array([1.38629436]), array([[ 0.25,  0.25, -0.75,  0.25]]))
    """
    return _of_two(raw, label) if raw.shape[1] == 1 else _of_many(raw, label)


def _of_two(raw: Floats, label: Floats) -> tuple[Floats, Floats]:
    z = raw[:, 0]
    small = np.exp(-np.abs(z))
    losses = np.log1p(small)
    losses += np.maximum(z, 0)
    losses -= label * z
    chance = np.where(z >= 0, 1.0, small)
    small += 1
    chance /= small
    chance -= label
    return losses, chance[:, None]


def _of_many(raw: Floats, label: Floats) -> tuple[Floats, Floats]:
    rows, classes = np.arange(len(raw)), label.astype(np.intp)
    raw -= raw.max(axis=1, keepdims=True)
    losses = -raw[rows, classes]
    np.exp(raw, out=raw)
    total = raw.sum(axis=1)
    losses += np.log(total)
    raw /= total[:, None]
    raw[rows, classes] -= 1
    return losses, raw
