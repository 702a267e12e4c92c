"""`ExpectedStream`: how good a binary classifier's answers are to be expected, of batches that are read anyway."""

from __future__ import annotations

from typing import Self

import numpy as np
import pyarrow as pa

from hagane.monitoring.expected_binary import ExpectedBinary
from hagane.workflow.answer_columns import PREDICTION, PROBABILITY
from hagane.workflow.log_batches import WEIGHT
from hagane.workflow.logged_rows import LoggedRows


class ExpectedStream:
    """What `sum_up_expected` gives of one label of two classes, without a scan of its own."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._whole = ExpectedBinary.of(np.empty(0), threshold=threshold)

    @classmethod
    def begin(cls, rows: LoggedRows) -> Self | None:
        """None of any other model."""
        signature = rows.signature
        is_binary = not signature.labels and len(signature.classes) == 2
        return cls(signature.threshold) if is_binary and signature.threshold is not None else None

    def add(self, batch: pa.RecordBatch) -> None:
        """Rows that were refused have no probability, and are left out."""
        answered, weights = batch.column(PREDICTION + PROBABILITY), batch.column(WEIGHT)
        if answered.null_count:
            weights, answered = weights.filter(answered.is_valid()), answered.drop_null()
        p, w = answered.to_numpy(), weights.to_numpy()
        self._whole = self._whole.merge(ExpectedBinary.of(p, threshold=self._threshold, weights=w))

    def part(self) -> ExpectedBinary:
        """Of all batches."""
        return self._whole
