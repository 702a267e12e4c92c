"""Folds: each row held out once, in the shares and the company that the split asks for; fractions that nest."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.folds import Fold, all_folds
from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.data.training_fraction import TrainingFraction
from hagane.errors import DataError
from hagane.spec.spec import Split

NUM_ROWS = 1_000


def columns(num_rows: int = NUM_ROWS) -> pa.Table:
    random = np.random.default_rng(0)
    day = [datetime.date(2020, 1, 1) + datetime.timedelta(days=int(d)) for d in random.integers(0, 300, num_rows)]
    return pa.table({
        "id": np.arange(num_rows),
        "customer": random.integers(0, 60, num_rows),
        "day": pa.array(day, mask=random.random(num_rows) < 0.02),
        "label": random.choice(["no", "yes", "rare"], num_rows, p=[0.8, 0.17, 0.03]),
    })  # fmt: skip


def parts_of(splits: Splits) -> npt.NDArray[np.uint8]:
    """As the tables have them, which must be what `parts` says."""
    found = np.full(len(splits.parts), 3, np.uint8)
    for number, table in enumerate((splits.train, splits.eval, splits.test)):
        if table is not None:
            found[table.query("SELECT id FROM data")["id"].to_numpy()] = number
    assert np.array_equal(found, splits.parts)
    return found


@pytest.mark.parametrize("split", [Split(), Split(seed=5, test_fraction=0.0), Split(stratify="label"),
                                   Split(method="key", column="customer"), Split(method="none")])  # fmt: skip
def test_each_row_is_held_out_once_and_test_rows_never(split: Split) -> None:
    splits = split_table(open_table(columns()), split)
    folds = [parts_of(fold(splits)) for fold in all_folds(5)]
    is_test = splits.parts == 2
    assert all(np.array_equal(parts == 2, is_test) for parts in folds)
    held_out = np.sum([parts == 1 for parts in folds], axis=0)
    assert np.array_equal(held_out, np.where(is_test, 0, 1))
    sizes = [int(np.sum(parts == 1)) for parts in folds]
    assert sum(sizes) == int(np.sum(~is_test))
    assert max(sizes) - min(sizes) <= (60 if split.method == "key" else 1 if not split.stratify else 3)


def test_strata_are_divided_to_a_row() -> None:
    rows = columns()
    splits = split_table(open_table(rows), Split(stratify="label"))
    labels = np.array(rows["label"].to_pylist())
    for value in ("no", "yes", "rare"):
        counts = [int(np.sum((fold(splits).parts == 1) & (labels == value))) for fold in all_folds(4)]
        assert max(counts) - min(counts) <= 1


def test_rows_of_one_key_share_a_fold() -> None:
    rows = columns()
    customers = rows["customer"].to_numpy()
    splits = split_table(open_table(rows), Split(method="key", column="customer"))
    for fold in all_folds(4):
        parts = fold(splits).parts
        assert not set(customers[parts == 1]) & set(customers[parts == 0])


def test_by_time_nothing_is_learnt_from_later_rows() -> None:
    rows = columns()
    days = rows["day"].to_numpy(zero_copy_only=False)
    splits = split_table(open_table(rows), Split(method="time", column="day"))
    latest = []
    for fold in all_folds(4):
        parts = fold(splits).parts
        known = ~np.isnat(days)
        assert days[(parts == 0) & known].max() < days[parts == 1].min()
        assert np.array_equal(parts == 2, splits.parts == 2)
        assert all(parts[~known] == 0)
        latest.append((days[parts == 1].min(), days[parts == 1].max()))
        later = days[(parts == 3) & known]
        assert not len(later) or later.min() > days[parts == 1].max()
    assert all(before[1] < after[0] for before, after in itertools.pairwise(latest))


def test_outer_folds_hold_every_row_out_as_test() -> None:
    splits = split_table(open_table(columns()), Split(method="none"))
    outer = [Fold(number=number, count=4, part="test")(splits) for number in (1, 2, 3, 4)]
    assert np.array_equal(np.sum([parts_of(each) == 2 for each in outer], axis=0), np.ones(NUM_ROWS))
    inner = Fold(number=2, count=3)(outer[1])
    assert np.array_equal(inner.parts == 2, outer[1].parts == 2)
    assert inner.counts[1] == pytest.approx(NUM_ROWS / 4, abs=1)
    by_time = split_table(open_table(columns()), Split(method="time", column="day"))
    outer_by_time = Fold(number=2, count=4, part="test")(by_time)
    inner_by_time = Fold(number=3, count=3)(outer_by_time)
    assert np.array_equal(inner_by_time.parts >= 2, outer_by_time.parts >= 2)
    assert inner_by_time.counts[1]


def test_folds_of_other_seeds_and_of_the_split_itself_are_others() -> None:
    table = open_table(columns())
    one, other = (Fold(number=1, count=5)(split_table(table, Split(seed=seed, test_fraction=0.0))) for seed in (0, 1))
    assert 0.1 < np.mean(other.parts[one.parts == 1] == 1) < 0.3
    again = Fold(number=1, count=5)(split_table(open_table(columns()), Split(test_fraction=0.0)))
    assert np.array_equal(one.parts, again.parts)


def test_too_few_rows_are_told() -> None:
    splits = split_table(open_table(pa.table({"id": range(3)})), Split(method="none"))
    with pytest.raises(DataError, match="the rows do not suffice for 5 folds") as caught:
        [fold(splits) for fold in all_folds(5)]
    assert "equal rows share a fold" in str(caught.value)
    same_day = split_table(open_table(pa.table({"id": range(9), "d": [1] * 9})), Split(method="none"))
    with pytest.raises(DataError, match="equal times share a fold"):
        Fold(number=1, count=2)(
            Splits(same_day.table, Split(method="time", column="d"), "0", same_day.parts, (9, 0, 0))
        )


@settings(max_examples=25)
@given(st.integers(2, 7), st.integers(20, 60), st.integers(0, 2**32 - 1))
def test_few_rows_are_divided_as_evenly(count: int, num_rows: int, seed: int) -> None:
    splits = split_table(open_table(pa.table({"id": range(num_rows)})), Split(method="none", seed=seed))
    sizes = [fold(splits).counts[1] for fold in all_folds(count)]
    assert sum(sizes) == num_rows
    assert max(sizes) - min(sizes) <= 1


def test_fractions_nest_and_leave_eval_and_test_alone() -> None:
    splits = split_table(open_table(columns()), Split())
    shares = [0.1, 0.3, 0.6, 1.0]
    found = [TrainingFraction(share=share, repeat=2)(splits) for share in shares]
    for share, each in zip(shares, found, strict=True):
        parts = parts_of(each)
        assert np.array_equal(parts % 3 != 0, splits.parts != 0)
        assert each.counts[0] == pytest.approx(share * splits.counts[0], abs=60)
        assert each.num_batched_rows == sum(each.counts)
    for smaller, larger in itertools.pairwise(found):
        assert not np.any((smaller.parts == 0) & (larger.parts != 0))
    other = TrainingFraction(share=0.3, repeat=3)(splits)
    assert not np.array_equal(other.parts, found[1].parts)


def test_a_fraction_by_key_is_one_of_keys() -> None:
    rows = columns()
    splits = split_table(open_table(rows), Split(method="key", column="customer"))
    parts, customers = TrainingFraction(share=0.5)(splits).parts, rows["customer"].to_numpy()
    assert not set(customers[parts == 0]) & set(customers[parts == 3])
