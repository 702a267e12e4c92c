"""`new_labels`: labels that have arrived since they were last looked at, and when their rows were answered."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.engine import Engine
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS, LogFolder, files_of
from hagane.serving.request_log.log_lock import log_lock
from hagane.workflow.request_log import files_sql
from hagane.workspace.feedback_hours import FeedbackHours


class NewLabels(msgspec.Struct, frozen=True, kw_only=True):
    """Hours are counted from 1970 UTC."""

    arrived: dict[int, int] = {}
    """Hours of arrival with other feedback than was seen → how many rows."""
    answered: frozenset[int] = frozenset()
    """The hours in which the rows of this feedback were answered."""


def new_labels(folder: LogFolder, seen: FeedbackHours) -> NewLabels:
    """What feedback there is beyond what was `seen`; where nothing is new only the footers of its files are read.

    Write `arrived` down (`FeedbackHours.put`) once the windows of `answered` are summed up: who is killed before does
    it again. Raises DataError for damaged files.
    """
    if not folder.path.is_dir():
        return NewLabels()
    known = seen.hours()
    with log_lock(folder):
        counted = {hour: _num_rows(folder, hour) for hour in folder.hours("feedback")}
        arrived = {hour: count for hour, count in counted.items() if count and known.get(hour) != count}
        requests = folder.files("requests")
        if not arrived or not requests:
            return NewLabels(arrived=arrived)
        feedback = [file for hour in arrived for file in files_of(folder.hour_path("feedback", hour))]
        found = Engine().query(
            f"SELECT DISTINCT epoch_us(time) // {HOUR_MICROSECONDS} AS hour FROM {files_sql(requests)} AS r"
            f" SEMI JOIN {files_sql(feedback)} AS f ON r.request_id = f.request_id AND r.row = f.row"
        )
    return NewLabels(arrived=arrived, answered=frozenset(found["hour"].to_pylist()))


def _num_rows(folder: LogFolder, hour: int) -> int:
    """Rows of an hour's feedback, by the footers. Of a damaged file one: reading it tells."""
    total = 0
    for file in files_of(folder.hour_path("feedback", hour)):
        try:
            total += int(pq.read_metadata(file).num_rows)
        except (pa.ArrowInvalid, OSError):
            total += 1
    return total
