"""`TreeArrays`: an ensemble of trees with the rows that went each way, as a bundle keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class TreeArrays(NamedTuple):
    """All trees one after another: m nodes, l leaves, t trees. A child c >= 0 is a node, c < 0 the leaf ~c.

    Every tree has a node: one that was never split is a node of which both sides are its leaf.
    """

    features: Ints
    """[m] the column that the node looks at."""
    thresholds: Floats
    """[m] `x <= threshold` goes left; of a categorical node 0."""
    sets: Ints
    """[m] the number of a categorical node's set; -1 of the others."""
    nan_left: npt.NDArray[np.bool_]
    """[m] whether NaN goes left."""
    left: Ints
    right: Ints
    node_rows: Floats
    """[m] training rows that came to the node."""
    leaf_rows: Floats
    """[l]."""
    leaves: Floats
    """[l] what each leaf adds to the raw score."""
    outputs: Ints
    """[t] the raw score that each tree adds to."""
    roots: Ints
    """[t]."""
    set_offsets: Ints
    """[s + 1] where each set begins among `set_members`."""
    set_members: Ints
    """The ids that go left."""
    base: Floats
    """[c] what is added to the trees' sums."""

    @classmethod
    def of(cls, tensors: Mapping[str, npt.NDArray[Any]]) -> TreeArrays:
        """Out of a file's tensors. Raises KeyError for one that is missing."""
        return cls(**{name: tensors[name] for name in cls._fields})
