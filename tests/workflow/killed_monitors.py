"""`python killed_monitors.py FOLDER KILLS SEED EVERY SECONDS`: monitors killed at random moments.

One process writes a log: hour after hour, some of its rows late. Others watch it, one at a time, until each is killed
(SIGKILL) at most SECONDS after it began; what they tell is written to a file. Then the writer ends, and one more round
comes to its end. Processes are forks of one that has loaded everything. Writes what is left at the end as JSON.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from tests.serving.request_log import made_hours
from tests.workflow.told_to_file import told_to_file

import hagane.statistics.quantile_sketch
import hagane.workflow.window_parts.expected  # noqa: F401
from hagane.errors import StorageError
from hagane.monitoring.windows import Windows
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.spec.monitoring import Monitoring
from hagane.workflow.monitor import MonitorReport
from hagane.workflow.watch_endpoint import watch_endpoint
from hagane.workspace.row_cuts import RowCuts
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

FIRST = 20_000 * 24
HOURS_A_DAY = 24
STEP = 6
"""Hours from one to the next in which rows come."""
SHIFT = 100_000
"""By how much every third and fourth day differs, which are all alike otherwise: an alert against the window before."""
ROWS = 10
"""Of each file; all of them have the same distribution."""


def main(folder: Path, kills: int, seed: int, every: str, most_seconds: float) -> None:
    """Watch, kill, look."""
    place = Workspace(folder / "home")
    asked = Monitoring(every=every, min_rows=1, alert_after=1, alert_until=1)
    log = LogFolder(place.logs_folder, "e")
    write_model_file(log, made_hours.model())
    (folder / "told").touch()
    chance = random.Random(seed)
    write_some(log, 0, random.Random(seed))
    writer = forked(lambda: write(log, random.Random(seed)))
    killed = 0
    try:
        for _ in range(kills):
            watcher = forked(lambda: watch(folder, place, asked, rounds=10**6))
            time.sleep(chance.uniform(0.0, most_seconds))
            os.kill(watcher, signal.SIGKILL)
            killed += ended(watcher) == -signal.SIGKILL
            line(folder / "told", "killed")
    finally:
        os.kill(writer, signal.SIGTERM)
        ended(writer)
    last = ended(forked(lambda: watch(folder, place, asked, rounds=1)))
    sys.stdout.write(json.dumps({"killed": killed, "last": last, **left(place, asked)}))


def write(log: LogFolder, chance: random.Random) -> None:
    """Until it is ended: a file every few moments, each fourth of them of hours that have been."""
    done = False

    def end(*_: object) -> None:
        nonlocal done
        done = True

    signal.signal(signal.SIGTERM, end)
    number = 0
    while not done:
        number += 1
        write_some(log, number, chance)
        time.sleep(0.05)


def write_some(log: LogFolder, number: int, chance: random.Random) -> None:
    latest = number // 4
    step = latest if number % 4 else chance.randint(max(0, latest - 6), latest)
    hour = FIRST + step * STEP
    day = step * STEP // HOURS_A_DAY
    shift = SHIFT if day % 4 > 1 else 0
    first = 1_000 * number
    rows = made_hours.rows([first + n for n in range(ROWS)], hour)
    table = rows.to_pylist()
    for n, each in enumerate(table):
        each["instance"] = {"person": f"p{n % 5}", "age": shift + n % 5}
        each["prediction"] = {"predicted_y": float(shift + n % 5)}
    write_rows(log.make_hour("requests", hour) / f"w{number:06d}.parquet", type(rows).from_pylist(table, rows.schema))


def watch(folder: Path, place: Workspace, asked: Monitoring, *, rounds: int) -> None:
    """So many rounds, without a pause."""
    done = 0

    def on_round(report: MonitorReport | None, notification: Any, faults: tuple[str, ...]) -> bool:
        nonlocal done
        done += 1
        line(folder / "told", "noted" if report is not None else f"fault {faults}")
        return done < rounds

    channels = [told_to_file(folder / "told")]
    while True:
        try:
            watch_endpoint("e", workspace=place, every_seconds=0.0, channels=channels, baseline="previous",
                           monitoring=asked, num_windows=5, on_round=on_round)  # fmt: skip
            return
        except StorageError as error:  # the lock of one that was killed goes with its process, a moment later
            if "another process" not in str(error):
                raise
            time.sleep(0.01)


def line(path: Path, text: str) -> None:
    """Appended in one write, which a kill cannot halve."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def forked(work: Callable[[], None]) -> int:
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(code)
    return process


def ended(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def left(place: Workspace, asked: Monitoring) -> dict[str, Any]:
    """What the history says of each window, and what the log's rows say of them."""
    summaries = WindowSummaries(place.monitoring_folder, "e")
    with sqlite3.connect(summaries.path) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
    kept = [
        (each.window.start, each.window.end, each.num_rows, round(each.inputs["age"].mean or 0.0, 3))
        for each in summaries.between(Windows(asked.every, asked.time_zone).series)
    ]
    files = [str(file) for file in LogFolder(place.logs_folder, "e").files("requests")]
    rows = duckdb.execute(
        "SELECT epoch_us(time) AS time, request_id, instance.age AS age FROM read_parquet(?) ORDER BY time, request_id",
        [files],
    ).fetchall()
    cuts = RowCuts(summaries.path, asked.every).cuts("id1")
    lasts = [(each.last.time, each.last.request_id) for each in cuts]
    return {"integrity": whole, "kept": kept, "lasts": lasts, "rows": rows}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
