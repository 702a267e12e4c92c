"""A request log as a server writes it, without a server: rows answered by a bundle, hour by hour."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.signature import Treatment
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.serving.request_log.model_file import write_model_file
from hagane.serving.request_log.row_schema import row_schema
from hagane.workspace.workspace import Workspace

HOUR_MICROSECONDS = 3_600_000_000


def write_answers(
    place: Workspace,
    bundle: Bundle,
    endpoint: str,
    hours: Mapping[int, pa.Table],
    *,
    model: str,
    hashed: Sequence[str] = (),
) -> None:
    """Hour since 1970 → the rows that came in it; columns in `hashed` are logged as pseudonyms."""
    sensitive: dict[str, Treatment] = dict.fromkeys(hashed, "hash")
    logged = LoggedModel(endpoint=endpoint, deployed_model_id="d1", model=model, version="1",
                         signature=bundle.signature, sensitive=sensitive)  # fmt: skip
    folder, schema = LogFolder(place.logs_folder, endpoint), row_schema(logged)
    fixed = {"row": 0, "endpoint": endpoint, "deployed_model_id": "d1", "model": model, "version": "1",
             "protocol": "vertex", "mirror": False, "weight": 1.0, "latency_seconds": 0.001, "model_seconds": 0.001,
             "row_error": False}  # fmt: skip
    for hour, rows in hours.items():
        instances = rows.to_pylist()
        answers = pa.table(prediction_columns(bundle.predict(instances))).to_pylist()
        made = [
            {
                **fixed,
                "request_id": f"{hour}-{number}",
                "time": hour * HOUR_MICROSECONDS + number,
                "instance": instance | {name: f"{zlib.crc32(str(instance[name]).encode()):032x}" for name in hashed},
                "prediction": answer,
            }
            for number, (instance, answer) in enumerate(zip(instances, answers, strict=True))
        ]
        write_rows(folder.make_hour("requests", hour) / "w.parquet", pa.Table.from_pylist(made, schema))
    write_model_file(folder, logged)
