"""Merging takes no row away and shows none twice, whenever it is killed and whoever reads meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from load_module import load_module

from hagane.serving.request_log.compact import compact_hour
from hagane.serving.request_log.file_metadata import logged_model
from hagane.serving.request_log.log_folder import LogFolder, files_of
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.log_options import LogOptions
from hagane.serving.request_log.maintain import maintain

made = load_module(Path(__file__).with_name("made_hours.py"))


def test_small_files_of_a_model_become_one(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    hour = made.write_hour(folder, 10, range(100))
    made.write_hour(folder, 10, range(1000, 1040), version="2")
    before = pa.concat_tables([pq.read_table(file) for file in files_of(hour)]).sort_by("request_id")
    assert compact_hour(hour) == 8
    files = files_of(hour)
    assert {logged_model(file).version for file in files} == {"1", "2"}
    assert len(files) == len(list(hour.iterdir())) == 2
    after = pa.concat_tables([pq.read_table(file) for file in files]).sort_by("request_id")
    assert after.equals(before)
    assert compact_hour(hour) == 0, "there is nothing more to do"
    made.write_hour(folder, 10, range(500, 520), files=1)
    assert compact_hour(hour) == 2, "a file that came late joins the merged one"
    assert len(made.ids(hour)) == 160
    assert len(files_of(hour)) == 2


def test_a_damaged_file_keeps_no_other_hour_from_being_merged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = LogFolder(tmp_path, "e")
    hours = [made.write_hour(folder, hour, range(40)) for hour in (10, 11)]
    (hours[0] / "torn.parquet").write_bytes(b"PAR1 half a file")
    assert maintain(folder, LogOptions(max_age_days=None)) is not None
    assert (len(files_of(hours[0])), len(files_of(hours[1]))) == (5, 1)
    assert f"the hour {hours[0]} of the request log is left as it is" in caplog.text


def test_an_empty_hour_and_a_single_file_are_left_alone(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    assert compact_hour(folder.make_hour("requests", 3)) == 0
    hour = made.write_hour(folder, 4, range(10), files=1)
    before = {file.name: file.read_bytes() for file in hour.iterdir()}
    assert compact_hour(hour) == 0
    assert {file.name: file.read_bytes() for file in hour.iterdir()} == before


KILLED = """
import json, os, signal, sys
from pathlib import Path
import pyarrow.parquet
from hagane.serving.request_log.compact import compact_hour

def killed_at(hour, number):
    changes = 0
    def hook(event, arguments):
        nonlocal changes
        if event in ("os.rename", "os.remove") and str(hour) in str(arguments[0]):
            changes += 1
            if changes == number:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    compact_hour(hour)
    os._exit(0)

for number, hour in enumerate(sys.argv[1:], 1):
    process = os.fork()  # one that has loaded all, and has no threads yet
    if process == 0:
        killed_at(Path(hour), number)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


def test_killed_before_any_change_no_row_is_lost_or_doubled(tmp_path: Path) -> None:
    expected = sorted(f"r{number}" for number in range(40))
    folders = [LogFolder(tmp_path / str(number), "e") for number in range(6)]
    hours = [made.write_hour(folder, 10, range(40)) for folder in folders]
    command = [sys.executable, "-c", KILLED, *map(str, hours)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    assert [int(code) for code in told.split()] == [-signal.SIGKILL] * 5 + [0], "the rename, and each of four removals"
    for folder, hour in zip(folders, hours, strict=True):
        assert made.ids(hour) == expected
        maintain(folder, LogOptions(max_age_days=None))
        assert made.ids(hour) == expected
        assert len([file for file in hour.iterdir() if not file.name.startswith(".")]) == 1


def test_who_reads_under_the_lock_sees_every_row_once(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    hour = made.write_hour(folder, 10, range(60))
    stop = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not stop.is_set():
            with log_lock(folder):
                ids = made.ids(hour)
            seen.append(len(ids))
            assert len(set(ids)) == len(ids)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(1, 9):
        made.write_hour(folder, 10, range(turn * 100, turn * 100 + 20))
        maintain(folder, LogOptions(max_age_days=None), wait=True)
    stop.set()
    reader.join()
    assert seen == sorted(seen), "rows are added, and never vanish"
    assert len(made.ids(hour)) == 60 + 8 * 20


def test_nobody_merges_while_another_reads(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    hour = made.write_hour(folder, 10, range(8))
    with log_lock(folder):
        assert maintain(folder, LogOptions(max_age_days=None)) is None
        assert len(files_of(hour)) == 4
    assert maintain(folder, LogOptions(max_age_days=None)) is not None
    assert len(files_of(hour)) == 1


def test_what_a_killed_writer_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    folder = LogFolder(tmp_path, "e")
    hour = made.write_hour(folder, 10, range(8))
    young, old = hour / ".a-1.parquet.partial-1", hour / ".b-1.parquet.partial-999999999"
    for path in (young, old):
        path.write_bytes(b"half of a file")
    os.utime(old, (0, 0))
    maintain(folder, LogOptions(max_age_days=None))
    assert young.exists()
    assert not old.exists()
    assert len(made.ids(hour)) == 8


def test_the_hour_that_is_written_is_not_merged(tmp_path: Path) -> None:
    import time

    folder = LogFolder(tmp_path, "e")
    now = made.write_hour(folder, int(time.time()) // 3600, range(8))
    maintain(folder, LogOptions())
    assert len(files_of(now)) == 4


def test_a_stranger_in_the_folder_is_told(tmp_path: Path) -> None:
    from hagane.errors import DataError

    folder = LogFolder(tmp_path, "e")
    hour = folder.make_hour("requests", 10)
    (hour / "merged-x.parquet").write_bytes(b"no Parquet")
    (hour / "a.parquet").write_bytes(json.dumps({}).encode())
    with pytest.raises(DataError, match=r"merged-x\.parquet"):
        files_of(hour)
