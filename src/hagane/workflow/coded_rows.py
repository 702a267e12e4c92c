"""`coded_rows`: a window's logged rows as codes of their values, to count slices by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hagane.data.engine import Engine, quote_name, quote_text
from hagane.monitoring.column_codes import ColumnCodes
from hagane.monitoring.window_summary import WindowSummary
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.log_lock import log_lock
from hagane.workflow.log_window import LogWindow
from hagane.workflow.request_log import log_sql
from hagane.workflow.watched_answers import watched_answers

MOST_ROWS = 500_000
LEAST_PART = 0.9
"""Of the rows that were summed up, so many must still be there."""
Codes = npt.NDArray[np.int64]


def coded_rows(
    folder: LogFolder,
    model: LoggedModel,
    summary: WindowSummary,
    inputs: Sequence[ColumnCodes],
    predictions: Sequence[ColumnCodes],
) -> tuple[list[Codes], list[Codes]] | None:
    """[rows] codes of each input, and of each answer; None where the log has lost rows of the window.

    Of more than 500,000 rows a part, chosen by a hash of the request: the same in every run.
    """
    answers = watched_answers(model.signature)
    selected = [codes.sql(f"instance.{quote_name(codes.name)}") for codes in inputs]
    selected += [codes.sql(answers[codes.name]) for codes in predictions]
    columns = ", ".join(f"CAST({sql} AS SMALLINT) AS c{number}" for number, sql in enumerate(selected))
    part = -(-summary.num_rows // MOST_ROWS)
    sample = f" AND hash(request_id, row) % {part} = 0" if part > 1 else ""
    with log_lock(folder):
        logged = log_sql(folder, LogWindow(summary.window.start, summary.window.end), with_truth=False)
        if logged is None or not selected:
            return None
        chosen = f"FROM ({logged}) WHERE NOT mirror AND deployed_model_id = {quote_text(model.deployed_model_id)}"
        engine = Engine()
        if engine.query(f"SELECT count(*) AS n {chosen}")["n"][0].as_py() < LEAST_PART * summary.num_rows:
            return None
        found = engine.query(f"SELECT {columns} {chosen}{sample}")
    coded = [np.asarray(found[name].to_numpy(), np.int64) for name in found.column_names]
    return coded[: len(inputs)], coded[len(inputs) :]
