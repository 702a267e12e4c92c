"""`infer_data_schema`: what new data may be expected to be, from the statistics of data that were seen.

A schema that is too tight cries wolf, and is switched off. So nothing is inferred that more rows of the same kind
would likely break; docs/schema.md states each rule. What might hold, and only a person can know, is suggested.
"""

from __future__ import annotations

import datetime
import math

from hagane.spec.check_data_schema import parse_moment
from hagane.spec.data_schema import ColumnSchema, DataSchema, Value
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

MIN_ROWS = 100
"""From fewer rows nothing but types is inferred."""
MANY_ROWS = 1_000
"""In as many rows, what never happened is taken for a rule."""
MIN_OCCURRENCES = 5
"""A value that occurs less often is rare, and has likely kin that were not seen."""
ROWS_A_VALUE = 10
"""A domain needs at least as many rows for each of its values."""
MAX_RARE_FRACTION = 0.01
"""Of the rows: beyond it the values that were seen tell little about those to come."""
MIN_CODE_FRACTION = 0.005
"""Of the rows that each value of an INT64 domain holds: counts (0, 1, 2, …) thin out, codes (1 … 12) do not."""
LONGEST_DOMAIN_TEXT = 100
HEAVY_TAIL = 10.0
"""An extreme as many deviations from the mean says nothing about the next one."""
KEY_FRACTION = 0.5
"""INT64 of which more are different are keys or clocks, and count upwards."""
MIN_DATE_SLACK = datetime.timedelta(days=3653)
_INT64 = range(-(2**63), 2**63)


def infer_data_schema(statistics: Statistics, *, null_words: tuple[str, ...] | None = None) -> DataSchema:
    """The schema that the data behind `statistics` fulfil, with room for more of their kind.

    `null_words` are the words that meant NULL where the data were CSV.

    >>> seen = dict(count=2000, num_nulls=0, min=17, max=90, mean=38.0, stddev=13.0)
    >>> ages = ColumnStatistics(name="age", type=SqlType.INT64, **seen)
    >>> age = infer_data_schema(Statistics(num_rows=2000, columns=(ages,))).columns["age"]
    >>> age.min_present_fraction, age.min, age.max
    (1.0, 0, 170)
    """
    columns = {column.name: _infer(column, statistics) for column in statistics}
    return DataSchema(columns=columns, min_rows=min(1, statistics.num_rows), null_words=null_words or None)


def schema_suggestions(statistics: Statistics) -> dict[str, list[str]]:
    """Column → rules that its values fulfil, each with a word on why; a person must decide whether they mean it."""
    found: dict[str, list[str]] = {}
    for column in statistics:
        lines = []
        if column.type in (SqlType.STRING, SqlType.INT64) and column.count >= MIN_ROWS and _is_nearly_unique(column):
            lines.append("unique: true   # nearly every row has a value of its own: a key?")
        if lines:
            found[column.name] = lines
    return found


def _infer(column: ColumnStatistics, statistics: Statistics) -> ColumnSchema:
    if statistics.num_rows < MIN_ROWS:
        return ColumnSchema(type=column.type)
    present = _present_fraction(column, statistics.num_rows)
    if column.count < MIN_ROWS:
        return ColumnSchema(type=column.type, min_present_fraction=present)
    domain, unseen = _domain(column, statistics)
    least, greatest = _bounds(column) if domain is None else (None, None)
    return ColumnSchema(
        type=column.type,
        min_present_fraction=present,
        domain=domain,
        max_unseen_fraction=unseen,
        min=least,
        max=greatest,
        finite=column.type is SqlType.FLOAT64 and column.num_infinite == 0,
    )


def _present_fraction(column: ColumnStatistics, num_rows: int) -> float:
    """Twice as many NULLs as were seen are let pass, and three rows more (the rule of three for what was not seen).

    Source of the latter: Hanley and Lippman-Hand, If Nothing Goes Wrong, Is Everything All Right?, JAMA 249 (1983).
    """
    if column.num_nulls == 0 and num_rows >= MANY_ROWS:
        return 1.0
    missing = (2 * column.num_nulls + 3) / num_rows
    return max(0.0, math.floor(100 * (1 - missing)) / 100)


