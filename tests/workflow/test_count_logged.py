"""Rows counted by Parquet's metadata, against DuckDB's count of the same files."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from tests.serving.request_log import made_hours

from hagane.data.engine import Engine, quote_text
from hagane.errors import DataError
from hagane.serving.request_log.hour_writer import write_rows
from hagane.serving.request_log.log_folder import LogFolder
from hagane.workflow.count_logged import count_logged


def write(folder: LogFolder, name: str, version: str, **own: list[bool] | list[float]) -> Path:
    """20 rows, of which some of the log's own columns are given."""
    table = made_hours.rows(list(range(20)), 480_000, version)
    for column, values in own.items():
        place = table.schema.get_field_index(column)
        table = table.set_column(place, table.schema.field(column), pa.array(values, table.schema.field(column).type))
    path = folder.make_hour("requests", 480_000) / f"{name}.parquet"
    write_rows(path, table)
    return path


def by_duckdb(files: list[Path]) -> dict[str, int]:
    listed = ", ".join(quote_text(str(file)) for file in files)
    sql = f"SELECT deployed_model_id AS id, count(*) AS n FROM read_parquet([{listed}]) WHERE NOT mirror GROUP BY ALL"
    return {each["id"]: each["n"] for each in Engine().query(sql).to_pylist()}


def test_what_is_counted_is_what_duckdb_counts(tmp_path: Path) -> None:
    folder, random = LogFolder(tmp_path, "e"), np.random.default_rng(7)
    some, others = ((random.random(20) < 0.4).tolist() for _ in range(2))
    files = [
        write(folder, "plain", "1"),
        write(folder, "mixed", "1", mirror=some, row_error=others),
        write(folder, "mirrors", "2", mirror=[True] * 20),
        write(folder, "errors", "3", row_error=[True] * 20),
    ]
    found = count_logged(files)
    assert found == by_duckdb(files)
    assert list(found) == sorted(found)
    assert len(found) == 2, "nobody but a mirror asked the second"
    assert found["id3"] == 20


def test_several_row_groups(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = write(LogFolder(tmp_path, "e"), "w", "1", mirror=[True] * 5 + [False] * 7 + [True] * 8)
    pq.write_table(pq.read_table(path), path, row_group_size=6)
    assert count_logged([path]) == {"id1": 7}
    assert count_logged([]) == {}


def test_a_file_that_is_none_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "w.parquet"
    path.write_bytes(msgspec.json.encode({"no": "parquet"}))
    with pytest.raises(DataError, match="cannot be read"):
        count_logged([path])
