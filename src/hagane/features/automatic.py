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
STRING of words     TF-IDF of its words in small letters           the same
ARRAY<STRING>       multi-hot                                      the same
ARRAY of numbers    a number for each element, imputed             a number for each element
=================== ============================================== ======================================

Departures from BigQuery ML: a DATE is taken apart as a TIMESTAMP is, instead of one-hot over whole dates, which says
nothing about a date that was not trained on; the parts are named `<column>_<part>`, not `_TS_DOW_<column>`; trees get
numbers instead of label encodings of numbers, and a number that is either one value or NULL becomes `x IS NULL`;
text that is a sentence rather than a category, nearly every value distinct, becomes TF-IDF (of n-grams of characters
where the script has no spaces). `rules="bigquery"` departs nowhere (`features.automatic_bigquery`).

Source: BigQuery ML's documentation, "Automatic feature preprocessing".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from hagane.errors import ExpressionError
from hagane.features.automatic_bigquery import bigquery_features
from hagane.features.resolve_transform import one_hot
from hagane.features.vectors import MOST_ELEMENTS
from hagane.sql.bind import bind
from hagane.sql.expression import columns_of
from hagane.statistics.numbers_in_text import number_in_text
from hagane.types import Column, Schema, SqlType

if TYPE_CHECKING:
    from hagane.statistics.statistics import ColumnStatistics, Statistics

FREQUENCY_THRESHOLD = 5
"""ML.ONE_HOT_ENCODER's default: rarer values share the unknown slot."""
DISTINCT_SHARE = 0.9
"""Text in which so large a share of the values is distinct names its row (the count is approximate)."""
LEAST_MEAN_LENGTH = 12
"""Characters that text has on average, at the least, to be taken for words."""
_WITHOUT_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f\u1780-\u17ff]")
"""Hiragana, Katakana, Chinese characters, Thai, Khmer."""
DATE_PARTS = ("YEAR", "MONTH", "WEEK", "DAY", "DAYOFWEEK")
TIME_PARTS = (*DATE_PARTS, "HOUR", "MINUTE")


class LeftOut(NamedTuple):
    """A column that automatic preprocessing did not use, and why."""

    column: str
    reason: str


class AutomaticTransform(NamedTuple):
    """Feature name → SQL expression, and the columns that were not taken as their type suggests."""

    expressions: dict[str, str]
    left_out: tuple[LeftOut, ...]
    as_words: tuple[str, ...] = ()
    """STRING columns that became TF-IDF of their words or characters instead of categories."""
    like_numbers: tuple[tuple[str, str], ...] = ()
    """STRING columns that became categories and look like numbers, each with an example."""


def automatic_transform(schema: Schema, statistics: Statistics, label: str | tuple[str, ...], *,
                        scales: bool, accepts_missing: bool, imputes: bool = False, exclude: Collection[str] = (),
                        rules: Literal["hagane", "bigquery"] = "hagane") -> AutomaticTransform:  # fmt: skip
    """The transform of a table with this schema and these statistics.

    `scales` and `accepts_missing` are the model family's; one that `imputes` takes numbers as they are, NULL or not,
    and categories as families do that take no missing values. The labels and the columns of `exclude` are not used;
    of the others, those that cannot help are left out with a reason.
    """
    written = _Rules(schema, scales, accepts_missing, imputes=imputes, is_bigquery=rules == "bigquery")
    expressions: dict[str, str] = {}
    left_out: list[LeftOut] = []
    as_words: list[str] = []
    like_numbers: list[tuple[str, str]] = []
    labels = (label,) if isinstance(label, str) else label
    for column in schema:
        if column.name in labels:
            continue
        reason = "excluded" if column.name in exclude else written.useless(statistics[column.name])
        if not reason:
            try:
                features = dict(written.features(column, statistics[column.name]))
            except ExpressionError:
                reason = "its name cannot be written in SQL: rename it in the data query"
            else:
                as_words += [column.name] if rules == "hagane" and words_of(statistics[column.name]) else []
                example = number_in_text(statistics[column.name])
                like_numbers += [(column.name, example)] if example and column.name not in as_words else []
                expressions |= {_free_name(name, column, expressions, schema): sql for name, sql in features.items()}
        if reason:
            left_out.append(LeftOut(column.name, reason))
    return AutomaticTransform(expressions, tuple(left_out), tuple(as_words), tuple(like_numbers))


