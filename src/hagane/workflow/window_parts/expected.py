"""`sum_up_expected`: how good the answers of a binary classifier are to be expected."""

from __future__ import annotations

import numpy as np

from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.watched_answers import probability_sql


def sum_up_expected(rows: LoggedRows) -> ExpectedBinary | None:
    """Of one label of two classes."""
    signature = rows.signature
    if signature.labels or len(signature.classes) != 2 or signature.threshold is None:
        return None
    sql = f"SELECT {probability_sql(signature)} AS p, weight AS w FROM ({rows.sql})"
    whole = ExpectedBinary.of(np.empty(0), threshold=signature.threshold)
    for batch in rows.engine.batches(sql, 1 << 20):
        part = ExpectedBinary.of(
            np.asarray(batch["p"], np.float64),
            threshold=signature.threshold,
            weights=np.asarray(batch["w"], np.float64),
        )
        whole = whole.merge(part)
    return whole
