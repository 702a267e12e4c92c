"""`column_distances`: how far columns lie from a baseline, and what has changed most in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import msgspec

from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.finding import Finding
from hagane.monitoring.measure_column import measure_column
from hagane.monitoring.measures.l_infinity import changed_shares
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.monitoring.sampling_noise import sampling_noise
from hagane.monitoring.sketch_error import sketch_error
from hagane.monitoring.watched import Subject
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import ColumnStatistics, Statistics

NONE: Mapping[str, float] = MappingProxyType({})


def column_distances(
    of: Subject,
    baseline: Statistics,
    study: Statistics,
    summary: WindowSummary,
    monitoring: Monitoring,
    *,
    leave_out: Sequence[str] = (),
    derived: Mapping[str, float] = NONE,
) -> Iterator[Finding]:
    """The columns of `study` (a part of `summary`) against those of `baseline`, by every measure that is asked for.

    Left out is what cannot be compared: columns that one side has not, times, arrays, and those of `leave_out`.
    `derived` are thresholds by place: they hold where the column has none of its own, and never below what chance does.
    """
    is_judged = summary.num_rows >= monitoring.min_rows
    for column in study:
        if column.name not in baseline or column.name in leave_out:
            continue
        base = baseline[column.name]
        both = paired_distributions(base, column)
        if both is None:
            continue
        for measure in monitoring.measures_of(is_text=isinstance(both[0], Categories)):
            value = measure_column(measure, base, column, both)
            if value is None:
                continue
            found = Finding.of_distance(of, column.name, measure=measure.upper(), value=value,
                                        threshold=monitoring.threshold_of(column.name, measure),
                                        num_rows=study.num_rows, is_judged=is_judged,
                                        change=_change(base, column, *both))  # fmt: skip
            error = sketch_error(measure, base, column, both, value)
            found = msgspec.structs.replace(found, sketch_error=error) if error else found
            limit = None if monitoring.has_own_threshold(column.name, measure) else derived.get(found.place)
            if limit is not None:
                found = found.at_threshold(max(limit, sampling_noise(measure, base, column, both)))
            yield found


def _change(base: ColumnStatistics, column: ColumnStatistics, before: Distribution, after: Distribution) -> str:
    """Of categories the share that has changed most, of numbers the mean."""
    if isinstance(before, Categories) and isinstance(after, Categories):
        changes = changed_shares(before, after)
        if not changes:
            return ""
        value = max(changes, key=lambda change: change[1])[0]
        shares = (100 * side.counts.get(value, 0.0) / (side.total or 1.0) for side in (before, after))
        return f"'{value}' " + " → ".join(f"{share:.3g} %" for share in shares)
    if base.mean is None or column.mean is None:
        return ""
    return f"mean {base.mean:.4g} → {column.mean:.4g}"
