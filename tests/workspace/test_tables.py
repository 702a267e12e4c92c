"""Tables of a workspace: names on any file system, changes that are whole, readers that go on, kills at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hagane.errors import DataError, NotFoundError, StorageError
from hagane.workspace.described import Described
from hagane.workspace.stored_table import StoredTable, TableColumn, ViewAbout
from hagane.workspace.table_name import LONGEST_FILE_NAME, TableName, file_name, name_of_file
from hagane.workspace.tables import Tables

COLUMNS = (TableColumn(name="n", type="BIGINT"),)
T = TableName("main", "t")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "tables")


def put(tables: Tables, name: TableName, rows: list[int], *, keep_old: bool = False) -> StoredTable:
    with tables.changing(name) as change:
        path = change.new_file()
        pq.write_table(pa.table({"n": rows}), path)
        return change.commit(COLUMNS, [(path, len(rows))], keep_old=keep_old)


def rows(found: object) -> list[int]:
    assert isinstance(found, StoredTable)
    return [value for path in found.files for value in pq.read_table(path)["n"].to_pylist()]


@given(st.text(min_size=1, max_size=40))
def test_a_file_name_stands_for_one_name_and_no_other(name: str) -> None:
    try:
        escaped = file_name(name.encode(errors="ignore").decode())
    except DataError:
        return
    assert name_of_file(escaped) == name.encode(errors="ignore").decode()
    assert escaped == escaped.lower()
    assert escaped.isascii()
    assert not set(escaped) & set('/\\:*?"<>|. ')
    assert len(escaped) <= LONGEST_FILE_NAME


@given(st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=2, unique=True))
def test_two_names_are_two_files_even_where_case_counts_for_nothing(names: list[str]) -> None:
    first, second = (file_name(name.encode(errors="replace").decode()) for name in names)
    if names[0].encode(errors="replace") != names[1].encode(errors="replace"):
        assert first.lower() != second.lower()


def test_a_table_is_replaced_appended_to_and_dropped(tables: Tables) -> None:
    put(tables, T, [1, 2])
    put(tables, T, [3], keep_old=True)
    assert rows(tables.get(T)) == [1, 2, 3]
    assert tables.names("main") == (T,)
    put(tables, T, [9])
    assert rows(tables.get(T)) == [9]
    assert len(list(tables.folder.rglob("*.parquet"))) == 1
    tables.drop(T)
    with pytest.raises(NotFoundError):
        tables.get(T)
    assert list((tables.folder / "main").iterdir()) == []


def test_what_is_not_committed_was_never_there(tables: Tables) -> None:
    put(tables, T, [1])

    def write_and_fail() -> None:
        with tables.changing(T) as change:
            pq.write_table(pa.table({"n": [2]}), change.new_file())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert rows(tables.get(T)) == [1]
    assert len(list(tables.folder.rglob("*.parquet"))) == 1


def test_who_reads_goes_on_with_what_it_was_and_the_past_is_removed_afterwards(tables: Tables) -> None:
    put(tables, T, [1, 2])
    with tables.reading(T) as old:
        put(tables, T, [3])
        assert rows(old) == [1, 2]
        assert rows(tables.get(T)) == [3]
    assert len(list(tables.folder.rglob("*.parquet"))) == 1
    with tables.reading(T) as old:
        tables.drop(T)
        assert rows(old) == [3]
        assert tables.names("main") == ()
    assert list((tables.folder / "main").iterdir()) == []


def test_views_and_tables_share_their_names(tables: Tables) -> None:
    tables.put_view(T, "SELECT 1 AS n", ViewAbout(created="2020-01-01T00:00:00Z"))
    assert (tables.folder / "main" / "t.sql").read_text().endswith("SELECT 1 AS n\n")
    assert tables.names("main") == (T,)
    put(tables, T, [1])
    assert rows(tables.get(T)) == [1]
    assert not (tables.folder / "main" / "t.sql").exists()
    tables.put_view(T, "SELECT 2 AS n", ViewAbout(created="2020-01-01T00:00:00Z"))
    assert not isinstance(tables.get(T), StoredTable)
    tables.drop(T)
    assert tables.names("main") == ()


def test_a_table_is_renamed(tables: Tables) -> None:
    put(tables, T, [1])
    other = TableName("main", "T")  # on a file system that ignores case, too
    tables.rename(T, other)
    assert tables.names("main") == (other,)
    assert rows(tables.get(other)) == [1]
    put(tables, T, [2])
    with pytest.raises(StorageError, match="Already Exists"):
        tables.rename(T, other)


def test_what_has_expired_is_not_there(tables: Tables) -> None:
    put(tables, T, [1])
    tables.describe(T, Described(expires="2020-01-01T00:00:00+00:00"))
    assert tables.find(T) is None
    assert tables.names("main") == ()
    put(tables, T, [2])


def test_a_damaged_manifest_is_told(tables: Tables) -> None:
    put(tables, T, [1])
    manifest = tables.folder / "main" / "t" / "table.json"
    manifest.write_text(manifest.read_text()[:-20])
    with pytest.raises(DataError, match="is damaged"):
        tables.get(T)


def test_a_later_release_is_told(tables: Tables) -> None:
    put(tables, T, [1])
    manifest = tables.folder / "main" / "t" / "table.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(DataError, match="later release"):
        tables.get(T)


def test_datasets(tables: Tables) -> None:
    with pytest.raises(NotFoundError, match="Dataset lake"):
        put(tables, TableName("lake", "t"), [1])
    tables.put_dataset("lake", Described(description="deep"))
    put(tables, TableName("lake", "t"), [1])
    assert tables.datasets() == ("lake", "main")
    with pytest.raises(StorageError, match="still in use"):
        tables.drop_dataset("lake")
    tables.drop_dataset("lake", cascade=True)
    assert tables.datasets() == ("main",)


WRITER = """
import sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from hagane.workspace.stored_table import TableColumn
from hagane.workspace.table_name import TableName
from hagane.workspace.tables import Tables
tables = Tables(Path(sys.argv[1]))
columns = (TableColumn(name="n", type="BIGINT"),)
number = int(sys.argv[2])
print("ready", flush=True)
while True:
    number += 1
    with tables.changing(TableName("main", "t")) as change:
        files = []
        for _ in range(2):
            path = change.new_file()
            pq.write_table(pa.table({"n": [number] * 500}), path)
            files.append((path, 500))
        change.commit(columns, files)
