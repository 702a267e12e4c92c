"""Splits: disjoint, complete, deterministic, and as large as asked for."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.errors import DataError, SpecError
from hagane.spec.spec import Split

ROWS = 20_000


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(1)
    start = datetime.datetime(2013, 1, 1)
    return open_table(
        pa.table(
            {
                "id": np.arange(ROWS),
                "entity": random.integers(0, 2_000, ROWS),
                "at": pa.array([start + datetime.timedelta(minutes=int(m)) for m in random.permutation(ROWS)]),
                "year": 2013 + random.integers(0, 4, ROWS),
                "part": random.choice(["train", "EVAL ", "Test"], ROWS, p=[0.8, 0.1, 0.1]),
                "flag": pa.array([None if r < 0.1 else bool(r < 0.3) for r in random.random(ROWS)]),
            }
        )
    )


def parts_of(splits: Splits) -> list[list[dict]]:
    tables = (splits.train, splits.eval, splits.test)
    return [pa.Table.from_batches(t.batches()).to_pylist() if t is not None else [] for t in tables]


METHODS = [("random", None), ("key", "entity"), ("time", "at"), ("column", "part"), ("column", "flag"), ("none", None)]


@pytest.mark.parametrize(("method", "column"), METHODS)
def test_parts_are_disjoint_and_cover_every_row(table, method, column):
    splits = split_table(table, Split(method=method, column=column))
    parts = parts_of(splits)
    assert tuple(len(part) for part in parts) == splits.counts
    assert sorted(row["id"] for part in parts for row in part) == list(range(ROWS))
    streamed = [[], [], []]
    for batch, part in splits.batches(["id"], batch_rows=3_000, dictionary=True):
        assert part.dtype == np.uint8
        for number in range(3):
            streamed[number] += batch.column(0).to_numpy()[part == number].tolist()
    assert streamed == [[row["id"] for row in part] for part in parts]
    assert sum(splits.counts) == ROWS


@pytest.mark.parametrize(("method", "column"), [("random", None), ("key", "entity")])
def test_shares_are_within_binomial_bounds(table, method, column):
    splits = split_table(table, Split(method=method, column=column, eval_fraction=0.2, test_fraction=0.1))
    units = ROWS if method == "random" else 2_000
    for count, share in zip(splits.counts, (0.7, 0.2, 0.1), strict=True):
        assert abs(count / ROWS - share) < 5 * math.sqrt(share * (1 - share) / units)


def test_rows_of_a_key_stay_together_in_any_order(table):
    split = Split(method="key", column="entity")
    splits = split_table(table, split)
    found = [{row["entity"] for row in part} for part in parts_of(splits)]
    assert sum(map(len, found)) == len(set.union(*found))
    shuffled = open_table(table.query("SELECT entity, id FROM data ORDER BY hash(id)"))
    assert [{row["entity"] for row in part} for part in parts_of(split_table(shuffled, split))] == found


def test_duplicates_are_in_one_part():
    table = open_table(pa.table({"a": [i % 500 for i in range(5_000)], "b": [str(i % 500) for i in range(5_000)]}))
    splits = split_table(table, Split())
    found = [{row["a"] for row in part} for part in parts_of(splits)]
    assert sum(map(len, found)) == 500
    assert all(count % 10 == 0 for count in splits.counts)


def test_a_seed_is_a_split_of_its_own(table):
    first, again, other = (split_table(table, Split(seed=seed)).parts for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    both_held_out = np.mean((first > 0) & (other > 0))
    assert 0.02 < both_held_out < 0.06


def test_equal_rows_are_split_equally_wherever_they_come_from(table, tmp_path):
    pq.write_table(table.query("FROM data"), tmp_path / "rows.parquet", row_group_size=3_000)
    np.testing.assert_array_equal(
        split_table(table, Split()).parts, split_table(open_table(tmp_path / "rows.parquet"), Split()).parts
    )


def test_hashes_are_pinned():
    """These values may never change within a major version: a changed DuckDB hash would mix test rows into training."""
    table = open_table(
        "SELECT i::BIGINT AS i, (i * 0.5)::DOUBLE AS x, 'row ' || i AS s, i % 2 = 0 AS b,"
        " DATE '2020-01-01' + i::INT AS d, TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_hours(i) AS t,"
        " NULL::VARCHAR AS n FROM range(40) r(i)"
    )
    found = {
        "random": split_table(table, Split(eval_fraction=0.25, test_fraction=0.25)).parts,
        "seed": split_table(table, Split(eval_fraction=0.25, test_fraction=0.25, seed=7)).parts,
        "key": split_table(table, Split(method="key", column="s", eval_fraction=0.25, test_fraction=0.25)).parts,
    }
    assert {name: "".join(map(str, parts)) for name, parts in found.items()} == PINNED


PINNED = {
    "random": "1020221100020002100100000001001102010011",
    "seed": "0010000022110020110111201002100102100011",
    "key": "1001110222201020200020002200200020002220",
}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.none() | st.integers(0, 12), min_size=3, max_size=60),
    st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    st.sampled_from([0.0, 0.1, 0.25, 0.4]),
)
def test_time_cuts_never_divide_a_tie(values, eval_fraction, test_fraction):
    table = open_table(pa.table({"t": pa.array(values, pa.int64())}))
    split = Split(method="time", column="t", eval_fraction=eval_fraction, test_fraction=test_fraction)
    try:
        splits = split_table(table, split)
    except DataError as error:
        assert "without rows" in error.render() or "NULL in every row" in error.render()  # noqa: PT017
        return
    train, held, test = ([row["t"] for row in part] for part in parts_of(splits))
    known = [t for t in train if t is not None]
    assert None not in held + test
    assert not (known and held) or max(known) < min(held)
    assert not (held and test) or max(held) < min(test)
    assert not (known and test) or max(known) < min(test)
    assert bool(held) == (eval_fraction > 0)
    assert bool(test) == (test_fraction > 0)


def test_time_parts_are_exact_without_ties_and_nearest_with(table):
    assert split_table(table, Split(method="time", column="at")).counts == (16_000, 2_000, 2_000)
    years = [2013] * 4_388 + [2014] * 5_145 + [2015] * 4_636 + [2016] * 833
    splits = split_table(open_table(pa.table({"year": years})), Split(method="time", column="year"))
    assert splits.counts == (9_533, 4_636, 833)
    assert splits.describe() == "by time, the last rows by year: train 9,533, eval 4,636, test 833"


@pytest.mark.parametrize(
    "values",
    [
        [1.5, 2.5, None, 3.5, 4.5],
        ["2013-01-01", "2014-01-01", None, "2015-01-01", "2016'"],
        [datetime.date(2013, 1, day) if day else None for day in (1, 2, 0, 4, 5)],
        [datetime.datetime(2013, 1, 1, 0, 0, 0, us) if us else None for us in (1, 2, 0, 4, 5)],
    ],
)
def test_time_by_every_type(values):
    table = open_table(pa.table({"t": values}))
    splits = split_table(table, Split(method="time", column="t", eval_fraction=0.25, test_fraction=0.25))
    assert splits.parts.tolist() == [0, 0, 0, 1, 2]


def test_empty_parts_are_refused_with_counts():
    table = open_table(pa.table({"t": [1, 1, 1]}))
    with pytest.raises(DataError) as caught:
        split_table(table, Split(method="time", column="t"))
    assert caught.value.faults[0].what == "the split leaves eval and test without rows"
    assert caught.value.faults[0].received == "train 3, eval 0, test 0 of 3 rows"
    with pytest.raises(DataError, match="train without rows"):
        split_table(open_table(pa.table({"p": ["TEST"]})), Split(method="column", column="p"))
    with pytest.raises(DataError, match="there are no rows"):
        split_table(open_table(pa.table({"p": pa.array([], pa.int64())})), Split())


NULLS, FIVES = pa.nulls(20, pa.string()), [5] * 20


@pytest.mark.parametrize(
    ("columns", "split", "told"),
    [
        ({"a": NULLS, "b": NULLS}, Split(), ["every column is NULL in every row"]),
        ({"a": FIVES, "b": NULLS}, Split(), ["no two rows differ", "NULL in every row: b"]),
        ({"a": [1, 2] * 10}, Split(), ["no more than 2 of them differ"]),
        ({"a": [1, 2] * 10, "k": FIVES}, Split(method="key", column="k"), ["rows of one key", "k has 1 value"]),
        ({"a": [1, 2] * 10, "k": NULLS}, Split(method="key", column="k"), ["the column 'k' is NULL in every row"]),
        ({"a": [1, 2] * 10, "t": NULLS}, Split(method="time", column="t"), ["the column 't' is NULL in every row"]),
    ],
)
def test_an_empty_part_says_what_of_the_rows_made_it(columns, split, told):
    with pytest.raises(DataError) as caught:
        split_table(open_table(pa.table(columns)), split)
    assert all(text in caught.value.render() for text in told), caught.value.render()


def test_a_column_of_other_words_is_refused():
    table = open_table(pa.table({"p": ["train", "TEST", "valid", "valid", None]}))
    with pytest.raises(DataError) as caught:
        split_table(table, Split(method="column", column="p"))
    assert caught.value.faults[0].received == "'valid' (2 rows), NULL (1 row)"


def test_all_faults_of_a_split_are_told_at_once(table):
    with pytest.raises(SpecError) as caught:
        split_table(table, Split(method="key", column="entitty", eval_fraction=1.0, test_fraction=-0.1))
    assert [fault.where for fault in caught.value.faults] == [
        "split.eval_fraction", "split.test_fraction", "split.column",
    ]  # fmt: skip
    assert caught.value.faults[2].nearest == "entity"
    for split in (
        Split(method="time"),
        Split(method="column", column="id"),
        Split(eval_fraction=0.5, test_fraction=0.5),
    ):
        with pytest.raises(SpecError):
            split_table(table, split)
