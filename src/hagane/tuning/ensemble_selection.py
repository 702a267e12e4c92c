"""`select_members`: which models an ensemble is made of, and how much each of them has to say.

Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries of
models"): votes are given one after another, each to the model that lowers the loss of the mean the most. Against
fitting the eval rows it is begun with a vote for each of the best models, and done on many halves of the rows, whose
votes are added up (both from the same paper, sections 2.3 and 2.4).

Shapes: m models, n rows, scores [n] or [n, c].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NUM_BAGS, NUM_VOTES, BEGIN_WITH = 20, 12, 2
MOST_ROWS = 20_000
"""Of more rows so many are looked at."""


def select_members(
    scores: Mapping[str, Floats], row_losses: Callable[[Floats, Any], Floats], labels: npt.NDArray[Any], *,
    max_members: int, seed: int = 0,
) -> dict[str, float]:  # fmt: skip
    """Model → its share; shares add up to 1, and at most `max_members` have one.

    `row_losses` gives the loss of each row [n] of scores and labels.

    >>> truth = np.array([0.0, 1.0, 2.0, 3.0] * 50)
    >>> noise = np.random.default_rng(0).normal(size=(3, 200))
    >>> scores = {"a": truth + noise[0], "b": truth + noise[1], "far": truth + 9 * noise[2]}
    >>> found = select_members(scores, lambda s, y: (s - y) ** 2, truth, max_members=2)
    >>> sorted(found), sum(found.values())
    (['a', 'b'], 1.0)
    """
    names = list(scores)
    random = np.random.default_rng(seed)
    rows = np.arange(len(labels))
    if len(rows) > MOST_ROWS:
        rows = np.sort(random.choice(len(rows), MOST_ROWS, replace=False))
    stacked = np.stack([scores[name][rows] for name in names])
    votes = _votes(stacked, row_losses, labels[rows], random)
    if np.count_nonzero(votes) > max_members:
        kept = np.argsort(-votes, kind="stable")[:max_members]
        again = _votes(stacked[kept], row_losses, labels[rows], random)
        votes = np.zeros(len(names))
        votes[kept] = again
    shares = votes / votes.sum()
    return {name: float(share) for name, share in zip(names, shares, strict=True) if share}


def _votes(stacked: Floats, row_losses: Callable[[Floats, Any], Floats], labels: npt.NDArray[Any],
           random: np.random.Generator) -> Floats:  # fmt: skip
    """[m] how many votes each model got, those of all halves together."""
    num_models, num_rows = stacked.shape[:2]
    votes = np.zeros(num_models)
    for _ in range(NUM_BAGS if num_models > 1 else 1):
        half = random.permutation(num_rows)[: max(1, num_rows // 2)]
        votes += _greedy(stacked[:, half], row_losses, labels[half])
    votes[votes < 0.05 * votes.sum()] = 0  # a voice that hardly counts costs as much as any other
    return votes


def _greedy(stacked: Floats, row_losses: Callable[[Floats, Any], Floats], labels: npt.NDArray[Any]) -> Floats:
    votes = np.zeros(len(stacked))
    single = [float(np.mean(row_losses(each, labels))) for each in stacked]
    votes[np.argsort(single, kind="stable")[:BEGIN_WITH]] = 1
    total = np.tensordot(votes, stacked, axes=1)
    for number in range(int(votes.sum()), NUM_VOTES):
        losses = [float(np.mean(row_losses((total + each) / (number + 1), labels))) for each in stacked]
        best = int(np.argmin(losses))
        votes[best] += 1
        total = total + stacked[best]
    return votes
