"""`judge_volume`: whether about as many rows came as usual at that time."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.finding import MARGIN, Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring

NUM_EXAMPLES = "NUM_EXAMPLES"
"""As TensorFlow Data Validation's comparator of two days calls it."""
MIN_FRACTION, MAX_FRACTION = 0.2, 5.0
"""Of the usual: what lies between is nothing to speak of."""


def judge_volume(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Of the endpoint's whole traffic, told with the model that had most of it; nothing without history.

    Where neither the usual nor what came has `min_rows` rows, chance alone makes large fractions: it is not judged.
    """
    volume = reference.volume
    if volume is None:
        return
    is_low = volume.fraction < 1.0
    threshold = MIN_FRACTION if is_low else MAX_FRACTION
    change = f"{volume.low:,.0f} to {volume.high:,.0f}" if volume.low < volume.high else f"{volume.low:,.0f}"
    yield Finding(
        of="volume", name="rows", measure=NUM_EXAMPLES, value=volume.fraction, threshold=threshold,
        is_anomaly=volume.fraction < threshold if is_low else volume.fraction > threshold,
        is_back=MIN_FRACTION / MARGIN < volume.fraction < MARGIN * MAX_FRACTION,
        num_rows=round(volume.num_rows), is_judged=max(volume.num_rows, volume.low) >= monitoring.min_rows,
        change=f"{change} usual → {volume.num_rows:,.0f}",
    )  # fmt: skip
