"""Options of the random-forest families."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hagane.models.tree_options import Fraction, NotNegative, TreeOptions


class RandomForestOptions(TreeOptions, frozen=True, kw_only=True):
    """Options of both random-forest families. Names are BigQuery ML's where it has one."""

    num_parallel_tree: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 100
    """Trees; of three or more classes so many each."""
    num_leaves: Annotated[int, msgspec.Meta(ge=2, le=131_072)] = 2048
    min_tree_child_rows: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    """Fewest rows in a leaf. null: 3 for classes, 1 for numbers."""
    l2_reg: NotNegative = 0.0
    """Rows of the mean label that each leaf is given besides its own."""
    subsample: Fraction = 0.632
    """Share of the rows that each tree sees, drawn without replacement: as many as differ in a bootstrap sample."""
    colsample_bytree: Fraction | None = 1.0
    """Share of the features that each tree sees. null: all."""
    colsample_bynode: Fraction | None = None
    """Share of the features that each split sees. null: their square root for classes, 0.6 of them for numbers."""