def useless(column: ColumnStatistics) -> str:
    """Why a column cannot help a model; empty where it may."""
    if column.count == 0:
        return "NULL in every row"
    if column.is_constant:
        return "the same value in every row"
    if reason := ragged(column):
        return reason
    if column.type is SqlType.STRING:
        if column.num_distinct is not None and column.num_distinct >= DISTINCT_SHARE * column.count:
            return "nearly every row has a value of its own" + _if_number(column)
        if column.top_values and column.top_values[0].count < FREQUENCY_THRESHOLD:
            return f"no value occurs {FREQUENCY_THRESHOLD} times"
    return ""


def _if_number(column: ColumnStatistics) -> str:
    example = number_in_text(column)
    return f"; if {example!r} is a number, make it one in the data query (REPLACE, CAST)" if example else ""


def ragged(column: ColumnStatistics) -> str:
    """Why an array of numbers cannot be a feature for each element; empty where it can, and for all else."""
    if column.type not in (SqlType.ARRAY_INT64, SqlType.ARRAY_FLOAT64):
        return ""
    least, most = column.min_length, column.max_length
    if least is None or most is None:
        return "NULL in every row"
    if least == most and 1 <= most <= MOST_ELEMENTS:
        return ""
    return f"its arrays have from {least:,} to {most:,} elements: not one number of features"


def words_of(column: ColumnStatistics) -> str:
    """SQL of the tokens of a text column `{x}` that names its rows but is made of words; else empty.

    Told by the values that are known (the extremes and the most frequent ones): most of them are several words, or of a
    script without spaces.
    """
    if column.type is not SqlType.STRING or column.is_constant or not useless(column):
        return ""
    values = [str(v) for v in (column.min, column.max, *(top.value for top in column.top_values)) if v is not None]
    if (column.mean_length or 0) < LEAST_MEAN_LENGTH or not values:
        return ""
    if sum(bool(_WITHOUT_SPACES.search(value)) for value in values) * 2 > len(values):
        return "ML.NGRAMS(SPLIT(LOWER({x}), ''), [2, 3], '')"
    several = sum(len(value.split()) > 2 for value in values)
    return "TEXT_ANALYZE({x})" if several * 2 >= len(values) else ""


class _Rules:
    """The rules for one table and one kind of family."""

    def __init__(
        self, schema: Schema, scales: bool, accepts_missing: bool, *, imputes: bool, is_bigquery: bool
    ) -> None:
        self.schema = schema
        self.imputes = imputes
        self.is_bigquery = is_bigquery
        self.scales = scales
        self.accepts_missing = accepts_missing

    def useless(self, statistics: ColumnStatistics) -> str:
        """Why a column is left out; empty where it is used."""
        if self.is_bigquery:
            return ragged(statistics)
        return "" if words_of(statistics) else useless(statistics)

    def features(self, column: Column, statistics: ColumnStatistics) -> Iterator[tuple[str, str]]:
        """Name and SQL of each feature that the column becomes."""
        if self.is_bigquery:
            takes_null = self.accepts_missing or self.imputes
            found = bigquery_features(column, scales=self.scales, accepts_missing=takes_null)
            yield from ((name, self._write(column, sql)) for name, sql in found)
            return
        match column.type:
            case SqlType.INT64 | SqlType.FLOAT64:
                yield column.name, self._write(column, self._number_or_gap(statistics))
            case SqlType.BOOL:
                yield (
                    column.name,
                    self._write(column, "{x}" if self.accepts_missing else one_hot("CAST({x} AS STRING)")),
                )
            case SqlType.STRING if words := words_of(statistics):
                yield column.name, self._write(column, f"ML.TF_IDF({words}, 32000, {FREQUENCY_THRESHOLD}) OVER ()")
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
        if self.accepts_missing or self.imputes:
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
