"""`measure_correlations`: how strongly every two columns of a table go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.data.table import Table
from hagane.progress import SILENT, Progress
from hagane.statistics.correlation_ratios import correlation_ratios
from hagane.statistics.cramers_v import cramers_v
from hagane.statistics.draw_sample import MAX_CATEGORIES, SampledColumn, TableSample, number_sql
from hagane.statistics.pair_moments import PairMoments
from hagane.statistics.rank import rank

Measure = Literal["pearson", "cramers_v", "correlation_ratio"]
Floats = npt.NDArray[np.float64]
MAX_PAIRS = 1_250
"""Kept: all pairs of 50 columns, or the strongest."""
MAX_FLOPS = 4e11
"""Above that Pearson's correlation, too, is measured on the sample: half a minute of one core."""
MAX_CATEGORY_COLUMNS = 200
_MAX_CATEGORY_CELLS = 1e9
"""Rows times pairs of categories; more pairs are measured on fewer rows."""
_MIN_CATEGORY_ROWS = 5_000


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """How strongly two columns go together, in the rows in which both have a value."""

    a: str
    b: str
    measure: Measure
    value: float
    """Pearson's r, -1 to 1, of two numbers; of two categories Cramér's V, and of a category (`a`) and a number (`b`)
    the correlation ratio η, both 0 to 1 and corrected for chance."""
    spearman: float | None = None
    """Pearson's r of the ranks, of two numbers; ranks are those within each column's own sampled values."""
    num_rows: int
    """In which both have a value, of those that `value` was measured on."""

    @property
    def strength(self) -> float:
        """The larger of the absolute values, 0 to 1."""
        return max(abs(self.value), abs(self.spearman or 0.0))


class Correlations(msgspec.Struct, frozen=True, kw_only=True):
    """The correlations of a table's columns, the strongest first."""

    pairs: tuple[Correlation, ...] = ()
    """All of them, or the 1,250 strongest."""
    num_pairs: int = 0
    """How many were measured."""
    num_pearson_rows: int = 0
    """Rows on which Pearson's r was measured: all, unless columns are many and rows, too."""
    num_sampled_rows: int = 0
    """Rows on which everything else was."""
    left_out: tuple[str, ...] = ()
    """Columns without correlations: texts and keys, columns of one value."""
    notes: tuple[str, ...] = ()
    """What was cut short, in words."""

    def of(self, a: str, b: str) -> Correlation | None:
        """That of two columns, in either order; None where it is not kept."""
        return next((pair for pair in self.pairs if {pair.a, pair.b} == {a, b}), None)


def measure_correlations(table: Table, sample: TableSample, *, progress: Progress = SILENT) -> Correlations:
    """Every pair of columns: Pearson's and Spearman's r of numbers, Cramér's V of categories, η of one of each.

    Numbers are INT64, FLOAT64, BOOL, DATE and TIMESTAMP. NULL, NaN and ±inf are no values: each pair is measured in the
    rows in which both columns have one. Pearson's r is of the whole table (one more scan, where the sample is not the
    table); the rest is of the sample. Memory is bounded by the sample and by four matrices [d, d].
    """
    numbers, categories = sample.of_role("number"), sample.of_role("category")
    notes: list[str] = []
    with progress.phase("correlations", unit="columns", total=len(numbers) + len(categories)) as phase:
        pairs = list(_number_pairs(table, numbers, sample, notes)) if len(numbers) > 1 else []
        phase.advance(len(numbers))
        pairs += _category_pairs(categories, notes)
        pairs += _mixed_pairs(categories, numbers)
        phase.advance(len(categories))
    varying = {name for pair in pairs for name in (pair.a, pair.b)}
    ranked = sorted(pairs, key=lambda pair: (-pair.strength, pair.a, pair.b))
    if len(ranked) > MAX_PAIRS:
        notes.append(f"the {MAX_PAIRS:,} strongest of {len(ranked):,} pairs are kept")
    return Correlations(
        pairs=tuple(ranked[:MAX_PAIRS]),
        num_pairs=len(ranked),
        num_pearson_rows=table.num_rows if _is_measured_whole(sample, len(numbers)) else sample.num_rows,
        num_sampled_rows=sample.num_rows,
        left_out=tuple(column.name for column in sample.columns if column.name not in varying),
        notes=tuple(notes),
    )


