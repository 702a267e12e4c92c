"""Files that lie elsewhere: over HTTP from a real server, in fsspec's memory, in an archive."""

from __future__ import annotations

import functools
import http.server
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hagane.data.open_table import open_table
from hagane.errors import DataError, MissingExtraError


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bucket() -> Iterator[str]:
    memory = fsspec.filesystem("memory")
    for year in (2013, 2014):
        with memory.open(f"/bucket/trips/year={year}/part.parquet", "wb") as file:
            pq.write_table(pa.table({"fare": [float(year), 1.5]}), file)
    with memory.open("/bucket/trips/_SUCCESS", "wb") as file:
        file.write(b"")
    yield "memory://bucket/trips"
    memory.rm("/bucket", recursive=True)


def test_a_csv_over_http(site: str, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads HTTP through aiohttp")
    (tmp_path / "trips.csv").write_text("id,fare\n1,2.5\n2,3.5\n")
    table = open_table(f"{site}/trips.csv?version=3")
    assert table.query("SELECT sum(fare) AS s FROM data").to_pylist() == [{"s": 6.0}]
    with pytest.raises(DataError, match=r"no file at .http://"):
        open_table(f"{site}/none.csv")


def test_a_folder_keeps_its_partitions(bucket: str) -> None:
    table = open_table(bucket)
    assert table.query("SELECT year, max(fare) AS m FROM data GROUP BY year ORDER BY year").to_pylist() == [
        {"year": 2013, "m": 2013.0},
        {"year": 2014, "m": 2014.0},
    ]


def test_a_glob_and_a_query(bucket: str) -> None:
    assert open_table(f"{bucket}/*/part.parquet").num_rows == 4
    assert open_table(f"SELECT sum(fare) AS s FROM '{bucket}/year=2013/part.parquet'").num_rows == 1


def test_a_file_in_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "trips.zip", "w") as archive:
        archive.writestr("inside/trips.csv", "id\n1\n2\n3\n")
    assert open_table(f"zip://inside/trips.csv::{tmp_path / 'trips.zip'}").num_rows == 3


def test_the_fingerprint_follows_the_content(bucket: str) -> None:
    before = open_table(bucket).fingerprint()
    assert open_table(bucket).fingerprint() == before
    with fsspec.filesystem("memory").open("/bucket/trips/year=2013/part.parquet", "wb") as file:
        pq.write_table(pa.table({"fare": [9.0, 1.5]}), file)
    assert open_table(bucket).fingerprint() != before


def test_an_unknown_protocol_has_a_nearest_name() -> None:
    with pytest.raises(DataError, match="did you mean: postgresql"):
        open_table("postgressql://db/taxi#trips")


def test_a_package_that_is_missing_is_named() -> None:
    if "s3fs" in __import__("sys").modules:
        pytest.skip("s3fs is installed")
    with pytest.raises(MissingExtraError, match="pip install"):
        open_table("s3://bucket/trips.parquet")


def test_a_file_that_is_not_there_is_told_as_one_of_a_folder_is(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_table(f"{bucket}/year=2013/prt.parquet")
    assert caught.value.faults[0].what == f"no file at '{bucket}/year=2013/prt.parquet'"
    assert caught.value.faults[0].nearest == f"{bucket}/year=2013/part.parquet"
    assert caught.value.faults[0].next_step
    with pytest.raises(DataError, match="no file at"):
        open_table("memory://nowhere/at/all.csv")
    with pytest.raises(DataError, match="no file at"):
        open_table(f"zip://inside/trips.csv::{tmp_path / 'none.zip'}")


def test_what_a_protocol_raises_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "trips.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match="BadZipFile"):
        open_table(f"zip://inside/trips.csv::{tmp_path / 'trips.zip'}")


def test_a_server_that_does_not_answer_is_told_from_a_file_that_is_not_there() -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads HTTP through aiohttp")
    with pytest.raises(DataError, match=r"cannot read http://127\.0\.0\.1:1/a\.csv\n  received: Client"):
        open_table("http://127.0.0.1:1/a.csv")


@pytest.mark.parametrize(
    ("status", "told"),
    [(404, "no file at 'http://127"), (403, "received: ClientResponseError: 403"), (500, "received: Client.*: 500")],
)
def test_what_a_server_answers_is_told(status: int, told: str) -> None:
    pytest.importorskip("aiohttp", reason="fsspec reads HTTP through aiohttp")

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(DataError, match=told):
            open_table(f"http://127.0.0.1:{server.server_port}/a.csv")
        server.shutdown()


def test_nothing_there(bucket: str) -> None:
    with pytest.raises(DataError, match="nothing at"):
        open_table(f"{bucket}/*.csv")
