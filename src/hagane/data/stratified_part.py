"""`stratified_part`: the SQL expression of a random split in which every class has the same shares.

Within a class the rows are ordered by their hash; the first are test, the next eval. The cuts are found exactly in two
scans and little memory: a histogram of the hashes of each class (4,096 bins), then the hashes in the bins of the cuts.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.data.strata import Ints, case_by_class, numbers_by_class
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.spec.spec import Split

BIN_BITS = 20
"""A bin holds the hashes that are equal but for so many of their 32 bits."""
MAX_STRATA = 1_000


class Cut(NamedTuple):
    """Where a part ends: behind the row of this rank (from 1; 0: nowhere) among the hashes of this bin."""

    bin: int
    rank: int


class Stratum(NamedTuple):
    """One value of the column."""

    value: pa.Scalar[Any]
    test: Cut
    eval: Cut


def stratified_part(table: Table, column: str, bits: str, split: Split) -> str:
    """0 for train, 1 for eval, 2 for test. `bits` is the SQL of a row's hash, from 0 to 2**32 - 1.

    Of n rows of a class round(n · fraction) are in each part that is held out, but that rows with equal hashes stay
    together. Raises DataError for more than 1,000 classes.
    """
    name, bin_ = quote_name(column), f"({bits} >> {BIN_BITS})"
    strata = _strata(table, column, bin_, split)
    in_cut = case_by_class(name, {s.value: f"{bin_} IN ({s.test.bin}, {s.eval.bin})" for s in strata})
    hashes = numbers_by_class(
        table.query(f"SELECT {name} AS class, CAST({bits} AS BIGINT) AS bits FROM data WHERE {in_cut} ORDER BY bits"),
        "bits",
    )

    def parts(stratum: Stratum) -> str:
        found = hashes.get(stratum.value, np.empty(0, np.int64))
        test, eval_ = (_end(found, cut) for cut in (stratum.test, stratum.eval))
        return f"CASE WHEN {bits} < {test} THEN 2 WHEN {bits} < {eval_} THEN 1 ELSE 0 END"

    return case_by_class(name, {stratum.value: parts(stratum) for stratum in strata})


def _strata(table: Table, column: str, bin_: str, split: Split) -> list[Stratum]:
    name = quote_name(column)
    histogram = table.query(
        f"SELECT {name} AS class, CAST({bin_} AS BIGINT) AS bin, count(*) AS n FROM data GROUP BY ALL ORDER BY bin"
    )
    bins, counts = numbers_by_class(histogram, "bin"), numbers_by_class(histogram, "n")
    if len(bins) > MAX_STRATA:
        raise DataError(_too_many(column, len(bins)))
    strata = []
    for value, found in bins.items():
        ends = np.cumsum(counts[value])
        num_test, num_eval = (round(int(ends[-1]) * share) for share in (split.test_fraction, split.eval_fraction))
        strata.append(Stratum(value, _cut(found, ends, num_test), _cut(found, ends, num_test + num_eval)))
    return strata


def _cut(bins: Ints, ends: Ints, rank: int) -> Cut:
    if not rank:
        return Cut(-1, 0)
    place = int(np.searchsorted(ends, rank))
    return Cut(int(bins[place]), rank - (int(ends[place - 1]) if place else 0))


def _end(hashes: Ints, cut: Cut) -> int:
    """The hash below which the part's rows lie, of the sorted hashes of the cuts' bins."""
    return int(hashes[np.searchsorted(hashes, cut.bin << BIN_BITS) + cut.rank - 1]) + 1 if cut.rank else 0


def _too_many(column: str, num_classes: int) -> Fault:
    return Fault(
        what=f"column {column!r} has too many values to stratify by",
        where="split.stratify",
        expected=f"at most {MAX_STRATA:,}",
        received=f"{num_classes:,}",
        next_step="make a column of groups in the data query, and stratify by that",
    )
