"""`prediction_batch_rows`: how many rows are predicted at once."""

from __future__ import annotations

from hagane.bundle.signature import Signature
from hagane.data.table import BATCH_ROWS

BATCH_BYTES = 24 * 2**20
"""About what a batch and its predictions may take."""
VALUE_BYTES = 16
"""About what a value takes in memory."""
LEAST_BATCH_ROWS = 1_024
TEXT_BATCH_ROWS = 8_192
"""Texts and arrays may be long."""


def prediction_batch_rows(signature: Signature, *, num_columns: int, has_arrays: bool) -> int:
    """Rows of a batch, so that what is in work stays bounded however wide the rows and their answers are.

    `num_columns` are those that are read, the ones beside the predictions among them.
    """
    outputs = sum(2 + 2 * len(one.classes) for one in signature.each or (signature,))
    rows = BATCH_BYTES // (VALUE_BYTES * (num_columns + signature.num_features + outputs))
    return max(LEAST_BATCH_ROWS, min(TEXT_BATCH_ROWS if has_arrays else BATCH_ROWS, rows))
