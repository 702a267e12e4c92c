"""`judge_schema`: whether raw columns have the form that training's had: values that are there, known, in range.

Measures have the names of TensorFlow Data Validation's anomalies where it has one (anomalies.proto).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

from hagane.monitoring.finding import Finding
from hagane.monitoring.reference import Reference
from hagane.monitoring.schema_share import schema_share
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.statistics.statistics import ColumnStatistics
from hagane.types import SqlType

LOW_PRESENCE = "FEATURE_TYPE_LOW_FRACTION_PRESENT"
UNEXPECTED_VALUES = "ENUM_TYPE_UNEXPECTED_STRING_VALUES"
OUT_OF_RANGE = "OUT_OF_RANGE"
HAS_INF = "FLOAT_TYPE_HAS_INF"
ROW_ERRORS = "ROW_ERRORS"
ROWS = "rows"
"""What findings about no one column are called."""
MOST_SHOWN = 3
BEYOND_EXTREMES = 8.9
"""Divided by n: what lies beyond the extremes of n values in all but 0.135 % of samples, (1 + t) exp(-t) = 0.00135."""
_NUMBERS = (SqlType.INT64, SqlType.FLOAT64)


def judge_schema(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Against the reference's columns; pseudonyms are counted, and their values compared with pseudonyms alone."""
    hashed = summary.hashed if reference.baseline == "training" else ()
    for column in summary.inputs if reference.inputs is not None else ():
        assert reference.inputs is not None
        if column.name in reference.inputs:
            base = reference.inputs[column.name]
            yield _presence(base, column, monitoring)
            if column.name not in hashed:
                yield from _values(base, column, monitoring)
    yield _row_errors(summary, reference, monitoring)


def _presence(base: ColumnStatistics, column: ColumnStatistics, monitoring: Monitoring) -> Finding:
    before, now = (each.num_nulls / (_rows(each) or 1) for each in (base, column))
    return schema_share(column.name, LOW_PRESENCE, now, allowed=before + monitoring.schema.max_missing,
                        num_rows=_rows(column), num_before=_rows(base), min_rows=monitoring.min_rows,
                        change=_change("missing", before, now))  # fmt: skip


def _values(base: ColumnStatistics, column: ColumnStatistics, monitoring: Monitoring) -> Iterator[Finding]:
    """Of a type that says what training did not see."""
    if column.type is SqlType.STRING:
        yield from _unexpected(base, column, monitoring)
    if column.type in _NUMBERS:
        yield from _out_of_range(base, column, monitoring)
    if column.type is SqlType.FLOAT64:
        before, now = (each.num_infinite / (_rows(each) or 1) for each in (base, column))
        yield schema_share(column.name, HAS_INF, now, allowed=before + monitoring.schema.max_infinite,
                           num_rows=_rows(column), num_before=_rows(base), min_rows=monitoring.min_rows,
                           change=_change("infinite", before, now))  # fmt: skip


def _unexpected(base: ColumnStatistics, column: ColumnStatistics, monitoring: Monitoring) -> Iterator[Finding]:
    """Where all values of the baseline are known. Where it had rare ones new ones turn up: as often as it met one once.

    Good, The Population Frequencies of Species and the Estimation of Population Parameters, Biometrika 40 (1953); twice
    as many are let pass.
    """
    seen = base.frequent_sketch
    if seen is None or not seen.is_complete or not base.count:
        return
    known, here = dict(seen.values()), column.frequent_sketch
    unseen = [pair for pair in here.values() if pair[0] not in known] if here is not None else []
    share = min(1.0, sum(count for _, count in unseen) / column.count) if column.count else 0.0
    once = sum(count == 1 for count in known.values()) / base.count
    yield schema_share(column.name, UNEXPECTED_VALUES, share, allowed=1 - monitoring.schema.min_domain_mass + 2 * once,
                       num_rows=column.count, num_before=base.count, min_rows=monitoring.min_rows,
                       change=_listed(unseen, column.count))  # fmt: skip


def _out_of_range(base: ColumnStatistics, column: ColumnStatistics, monitoring: Monitoring) -> Iterator[Finding]:
    """Finite numbers outside of the baseline's extremes. Ranks come from the sketch: its error is allowed, too.

    So is what lies there by chance: of n values the share of the population beyond both extremes is Beta(2, n - 1).
    """
    least, greatest = base.min, base.max
    if not isinstance(least, int | float) or not isinstance(greatest, int | float):
        return
    finding = functools.partial(schema_share, column.name, OUT_OF_RANGE, num_rows=column.count,
                                min_rows=monitoring.min_rows)  # fmt: skip
    by_chance = min(1.0, BEYOND_EXTREMES / max(1, base.count - base.num_infinite))
    allowed, sketch = monitoring.schema.max_out_of_range + by_chance, column.quantile_sketch
    if sketch is None or not isinstance(column.min, int | float) or not isinstance(column.max, int | float):
        yield finding(0.0, allowed=allowed)
        return
    below = sketch.ranks([math.nextafter(least, -math.inf)])[0] if column.min < least else 0.0
    above = 1 - sketch.ranks([greatest])[0] if column.max > greatest else 0.0
    error = sketch.rank_error if below or above else 0.0
    change = f"{least:.6g} to {greatest:.6g} → {column.min:.6g} to {column.max:.6g}"
    yield finding(below + above, allowed=allowed + error, change=change)


def _row_errors(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Finding:
    """Rows on which an expression erred, against those that the model was evaluated on."""
    before = reference.row_error_share or 0.0
    share = summary.num_errors / summary.num_rows if summary.num_rows else 0.0
    return schema_share(ROWS, ROW_ERRORS, share, allowed=before + monitoring.schema.max_row_errors,
                        num_rows=summary.num_rows, min_rows=monitoring.min_rows,
                        change=_change("erred", before, share))  # fmt: skip


def _rows(column: ColumnStatistics) -> int:
    return column.count + column.num_nulls


def _change(what: str, before: float, now: float) -> str:
    return f"{what} {100 * before:.3g} % → {100 * now:.3g} %"


def _listed(values: Sequence[tuple[str, int]], num_rows: int) -> str:
    return ", ".join(f"'{value}' {100 * count / num_rows:.3g} %" for value, count in values[:MOST_SHOWN])
