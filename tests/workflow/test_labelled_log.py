"""The labelled rows of a log, whatever its columns are called."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.bundle.signature import Input, Signature
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.types import SqlType
from hagane.workflow.feedback import add_feedback
from hagane.workflow.log_window import LogWindow
from hagane.workflow.policy.labelled_log import LabelledLog
from hagane.workspace.workspace import Workspace

HOUR = 3_600_000_000
START = 20_000 * 24 * HOUR
INPUT, LABEL = "x{y}'\"", "a{0}b"


def test_names_with_braces_and_quotes(tmp_path: Path) -> None:
    place = Workspace(tmp_path / "home")
    signature = Signature(inputs=(Input(name=INPUT, type=SqlType.FLOAT64),), task="regression", label=LABEL,
                          label_type=SqlType.FLOAT64, model_type="linear_reg")  # fmt: skip
    logged = LoggedModel(endpoint="e", deployed_model_id="d", model="m", version="1", signature=signature, sensitive={})
    folder = LogFolder(place.logs_folder, "e")
    fixed = {"row": 0, "endpoint": "e", "deployed_model_id": "d", "model": "m", "version": "1", "protocol": "vertex",
             "mirror": False, "weight": 1.0, "latency_seconds": 0.0, "model_seconds": 0.0,
             "row_error": False}  # fmt: skip
    rows = [
        {**fixed, "request_id": f"r{n}", "time": START + n, "instance": {INPUT: float(n)},
         "prediction": {f"predicted_{LABEL}": 0.0}}
        for n in range(6)
    ]  # fmt: skip
    hour = folder.make_hour("requests", START // HOUR)
    write_rows(hour / "w.parquet", pa.Table.from_pylist(rows, row_schema(logged)))
    write_model_file(folder, logged)
    add_feedback(pa.table({"request_id": ["r1", "r4"], "truth": [10.0, 40.0]}), "e", workspace=place)

    found = LabelledLog("e", signature, place)
    assert found.num_rows(LogWindow()) == 2
    assert found.nth_newest(1) == START + 1
    assert found.newest(LogWindow()).to_pylist() == [{INPUT: 1.0, LABEL: 10.0}, {INPUT: 4.0, LABEL: 40.0}]
    found.write(tmp_path / "rows.parquet", LogWindow())
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 2
