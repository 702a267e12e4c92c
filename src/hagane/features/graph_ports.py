"""Names of the tensors by which the feature graph, the model's graph and the bundle's graph join.

=========== ================== ==========================================================================
tensor      shape, dtype       holds
=========== ================== ==========================================================================
`dense`     [n, d] f32 or f64  the dense features side by side, in the order of `Transform.dense`
`ids`       [n, k] int64       the id features side by side, in the order of `Transform.ids`
`row_error` [n] bool           an expression of this row met what BigQuery raises on (LN(-1), 1 / 0, overflow)
`scores`    [n] or [n, c]      a regressor's value, or probabilities of a classifier's c >= 2 classes, f32 or f64
=========== ================== ==========================================================================

`dense` and `ids` are left out of the graph where there are no such features.
"""

DENSE = "dense"
IDS = "ids"
ROW_ERROR = "row_error"
SCORES = "scores"
