"""The search for leaks as a stage that its user sees."""

from __future__ import annotations

from hagane.data.table import Table
from hagane.progress import Progress
from hagane.statistics.leaks import Leak, find_leaks
from hagane.statistics.statistics import Statistics


def look_for_leaks(table: Table, label: str, statistics: Statistics, progress: Progress) -> tuple[Leak, ...]:
    """Columns of `table` that alone predict `label` almost perfectly."""
    with progress.phase("leaks", unit="columns") as phase:
        leaks = find_leaks(table, label, statistics)
        phase.advance(len(statistics.columns))
    return leaks
