"""Files of a log as writers leave them, without a server."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from hagane.bundle.signature import Input, Signature
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder, files_of
from hagane.serving.request_log.row_schema import row_schema
from hagane.types import SqlType

SIGNATURE = Signature(
    inputs=(Input(name="person", type=SqlType.STRING), Input(name="age", type=SqlType.INT64)),
    task="regression",
    label="y",
    label_type=SqlType.FLOAT64,
    model_type="linear_reg",
)


def model(version: str = "1") -> LoggedModel:
    return LoggedModel(endpoint="e", deployed_model_id=f"id{version}", model="m", version=version, signature=SIGNATURE)


def write_hour(folder: LogFolder, hour: int, numbers: range, *, version: str = "1", files: int = 4) -> Path:
    """Rows `r<number>` of the persons `p<number % 5>`, spread over some files of one model."""
    path = folder.make_hour("requests", hour)
    for part in range(files):
        table = rows([number for number in numbers if number % files == part], hour, version)
        write_rows(path / f"w{version}-{numbers.start:04d}-{part}.parquet", table)
    return path


def rows(numbers: list[int], hour: int, version: str = "1") -> pa.Table:
    schema = row_schema(model(version))
    columns = {
        "request_id": [f"r{number}" for number in numbers],
        "row": [0 for _ in numbers],
        "time": [hour * 3_600_000_000 + number for number in numbers],
        "endpoint": ["e" for _ in numbers],
        "deployed_model_id": [f"id{version}" for _ in numbers],
        "model": ["m" for _ in numbers],
        "version": [version for _ in numbers],
        "protocol": ["vertex" for _ in numbers],
        "mirror": [False for _ in numbers],
        "weight": [1.0 for _ in numbers],
        "latency_seconds": [0.001 for _ in numbers],
        "model_seconds": [0.0005 for _ in numbers],
        "row_error": [False for _ in numbers],
        "instance": [{"person": f"p{number % 5}", "age": number} for number in numbers],
        "prediction": [{"predicted_y": number / 2} for number in numbers],
    }
    return pa.Table.from_pydict(columns, schema=schema)


def ids(hour: Path) -> list[str]:
    """Of the rows that count, sorted."""
    return sorted(
        each for file in files_of(hour) for each in pq.read_table(file, columns=["request_id"])[0].to_pylist()
    )
