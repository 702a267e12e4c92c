"""`judge_predictions`: how far the answers lie from the reference's."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.column_distances import column_distances
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_predictions(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Against those of the window before where the reference knows none."""
    earlier = reference.before.predictions if reference.before else None
    base = reference.predictions or earlier
    if "predictions" in monitoring.watch and base is not None:
        yield from column_distances("prediction", base, summary.predictions, summary, monitoring,
                                    derived=reference.thresholds)  # fmt: skip
