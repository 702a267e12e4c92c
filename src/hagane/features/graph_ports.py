"""Names of the tensors by which the feature graph, the model's graph and the bundle's graph join.

=========== ================== ==========================================================================
tensor      shape, dtype       holds
=========== ================== ==========================================================================
`dense`     [n, d] f32 or f64  the dense features side by side, in the order of `Transform.dense`
`ids`       [n, k] int64       the id features side by side, in the order of `Transform.ids`
`sparse.*`  below              the sparse features, in the order of `Transform.sparse`
`row_error` [n] bool           an expression of this row met what BigQuery raises on (LN(-1), 1 / 0, overflow)
`scores`    [n] or [n, c]      a regressor's value, or probabilities of a classifier's c >= 2 classes, f32 or f64
=========== ================== ==========================================================================

`dense` and `ids` are left out of the graph where there are no such features. Sparse feature number i has three tensors,
an entry for each slot of each row: `sparse.<i>.rows` [t] int64 (the entry's row, ascending), `sparse.<i>.ids` [t] int64
and `sparse.<i>.weights` [t] float32.
"""

from __future__ import annotations

from typing import NamedTuple

DENSE = "dense"
IDS = "ids"
ROW_ERROR = "row_error"
SCORES = "scores"
FEATURE_MASKS = "feature_masks"


def sparse_outputs(index: int) -> tuple[str, str, str]:
    """Names of the tensors of a sparse feature: rows, ids, weights.

    >>> sparse_outputs(0)
    ('sparse.0.rows', 'sparse.0.ids', 'sparse.0.weights')
    """
    return f"sparse.{index}.rows", f"sparse.{index}.ids", f"sparse.{index}.weights"


class SparsePort(NamedTuple):
    """Names of the tensors that hold one sparse feature, an entry for each slot of each row.

    The weights of a slot that occurs twice in a row add up.
    """

    rows: str
    """[t] int64, ascending: in which row the entry stands."""
    ids: str
    """[t] int64, in [0, cardinality)."""
    weights: str
    """[t] float32."""
    num_rows: str
    """[1] int64: n, the rows of the batch (a row may have no entry)."""
