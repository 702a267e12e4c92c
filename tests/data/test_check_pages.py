"""Damage that no decoder sees, in files whose writers kept checksums."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hagane as hg
from hagane.data.check_pages import check_pages
from hagane.data.open_table import open_table
from hagane.data.page_header import read_page_header
from hagane.errors import DataError
from hagane.progress import SILENT
from hagane.progress.events import Event
from hagane.statistics.measure import measure_statistics

ROWS = 60_000
WRITERS: dict[str, dict[str, Any]] = {
    "plain": {"compression": "none", "use_dictionary": False},
    "snappy": {"compression": "snappy"},
    "zstd": {"compression": "zstd", "row_group_size": 7_000},
    "version 2": {"compression": "zstd", "data_page_version": "2.0", "use_dictionary": False},
    "small pages": {"compression": "snappy", "data_page_size": 2_000},
}


class Phases:
    """Names of the phases begun, and what was done in them."""

    def __init__(self) -> None:
        self.totals: dict[str, float | None] = {}
        self.done: dict[str, float] = {}

    def phase(
        self,
        name: str,
        *,
        total: float | None = None,
        unit: str = "rows",
        at_most: bool = False,
        completed: float = 0.0,
    ) -> Phases:
        self.name, self.totals[name], self.done[name] = name, total, 0.0
        return self

    def note(self, text: str) -> None: ...

    def tell(self, event: Event) -> None: ...

    def __enter__(self) -> Phases:
        return self

    def __exit__(self, *_: object) -> None: ...

    def advance(self, amount: float = 1, **_: float) -> None:
        self.done[self.name] += amount


def table() -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table(
        {
            "x": random.normal(size=ROWS),
            "k": random.integers(0, 50, ROWS),
            "s": np.where(random.random(ROWS) < 0.1, None, random.integers(0, 10**9, ROWS).astype(str)),
            "tags": [[1, 2, 3]] * ROWS,
            "pair": [{"a": i, "b": "x" * 3_000 if i % 9_999 == 0 else "y"} for i in range(ROWS)],
        }
    )


def written(path: Path, writer: str, **more: Any) -> Path:
    pq.write_table(table(), path, **({"write_page_checksum": True} | WRITERS[writer] | more))
    return path


def flip(path: Path, at: int) -> None:
    """Change one bit, and put the time of change back."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("writer", WRITERS)
def test_whole_files_are_whole_and_every_byte_was_looked_at(tmp_path: Path, writer: str) -> None:
    path, seen = written(tmp_path / "rows.parquet", writer), Phases()
    check_pages(open_table(path), seen)
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    total = sum(group.column(i).total_compressed_size for group in groups for i in range(group.num_columns))
    assert seen.totals == {"check pages": total}
    assert seen.done == {"check pages": total}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_flipped_bit_anywhere_in_a_page_is_found(tmp_path: Path, writer: str) -> None:
    path = written(tmp_path / "rows.parquet", writer)
    column = pq.read_metadata(path).row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    header = read_page_header(path.read_bytes()[start:])
    for at in (start + header.num_bytes, start + header.num_bytes + header.page_bytes // 2,
               start + header.num_bytes + header.page_bytes - 1, start + column.total_compressed_size - 1):  # fmt: skip
        flip(path, at)
        with pytest.raises(DataError, match=r"rows\.parquet is damaged: column 'x'") as caught:
            check_pages(open_table(path), SILENT)
        assert "row group 1" in caught.value.render()
        assert "run again" in caught.value.render()
        flip(path, at)
    check_pages(open_table(path), SILENT)


def test_columns_that_are_not_read_are_not_checked(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.parquet", "zstd")
    fields = {column.path_in_schema: column for column in _columns(path)}
    column = fields["pair.b"]
    flip(path, (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size - 20)
    check_pages(open_table(path).select(["x", "k", "s", "tags", "pair.a"]), SILENT)
    with pytest.raises(DataError, match=r"column 'pair\.b'"):
        check_pages(open_table(path).select(["pair.b"]), SILENT)


def _columns(path: Path) -> list[Any]:
    group = pq.read_metadata(path).row_group(0)
    return [group.column(index) for index in range(group.num_columns)]


def test_each_file_is_checked_once_a_table_and_not_without_checksums(tmp_path: Path) -> None:
    opened, seen = open_table(written(tmp_path / "rows.parquet", "snappy")), Phases()
    for _ in range(2):
        check_pages(opened, seen)
        seen.totals.clear()
    assert not seen.totals
    check_pages(open_table(written(tmp_path / "none.parquet", "snappy", write_page_checksum=False)), seen)
    check_pages(open_table(f"SELECT * FROM '{tmp_path}/rows.parquet' WHERE k = 3"), seen)
    assert not seen.totals


def test_whatever_scans_a_table_whole_notices(tmp_path: Path) -> None:
    """Without the check these would go on: DuckDB decodes the changed bytes to other numbers."""
    path = tmp_path / "rows.parquet"
    rows = table().select(["x", "k"]).append_column("late", pa.array([True, False] * (ROWS // 2)))
    pq.write_table(rows, path, write_page_checksum=True, **WRITERS["plain"])
    schema = hg.infer_schema(path)
    whole = measure_statistics(open_table(path))["x"].mean
    flip(path, pq.read_metadata(path).row_group(0).column(0).data_page_offset + 5_001)
    assert open_table(path).query("SELECT avg(x) AS m FROM data")["m"][0].as_py() != whole
    for use in (
        lambda: hg.describe(path),
        lambda: hg.infer_schema(path),
        lambda: hg.check_schema(path, schema),
        lambda: hg.find_outliers(path, z_score={"x": 5}),
        lambda: hg.train(path, "late", workspace=tmp_path / "home"),
    ):
        with pytest.raises(DataError, match="is damaged"):
            use()


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_headers(data: bytes) -> None:
    try:
        header = read_page_header(data)
    except (IndexError, ValueError):
        return
    assert 0 < header.num_bytes <= len(data)
    assert header.page_bytes >= 0
    assert header.crc is None or 0 <= header.crc < 2**32
