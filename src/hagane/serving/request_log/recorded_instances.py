"""`recorded_instances`: the latest requests of a log as rows to ask again: to warm a new version up, or to replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from hagane.bundle.signature import Signature
from hagane.serving.request_log.file_metadata import logged_model
from hagane.serving.request_log.log_folder import LogFolder, files_of
from hagane.serving.request_log.log_lock import log_lock
from hagane.serving.request_log.row_schema import TYPE_KEY
from hagane.types import SqlType

MOST_INSTANCES = 1_000


def recorded_instances(folder: LogFolder, signature: Signature, most: int = 64) -> list[dict[str, Any]]:
    """At most `most` (up to 1,000) of the latest rows as JSON has them, the latest first; [] where there is no log.

    Columns that the signature does not read, or reads as another type, are left out: they are NULL to the model. So is
    a column that was left out of the log. A hashed one has its hash where it is a STRING. Rows of a mirror are not
    taken, since those that it was shown are there. Raises DataError for a file that is none, OSError.
    """
    if not folder.path.is_dir():
        return []
    most = min(most, MOST_INSTANCES)
    found: list[dict[str, Any]] = []
    with log_lock(folder):
        for _, hour in reversed(folder.hours("requests").items()):
            latest: list[tuple[Any, dict[str, Any]]] = []
            for file in files_of(hour):
                latest += _rows(file, signature, most)
            latest.sort(key=lambda row: row[0], reverse=True)
            found += [instance for _, instance in latest]
            if len(found) >= most:
                break
    return found[:most]


def _rows(file: Path, signature: Signature, most: int) -> list[tuple[Any, dict[str, Any]]]:
    """The file's latest rows with their times: of those that can be asked again."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = _askable(file, signature)
    if not names:
        return []
    table = pq.read_table(file, columns=["time", "mirror", "instance"])
    table = table.filter(pc.invert(table["mirror"]))
    latest = pc.select_k_unstable(table.select(["time"]), min(most, len(table)), sort_keys=[("time", "descending")])
    table = table.take(latest)
    rows = zip(table["time"].to_pylist(), table["instance"].to_pylist(), strict=True)
    return [(time, msgspec.to_builtins({name: row[name] for name in names})) for time, row in rows]


def _askable(file: Path, signature: Signature) -> list[str]:
    """The columns of the file that this signature reads as what they are."""
    import pyarrow.parquet as pq

    sensitive = logged_model(file).sensitive
    schema = pq.read_schema(file)
    if "instance" not in schema.names:
        return []
    types = {column.name: column.type for column in signature.inputs}
    logged = {field.name: SqlType(field.metadata[TYPE_KEY].decode()) for field in schema.field("instance").type}
    return [
        name
        for name, type_ in logged.items()
        if types.get(name) is type_ and (sensitive.get(name) != "hash" or type_ is SqlType.STRING)
    ]
