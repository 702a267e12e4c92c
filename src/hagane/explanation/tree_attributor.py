"""`TreeAttributor`: Shapley values of trees as an attributor. The baseline is the mean over the training rows."""

from __future__ import annotations

import numpy as np

from hagane.explanation.attributor import Attributed, Floats
from hagane.explanation.tree_arrays import TreeArrays
from hagane.explanation.tree_paths import TreePaths
from hagane.explanation.tree_shap import TreeShap


class TreeAttributor:
    """Of the trees that add to raw score `output`."""

    uses_baseline_row = False

    def __init__(self, trees: TreeArrays, output: int, num_columns: int) -> None:
        self._shap = TreeShap(TreePaths.of(trees, output), num_columns)

    def attribute(self, columns: Floats, baseline: Floats) -> Attributed:
        """Exact, whatever the baseline row."""
        return Attributed(self._shap.attributions(columns), np.full(len(columns), self._shap.baseline))

    def scores(self, columns: Floats) -> Floats:
        """The trees' sums."""
        return self._shap.scores(columns)
