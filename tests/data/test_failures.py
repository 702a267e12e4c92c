"""Files that break while they are read, and disks without room: a clear fault, and nothing half-written."""

from __future__ import annotations

import gc
import gzip
import itertools
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.data.split import split_table
from hagane.errors import DataError
from hagane.spec.spec import Split
from hagane.statistics.measure import measure_statistics

ROWS = 120_000


def rows(seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    return pa.table({"x": random.integers(0, 99, ROWS) / 4, "s": random.integers(0, 10**6, ROWS).astype(str)})


@pytest.fixture
def path(tmp_path) -> Path:
    file = tmp_path / "rows.parquet"
    pq.write_table(rows(), file, row_group_size=20_000, compression="zstd", write_page_checksum=True)
    return file


def damage(path: Path, share: float) -> None:
    """Overwrite some bytes, and put size and time of change back, so that nothing but the page tells."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(int(status.st_size * share))
        file.write(b"\xff" * 40_000)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def read_all(table) -> None:
    for _ in table.batches(dictionary=True):
        pass


@pytest.mark.parametrize(
    ("read", "compression"),
    [*itertools.product([measure_statistics, read_all], ["gzip", "zstd", "snappy", "none"])],
)
def test_a_damaged_page_names_the_file(tmp_path, compression, read):
    path = tmp_path / "rows.parquet"
    pq.write_table(rows(), path, row_group_size=20_000, compression=compression, write_page_checksum=True)
    table = open_table(path)
    damage(path, 0.7)
    with pytest.raises(DataError, match=r"rows\.parquet is damaged") as caught:
        read(table)
    assert str(path) in str(caught.value)
    assert "run again" in str(caught.value)


@pytest.mark.parametrize("fill", [b"\x00", b"\xff", b"\x80", b"\x19"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.9])
def test_damage_anywhere_ends_in_an_error_of_ours_or_in_other_values(tmp_path, share, fill):
    """Of a damaged header DuckDB speaks in the words of the libraries beneath it, and not always as duckdb.Error."""
    path = tmp_path / "rows.parquet"
    pq.write_table(rows(), path, row_group_size=2_000, compression="snappy")
    table = open_table(path)
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * share))
        file.write(fill * 400)

    def stream() -> None:
        for _ in open_table(path).query_batches("SELECT hash(x, s) FROM data", batch_rows=10_000):
            pass

    for read in (stream, lambda: open_table(path).query("SELECT max(x), max(s) FROM data"), lambda: read_all(table)):
        told = "damaged"
        try:
            read()
        except DataError as error:
            told = str(error)
        assert "damaged" in told or "changed" in told


def test_a_checksum_tells_what_no_decoder_would(tmp_path):
    path = tmp_path / "plain.parquet"
    pq.write_table(rows(), path, compression="none", use_dictionary=False, write_page_checksum=True)
    table = open_table(path)
    damage(path, 0.2)
    with pytest.raises(DataError, match="CRC"):
        read_all(table)


def test_a_file_that_vanishes(path):
    table = open_table(path)
    path.unlink()
    for read in (measure_statistics, read_all):
        with pytest.raises(DataError, match=r"rows\.parquet") as caught:
            read(table)
        assert "put the file back" in str(caught.value)


def test_a_file_replaced_between_batches(path, tmp_path):
    table = open_table(path)
    batches = table.batches(batch_rows=1_000)
    next(batches)
    pq.write_table(rows(seed=1), tmp_path / "new")
    (tmp_path / "new").replace(path)
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)
    with pytest.raises(DataError, match="changed while it was read"):
        table.query("SELECT count(*) FROM data")
    assert measure_statistics(open_table(path)).num_rows == ROWS


def test_a_file_that_grows_while_it_is_queried(path):
    table = open_table(path)
    batches = table.query_batches("SELECT x FROM data", batch_rows=1_000)
    next(batches)
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(DataError, match="changed while it was read"):
        list(batches)


def packed(kind: str) -> tuple[bytes, int]:
    """A text file of many random rows, packed, and how many rows it has."""
    numbers = np.random.default_rng(0).integers(0, 10**9, 200_000).tolist()
    row = '{{"a": {}}}\n' if kind.startswith("jsonl") else "{}\n"
    text = ("" if kind.startswith("jsonl") else "a\n") + "".join(map(row.format, numbers))
    if kind.endswith("gz"):
        return gzip.compress(text.encode(), 1), len(numbers)
    return pa.compress(text.encode(), "zstd", asbytes=True), len(numbers)


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl.gz", "csv.zst"])
@pytest.mark.parametrize("share", [1e-4, 0.5, 0.999])
def test_a_packed_file_that_is_truncated(tmp_path, kind, share):
    whole, num_rows = packed(kind)
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(whole[: int(len(whole) * share)])
    for source in (path, f"SELECT a FROM '{path}'"):
        with pytest.raises(DataError, match=rf"rows\.{kind} is truncated") as caught:
            open_table(source)
        assert "copy or fetch it again" in caught.value.render()
    path.write_bytes(whole)
    assert open_table(path).num_rows == num_rows


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl.gz"])
@pytest.mark.parametrize("place", [0, 0.5, -6])
def test_a_packed_file_that_is_damaged(tmp_path, kind, place):
    whole, _ = packed(kind)
    bytes_ = bytearray(whole)
    at = int(len(whole) * place) if 0 <= place < 1 else place
    bytes_[at] ^= 0x55
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(bytes_)
    with pytest.raises(DataError, match=rf"rows\.{kind} is (damaged|truncated)"):
        open_table(path)


def test_packed_files_in_pieces_are_whole(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n") + gzip.compress(b"2\n3\n"))
    assert open_table(path).query("SELECT a FROM data")["a"].to_pylist() == [1, 2, 3]
    path.write_bytes(gzip.compress(b"a\n1\n") + b"\0" * 512)  # what tape drives fill up
    with pytest.raises(DataError, match="unpack it"):
        open_table(path)


def test_lines_before_a_packed_table_are_shown_unpacked(tmp_path):
    text = b"made by an export\n\na,b\n" + b"1,2\n" * 50
    for name, data in (("rows.csv.gz", gzip.compress(text)), ("rows.csv.zst", pa.compress(text, "zstd", asbytes=True))):
        (tmp_path / name).write_bytes(data)
        bad = open_table(tmp_path / name).bad_rows
        assert [row.text for row in bad.examples] == ["made by an export"]


@pytest.fixture
def small_disk(monkeypatch):
    """A file system of 3 MiB for temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="hagane-small-disk-"))
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        folder.rmdir()
        pytest.skip("a small file system cannot be mounted here")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    monkeypatch.undo()
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_disk_that_fills_up_while_a_query_is_kept(small_disk, path):
    with pytest.raises(DataError, match="the disk is full") as caught:
        open_table(f"SELECT random() AS a, random() AS b, random() AS c, random() AS d, random() AS e FROM '{path}'")
    assert str(small_disk) in str(caught.value)
    assert "MiB are left" in str(caught.value)
    del caught
    gc.collect()
    assert not list(small_disk.iterdir())


def test_a_disk_that_fills_up_while_spilling(small_disk, path):
    many = ", ".join(f"'{path}'" for _ in range(12))
    table = open_table(path, memory_limit="64MiB")
    with pytest.raises(DataError, match="the disk is full"):
        table.query(f"SELECT x, s FROM (SELECT * FROM read_parquet([{many}]) ORDER BY s, x) OFFSET 1000000")
    assert table.query("SELECT count(*) AS n FROM data")["n"][0].as_py() == ROWS
    del table
    gc.collect()
    assert not list(small_disk.iterdir())


def test_a_file_size_limit(path):
    """In a process of its own, where no file may grow beyond 50 kB."""
    code = (
        "import resource, signal, sys\n"
        "from hagane.data.open_table import open_table\n"
        "from hagane.data.split import split_table\n"
        "from hagane.errors import DataError\n"
        "from hagane.spec.spec import Split\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try:\n    split_table(open_table(sys.argv[1]), Split())\n"
        "except DataError as error:\n    print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "may write" in ran.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 50_000
    assert signal.getsignal(signal.SIGXFSZ) is not None
    assert split_table(open_table(path), Split()).counts[0] > 0
