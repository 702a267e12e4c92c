"""`judge_replay`: whether what was logged can be had again: the check of preprocessing between training and serving."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring

DIFFER = "DIFFER"


def judge_replay(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """A single row that differs is one too many. What could not be asked again is said, and not judged."""
    replay = summary.replay
    if replay is None:
        return
    ids = ", ".join(replay.request_ids)
    for name, count in (("features", replay.num_features_differ), ("answers", replay.num_answers_differ)):
        share = count / replay.num_rows if replay.num_rows else 0.0
        yield Finding.of_distance("replay", name, measure=DIFFER, value=share, threshold=0.5 / (replay.num_rows or 1),
                                  num_rows=replay.num_rows, is_judged=replay.num_rows > 0,
                                  change=replay.reason or (f"requests {ids}" if count else ""))  # fmt: skip
