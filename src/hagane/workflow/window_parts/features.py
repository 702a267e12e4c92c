"""`sum_up_features`: what the model saw of some of the window's rows, by its own graph."""

from __future__ import annotations

from hagane.features.transform import Transform
from hagane.statistics.statistics import Statistics
from hagane.workflow.batch_scorer import TRANSFORM_NAME
from hagane.workflow.logged_instances import logged_instances
from hagane.workflow.logged_rows import LoggedRows
from hagane.workflow.measure_reference import measure_arrays
from hagane.workflow.watched_features import MOST_ROWS, WatchedFeatures


def sum_up_features(rows: LoggedRows) -> Statistics | None:
    """Where `monitoring.watch` names them; without those that read what the log does not hold."""
    if "features" not in rows.monitoring.watch or rows.bundle is None:
        return None
    if TRANSFORM_NAME not in rows.bundle.manifest.files:
        return None
    transform = Transform.from_json(rows.bundle.document(TRANSFORM_NAME))
    watched = WatchedFeatures(rows.bundle, transform, without=rows.without)
    return measure_arrays(watched.arrays(logged_instances(rows, MOST_ROWS)))
