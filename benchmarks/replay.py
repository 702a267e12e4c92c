"""Two real streams, asked of a server in order of time and watched: python benchmarks/replay.py --shared DATA

DATA has chicago_taxi/data.csv and bank_marketing/bank-additional-full.csv.gz. Trips of 2013, and a bank's calls of May
to July 2008, are trained on; all later rows are sent to the server, and their truth to its /feedback. `monitor` cuts
the log into windows of rows and judges them at the default thresholds. Told are what drifts, how good the answers were
and were to be expected (* where a figure is beyond its threshold), and how many windows an alert comes after the
change: after the row at which the last rows, as many as a window has, lie beyond the threshold for the first time, by a
computation over the rows themselves.

The control is the same with the rows of both sides shuffled: once through the server, and 200 times by summaries of the
inputs, the answers and their labels. Whatever is found there is a false alarm.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.client
import itertools
import json
import tempfile
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

import hagane as hg
from hagane.bundle.bundle import Bundle
from hagane.data.open_table import open_table
from hagane.monitoring.alert import Alert, alerts_of
from hagane.monitoring.judge_window import judge_window
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.evaluated import Evaluated, EvaluatedRows
from hagane.monitoring.quality.window_quality import SliceQuality, WindowQuality
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_findings import WindowFindings
from hagane.monitoring.window_summary import WindowSummary
from hagane.monitoring.windows import Window
from hagane.serving import ServerThread
from hagane.serving.request_log.log_settings import LogSettings
from hagane.spec.monitoring import Monitoring
from hagane.statistics.measure_batches import measure_batches
from hagane.statistics.statistics import Statistics
from hagane.types import Schema
from hagane.workflow.monitor import MonitorReport, monitor
from hagane.workspace.workspace import Workspace

Floats = npt.NDArray[np.float64]
BATCH = 100
"""Rows a request. Windows are multiples of it: a request's rows have one time."""
PARTS = {"TRAIN": 0.65, "EVAL": 0.1, "TEST": 0.25}
BUCKETS, THRESHOLD = 10, 0.3
STEPS = 20
"""Places a window at which the distance of the last rows is computed."""


class Stream(NamedTuple):
    """Rows in order of time; the first are trained on, with a column `part`."""

    name: str
    label: str
    rows: pa.Table
    dates: list[str]
    """Of each row, for people."""
    num_trained: int
    num_window: int

    @property
    def trained(self) -> pa.Table:
        """The rows of the training period, and which part of it each is."""
        parts = np.random.default_rng(0).choice(list(PARTS), self.num_trained, p=list(PARTS.values()))
        return self.rows.slice(0, self.num_trained).append_column("part", pa.array(parts.tolist()))

    @property
    def traffic(self) -> pa.Table:
        """What came later."""
        return self.rows.slice(self.num_trained)

    def shuffled(self, random: np.random.Generator) -> Stream:
        """As if nothing had changed with time."""
        order = pa.array(random.permutation(self.rows.num_rows))
        return self._replace(name=f"{self.name}_shuffled", rows=self.rows.take(order))


