"""From the raw sums of trees to scores: by the same formulas in numpy here, and in the graph in `tree_graph`.

| link | raw | scores |
| --- | --- | --- |
| identity, exp | [n, 1] | [n], the number or exp of it |
| sigmoid | [n, 1] log odds | [n, 2] |
| softmax | [n, c] | [n, c] |
| share | [n, 1] the share of the second class | [n, 2] |
| shares | [n, c] each class's share, from trees of its own | [n, c], made to add up to 1 |
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def num_scores(link: str, num_outputs: int) -> tuple[int, ...]:
    """The shape of one row's scores.

    >>> num_scores("identity", 1), num_scores("share", 1), num_scores("softmax", 3)
    ((), (2,), (3,))
    """
    if link in ("identity", "exp"):
        return ()
    return (2,) if link in ("sigmoid", "share") else (num_outputs,)


def apply_link(link: str, raw: Floats) -> Floats:
    """Scores of `raw` [n, c] of a forest.

    >>> apply_link("share", np.array([[0.25]])).tolist(), apply_link("shares", np.array([[0.6, -0.1, 0.6]])).tolist()
    ([[0.75, 0.25]], [[0.5, 0.0, 0.5]])
    """
    if link == "identity":
        return raw[:, 0]
    if link == "share":
        share = np.clip(raw, 0.0, 1.0)
        return np.concatenate([1 - share, share], axis=1)
    assert link == "shares"
    shares = np.maximum(raw, 0.0)
    found: Floats = shares / shares.sum(axis=1, keepdims=True)
    return found
