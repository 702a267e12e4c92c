"""`judge_arrivals`: what no log holds: fields that were not sent or are not known, types and requests refused.

Measures have the names of TensorFlow Data Validation's anomalies where it has one (anomalies.proto).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hagane.monitoring.finding import Finding
from hagane.monitoring.judges.schema import MOST_SHOWN, ROWS
from hagane.monitoring.reference import Reference
from hagane.monitoring.schema_share import schema_share
from hagane.monitoring.window_arrivals import ANSWERED, WindowArrivals
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.types import SqlType

MISSING_COLUMN, NEW_COLUMN = "SCHEMA_MISSING_COLUMN", "SCHEMA_NEW_COLUMN"
HAS_NAN, WRONG_TYPE, REFUSED = "FLOAT_TYPE_HAS_NAN", "UNEXPECTED_DATA_TYPE", "REFUSED"
REQUESTS = "requests"
ABSENT = 0.5
"""A column that more of the rows do not even name is not there."""


def judge_arrivals(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """The server's counts of a window; nothing where it did not count."""
    came = summary.arrivals
    if came is None:
        return
    yield from _columns(summary, came, reference, monitoring)
    shares = {name: sum(came.fault_share(name, reason) for reason in reasons) for name, reasons in came.faults.items()}
    for measure, share, allowed, num_rows, change in (
        (NEW_COLUMN, came.share("unknown"), monitoring.schema.max_new, came.num_looked, _names(came)),
        (WRONG_TYPE, max(shares.values(), default=0.0), monitoring.schema.max_refused, came.num_rows, _worst(shares)),
    ):
        yield schema_share(ROWS, measure, share, allowed=allowed, num_rows=num_rows, min_rows=monitoring.min_rows,
                           change=change)  # fmt: skip
    yield schema_share(REQUESTS, REFUSED, came.refused_share, allowed=monitoring.schema.max_refused,
                       num_rows=sum(came.requests.values()), min_rows=monitoring.min_rows,
                       change=_reasons(came))  # fmt: skip


def _columns(
    summary: WindowSummary, came: WindowArrivals, reference: Reference, monitoring: Monitoring
) -> Iterator[Finding]:
    """Each column: whether it is sent at all, and how often as NaN."""
    for column in summary.inputs:
        name, base = column.name, None
        if reference.inputs is not None and column.name in reference.inputs:
            base = reference.inputs[column.name]
        num_before = base.count + base.num_nulls if base is not None else 0
        if base is None or base.num_nulls < ABSENT * num_before:
            share = came.share("absent", name)
            yield schema_share(name, MISSING_COLUMN, share, allowed=ABSENT, num_rows=came.num_looked,
                               min_rows=monitoring.min_rows, change=f"not sent in {100 * share:.3g} %")  # fmt: skip
        if column.type is SqlType.FLOAT64:
            share, before = came.share("nan", name), base.num_nans / (num_before or 1) if base is not None else 0.0
            yield schema_share(name, HAS_NAN, share, allowed=before + monitoring.schema.max_infinite,
                               num_rows=came.num_looked, num_before=num_before, min_rows=monitoring.min_rows,
                               change=f"NaN {100 * before:.3g} % → {100 * share:.3g} %")  # fmt: skip


def _names(came: WindowArrivals) -> str:
    """The fields that the model does not know, the most frequent first."""
    return ", ".join(_first(came.answered.merge(came.refused).unknown))


def _worst(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * shares[name]:.3g} %" for name in _first(shares))


def _reasons(came: WindowArrivals) -> str:
    counts = {reason: count for reason, count in came.requests.items() if reason != ANSWERED}
    return ", ".join(f"{reason} {counts[reason]:,}" for reason in _first(counts))


def _first(counts: Mapping[str, float]) -> list[str]:
    """The names of the largest."""
    return sorted((name for name in counts if name), key=lambda name: (-counts[name], name))[:MOST_SHOWN]
