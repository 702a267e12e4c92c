"""Statistics in one pass: against `measure_statistics` over the same rows, DuckDB's hash, and plain counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hagane.data.engine import Engine
from hagane.data.open_table import open_table
from hagane.statistics import measure_batches as module
from hagane.statistics import text_tally
from hagane.statistics.column_sample import SketchSize
from hagane.statistics.least_hashes import hash_numbers
from hagane.statistics.measure import measure_statistics
from hagane.statistics.measure_batches import measure_batches
from hagane.statistics.row_sampler import RowSampler
from hagane.statistics.statistics import Statistics
from hagane.statistics.text_tally import TextTally
from hagane.types import Column, Schema, SqlType

SCHEMA = Schema((
    Column("x", SqlType.FLOAT64), Column("n", SqlType.INT64), Column("s", SqlType.STRING), Column("b", SqlType.BOOL),
    Column("at", SqlType.TIMESTAMP), Column("day", SqlType.DATE), Column("tags", SqlType.ARRAY_STRING),
))  # fmt: skip
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, float("nan"), float("inf"), -float("inf"), 1e200]))
ROW = st.tuples(
    st.none() | FLOATS,
    st.none() | st.integers(-3, 3) | INT64,
    st.none() | st.sampled_from(["", "a", "é", "日本", "x" * 300]) | st.text(max_size=3),
    st.none() | st.booleans(),
    st.none() | st.integers(-(10**15), 4 * 10**15),
    st.none() | st.integers(-40_000, 40_000),
    st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=3),
)
TYPES = (pa.float64(), pa.int64(), pa.string(), pa.bool_(), pa.timestamp("us", tz="UTC"), pa.date32(),
         pa.list_(pa.string()))  # fmt: skip


def table(rows: list[tuple[object, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(TYPES)
    arrays = [pa.array(values, type_) for values, type_ in zip(columns, TYPES, strict=True)]
    return pa.table(arrays, names=list(SCHEMA.names))


def parts(whole: pa.Table, size: int) -> Iterator[pa.RecordBatch]:
    yield from whole.to_batches(max_chunksize=size)


@given(rows=st.lists(ROW, max_size=40), size=st.integers(1, 50), encoded=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_rows_in_any_batches_as_measure_statistics(
    rows: list[tuple[object, ...]], size: int, encoded: bool
) -> None:
    whole = table(rows)
    expected = measure_statistics(open_table(whole))
    given_ = whole.set_column(2, "s", whole["s"].dictionary_encode()) if encoded else whole
    found = measure_batches(SCHEMA, parts(given_, size))
    assert (found.num_rows, found.num_sampled_rows) == (len(rows), len(rows))
    for mine, theirs in zip(found, expected, strict=True):
        scale = max(abs(each) for each in (mine.min, mine.max, 1.0) if isinstance(each, int | float))
        assert mine.mean == (None if theirs.mean is None else pytest.approx(theirs.mean, rel=1e-9, abs=1e-12 * scale))
        assert mine.stddev == (
            None if theirs.stddev is None else pytest.approx(theirs.stddev, rel=1e-9, abs=1e-7 * scale)
        )
        rest = {"mean": None, "stddev": None}
        assert msgspec.structs.replace(mine, **rest) == msgspec.structs.replace(theirs, **rest)


def test_numbers_hash_as_in_duckdb() -> None:
    random = np.random.default_rng(0)
    whole = random.integers(-(2**63), 2**63 - 1, 2_000)
    floats = np.concatenate(
        [random.normal(size=2_000) * 10.0 ** random.integers(-300, 300, 2_000), [0.0, -0.0, np.inf]]
    )
    engine = Engine()
    for values in (whole, floats):
        name = engine.register(pa.table({"x": values}))
        assert np.array_equal(hash_numbers(values), engine.query(f"SELECT hash(x) AS h FROM {name}")["h"].to_numpy())


def many(num_rows: int) -> tuple[Statistics, dict[str, np.ndarray]]:
    random = np.random.default_rng(1)
    columns = {"x": random.normal(size=num_rows), "n": random.poisson(3, num_rows), "id": np.arange(num_rows)}
    words = random.choice(["a", "b", "c"], num_rows, p=[0.7, 0.2, 0.1])
    schema = Schema((Column("x", SqlType.FLOAT64), Column("n", SqlType.INT64), Column("id", SqlType.INT64),
                     Column("word", SqlType.STRING)))  # fmt: skip
    rows = pa.table(columns | {"word": words})
    return measure_batches(schema, parts(rows, 7_000)), columns | {"word": words}


def test_of_many_rows_a_sample_says_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLED_ROWS", 20_000)
    found, columns = many(200_000)
    assert 9_000 < found.num_sampled_rows <= 20_000
    assert many(200_000)[0] == found, "the same rows give the same figures"
    sketch = found["x"].quantile_sketch
    assert sketch is not None
    assert sketch.count == 200_000
    assert 0.01 < sketch.rank_error < 0.03
    for quantile in found["x"].quantiles:
        assert abs(np.mean(columns["x"] <= quantile.value) - quantile.fraction) < sketch.rank_error
    assert found["x"].mean == pytest.approx(columns["x"].mean(), abs=1e-12)
    assert found["x"].stddev == pytest.approx(columns["x"].std(ddof=1), rel=1e-12)
    assert found["id"].num_distinct == pytest.approx(200_000, rel=0.1)
    assert {top.value: top.count for top in found["word"].top_values} == Counter(columns["word"].tolist())
    shares = {top.value: top.count for top in found["n"].top_values}
    assert shares[3] == pytest.approx(np.sum(columns["n"] == 3), rel=0.1)


def test_a_sample_is_as_likely_to_hold_a_row_as_any_other() -> None:
    sampler, kept = RowSampler(4_000), np.empty(0, np.int64)
    for start in range(0, 64_000, 500):
        choice = sampler.next_batch(500)
        places = np.arange(500) if choice.places is None else choice.places
        kept = np.concatenate([kept, start + places])
        kept = kept if choice.kept is None else kept[choice.kept]
    assert len(kept) == sampler.num_sampled_rows
    assert 1_500 < len(kept) <= 4_000
    counts = np.bincount(kept // 8_000, minlength=8)
    expected = len(kept) / 8
    assert np.sum((counts - expected) ** 2 / expected) < 24.3, "chi-squared of 7 degrees of freedom at 0.1 %"


def test_more_strings_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tally, "ROOM", 1_000)
    monkeypatch.setattr(text_tally, "MOST_WAITING", 2_000)
    random = np.random.default_rng(2)
    words = [f"word {code}" for code in random.zipf(1.3, 60_000) % 50_000]
    tally = TextTally()
    for start in range(0, len(words), 3_000):
        tally.add(pa.array(words[start : start + 3_000]))
    true, sample = Counter(words), tally.sample(SketchSize(1))
    sketch, distinct = sample.frequent_sketch, sample.distinct_sketch
    assert sketch is not None
    assert distinct is not None
    assert not sketch.is_complete
    assert sample.num_distinct is None
    listed = dict(sketch.values())
    for word, count in true.items():
        assert abs(count - listed.get(word, 0)) <= sketch.error, word
    assert sketch.error < 0.01 * len(words)
    assert distinct.estimate() == pytest.approx(len(true), rel=0.1)
    found = tally.found()
    assert (found["count"], found["min"], found["max"]) == (len(words), min(true), max(true))
    assert found["length"] == pytest.approx(sum(map(len, words)) / len(words))


def test_long_strings_take_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_tally, "ROOM_BYTES", 100_000)
    tally = TextTally()
    for number in range(30):
        tally.add(pa.array([f"{number}-{place}" * 500 for place in range(50)] + ["often"] * 50))
    sketch = tally.sample(SketchSize(1)).frequent_sketch
    assert sketch is not None
    assert abs(dict(sketch.values())["often"] - 1_500) <= sketch.error
