"""`Fold`: one of so many ways to divide rows again, so that each row is held out once.

The folds follow the split. Where it hashes rows or keys they are cut from another hash of the same, in equal numbers
(those of each class where it is stratified); equal rows and rows of one key stay together. Where it goes by time, rows
are cut into one block more than there are folds: each fold is trained on all that comes before its eval rows (Hyndman
and Athanasopoulos 2021, "Forecasting: principles and practice", §5.10), and later rows are in no part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa

from hagane.counted import counted
from hagane.data.downsample import LEFT_OUT
from hagane.data.engine import quote_name
from hagane.data.literal import literal
from hagane.data.part_names import PART_NAMES
from hagane.data.part_sql import HASH_RANGE, hash_bits
from hagane.data.split import EVAL, TEST, TRAIN, Splits
from hagane.data.strata import Ints, case_by_class, numbers_by_class
from hagane.errors import DataError, Fault

SALT = {"eval": HASH_RANGE, "test": 2 * HASH_RANGE}
"""Added to the split's seed: folds are cut from other hashes than the split, and than one another."""


class Fold(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Fold `number` of `count`, from 1.

    `part` eval: of the rows of train and eval the fold is eval and the others train; test stays. `part` test: of all
    rows the fold is test, eval stays in the others, and the rest is train.

    >>> from hagane.data.open_table import open_table
    >>> from hagane.data.split import split_table
    >>> from hagane.spec.spec import Split
    >>> splits = split_table(open_table(pa.table({"n": range(100)})), Split(test_fraction=0.0))
    >>> [Fold(number=number, count=4)(splits).counts for number in (1, 2, 3, 4)]
    [(75, 25, 0), (75, 25, 0), (75, 25, 0), (75, 25, 0)]
    """

    number: int
    count: int
    part: Literal["eval", "test"] = "eval"

    def __call__(self, splits: Splits) -> Splits:
        """The rows divided so. Raises DataError where a part would be without rows."""
        divided = splits.divided_by(_by_time(self, splits) if splits.split.method == "time" else _by_hash(self, splits))
        if not divided.counts[TRAIN] or not divided.counts[_part(self)]:
            raise DataError(_too_few(self, divided))
        return divided


def _part(fold: Fold) -> int:
    return EVAL if fold.part == "eval" else TEST


def _candidates(fold: Fold, splits: Splits) -> str:
    """SQL condition: the row is one of those that are divided."""
    return f"({splits.part_sql}) < {TEST if fold.part == 'eval' else LEFT_OUT}"


def _outside(fold: Fold, splits: Splits) -> str:
    """SQL of the part of the rows that are not in the fold."""
    kept = f">= {TEST}" if fold.part == "eval" else f"IN ({EVAL}, {LEFT_OUT})"
    return f"CASE WHEN ({splits.part_sql}) {kept} THEN {splits.part_sql} ELSE {TRAIN} END"


def _by_hash(fold: Fold, splits: Splits) -> str:
    split = splits.split
    salted = msgspec.structs.replace(split, seed=split.seed + SALT[fold.part])
    by_key = split.method == "key" and split.column is not None
    bits = hash_bits([str(split.column)] if by_key else list(splits.table.schema.names), salted)
    class_ = quote_name(str(split.stratify)) if split.stratify else "TRUE"
    listed = f"{class_} AS class, CAST({bits} AS BIGINT) AS bits"
    rows = splits.table.query(f"SELECT {listed} FROM data WHERE {_candidates(fold, splits)} ORDER BY bits")
    bounds = {value: _bounds(hashes, fold) for value, hashes in numbers_by_class(rows, "bits").items()}
    inside = case_by_class(
        class_, {value: f"{bits} >= {low} AND {bits} < {high}" for value, (low, high) in bounds.items()}
    )
    return f"CASE WHEN {_candidates(fold, splits)} AND ({inside}) THEN {_part(fold)} ELSE {_outside(fold, splits)} END"


def _bounds(hashes: Ints, fold: Fold) -> tuple[int, int]:
    """Of the sorted hashes those of the fold: from the first to below the second."""
    ends = [round(len(hashes) * cut / fold.count) for cut in (fold.number - 1, fold.number)]
    low, high = (int(hashes[end - 1]) + 1 if end else 0 for end in ends)
    return low, HASH_RANGE if fold.number == fold.count else high


def _by_time(fold: Fold, splits: Splits) -> str:
    column = quote_name(str(splits.split.column))
    found = splits.table.query(
        f"SELECT {column} AS v, count(*) AS n FROM data WHERE {_candidates(fold, splits)} AND {column} IS NOT NULL "
        "GROUP BY ALL ORDER BY v"
    )
    starts = _starts(found, fold.count)
    if len(starts) <= fold.number - 1:
        return str(TRAIN)
    here, *later = [f"{column} >= {literal(value)}" for value in starts[fold.number - 1 : fold.number + 1]]
    outside = _outside(fold, splits)
    unseen = f"WHEN {later[0]} THEN {LEFT_OUT}" if later else ""
    fixed = f"WHEN NOT ({_candidates(fold, splits)}) THEN {outside}"
    return f"CASE {fixed} {unseen} WHEN {here} THEN {_part(fold)} ELSE {outside} END"


def _starts(values: pa.Table, num_folds: int) -> Sequence[pa.Scalar[Any]]:
    """The values with which the eval rows of each fold begin: cut between different ones, as evenly as that goes."""
    ends = np.cumsum(values["n"].to_numpy())
    wanted = [ends[-1] * cut / (num_folds + 1) for cut in range(1, num_folds + 1)] if len(ends) else []
    places = sorted({int(np.argmin(np.abs(ends - rank))) + 1 for rank in wanted} - {len(ends)})
    return [values["v"][place] for place in places]


def _too_few(fold: Fold, divided: Splits) -> Fault:
    shown = ", ".join(f"{name} {count:,}" for name, count in zip(PART_NAMES, divided.counts, strict=True))
    what = f"rows of one {divided.split.column} share a fold" if divided.split.method == "key" else (
        "equal times share a fold" if divided.split.method == "time" else "equal rows share a fold")  # fmt: skip
    return Fault(
        what=f"the rows do not suffice for {counted(fold.count, 'fold')}",
        where="tuning.folds" if fold.part == "eval" else "tuning.nested_folds",
        expected="a row in every part of every fold",
        received=f"fold {fold.number}: {shown}; {what}",
        next_step="ask for fewer folds, or bring more rows",
    )


def all_folds(count: int) -> tuple[Fold, ...]:
    """Every fold of `count`.

    >>> [fold.number for fold in all_folds(3)]
    [1, 2, 3]
    """
    return tuple(Fold(number=number, count=count) for number in range(1, count + 1))