def _is_measured_whole(sample: TableSample, num_numbers: int) -> bool:
    return sample.is_whole or 8.0 * sample.num_table_rows * num_numbers**2 <= MAX_FLOPS


def _number_pairs(
    table: Table, numbers: tuple[SampledColumn, ...], sample: TableSample, notes: list[str]
) -> Iterator[Correlation]:
    matrix = np.column_stack([column.values for column in numbers])
    moments = _moments(matrix)
    if not sample.is_whole:
        if _is_measured_whole(sample, len(numbers)):
            moments = _moments(matrix, _parts(table, numbers))
        else:
            notes.append(f"Pearson's r is of {sample.num_rows:,} sampled rows: there are too many columns for all rows")
    ranks = np.column_stack([rank(column.values) for column in numbers])
    pearson, counts, spearman = moments.pearson(), moments.counts(), _moments(ranks).pearson()
    for i, j in zip(*np.triu_indices(len(numbers), 1), strict=True):
        if not np.isnan(pearson[i, j]):
            yield Correlation(
                a=numbers[i].name,
                b=numbers[j].name,
                measure="pearson",
                value=float(pearson[i, j]),
                spearman=None if np.isnan(spearman[i, j]) else float(spearman[i, j]),
                num_rows=int(counts[i, j]),
            )


def _moments(sampled: Floats, parts: Iterator[Floats] | None = None) -> PairMoments:
    """Of the parts, or of the sample itself; shifted and scaled by the sample's means and deviations."""
    present = ~np.isnan(sampled)
    n = np.maximum(present.sum(axis=0), 1)
    centres = np.where(present, sampled, 0.0).sum(axis=0) / n
    scales = np.sqrt(np.where(present, (sampled - centres) ** 2, 0.0).sum(axis=0) / n)
    moments = PairMoments(centres, scales)
    for part in parts if parts is not None else (sampled,):
        moments.add(part)
    return moments


def _parts(table: Table, numbers: tuple[SampledColumn, ...]) -> Iterator[Floats]:
    """The whole table's numbers, [n, d], NaN where there is none."""
    listed = ", ".join(f"{number_sql(table.schema[column.name])} AS c{i}" for i, column in enumerate(numbers))
    for batch in table.query_batches(f"SELECT {listed} FROM data"):
        yield np.column_stack([np.asarray(each.to_numpy(zero_copy_only=False), np.float64) for each in batch.columns])


def _category_pairs(categories: tuple[SampledColumn, ...], notes: list[str]) -> Iterator[Correlation]:
    """Of at most 200 columns, on fewer rows where the pairs are many."""
    if len(categories) > MAX_CATEGORY_COLUMNS:
        notes.append(
            f"categories are compared among the first {MAX_CATEGORY_COLUMNS} of {len(categories):,} such columns"
        )
        categories = categories[:MAX_CATEGORY_COLUMNS]
    num_pairs = len(categories) * (len(categories) - 1) // 2
    most = max(_MIN_CATEGORY_ROWS, int(_MAX_CATEGORY_CELLS / max(1, num_pairs)))
    codes = [column.codes[:most] for column in categories]
    for i, first in enumerate(codes):
        for j in range(i + 1, len(codes)):
            value, n = _cramers_v(first, codes[j])
            if value is not None:
                yield Correlation(
                    a=categories[i].name, b=categories[j].name, measure="cramers_v", value=value, num_rows=n
                )


def _cramers_v(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> tuple[float | None, int]:
    both = (first >= 0) & (second >= 0)
    place = first[both] * MAX_CATEGORIES + second[both]
    counts = np.bincount(place, minlength=MAX_CATEGORIES**2).reshape(MAX_CATEGORIES, MAX_CATEGORIES)
    return (cramers_v(counts), len(place)) if len(place) > 1 else (None, 0)


def _mixed_pairs(categories: tuple[SampledColumn, ...], numbers: tuple[SampledColumn, ...]) -> Iterator[Correlation]:
    if not categories or not numbers:
        return
    matrix = np.column_stack([column.values for column in numbers])
    for category in categories:
        ratios, counts = correlation_ratios(category.codes, matrix)
        for number, ratio, n in zip(numbers, ratios, counts, strict=True):
            if not np.isnan(ratio):
                yield Correlation(
                    a=category.name, b=number.name, measure="correlation_ratio", value=float(ratio), num_rows=int(n)
                )
