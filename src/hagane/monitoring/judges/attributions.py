"""`judge_attributions`: how far what columns add to the answers lies from the reference's."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.column_distances import column_distances
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_attributions(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Where they are watched, and both sides have them."""
    if "attributions" in monitoring.watch and reference.attributions is not None and summary.attributions is not None:
        yield from column_distances("attribution", reference.attributions, summary.attributions, summary, monitoring,
                                    derived=reference.thresholds)  # fmt: skip
