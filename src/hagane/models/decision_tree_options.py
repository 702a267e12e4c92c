"""Options of the decision-tree families."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hagane.models.options import FamilyOptions
from hagane.models.tree_options import NotNegative


class DecisionTreeOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both decision-tree families. Names are those of the other trees where they mean the same."""

    max_tree_depth: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """0: not limited (`num_leaves` is the limit)."""
    num_leaves: Annotated[int, msgspec.Meta(ge=2, le=131_072)] = 128
    """Before it is pruned."""
    min_tree_child_rows: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    """Fewest rows in a leaf. null: 20, or a 20th of the rows where that is less."""
    min_split_loss: NotNegative = 0.0
    """Least fall of the criterion by a split, on average over all training rows."""
    max_category_slots: Annotated[int, msgspec.Meta(ge=2, le=10_000_000)] = 256
    """Categories of more slots are given to the tree as the label's mean in the slot (`target_means`)."""
    prune: bool = True
    """Whether branches without which the eval rows are predicted as well are cut off."""


class DecisionTreeClassifierOptions(DecisionTreeOptions, frozen=True, kw_only=True):
    """Options of `decision_tree_classifier`."""

    criterion: Literal["gini", "entropy"] = "gini"
    """What splits lower: the Gini impurity, or the entropy."""
