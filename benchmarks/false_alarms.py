"""How often windows drawn from the baseline's own rows are called moved: python benchmarks/false_alarms.py FILE...

Each of 200 windows is drawn at random from the rows of a file, summed up as `hagane monitor` does, and held against all
of them at the default threshold. Nothing has moved, so every column above it is a false alarm. Beside it the
same statistics as histograms of equal width over each side's own range, as TensorFlow Data Validation makes them.
"""

from __future__ import annotations

import argparse

import numpy as np
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.distribution_of import distribution_of
from hagane.monitoring.measures import get_measure
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import ColumnStatistics

WINDOWS = 200
ROWS = (100, 1_000)
WAYS = ("deciles of the baseline", "equal widths of each side")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--windows", type=int, default=WINDOWS)
    asked = parser.parse_args()
    print(f"{'file':32}  {'rows':>6}  {'way':26}  {'columns above 0.3':>18}  {'windows with one':>17}  largest")
    for file in asked.files:
        table = open_table(file)
        rows = pa.Table.from_batches(list(table.batches()))
        baseline = measure_statistics(table)
        for num_rows in ROWS:
            random = np.random.default_rng(0)
            values: dict[str, list[list[float]]] = {way: [] for way in WAYS}
            for _ in range(asked.windows):
                window = rows.take(pa.array(random.integers(0, rows.num_rows, num_rows)))
                measured = measure_statistics(open_table(window))
                for way in WAYS:
                    found = (value_of(baseline[column.name], column, way) for column in measured)
                    values[way].append([value for value in found if value is not None])
            for way, found_values in values.items():
                told(file, num_rows, way, found_values)


def value_of(base: ColumnStatistics, study: ColumnStatistics, way: str) -> float | None:
    """One column's distance."""
    both: tuple[Distribution | None, Distribution | None] | None
    both = paired_distributions(base, study) if way == WAYS[0] else (distribution_of(base), distribution_of(study))
    if both is None or both[0] is None or both[1] is None:
        return None
    monitoring = Monitoring()
    name = monitoring.categorical if isinstance(both[0], Categories) else monitoring.numeric
    return get_measure(name.upper())(both[0], both[1])


def told(file: str, num_rows: int, way: str, windows: list[list[float]]) -> None:
    """One line of the table."""
    threshold = Monitoring().threshold
    alarms = [sum(value > threshold for value in window) for window in windows]
    columns = sum(len(window) for window in windows)
    largest = max(value for window in windows for value in window)
    share, hit = sum(alarms) / columns, sum(bool(count) for count in alarms) / len(windows)
    print(f"{file[-32:]:32}  {num_rows:6,}  {way:26}  {share:18.2%}  {hit:17.1%}  {largest:7.3f}")


if __name__ == "__main__":
    main()