def _domain(column: ColumnStatistics, statistics: Statistics) -> tuple[tuple[Value, ...] | None, float]:
    """The values, and the share that may lie outside; None where they are too many, too rare or not all known.

    By the rule of three a value that n rows do not show may still be in 3 of n.
    """
    top = column.top_values
    if column.type not in (SqlType.STRING, SqlType.INT64) or not top or not _is_complete(column, statistics):
        return None, 0.0
    counts = [value.count for value in top]
    rare = sum(count for count in counts if count < MIN_OCCURRENCES)
    too_long = any(isinstance(value.value, str) and len(value.value) > LONGEST_DOMAIN_TEXT for value in top)
    thins_out = column.type is SqlType.INT64 and min(counts) < MIN_CODE_FRACTION * column.count
    is_many = column.count < ROWS_A_VALUE * len(top) or rare > MAX_RARE_FRACTION * column.count
    if is_many or too_long or thins_out or len(top) < 2:
        return None, 0.0
    is_sampled = 0 < statistics.num_sampled_rows < statistics.num_rows
    is_sure = not rare and not is_sampled and column.type is SqlType.STRING
    unseen = max(_round_up(3 / column.count), 0.0 if is_sure else MAX_RARE_FRACTION)
    return tuple(sorted((value.value for value in top), key=_in_order)), unseen


def _round_up(share: float) -> float:
    """The share in one digit, rounded up."""
    step = 10.0 ** math.floor(math.log10(share))
    return float(f"{math.ceil(share / step) * step:.1g}")


def _is_complete(column: ColumnStatistics, statistics: Statistics) -> bool:
    """Whether the top values are all that there are (of a sample: all but half of what may lie outside)."""
    listed = sum(value.count for value in column.top_values)
    if 0 < statistics.num_sampled_rows < statistics.num_rows:
        return listed >= (1 - MAX_RARE_FRACTION / 2) * column.count
    return listed == column.count


def _in_order(value: Value) -> tuple[bool, float, str]:
    return (True, 0.0, value) if isinstance(value, str) else (False, float(value), "")


def _bounds(column: ColumnStatistics) -> tuple[Value | None, Value | None]:
    """The least and the greatest value to expect: as far beyond what was seen as that reaches."""
    if column.type in (SqlType.DATE, SqlType.TIMESTAMP):
        return _dates(column)
    least, greatest = column.min, column.max
    is_number = isinstance(least, int | float) and isinstance(greatest, int | float)
    if not column.type.is_numeric or not is_number or column.num_infinite:
        return None, None
    assert isinstance(least, int | float)
    assert isinstance(greatest, int | float)
    reach = greatest - least
    lower, upper = _bound(column, least, -reach), _bound(column, greatest, reach)
    if least >= 0:
        lower = max(0, lower or 0)
    if greatest <= 0:
        upper = min(0, upper or 0)
    grows = column.type is SqlType.INT64 and (column.num_distinct or 0) > KEY_FRACTION * column.count
    return lower, None if grows and greatest > 0 else upper


def _bound(column: ColumnStatistics, extreme: float, shift: float) -> int | float | None:
    """`extreme + shift`, rounded away to the first digit of `shift`; None where the extreme tells nothing of the next.

    One that lies many deviations from the mean is of a heavy tail.
    """
    if column.mean is None or not column.stddev or abs(extreme - column.mean) > HEAVY_TAIL * column.stddev:
        return None
    if shift == 0 or not math.isfinite(extreme + shift):
        return None
    step, away = 10.0 ** math.floor(math.log10(abs(shift))), math.ceil if shift > 0 else math.floor
    if not step or not math.isfinite((extreme + shift) / step):
        return None
    rounded = float(f"{away((extreme + shift) / step) * step:.12g}")
    if (rounded > extreme) is not (shift > 0) or not math.isfinite(rounded):
        return None
    if column.type is SqlType.INT64:
        return away(rounded) if away(rounded) in _INT64 else None
    return rounded


def _dates(column: ColumnStatistics) -> tuple[Value | None, Value | None]:
    """As long again before and after, ten years at least: what catches 1900-01-01 and 9999-12-31."""
    least, greatest = (parse_moment(value) if isinstance(value, str) else None for value in (column.min, column.max))
    if least is None or greatest is None:
        return None, None
    slack = max(greatest - least, MIN_DATE_SLACK)
    return _day(least, -slack), _day(greatest, slack + datetime.timedelta(days=1))


def _day(moment: datetime.datetime, shift: datetime.timedelta) -> str | None:
    try:
        return (moment + shift).date().isoformat()
    except OverflowError:
        return None


def _is_nearly_unique(column: ColumnStatistics) -> bool:
    return (column.num_distinct or 0) > 0.9 * column.count