def main() -> None:
    """Each stream, its control, and the shuffles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="where the data sets lie")
    parser.add_argument("--shuffles", type=int, default=200)
    parser.add_argument("--home", type=Path, help="the workspace, kept for `hagane monitor`; none by default")
    parser.add_argument("--streams", nargs="+", choices=list(STREAMS), default=list(STREAMS))
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace(asked.home or Path(folder))
        for name in asked.streams:
            stream = STREAMS[name](asked.shared)
            answers, report = replayed(stream, place)
            tell(stream, report)
            _, control = replayed(stream.shuffled(np.random.default_rng(1)), place)
            tell_control(control)
            tell_shuffles(stream, answers, asked.shuffles)
    print(f"\n{time.perf_counter() - began:.0f} s")


def taxi(shared: Path) -> Stream:
    """Whether a trip's tip is over a fifth of its fare. `payment_type` gives the tip away, and the time of year is
    another in every window by its nature: both are left out; a census tract is known of one pickup alone."""
    table = csv.read_csv(shared / "chicago_taxi" / "data.csv").sort_by("trip_start_timestamp")
    dates = [time.strftime("%Y-%m", time.gmtime(moment)) for moment in table["trip_start_timestamp"].to_pylist()]
    tip = pc.greater(table["tips"], pc.multiply(0.2, table["fare"]))
    left_out = ["tips", "payment_type", "trip_start_timestamp", "trip_start_month", "pickup_census_tract"]
    rows = table.drop_columns(left_out).append_column("big_tip", tip)
    return Stream("taxi", "big_tip", rows, dates, sum(date < "2014" for date in dates), 300)


def bank(shared: Path) -> Stream:
    """Whether a call sells a deposit, from May 2008 to November 2010. `duration` is known only after the call."""
    with gzip.open(shared / "bank_marketing" / "bank-additional-full.csv.gz") as file:
        table = csv.read_csv(file, parse_options=csv.ParseOptions(delimiter=";"))
    months = [time.strptime(month, "%b").tm_mon for month in table["month"].to_pylist()]
    years = itertools.accumulate((after < before for before, after in itertools.pairwise(months)), initial=2008)
    dates = [f"{year}-{month:02}" for year, month in zip(years, months, strict=True)]
    sold = pc.equal(table["y"], "yes")
    rows = table.drop_columns(["y", "duration", "month"]).append_column("sold", sold)
    return Stream("bank", "sold", rows, dates, dates.index("2008-08"), 1_000)


STREAMS: dict[str, Callable[[Path], Stream]] = {"taxi": taxi, "bank": bank}


def replayed(stream: Stream, place: Workspace) -> tuple[pa.Table, MonitorReport]:
    """Train on what came first, ask a server for the rest, tell it the truth, and watch; with the answers to all
    rows."""
    hg.train(stream.trained, label=stream.label, name=stream.name, model="boosted_tree_classifier",
             split={"method": "column", "column": "part"}, calibration={"method": "auto"},
             monitoring={"every": f"{stream.num_window} rows"}, workspace=place.root)  # fmt: skip
    log = LogSettings(logs=str(place.logs_folder), endpoint=stream.name)
    path = place.get(stream.name).path
    with ServerThread(path, request_log=log) as server:
        ask(server.url, stream, Bundle.load(path).signature.names)
    soon = time.time_ns() // 1000 + 60_000_000  # the last rows are settled by then
    report = monitor(stream.name, workspace=place, num_windows=10_000, now=soon)
    return answered(path, stream), report


def answered(path: Path, stream: Stream) -> pa.Table:
    """The model's answers to all rows, as they are watched, beside their truth."""
    bundle = Bundle.load(path)
    found = bundle.predict(stream.rows.select(bundle.signature.names).to_pylist()).probabilities
    assert found is not None
    predicted = pa.array(found[:, 1] >= (bundle.signature.threshold or 0.5))
    truth = stream.rows[stream.label]
    return pa.table({"predicted": predicted, "probability": found[:, 1], "truth": truth})


