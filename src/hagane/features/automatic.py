"""Automatic preprocessing: BigQuery ML's published rules, spelled out as SQL that anyone can read and edit.

=================== ============================================== ======================================
column              families that scale (linear, deep)             trees
=================== ============================================== ======================================
INT64, FLOAT64      standardised, NULL becomes the mean (0)        as it is, NULL stays missing
STRING              one-hot, NULL has a slot of its own            the same ids
BOOL                one-hot, NULL has a slot of its own            as it is, NULL stays missing
TIMESTAMP           UTC seconds as a number, and one-hot of year,  seconds and the same parts, as numbers
                    month, week, day, day of week, hour, minute
DATE                days as a number, and one-hot of year, month,  days and the same parts, as numbers
                    week, day, day of week
=================== ============================================== ======================================

Departures from BigQuery ML: a DATE is taken apart as a TIMESTAMP is, instead of one-hot over whole dates, which says
nothing about a date that was not trained on; the parts are named `<column>_<part>`, not `_TS_DOW_<column>`; trees get
numbers instead of label encodings of numbers, and a number that is either one value or NULL becomes `x IS NULL`.

Source: BigQuery ML's documentation, "Automatic feature preprocessing".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from hagane.errors import ExpressionError
from hagane.features.resolve_transform import one_hot
from hagane.sql.bind import bind
from hagane.sql.expression import columns_of
from hagane.types import Column, Schema, SqlType

if TYPE_CHECKING:
    from hagane.statistics.statistics import ColumnStatistics, Statistics

FREQUENCY_THRESHOLD = 5
"""ML.ONE_HOT_ENCODER's default: rarer values share the unknown slot."""
DISTINCT_SHARE = 0.9
"""Text in which so large a share of the values is distinct names its row (the count is approximate)."""
DATE_PARTS = ("YEAR", "MONTH", "WEEK", "DAY", "DAYOFWEEK")
TIME_PARTS = (*DATE_PARTS, "HOUR", "MINUTE")


class LeftOut(NamedTuple):
    """A column that automatic preprocessing did not use, and why."""

    column: str
    reason: str


class AutomaticTransform(NamedTuple):
    """Feature name → SQL expression, and the columns left out."""

    expressions: dict[str, str]
    left_out: tuple[LeftOut, ...]


def automatic_transform(schema: Schema, statistics: Statistics, label: str, *, scales: bool, accepts_missing: bool,
                        exclude: Collection[str] = ()) -> AutomaticTransform:  # fmt: skip
    """The transform of a table with this schema and these statistics.

    `scales` and `accepts_missing` are the model family's. The label and the columns of `exclude` are not used; of the
    others, those that cannot help are left out with a reason.
    """
    rules = _Rules(schema, scales, accepts_missing)
    expressions: dict[str, str] = {}
    left_out: list[LeftOut] = []
    for column in schema:
        if column.name == label:
            continue
        reason = "excluded" if column.name in exclude else useless(statistics[column.name])
        if not reason:
            try:
                features = dict(rules.features(column, statistics[column.name]))
            except ExpressionError:
                reason = "its name cannot be written in SQL: rename it in the data query"
            else:
                expressions |= {_free_name(name, column, expressions, schema): sql for name, sql in features.items()}
        if reason:
            left_out.append(LeftOut(column.name, reason))
    return AutomaticTransform(expressions, tuple(left_out))


def useless(column: ColumnStatistics) -> str:
    """Why a column cannot help a model; empty where it may."""
    if column.count == 0:
        return "NULL in every row"
    if column.is_constant:
        return "the same value in every row"
    if column.type is SqlType.STRING:
        if column.num_distinct is not None and column.num_distinct >= DISTINCT_SHARE * column.count:
            return "nearly every row has a value of its own"
        if column.top_values and column.top_values[0].count < FREQUENCY_THRESHOLD:
            return f"no value occurs {FREQUENCY_THRESHOLD} times"
    return ""


class _Rules:
    """The rules for one table and one kind of family."""

    def __init__(self, schema: Schema, scales: bool, accepts_missing: bool) -> None:
        self.schema = schema
        self.scales = scales
        self.accepts_missing = accepts_missing

    def features(self, column: Column, statistics: ColumnStatistics) -> Iterator[tuple[str, str]]:
        """Name and SQL of each feature that the column becomes."""
        match column.type:
            case SqlType.INT64 | SqlType.FLOAT64:
                yield column.name, self._write(column, self._number_or_gap(statistics))
            case SqlType.BOOL:
                yield (
                    column.name,
                    self._write(column, "{x}" if self.accepts_missing else one_hot("CAST({x} AS STRING)")),
                )
            case SqlType.STRING:
                yield column.name, self._write(column, one_hot("{x}"))
            case SqlType.ARRAY_INT64 | SqlType.ARRAY_FLOAT64:
                yield column.name, self._write(column, "{x}")
            case SqlType.ARRAY_STRING:
                yield column.name, self._write(column, "ML.MULTI_HOT_ENCODER({x}, 32000, 5) OVER ()")
            case SqlType.TIMESTAMP | SqlType.DATE:
                yield from self._moment(column, statistics)

    def _moment(self, column: Column, statistics: ColumnStatistics) -> Iterator[tuple[str, str]]:
        is_date = column.type is SqlType.DATE
        yield column.name, self._write(column, self._number("UNIX_DATE({x})" if is_date else "UNIX_SECONDS({x})"))
        for part in DATE_PARTS if is_date else TIME_PARTS:
            if part == "YEAR" and str(statistics.min)[:4] == str(statistics.max)[:4]:
                continue
            extract = f"EXTRACT({part} FROM {{x}})"
            sql = extract if self.accepts_missing else one_hot(f"CAST({extract} AS STRING)")
            yield f"{column.name}_{part.lower()}", self._write(column, sql)

    def _number_or_gap(self, statistics: ColumnStatistics) -> str:
        is_single = statistics.min == statistics.max and statistics.num_infinite == 0
        return "{x} IS NULL" if is_single and not self.accepts_missing else self._number("{x}")

    def _number(self, x: str) -> str:
        scaled = f"ML.STANDARD_SCALER({x}) OVER ()" if self.scales else x
        if self.accepts_missing:
            return scaled
        return f"COALESCE({scaled}, 0)" if self.scales else f"ML.IMPUTER({x}, 'mean') OVER ()"

    def _write(self, column: Column, template: str) -> str:
        """The template with the column's name in the place of {x}, in backquotes where SQL needs them."""
        bare = template.replace("{x}", column.name)
        if column.name.isidentifier() and column.name.isascii():
            try:
                if columns_of(bind(bare, self.schema)) == (column.name,):
                    return bare
            except ExpressionError:
                pass
        quoted = template.replace("{x}", f"`{column.name}`")
        bind(quoted, self.schema)
        return quoted


def _free_name(name: str, column: Column, expressions: Collection[str], schema: Schema) -> str:
    """`name`, with underscores behind it while another column or feature is called so."""
    while name != column.name and (name in schema or name in expressions):
        name += "_"
    return name
