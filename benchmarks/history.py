"""What a year of an endpoint's history takes, and how long two of its months take to compare.

    python benchmarks/history.py [--rows 1000] [--days 365] [--keep-hours-days 35]

Some hours of 15 columns (8 numbers, 5 categories of 3 to 10,000 values, a BOOL, a TIMESTAMP) are summed up as `hagane
monitor` does, and put for every hour of the year; days and months are merged, old hours let go, as time goes by.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.period_of import period_of
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window, Windows
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure_batches import measure_batches
from hagane.statistics.statistics import Statistics
from hagane.workflow.merge_windows import merge_windows
from hagane.workflow.period_summary import period_summary
from hagane.workflow.thin_hours import thin_hours
from hagane.workspace.window_summaries import WindowSummaries

HOUR = 3_600_000_000
FIRST = period_of("2025").start
DISTINCT = (3, 12, 100, 1_000, 10_000)
NUM_MADE = 24


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--keep-hours-days", type=int, default=35)
    asked = parser.parse_args()
    made = [measured(asked.rows, seed) for seed in range(NUM_MADE)]
    one = summary(made[0], Window(FIRST, FIRST + HOUR), asked.rows)
    print(f"an hour of {asked.rows:,} rows: {len(one.to_bytes()) / 1024:.1f} KiB")
    with tempfile.TemporaryDirectory() as folder:
        history = WindowSummaries(Path(folder), "e")
        began = time.process_time()
        for day in range(asked.days):
            for hour in range(24):
                start = FIRST + (24 * day + hour) * HOUR
                window = Window(start, start + HOUR)
                history.put("hour", window, asked.rows, [summary(made[hour % NUM_MADE], window, asked.rows)])
            now = FIRST + 24 * (day + 1) * HOUR
            merge_windows(history, Windows("month"), now=now)
            thin_hours(history, Windows("hour"), now=now, keep_days=asked.keep_hours_days)
        spent = time.process_time() - began
        size = history.path.stat().st_size / 2**20
        print(f"{asked.days} days kept: {size:.1f} MiB, {1e3 * spent / asked.days:.0f} ms of processor time a day")
        for series in ("hour", "day UTC", "month UTC"):
            kept = history.between(series)
            size = sum(len(each.to_bytes()) for each in kept)
            print(f"  {series:10} {len(kept):6,} windows {size / 2**20:8.1f} MiB")
        for period, against in (
            ("2025-03", "2025-01"),
            ("2025-03-03..2025-03-20", "2025-01-03..2025-01-20"),
            ("2025-07..2026", "2025-01..2025-07"),
        ):
            best = min(compared(history, period, against) for _ in range(5))
            print(f"{period} against {against}: {1e3 * best:.0f} ms")


def measured(num_rows: int, seed: int) -> Statistics:
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {f"number{n}": random.gamma(2.0 + n, 3.0, num_rows) for n in range(8)}
    columns |= {f"category{n}": [f"value {each}" for each in random.integers(0, n, num_rows)] for n in DISTINCT}
    columns["yes"] = random.random(num_rows) < 0.3
    columns["time"] = pa.array(FIRST + random.integers(0, HOUR, num_rows), pa.timestamp("us", "UTC"))
    table = open_table(pa.table(columns))
    return measure_batches(table.schema, table.batches())


def summary(inputs: Statistics, window: Window, num_rows: int) -> WindowSummary:
    predictions = msgspec.structs.replace(inputs, columns=inputs.columns[:1])
    return WindowSummary(window=window, deployed_model_id="d", model="late", version="1", num_rows=num_rows,
                         traffic=float(num_rows), num_errors=0, inputs=inputs, predictions=predictions)  # fmt: skip


def compared(history: WindowSummaries, period: str, against: str) -> float:
    """Seconds."""
    began = time.perf_counter()
    new, old = (period_summary(history, "UTC", period_of(text)).summary for text in (period, against))
    assert new is not None
    assert old is not None
    reference = Reference(baseline="previous", inputs=old.inputs, predictions=old.predictions, before=old)
    assert judge_window(new, reference, Monitoring()).findings
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
