"""`describe_table`: everything that a description holds, from a table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hagane.data.table import Table
from hagane.description.description import Description
from hagane.description.distributions import measure_distributions
from hagane.description.label import describe_label
from hagane.description.missing import measure_missing
from hagane.description.scatter_plots import draw_scatter_plots
from hagane.errors import Fault, SpecError, nearest
from hagane.progress import SILENT, Progress
from hagane.statistics.collinearity import measure_collinearity
from hagane.statistics.correlations import measure_correlations
from hagane.statistics.draw_sample import SAMPLED_ROWS, draw_sample
from hagane.statistics.leaks import THRESHOLD, Leak, find_leaks
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
    collinearity = measure_collinearity(table, sample, statistics, correlations, label=label, progress=progress)
    with progress.phase("shapes", unit="columns", total=len(statistics.columns)) as phase:
        plots = draw_scatter_plots(sample, correlations, collinearity.dependencies, label)
        phase.advance(len(statistics.columns))
    scores = _scores(table, label, statistics, progress) if label is not None else ()
    return Description(
        num_sampled_rows=sample.num_rows,
        statistics=statistics,
        correlations=correlations,
        collinearity=collinearity,
        distributions=measure_distributions(table, sample, statistics, progress=progress),
        missing=measure_missing(sample, statistics, label),
        scatter_plots=plots,
        label=describe_label(sample, statistics, label, scores) if label is not None else None,
        leaks=tuple(each for each in scores if each.score >= THRESHOLD),
        unsupported=table.unsupported,
        bad_rows=table.bad_rows,
        origins=dict(origins or {}),
    )


def _scores(table: Table, label: str, statistics: Statistics, progress: Progress) -> tuple[Leak, ...]:
    """How well each column alone tells the label, the best first."""
    with progress.phase("leaks", unit="columns") as phase:
        leaks = find_leaks(table, label, statistics, threshold=-math.inf)
        phase.advance(len(statistics.columns))
    return leaks


def _no_label(label: str, table: Table) -> Fault:
    return Fault(
        what=f"the data have no column '{label}'",
        where="label",
        nearest=nearest(label, table.schema.names),
        next_step="correct the name",
    )
