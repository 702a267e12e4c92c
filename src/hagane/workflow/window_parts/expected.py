"""`sum_up_expected`: how good the answers are to be expected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.bundle.signature import Signature
from hagane.data.engine import quote_name
from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.monitoring.quality.expected_multiclass import ExpectedMulticlass
from hagane.monitoring.quality.expected_quality import ExpectedQuality
from hagane.monitoring.quality.expected_several import ExpectedSeveral
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.window_parts.expected_errors import expected_errors
from hagane.workflow.window_parts.quality import MOST_LABELS

Floats = npt.NDArray[np.float64]
BATCH_VALUES = 1 << 21


def sum_up_expected(rows: LoggedRows) -> ExpectedQuality | None:
    """Of a classifier by its probabilities, of several truth values each; of a regressor of one number by the error
    model in its bundle."""
    signature = rows.signature
    num_classes = len(signature.classes)
    if signature.task == "regression" and signature.label and not signature.labels:
        return expected_errors(rows)
    if signature.labels and signature.task == "classification":
        each = {one.label: _of_probabilities(rows, one) for one in signature.each[:MOST_LABELS]}
        binary = {label: sums for label, sums in each.items() if isinstance(sums, ExpectedBinary)}
        return ExpectedSeveral(each=binary) if binary else None
    if signature.labels or num_classes < 2 or (num_classes == 2 and signature.threshold is None):
        return None
    return _of_probabilities(rows, signature)


def _of_probabilities(rows: LoggedRows, signature: Signature) -> ExpectedQuality:
    """Rows that were refused have none, and are left out."""
    num_classes = len(signature.classes)
    probs = f"prediction.{quote_name(signature.prediction_name + '_probs')}"
    sql = (
        f"SELECT list_transform({probs}, lambda each: each.prob) AS p, weight AS w"
        f" FROM ({rows.sql}) WHERE {probs} IS NOT NULL"
    )
    whole = _sums(np.empty((0, num_classes)), np.empty(0), signature.threshold)
    for batch in rows.engine.batches(sql, max(1024, BATCH_VALUES // num_classes)):
        p = np.asarray(batch.column("p").flatten(), np.float64).reshape(-1, num_classes)
        whole = whole.merge(_sums(p, np.asarray(batch.column("w"), np.float64), signature.threshold))  # type: ignore[arg-type]
    return whole


def _sums(p: Floats, w: Floats, threshold: float | None) -> ExpectedQuality:
    if p.shape[1] == 2 and threshold is not None:
        return ExpectedBinary.of(p[:, 1], threshold=threshold, weights=w)
    return ExpectedMulticlass.of(p, weights=w)