def ask(url: str, stream: Stream, names: Sequence[str]) -> None:
    """The traffic's columns that the model reads, a request after the other, each followed by its truth."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    for number, first in enumerate(range(0, stream.traffic.num_rows, BATCH)):
        rows = stream.traffic.slice(first, BATCH)
        known = f"{number:06}"
        truths = rows[stream.label].to_pylist()
        told = [{"request_id": known, "row": row, "truth": truth} for row, truth in enumerate(truths)]
        post(connection, "/predict", {"instances": rows.select(list(names)).to_pylist()}, known)
        post(connection, "/feedback", {"feedback": told}, f"{known}-truth")
    connection.close()


def post(connection: http.client.HTTPConnection, path: str, body: dict[str, Any], known: str) -> None:
    headers = {"Content-Type": "application/json", "X-Request-Id": known}
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status in (200, 202), content


def tell(stream: Stream, report: MonitorReport) -> None:
    """Window by window, then alert by alert."""
    num_rows = stream.num_window
    print(f"\n# {stream.name}: {stream.num_trained:,} rows to {stream.dates[stream.num_trained - 1]} trained on,"
          f" {stream.traffic.num_rows:,} sent; windows of {num_rows}")  # fmt: skip
    print(f"{'window':>6}  {'rows of':17}  {'inputs beyond':>13}  {'the farthest input':36}  {'answers':>7}"
          f"  {'accuracy':>8}  {'expected':>8}  {'log loss':>8}  {'expected':>8}  {'ROC AUC':>7}  {'expected':>8}"
          "  alerts")  # fmt: skip
    opened = Counter(alert.opened for alert in report.alerts)
    for number, window in enumerate(report.windows):
        print(window_text(number, window, stream, opened[window.summary.window.start]))
    for alert in report.alerts:
        print(alert_text(alert, stream, report))
    print(f"largest gap between a distance that was told and that of the rows: {largest_gap(stream, report):.4f}")


def window_text(number: int, window: WindowFindings, stream: Stream, num_opened: int) -> str:
    inputs, answers = window.about("input"), window.about("prediction")
    far = max(inputs, key=lambda found: found.excess)
    figures = {found.name: found for found in window.about("quality")}
    shown = "".join(
        f"  {figures[name].value:{width}.3f}{'*' if figures[name].is_judged and figures[name].is_anomaly else ' '}"
        if name in figures else f"  {'':{width + 1}}"
        for name, width in (("accuracy", 7), ("expected_accuracy", 7), ("log_loss", 7), ("expected_log_loss", 7),
                            ("roc_auc", 6), ("expected_roc_auc", 7))
    )  # fmt: skip
    told = f"{far.name} {far.value:.2f} {far.change}"
    far_answer = max(found.value for found in answers)
    beyond = sum(found.is_anomaly for found in inputs)
    dates = " ".join(span(stream, number * stream.num_window, (number + 1) * stream.num_window - 1))
    return f"{number + 1:6}  {dates:17}  {beyond:13}  {told[:36]:36}  {far_answer:7.2f}{shown}  {num_opened or ''}"


def span(stream: Stream, first: int, last: int) -> tuple[str, str]:
    """The months of two rows of the traffic."""
    return stream.dates[stream.num_trained + first], stream.dates[stream.num_trained + last]


def alert_text(alert: Alert, stream: Stream, report: MonitorReport) -> str:
    """With the row of the change, where it is a column, and how many windows later the alert was told."""
    starts = [window.summary.window.start for window in report.windows]
    since, opened = starts.index(alert.since), starts.index(alert.opened)
    until = next((n for n, window in enumerate(report.windows) if window.summary.window.end == alert.until), None)
    ended = "stands" if until is None else f"over with window {until + 1}"
    told = (f"  {alert.title:22} {alert.measure.lower():26} beyond since window {since + 1}, alert with window"
            f" {opened + 1} ({span(stream, 0, (opened + 1) * stream.num_window - 1)[1]}), {ended}")  # fmt: skip
    if alert.of != "input":
        return told
    moved = next((last for last, value in distances(stream, alert.name) if value > THRESHOLD), None)
    if moved is None:
        return told
    delay = ((opened + 1) * stream.num_window - moved) / stream.num_window
    if moved == stream.num_window:
        return f"{told}; the rows lie beyond it from the first on"
    return f"{told}; the rows passed it at row {moved:,} ({span(stream, 0, moved - 1)[1]}), {delay:.2f} windows before"


def distances(stream: Stream, column: str) -> list[tuple[int, float]]:
    """After how many rows, how far the last ones (a window's number) lie from the rows that were trained on."""
    distance, num_rows = exact_distance(stream, column), stream.num_window
    ends = range(num_rows, stream.traffic.num_rows + 1, num_rows // STEPS)
    values = stream.traffic[column].combine_chunks()
    return [(end, distance(values.slice(end - num_rows, num_rows))) for end in ends]


def exact_distance(stream: Stream, column: str) -> Callable[[pa.Array[Any]], float]:
    """By the rows themselves: Jensen-Shannon between the deciles of training, the largest change of a share."""
    trained = stream.trained.filter(pc.equal(stream.trained["part"], "TRAIN"))[column].combine_chunks().drop_null()
    if pa.types.is_string(trained.type):
        base = shares(trained)
        return lambda values: max(
            abs(base.get(value, 0.0) - after.get(value, 0.0))
            for after in (shares(values.drop_null()),)
            for value in base.keys() | after.keys()
        )
    numbers = trained.to_numpy(zero_copy_only=False).astype(np.float64)
    deciles = np.quantile(numbers, np.arange(1, BUCKETS) / BUCKETS, method="inverted_cdf")
    edges = np.unique([numbers.min(), *deciles, numbers.max()])

    def distance(values: pa.Array[Any]) -> float:
        after = values.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
        whole = np.unique([min(edges[0], after.min()), *edges, max(edges[-1], after.max())])
        sides = [
            np.bincount(np.searchsorted(whole, side), minlength=len(whole)) / len(side) for side in (numbers, after)
        ]
        return jensen_shannon(*sides)

    return distance


def jensen_shannon(p: Floats, q: Floats) -> float:
    """In bits."""
    middle = (p + q) / 2
    sides = [side[side > 0] @ np.log2(side[side > 0] / middle[side > 0]) for side in (p, q)]
    return float(sum(sides) / 2)


def shares(values: pa.Array[Any]) -> dict[str, float]:
    counts = Counter(values.to_pylist())
    return {value: count / counts.total() for value, count in counts.items()}


def largest_gap(stream: Stream, report: MonitorReport) -> float:
    """Over all inputs and windows: the sketches' error, and the sample of a column with many values."""
    gaps = []
    for column in {found.name for window in report.windows for found in window.about("input")}:
        exact = {last: value for last, value in distances(stream, column) if last % stream.num_window == 0}
        for number, window in enumerate(report.windows):
            told = next(found.value for found in window.about("input") if found.name == column)
            gaps.append(abs(told - exact[(number + 1) * stream.num_window]))
    return max(gaps)


def tell_control(report: MonitorReport) -> None:
    """What was found where nothing has changed."""
    found = [each.place for window in report.windows for each in window.anomalies]
    judged = sum(each.is_judged for window in report.windows for each in window.findings)
    print(f"shuffled, through the server: {len(report.windows)} windows, {judged} judged figures, {len(found)} beyond"
          f" their thresholds, {len(report.alerts)} alerts {dict(Counter(found)) or ''}")  # fmt: skip


def tell_shuffles(stream: Stream, answers: pa.Table, num_shuffles: int) -> None:
    """The same windows of shuffled rows, by their summaries; the answers are one model's, to all rows."""
    random = np.random.default_rng(2)
    windows = columns = beyond = with_one = alerts = 0
    places: Counter[str] = Counter()
    for _ in range(num_shuffles):
        order = pa.array(random.permutation(stream.rows.num_rows))
        judged = shuffled_windows(stream, stream.rows.drop_columns([stream.label]).take(order), answers.take(order))
        windows += len(judged)
        columns += sum(found.is_judged for window in judged for found in window.findings)
        found = [[each.place for each in window.anomalies] for window in judged]
        beyond, with_one = beyond + sum(map(len, found)), with_one + sum(map(bool, found))
        places.update(itertools.chain(*found))
        alerts += len(alerts_of(judged, endpoint=stream.name, is_calendar=False))
    print(f"shuffled, {num_shuffles} times by summaries: {windows:,} windows, {with_one} with something beyond its"
          f" threshold ({with_one / max(1, windows):.2%}), {beyond} of {columns:,} figures, {alerts} alerts"
          f" {dict(places.most_common(5)) or ''}")  # fmt: skip


def shuffled_windows(stream: Stream, rows: pa.Table, answers: pa.Table) -> list[WindowFindings]:
    """Judged as `monitor` does, against the part of the first rows that would have been trained on."""
    parts = stream.trained["part"].to_numpy(zero_copy_only=False)
    trained, tested = (pa.array(np.flatnonzero(parts == part)) for part in ("TRAIN", "TEST"))
    watched = answers.drop_columns(["truth"])
    metrics = {name: each.value for name, each in quality(answers.take(tested)).metrics().items()}
    reference = Reference(
        baseline="training",
        inputs=statistics(rows.take(trained)),
        predictions=statistics(watched.take(tested)),
        evaluated=Evaluated(part="test", each=(EvaluatedRows(label="", num_rows=len(tested), metrics=metrics),)),
    )
    asked, num_rows, judged = Monitoring(), stream.num_window, []
    for number in range(stream.traffic.num_rows // num_rows):
        first = stream.num_trained + number * num_rows
        sums = quality(answers.slice(first, num_rows))
        summary = WindowSummary(
            window=Window(number, number + 1), deployed_model_id="m", model=stream.name, version="1",
            num_rows=num_rows, traffic=num_rows, num_errors=0, inputs=statistics(rows.slice(first, num_rows)),
            predictions=statistics(watched.slice(first, num_rows)),
            quality=WindowQuality(num_rows=num_rows, num_labelled=num_rows, each=(SliceQuality(label="", sums=sums),)),
        )  # fmt: skip
        judged.append(judge_window(summary, reference, asked))
    return judged


def quality(answers: pa.Table) -> BinaryQuality:
    """Of rows with their truth."""
    truth = answers["truth"].to_numpy().astype(np.int64)
    threshold = pc.min(answers.filter(answers["predicted"])["probability"]).as_py()
    return BinaryQuality.of(answers["probability"].to_numpy(), truth, np.ones(len(truth)), threshold=threshold or 1.1)


def statistics(rows: pa.Table) -> Statistics:
    """As those of the log are made."""
    return measure_batches(schema_of(rows.schema), rows.combine_chunks().to_batches(), expected_rows=rows.num_rows)


@functools.cache
def schema_of(schema: pa.Schema) -> Schema:
    return open_table(schema.empty_table()).schema


if __name__ == "__main__":
    main()
