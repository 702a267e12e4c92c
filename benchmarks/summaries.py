"""What summing up a window of the request log costs, beside DuckDB's own scan of the same rows.

    python benchmarks/summaries.py [--rows 10_000_000] [--hours 24] [--repeats 3] [--folder FOLDER]

The log is one day of a real model's rows, in eight files an hour as servers write them: 15 raw columns, of which 8 are
numbers (5 FLOAT64, 3 INT64), 5 texts of 3 to 10,000 values, a BOOL and a TIMESTAMP, a tenth of the values of six
columns NULL, and the answers. Beside it, in turns in the same process, with as many threads and as much memory:

- `scan`: DuckDB's count, min, max and avg of the same 15 columns; `scan with answers` of the prediction and its
  probability too, which are summed up as well. No file's metadata has an average (of a text, a BOOL
  or a moment: of its length, of 0 and 1, of its microseconds), so every value is read.
- `SUMMARIZE`: DuckDB's own summary of them, with quantiles and distinct values.

Time of the processor and of the clock, medians; the peak of resident memory of a process that sums up this one window
and nothing else. The figures of both are held against each other: counts, extremes and means are the same.
"""

from __future__ import annotations

import argparse
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

import hagane as hg
from hagane.data.engine import Engine, quote_name
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Windows
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import model_files, write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.spec.monitoring import Monitoring
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import log_sql
from hagane.workflow.summarise_log import summarise_log
from hagane.workspace.window_summaries import WindowSummaries
from hagane.workspace.workspace import Workspace

ENDPOINT = "late"
FIRST_HOUR = 20_000 * 24
HOUR = 3_600_000_000
FILES_AN_HOUR = 8
CARDINALITIES = {"kind": 3, "carrier": 20, "airport": 400, "route": 3_000, "customer": 10_000}
FLOATS = ("fare", "distance", "speed", "balance", "score")
INTS = ("age", "visits", "minutes")
ANSWERS = ("prediction.predicted_late", "prediction.predicted_late_probs[2].prob AS probability")
WITH_NULLS = ("fare", "balance", "age", "carrier", "route", "is_member")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keeps the log, for the next time")
    parser.add_argument("--alone", action="store_true", help="sum up once, and tell the peak of memory")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Workspace(asked.folder or Path(temporary))
        if not (place.root / "written").exists():
            write_log(place, asked.rows, asked.hours)
            (place.root / "written").touch()
        if asked.alone:
            summed_up(place)
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10)
        else:
            compare(place, asked.repeats)


