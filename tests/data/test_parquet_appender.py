"""Parquet files put behind one another, read by two readers that we did not write."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.data.compact_struct import CompactStruct
from hagane.data.parquet_appender import ParquetAppender

TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=("Cs",)), max_size=5))
SCHEMA = pa.schema(
    {
        "n": pa.int64(),
        "x": pa.float64(),
        "text": pa.string(),
        "flag": pa.bool_(),
        "at": pa.timestamp("us", "UTC"),
        "day": pa.date32(),
        "probs": pa.list_(pa.field("element", pa.struct({"label": pa.string(), "prob": pa.float64()}))),
    }
)
ROW = st.fixed_dictionaries(
    {
        "n": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        "x": st.one_of(st.none(), st.floats(allow_nan=False)),
        "text": TEXTS,
        "flag": st.one_of(st.none(), st.booleans()),
        "at": st.one_of(st.none(), st.datetimes(timezones=st.just(datetime.UTC))),
        "day": st.one_of(st.none(), st.dates()),
        "probs": st.one_of(
            st.none(), st.lists(st.fixed_dictionaries({"label": TEXTS, "prob": st.floats(0, 1)}), max_size=3)
        ),
    }
)


def file_of(rows: list[dict[str, Any]], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), stream, store_schema=False, **options)
    return stream.getvalue()


@given(
    st.lists(st.lists(ROW, max_size=6), min_size=1, max_size=5),
    st.sampled_from(["none", "snappy", "zstd"]),
    st.sampled_from([1, 2, 100]),
    st.booleans(),
)
def test_the_rows_are_those_of_the_files(
    files: list[list[dict[str, Any]]], compression: str, group: int, has_index: bool
) -> None:
    joined = io.BytesIO()
    appender = ParquetAppender(joined)
    for rows in files:
        appender.append(file_of(rows, compression=compression, row_group_size=group, write_page_index=has_index))
    appender.finish()
    expected = pa.Table.from_pylist([row for rows in files for row in rows], SCHEMA)
    found = pq.read_table(joined, page_checksum_verification=True)
    assert found.equals(expected.cast(found.schema))
    assert pq.read_metadata(joined).num_rows == len(expected)


def test_duckdb_reads_it_and_what_it_prunes_by(tmp_path: Path) -> None:
    path = tmp_path / "joined.parquet"
    with path.open("wb") as stream:
        appender = ParquetAppender(stream)
        for start in range(0, 10_000, 100):
            rows = [{"n": n, "text": f"t{n % 7}", "probs": [{"label": "a", "prob": n / 1e4}]} for n in
                    range(start, start + 100)]  # fmt: skip
            appender.append(file_of(rows))
        appender.finish()
    asked = "SELECT count(*), sum(n), count(DISTINCT text), sum(probs[1].prob) FROM read_parquet(?) WHERE n >= 5050"
    with duckdb.connect() as connection:
        ((count, total, texts, probability),) = connection.execute(asked, [str(path)]).fetchall()
    assert (count, total, texts) == (4950, sum(range(5050, 10_000)), 7)
    assert probability == pytest.approx(sum(range(5050, 10_000)) / 1e4)
    assert pq.read_metadata(path).row_group(99).column(0).statistics.min == 9_900


def test_an_appender_goes_on_where_another_was(tmp_path: Path) -> None:
    files = [file_of([{"n": n}] * 3) for n in range(4)]
    whole = io.BytesIO()
    first = ParquetAppender(whole)
    for file in files:
        first.append(file)
    first.finish()
    cut = io.BytesIO()
    early = ParquetAppender(cut)
    for file in files[:2]:
        early.append(file)
    late = ParquetAppender(cut, template=early.template, row_groups=early.row_groups, num_rows=early.num_rows)
    for file in files[2:]:
        late.append(file)
    late.finish()
    assert cut.getvalue() == whole.getvalue()


def test_other_schemas_and_what_is_no_file_are_refused() -> None:
    appender = ParquetAppender(io.BytesIO())
    appender.append(file_of([{"n": 1}]))
    other = io.BytesIO()
    pq.write_table(pa.table({"n": [1]}), other, store_schema=False)
    with pytest.raises(ValueError, match="another schema"):
        appender.append(other.getvalue())
    for junk in (b"", b"PAR1", b"x" * 100, b"PAR1" + b"\xff" * 50 + b"PAR1"):
        with pytest.raises(ValueError, match=r"."):
            appender.append(junk)


@given(st.binary(max_size=40))
def test_junk_is_no_struct_or_one_that_can_be_written_and_read_again(junk: bytes) -> None:
    try:
        read = CompactStruct.read(junk)
    except ValueError:
        return
    written = read.to_bytes()
    assert CompactStruct.read(written).to_bytes() == written
