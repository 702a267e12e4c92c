"""`describe`: what is in a table, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.data.open_table import open_table
from hagane.description.describe_table import describe_table
from hagane.description.description import Description
from hagane.errors import Fault, SpecError
from hagane.progress import SILENT, Progress
from hagane.sql.origins import column_origins
from hagane.statistics.draw_sample import SAMPLED_ROWS

LEAST_SAMPLE = 100
"""Fewer rows say nothing of ranks, groups and shapes."""


def describe(
    data: object,
    *,
    label: str | None = None,
    tables: Mapping[str, str] | None = None,
    sampled_rows: int = SAMPLED_ROWS,
    memory_limit: str | int | None = None,
    progress: Progress = SILENT,
) -> Description:
    """Describe `data` (whatever `open_table` takes); with `label`, what tells it. Raises as those two functions do.

    Raises SpecError for a sample of fewer than `LEAST_SAMPLE` rows.
    """
    _check_sample(sampled_rows)
    table = open_table(data, tables=tables or {}, progress=progress, memory_limit=memory_limit)
    origins = column_origins(data) if isinstance(data, str) else {}
    return describe_table(table, label=label, sampled_rows=sampled_rows, origins=origins, progress=progress)


def _check_sample(num_rows: int) -> None:
    if isinstance(num_rows, int) and num_rows >= LEAST_SAMPLE:
        return
    expected = f"a whole number of rows, {LEAST_SAMPLE} or more"
    raise SpecError(Fault(what="sample is out of range", where="sample", expected=expected, received=str(num_rows)))
