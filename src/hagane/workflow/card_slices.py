"""`card_slices`: by which columns a card's figures are given where the spec names none."""

from __future__ import annotations

from hagane.types import SqlType
from hagane.workflow.prepare import Prepared

MOST_COLUMNS = 6
MOST_VALUES = 20
MOST_ROWS = 200_000
"""Rows to be judged, beyond which nothing is sliced unasked."""


def card_slices(prepared: Prepared, num_rows: int) -> tuple[str, ...]:
    """Columns of few values that the features read, those of the fewest first."""
    if prepared.resolved.spec.evaluation.slices or prepared.label.width > 1 or num_rows > MOST_ROWS:
        return ()
    found = []
    for column in prepared.transform.columns:
        values = prepared.statistics[column.name].num_distinct
        if column.type is SqlType.BOOL:
            found.append((2, column.name))
        elif column.type is SqlType.STRING and values is not None and 2 <= values <= MOST_VALUES:
            found.append((values, column.name))
    return tuple(name for _, name in sorted(found)[:MOST_COLUMNS])
