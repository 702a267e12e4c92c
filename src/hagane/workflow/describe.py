"""`describe`: what is in a table, before anything is trained on it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass

from hagane.data.bad_rows import BadRows
from hagane.data.open_table import open_table
from hagane.errors import Fault, SpecError, nearest
from hagane.evaluation.report.statistics_section import statistics_table
from hagane.progress import SILENT, Progress
from hagane.sql.origins import column_origins
from hagane.statistics.leaks import Leak
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.look_for_leaks import look_for_leaks


@dataclass(frozen=True, slots=True, repr=False)
class Description:
    """What `hagane describe` shows."""

    statistics: Statistics
    leaks: tuple[Leak, ...]
    """Empty where no label was named."""
    unsupported: tuple[Fault, ...]
    bad_rows: BadRows
    origins: dict[str, str]
    """Columns that a join, an aggregate or a window function of the query made: the caller's at serving time."""

    def __repr__(self) -> str:
        statistics, leaks = self.statistics, ", ".join(leak.column for leak in self.leaks)
        found = f"<Description: {statistics.num_rows:,} rows, {len(statistics.columns):,} columns"
        return found + (f"; suspected leaks: {leaks}>" if leaks else ">")

    def _repr_html_(self) -> str:
        leaks = "".join(f"<p>suspected leak: {html.escape(leak.reason)}</p>" for leak in self.leaks)
        return f"{statistics_table(self.statistics)}{leaks}"


def describe(
    data: object, *, label: str | None = None, tables: Mapping[str, str] | None = None, progress: Progress = SILENT
) -> Description:
    """Measure every column of `data` (whatever `open_table` takes); with `label`, look for leaks of it too."""
    table = open_table(data, tables=tables or {}, progress=progress)
    if label is not None and label not in table.schema:
        raise SpecError(
            Fault(
                what=f"the data have no column '{label}'",
                where="label",
                nearest=nearest(label, table.schema.names),
                next_step="correct the name",
            )
        )
    statistics = measure_statistics(table, progress=progress)
    leaks = look_for_leaks(table, label, statistics, progress) if label is not None else ()
    origins = column_origins(data) if isinstance(data, str) else {}
    return Description(statistics, leaks, table.unsupported, table.bad_rows, origins)
