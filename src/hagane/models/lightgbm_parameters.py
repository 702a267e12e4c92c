"""LightGBM's names and values for the options of trees."""

from __future__ import annotations

from typing import Any

from hagane.models.family import FitContext
from hagane.models.monotone import monotone_parameters
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_options import TreeOptions

HISTOGRAM_MEGABYTES = 1024
"""LightGBM keeps the histograms of a tree's leaves up to this; beyond it counts some of them again. A constant, since
what is counted again is rounded otherwise than what is subtracted."""
FEWEST_TO_HALVE = 8
"""So many columns are enough for each tree to see a half of them."""


SMALL_CELLS = 1_000_000
"""Rows times columns below which one thread grows trees alone: others must be woken for each leaf's histograms.

200 rounds on 34,000 rows of 14 columns took as long with one thread as with two on two idle cores, at half the
processor's time; with other work on the machine two took up to fifteen times as long, since each waits for the slower.
"""


def num_threads_for(num_cells: int) -> int:
    """1 for few numbers, else 0: all. The trees are the same, to the bit.

    >>> num_threads_for(20_000), num_threads_for(20_000_000)
    (1, 0)
    """
    return 1 if num_cells < SMALL_CELLS else 0


def lightgbm_parameters(
    options: TreeOptions, columns: TreeColumns, num_rows: int, context: FitContext
) -> dict[str, Any]:
    """What boosted trees and forests have in common. Raises SpecError for constraints that features do not allow."""
    rows_in_leaf = options.min_tree_child_rows or min(20, max(1, num_rows // 20))
    return {
        "max_depth": options.max_tree_depth or -1,
        "num_leaves": min(options.num_leaves, max(2, num_rows // rows_in_leaf)),
        "min_sum_hessian_in_leaf": options.min_tree_child_weight,
        "min_data_in_leaf": rows_in_leaf,
        "min_data_per_group": max(1, min(100, num_rows // 20)),
        "min_gain_to_split": options.min_split_loss,
        "lambda_l1": options.l1_reg,
        "lambda_l2": options.l2_reg,
        "bagging_fraction": options.subsample,
        "bagging_freq": int(options.subsample < 1),
        "feature_fraction": options.colsample_bytree or (0.5 if columns.num_columns >= FEWEST_TO_HALVE else 1.0),
        "feature_fraction_bynode": options.colsample_bynode or 1.0,
        "max_bin": options.max_bins,
        "histogram_pool_size": HISTOGRAM_MEGABYTES,
        "zero_as_missing": False,
        "use_missing": True,
        "seed": context.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": context.num_threads or num_threads_for(num_rows * columns.num_columns),
        "verbosity": -1,
        **monotone_parameters(options, columns, context.num_classes),
    }
