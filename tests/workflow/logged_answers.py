"""A log of a trained model's answers as its server would have left it, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.signature import Signature
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.workspace.workspace import Workspace


def log_answers(
    place: Workspace,
    bundle: Bundle,
    columns: Mapping[str, Sequence[Any]],
    *,
    hour: int,
    endpoint: str,
    model: str,
    version: str = "1",
    weight: float = 1.0,
) -> list[str]:
    """The rows of `columns` at the beginning of `hour`; their request ids."""
    rows = pa.table(dict(columns)).to_pylist()
    answers = pa.table(prediction_columns(bundle.predict(rows))).to_pylist()
    return log_rows(place, bundle.signature, rows, answers, hour=hour, endpoint=endpoint, model=model, version=version,
                    weight=weight)  # fmt: skip


def log_rows(
    place: Workspace,
    signature: Signature,
    rows: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    *,
    hour: int,
    endpoint: str,
    model: str,
    version: str = "1",
    weight: float = 1.0,
) -> list[str]:
    """Rows with these answers; their request ids."""
    logged = LoggedModel(endpoint=endpoint, deployed_model_id=f"id{version}", model=model, version=version,
                         signature=signature)  # fmt: skip
    fixed = {"row": 0, "endpoint": endpoint, "deployed_model_id": f"id{version}", "model": model, "version": version,
             "protocol": "vertex", "mirror": False, "weight": weight, "latency_seconds": 0.001,
             "model_seconds": 0.001, "row_error": False}  # fmt: skip
    made = [
        {**fixed, "request_id": f"h{hour}-{number}", "time": hour * 3_600_000_000 + number,
         "instance": {name: row[name] for name in signature.names}, "prediction": answer}
        for number, (row, answer) in enumerate(zip(rows, answers, strict=True))
    ]  # fmt: skip
    folder, schema = LogFolder(place.logs_folder, endpoint), row_schema(logged)
    write_rows(folder.make_hour("requests", hour) / f"v{version}.parquet", pa.Table.from_pylist(made, schema))
    write_model_file(folder, logged)
    return [str(row["request_id"]) for row in made]
