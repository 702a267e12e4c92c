"""How often windows drawn from the baseline's own rows are called moved: python benchmarks/false_alarms.py FILE...

Each of 200 windows is drawn at random from the rows of a file, summed up as `hagane monitor` does, and held against all
of them at the default threshold. Nothing has moved, so every column above it is a false alarm. Beside it the
same statistics as histograms of equal width over each side's own range, as TensorFlow Data Validation makes them; and
the first way at thresholds that are derived from the first 14 windows, for those after them.
"""

from __future__ import annotations

import argparse
import itertools

import msgspec
import numpy as np
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.monitoring.derived_thresholds import derived_thresholds
from hagane.monitoring.distribution import Categories, Distribution
from hagane.monitoring.distribution_of import distribution_of
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.measures import get_measure
from hagane.monitoring.paired_distributions import paired_distributions
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import ColumnStatistics, Statistics

WINDOWS = 200
ROWS = (100, 1_000)
USUAL = 14
MEASURES = (("jensen_shannon_divergence", "l_infty"), ("kolmogorov_smirnov", "chi_squared"),
            ("mean_shift", "jensen_shannon_divergence"), ("variance_shift", "population_stability_index"))  # fmt: skip
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
            windows: list[WindowSummary] = []
            for _ in range(asked.windows):
                window = rows.take(pa.array(random.integers(0, rows.num_rows, num_rows)))
                measured = measure_statistics(open_table(window))
                windows.append(summary_of(measured))
                for way in WAYS:
                    found = (value_of(baseline[column.name], column, way) for column in measured)
                    values[way].append([value for value in found if value is not None])
            for way, found_values in values.items():
                told(file, num_rows, way, found_values)
            told_derived(file, num_rows, baseline, windows)


def value_of(base: ColumnStatistics, study: ColumnStatistics, way: str) -> float | None:
    """One column's distance."""
    both: tuple[Distribution | None, Distribution | None] | None
    both = paired_distributions(base, study) if way == WAYS[0] else (distribution_of(base), distribution_of(study))
    if both is None or both[0] is None or both[1] is None:
        return None
    (name,) = Monitoring().measures_of(is_text=isinstance(both[0], Categories))
    return get_measure(name.upper())(both[0], both[1])


def summary_of(measured: Statistics) -> WindowSummary:
    """A window as `hagane monitor` keeps it."""
    nothing = Statistics(num_rows=0, columns=())
    return WindowSummary(window=Window(0, 1), deployed_model_id="m", model="m", version="1",
                         num_rows=measured.num_rows, traffic=0.0, num_errors=0, inputs=measured,
                         predictions=nothing)  # fmt: skip


def told_derived(file: str, num_rows: int, baseline: Statistics, windows: list[WindowSummary]) -> None:
    """The same windows at derived thresholds, by each measure; and how often two in a row are above them."""
    for measure in MEASURES:
        monitoring = Monitoring(numeric=measure[0], categorical=measure[1], min_rows=1)
        reference = Reference(baseline="training", inputs=baseline)
        usual = [judge_window(window, reference, monitoring) for window in windows[:USUAL]]
        derived = msgspec.structs.replace(reference, thresholds=dict(derived_thresholds(usual)))
        judged = [judge_window(window, derived, monitoring) for window in windows[USUAL:]]
        above = [{finding.place for finding in window.anomalies} for window in judged]
        columns = sum(len(window.findings) for window in judged)
        share, hit = sum(map(len, above)) / columns, sum(map(bool, above)) / len(above)
        pairs = sum(bool(before & after) for before, after in itertools.pairwise(above))
        largest = max(finding.threshold for window in judged for finding in window.findings)
        way = "derived " + "/".join("".join(word[0] for word in name.split("_")) for name in measure)
        print(f"{file[-32:]:32}  {num_rows:6,}  {way:26}  {share:18.2%}  {hit:17.1%}  {largest:7.3f}  alerts: {pairs}")


def told(file: str, num_rows: int, way: str, windows: list[list[float]]) -> None:
    """One line of the table."""
    threshold = Monitoring().threshold_of("")
    alarms = [sum(value > threshold for value in window) for window in windows]
    columns = sum(len(window) for window in windows)
    largest = max(value for window in windows for value in window)
    share, hit = sum(alarms) / columns, sum(bool(count) for count in alarms) / len(windows)
    print(f"{file[-32:]:32}  {num_rows:6,}  {way:26}  {share:18.2%}  {hit:17.1%}  {largest:7.3f}")


if __name__ == "__main__":
    main()
