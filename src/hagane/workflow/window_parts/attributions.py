"""`sum_up_attributions`: why some of the window's rows were answered as they were."""

from __future__ import annotations

from hagane.statistics.statistics import Statistics
from hagane.workflow.logged_instances import logged_instances
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.measure_reference import attributions_of
from hagane.workflow.watched_attributions import MOST_ROWS


def sum_up_attributions(rows: LoggedRows) -> Statistics | None:
    """Where `monitoring.watch` names them, and the log holds every column: without one of them answers are others."""
    if "attributions" not in rows.monitoring.watch or rows.bundle is None or rows.without:
        return None
    return attributions_of(rows.bundle, logged_instances(rows, MOST_ROWS))