def compare(place: Workspace, repeats: int) -> None:
    cases: dict[str, Callable[[], Any]] = {
        "scan": lambda: scan(source(place)),
        "scan with answers": lambda: scan(source(place, ANSWERS)),
        "SUMMARIZE": lambda: duckdb_summarize(place),
        "summarise_log": lambda: summed_up(place),
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    answers: dict[str, Any] = {}
    for _ in range(repeats):
        for name, run in cases.items():
            processor, clock = time.process_time(), time.perf_counter()
            answers[name] = run()
            took[name].append((time.process_time() - processor, time.perf_counter() - clock))
    base = [statistics.median(each) for each in zip(*took["scan"], strict=True)]
    print(f"{'':18}  {'processor s':>11}  {'of scan':>7}  {'clock s':>8}  {'of scan':>7}")
    for name, each in took.items():
        processor, clock = (statistics.median(part) for part in zip(*each, strict=True))
        print(f"{name:18}  {processor:11.2f}  {processor / base[0]:7.2f}  {clock:8.2f}  {clock / base[1]:7.2f}")
    check(answers["summarise_log"], answers["scan"])
    alone = [sys.executable, __file__, "--alone", "--folder", str(place.root)]
    peak = float(subprocess.run(alone, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    summary = answers["summarise_log"]
    print(f"{summary.num_rows:,} rows; peak of memory {peak:,.0f} MiB; {len(summary.to_bytes()):,} bytes kept")


def summed_up(place: Workspace) -> WindowSummary:
    """The one window, by the way that `hagane monitor` goes."""
    for path in place.monitoring_folder.glob("*"):
        path.unlink()
    summarise_log(ENDPOINT, workspace=place, monitoring=Monitoring(every="day"), now=(FIRST_HOUR + 48) * HOUR)
    (summary,) = WindowSummaries(place.monitoring_folder, ENDPOINT).between(Windows("day").series)
    return summary


def source(place: Workspace, more: tuple[str, ...] = ()) -> str:
    folder = LogFolder(place.logs_folder, ENDPOINT)
    sql = log_sql(folder, LogWindow(FIRST_HOUR * HOUR, (FIRST_HOUR + 24) * HOUR), with_truth=False)
    names = model_files(folder)[0].signature.names
    return f"SELECT {', '.join([*(f'instance.{quote_name(name)}' for name in names), *more])} FROM ({sql})"


def scan(sql: str) -> dict[str, dict[str, Any]]:
    """Of each column: count, min, max, and the mean of what has one."""
    engine = Engine()
    listed = []
    for name, type_ in engine.columns(sql):
        x = quote_name(name)
        number = {"VARCHAR": f"strlen({x})", "BOOLEAN": f"CAST({x} AS INT)"}.get(type_, x)
        number = f"epoch_us({x})" if type_.startswith("TIMESTAMP") else number
        listed.append(f"{{n: count({x}), low: min({x}), high: max({x}), mean: avg({number})}} AS {x}")
    found: dict[str, dict[str, Any]] = engine.query(f"SELECT {', '.join(listed)} FROM ({sql})").to_pylist()[0]
    return found


def duckdb_summarize(place: Workspace) -> list[dict[str, Any]]:
    return Engine().query(f"SUMMARIZE {source(place)}").to_pylist()


def check(summary: WindowSummary, peer: dict[str, dict[str, Any]]) -> None:
    """That both looked at the same rows, and saw the same."""
    for name, theirs in peer.items():
        mine = summary.inputs[name]
        assert mine.count == theirs["n"], name
        if name in (*FLOATS, *INTS):
            assert (mine.min, mine.max) == (theirs["low"], theirs["high"]), name
            assert mine.mean is not None
            assert math.isclose(mine.mean, theirs["mean"], rel_tol=1e-9), name


def write_log(place: Workspace, num_rows: int, num_hours: int) -> None:
    """Rows as servers write them; the model is a real one, trained on some of them."""
    trained_on = columns(np.random.default_rng(1), 5_000, 0)
    late = pa.array(np.random.default_rng(2).random(5_000) < 0.4)
    train = pa.table(trained_on | {"late": pc.if_else(late, "yes", "no")})
    model = hg.train(train, label="late", model="logistic_reg", workspace=place.root)
    logged = LoggedModel(endpoint=ENDPOINT, deployed_model_id="late-1", model="late", version="1",
                         signature=model.bundle.signature)  # fmt: skip
    folder = LogFolder(place.logs_folder, ENDPOINT)
    write_model_file(folder, logged)
    each = math.ceil(num_rows / num_hours / FILES_AN_HOUR)
    todo = [(number, min(each, num_rows - number * each)) for number in range(math.ceil(num_rows / each))]
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(lambda part: write_file(folder, logged, *part), todo):
            pass


def write_file(folder: LogFolder, model: LoggedModel, number: int, num_rows: int) -> None:
    hour = FIRST_HOUR + number // FILES_AN_HOUR
    table = log_rows(model, np.random.default_rng(100 + number), num_rows, hour, number)
    write_rows(folder.make_hour("requests", hour) / f"w{number % FILES_AN_HOUR}-{number:06d}.parquet", table)


def log_rows(model: LoggedModel, draw: np.random.Generator, num_rows: int, hour: int, number: int) -> pa.Table:
    schema = row_schema(model)
    p = draw.beta(2, 3, num_rows)
    texts = {"endpoint": ENDPOINT, "deployed_model_id": "late-1", "model": "late", "version": "1", "protocol": "vertex"}
    found: dict[str, pa.Array[Any]] = {name: pa.repeat(text, num_rows) for name, text in texts.items()}
    times = hour * HOUR + np.sort(draw.integers(0, HOUR, num_rows))
    found |= {
        "request_id": pc.binary_join_element_wise(f"r{number}", pa.array(range(num_rows)).cast(pa.string()), "-"),
        "row": pa.array(np.zeros(num_rows, np.int32)),
        "time": pa.array(times).cast(pa.timestamp("us", tz="UTC")),
        "mirror": pa.array(np.zeros(num_rows, bool)),
        "weight": pa.array(np.full(num_rows, 10.0)),
        "latency_seconds": pa.array(draw.gamma(2, 0.001, num_rows)),
        "model_seconds": pa.array(draw.gamma(2, 0.0003, num_rows)),
        "row_error": pa.array(draw.random(num_rows) < 0.001),
        "instance": struct(schema.field("instance").type, columns(draw, num_rows, hour)),
        "prediction": predictions(schema.field("prediction").type, p),
    }
    return pa.Table.from_arrays([found[name] for name in schema.names], schema=schema)


def struct(type_: pa.StructType, values: dict[str, pa.Array[Any]]) -> pa.Array[Any]:
    return pa.StructArray.from_arrays([values[field.name].cast(field.type) for field in type_], fields=list(type_))


def predictions(type_: pa.StructType, p: npt.NDArray[np.float64]) -> pa.Array[Any]:
    """The class answered, and the probabilities of both."""
    both = pa.StructArray.from_arrays(
        [pa.array(["no", "yes"]).take(pa.array(np.tile([0, 1], len(p)))), pa.array(np.stack([1 - p, p], 1).ravel())],
        fields=list(type_.field("predicted_late_probs").type.value_type),
    )
    pairs = pa.ListArray.from_arrays(pa.array(np.arange(len(p) + 1, dtype=np.int32) * 2), both)
    return struct(type_, {"predicted_late": pc.if_else(pa.array(p >= 0.5), "yes", "no"), "predicted_late_probs": pairs})


def columns(draw: np.random.Generator, n: int, hour: int) -> dict[str, pa.Array[Any]]:
    """What came: amounts with a long tail, measured numbers, whole ones, texts by Zipf's law."""
    values: dict[str, Any] = {
        "fare": draw.lognormal(3, 1, n).round(2),
        "distance": draw.gamma(2, 400, n).round(1),
        "speed": draw.normal(70, 12, n),
        "balance": draw.normal(1_000, 4_000, n).round(2),
        "score": draw.random(n),
        "age": draw.integers(18, 95, n),
        "visits": draw.geometric(0.05, n),
        "minutes": draw.integers(0, 100_000, n),
        "is_member": draw.random(n) < 0.3,
        "booked": hour * HOUR - draw.integers(0, 90 * 24 * HOUR, n),
    }
    for name, number in CARDINALITIES.items():
        shares = 1 / np.arange(1, number + 1)
        codes = np.searchsorted(np.cumsum(shares / shares.sum()), draw.random(n)).clip(0, number - 1)
        words = pa.array([f"{name} {code:05d}" for code in range(number)])
        values[name] = words.take(pa.array(codes))
    missing = {name: draw.random(n) < 0.1 for name in WITH_NULLS}
    found = {name: value if isinstance(value, pa.Array | pa.ChunkedArray) else pa.array(value)
             for name, value in values.items()}  # fmt: skip
    for name, is_missing in missing.items():
        found[name] = pc.if_else(pa.array(is_missing), pa.scalar(None, found[name].type), found[name])
    found["booked"] = found["booked"].cast(pa.timestamp("us", tz="UTC"))
    return found


if __name__ == "__main__":
    main()
