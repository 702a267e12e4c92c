"""`sum_up_arrivals`: what the server counted of all requests, logged or not."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.batches import unreadable
from hagane.monitoring.window_arrivals import WindowArrivals
from hagane.serving.request_log.file_metadata import logged_model
from hagane.serving.request_log.log_folder import HOUR_MICROSECONDS
from hagane.workflow.logged_rows import LoggedRows

_COLUMNS = ["of", "name", "reason", "count"]


def sum_up_arrivals(rows: LoggedRows) -> WindowArrivals | None:
    """None where nothing was counted. Raises DataError for a damaged file.

    Of an hour that lies in two windows all counts go to that of its beginning."""
    first, end = (-(-moment // HOUR_MICROSECONDS) for moment in (rows.window.start, rows.window.end))
    files = rows.folder.files("arrivals", since=first, until=end)
    tables = [_read(file) for file in files if logged_model(file).deployed_model_id == rows.model.deployed_model_id]
    if not tables:
        return None
    return WindowArrivals.of(tuple(row.values()) for table in tables for row in table.to_pylist())


def _read(file: Path) -> pa.Table:
    try:
        return pq.read_table(file, columns=_COLUMNS)
    except (pa.ArrowException, OSError) as error:
        raise unreadable(file, error) from None
