"""`judge_inputs`: how far the raw columns lie from the reference's."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.column_distances import column_distances
from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring


def judge_inputs(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Pseudonyms are compared with pseudonyms alone, so not with the values of training."""
    if "inputs" in monitoring.watch and reference.inputs is not None:
        hashed = summary.hashed if reference.baseline == "training" else ()
        yield from column_distances("input", reference.inputs, summary.inputs, summary, monitoring, leave_out=hashed,
                                    derived=reference.thresholds)  # fmt: skip
