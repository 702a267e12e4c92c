"""`judge_features`: how far what the model sees lies from the reference's."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.column_distances import column_distances
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_features(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Where they are watched, and both sides have them."""
    if "features" in monitoring.watch and reference.features is not None and summary.features is not None:
        yield from column_distances("feature", reference.features, summary.features, summary, monitoring,
                                    derived=reference.thresholds)  # fmt: skip
