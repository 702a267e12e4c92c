"""`describe_table`: everything that a description holds, from a table."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.data.table import Table
from hagane.description.description import Description
from hagane.errors import Fault, SpecError, nearest
from hagane.progress import SILENT, Progress
from hagane.statistics.collinearity import measure_collinearity
from hagane.statistics.correlations import measure_correlations
from hagane.statistics.draw_sample import SAMPLED_ROWS, draw_sample
from hagane.statistics.leaks import Leak, find_leaks
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics


def describe_table(
    table: Table,
    *,
    label: str | None = None,
    sampled_rows: int = SAMPLED_ROWS,
    origins: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> Description:
    """Describe every column of `table` and how they go together; with `label`, what tells it.

    A few scans, in bounded memory: statistics, Pearson's correlations and equations are of every row, the rest of about
    `sampled_rows` rows, chosen by hash of their position. Raises SpecError when there is no column `label`.
    """
    if label is not None and label not in table.schema:
        raise SpecError(_no_label(label, table))
    statistics = measure_statistics(table, progress=progress)
    sample = draw_sample(table, statistics, num_rows=sampled_rows, progress=progress)
    correlations = measure_correlations(table, sample, progress=progress)
    return Description(
        num_sampled_rows=sample.num_rows,
        statistics=statistics,
        correlations=correlations,
        collinearity=measure_collinearity(table, sample, statistics, correlations, label=label, progress=progress),
        leaks=_leaks(table, label, statistics, progress) if label is not None else (),
        unsupported=table.unsupported,
        bad_rows=table.bad_rows,
        origins=dict(origins or {}),
    )


def _leaks(table: Table, label: str, statistics: Statistics, progress: Progress) -> tuple[Leak, ...]:
    with progress.phase("leaks", unit="columns") as phase:
        leaks = find_leaks(table, label, statistics)
        phase.advance(len(statistics.columns))
    return leaks


def _no_label(label: str, table: Table) -> Fault:
    return Fault(
        what=f"the data have no column '{label}'",
        where="label",
        nearest=nearest(label, table.schema.names),
        next_step="correct the name",
    )
