"""`tell_slices_without_values`: columns by which the traffic cannot be sliced."""

from __future__ import annotations

from hagane.progress import Progress
from hagane.types import SqlType
from hagane.workflow.prepare import Prepared

SLICED_TYPES = (SqlType.BOOL, SqlType.STRING, SqlType.INT64, SqlType.DATE)
"""Of which statistics have frequent values."""


def tell_slices_without_values(prepared: Prepared, progress: Progress) -> None:
    """A note for each column of `monitoring.quality.slices` that the log will not hold, or that has no such values."""
    monitoring = prepared.resolved.spec.monitoring
    read = {column.name: column.type for column in prepared.transform.columns}
    for name in monitoring.quality.slices if monitoring else ():
        if name not in read:
            progress.note(f"monitoring.quality.slices: no feature reads '{name}', so the log will not hold it")
        elif read[name] not in SLICED_TYPES:
            step = "slice by a column of texts, whole numbers, dates or truth values"
            progress.note(f"monitoring.quality.slices: '{name}' is {read[name].value}, without frequent values: {step}")