"""


def kill_writers(folder: Path, times: int) -> None:
    """Kill a writer at a random moment, again and again; whoever looks then sees one whole content."""
    chance = random.Random(7)
    tables = Tables(folder)
    number = 0
    for _ in range(times):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder), str(number)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 0.1))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        found = tables.find(T)
        if found is not None:
            seen = set(rows(found))
            assert len(seen) == 1
            assert len(rows(found)) == 1_000
            assert min(seen) >= number
            number = min(seen)
    put(tables, T, [0])
    assert rows(tables.get(T)) == [0]
    assert sorted(path.name for path in (folder / "main" / "t").iterdir() if path.suffix == ".parquet") == [
        tables.get(T).files[0].name  # type: ignore[union-attr]
    ]


def test_a_killed_writer_leaves_the_old_table_or_the_new_one(tmp_path: Path) -> None:
    kill_writers(tmp_path / "tables", 3)


@pytest.mark.slow
def test_a_hundred_killed_writers(tmp_path: Path) -> None:
    kill_writers(tmp_path / "tables", 100)


def test_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    program = WRITER.replace("while True:", "for _ in range(10):").replace(
        "commit(columns, files)", "commit(columns, files, keep_old=True)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "tables"), str(start)],
                                stdout=subprocess.DEVNULL) for start in (0, 1_000)]  # fmt: skip
    assert [writer.wait() for writer in writers] == [0, 0]
    found = Tables(tmp_path / "tables").get(T)
    assert sorted(set(rows(found))) == [*range(1, 11), *range(1_001, 1_011)]
    assert len(rows(found)) == 20 * 1_000
