"""`erase_rows`: the rows of one person, found by a column's value, are taken out of a log's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hagane.bundle.values import CONVERTERS, Refusal
from hagane.serving.request_log.file_metadata import LoggedModel, logged_model
from hagane.serving.request_log.hour_writer import WRITE_OPTIONS
from hagane.serving.request_log.log_folder import OF_ROWS, Kind, LogFolder, files_of
from hagane.serving.request_log.pseudonyms import Pseudonyms
from hagane.serving.request_log.stale_files import remove_stale_files
from hagane.sync_to_disk import sync_to_disk
from hagane.types import SqlType
from hagane.write_aside import write_aside

REQUEST_ID = "request_id"
BATCH_ROWS = 65_536
_BOOLS = {"true": True, "false": False}
Place = tuple[str, int]


class ErasedFile(msgspec.Struct, frozen=True):
    """One file of which rows go."""

    path: Path
    kind: Kind
    num_rows: int
    """That go."""
    num_left: int


@dataclass(frozen=True)
class Person:
    """Whose rows are meant: those where the column has this value."""

    column: str
    """A raw column, or `request_id`."""
    value: str
    """As text: `17`, `true`, `2013-01-01`."""

    def matches(self, rows: pa.RecordBatch, model: LoggedModel, pseudonyms: Pseudonyms) -> pa.Array[Any] | None:
        """Which rows of a file of `model` are meant, [n] BOOL; None where it cannot hold any."""
        if self.column == REQUEST_ID:
            return pc.equal(rows.column(REQUEST_ID), self.value)
        type_ = next((each.type for each in model.signature.inputs if each.name == self.column), None)
        treatment = model.sensitive.get(self.column)
        if type_ is None or treatment == "leave_out":
            return None
        value = typed_value(self.value, type_.element if type_.is_array else type_)
        if value is None:
            return None
        hashed = pseudonyms.of(self.column, value) if treatment == "hash" else None
        return _equal(rows.column("instance").field(self.column), value if hashed is None else hashed)


def typed_value(text: str, type_: SqlType) -> int | float | str | None:
    """The value that the text means in a column of this type, as `ColumnData` holds it; None where it means none.

    >>> typed_value("17", SqlType.INT64), typed_value("17", SqlType.STRING), typed_value("x", SqlType.INT64)
    (17, '17', None)
    """
    raw: object = _BOOLS.get(text.lower(), text) if type_ is SqlType.BOOL else text
    value = CONVERTERS[type_](raw, True)
    return None if value is None or isinstance(value, Refusal | list) else value


def find_rows(folder: LogFolder, person: Person, pseudonyms: Pseudonyms) -> tuple[list[ErasedFile], set[Place]]:
    """The files that hold rows of that person, feedback's too; and the rows' requests and places. Hold the lock.

    Feedback has no columns of the request's: it is found by the requests. Raises DataError, OSError.
    """
    found: list[ErasedFile] = []
    places: set[Place] = set()
    for path in folder.files("requests"):
        model, gone, total = logged_model(path), 0, 0
        for rows in _batches(path, ["request_id", "row", *_columns(path)]):
            total += rows.num_rows
            mask = person.matches(rows, model, pseudonyms)
            there = rows.filter(mask) if mask is not None else rows.slice(0, 0)
            gone += there.num_rows
            places |= set(zip(there["request_id"].to_pylist(), there["row"].to_pylist(), strict=True))
        found += [ErasedFile(path, "requests", gone, total - gone)] if gone else []
    for path in folder.files("feedback"):
        masks = [_is_of(rows, places, person) for rows in _batches(path, ["request_id", "row"])]
        gone, total = sum(sum(mask.to_pylist()) for mask in masks), sum(len(mask) for mask in masks)
        found += [ErasedFile(path, "feedback", gone, total - gone)] if gone else []
    return found, places


def erase_rows(
    folder: LogFolder, files: Sequence[ErasedFile], places: set[Place], person: Person, pseudonyms: Pseudonyms
) -> None:
    """Write each of the files anew without the rows; one without any left is removed. Hold the lock alone.

    Each file is as it was or without the rows, whenever this ends. Raises OSError.
    """
    for kind in OF_ROWS:
        for hour in folder.hours(kind).values():
            remove_stale_files(hour, of_dead=True)
            _remove_replaced(hour)
    for file in files:
        if not file.num_left:
            file.path.unlink()
        elif file.kind == "requests":
            model = logged_model(file.path)
            _rewrite(file.path, lambda rows, model=model: person.matches(rows, model, pseudonyms))
        else:
            _rewrite(file.path, lambda rows: _is_of(rows, places, person))


def _remove_replaced(hour: Path) -> None:
    """What a merging that was killed left behind holds the same rows, and must not come back."""
    counted = {path.name for path in files_of(hour)}
    for path in hour.glob("[!.]*.parquet"):
        if path.name not in counted:
            path.unlink()


def _rewrite(path: Path, matches: Any) -> None:
    def write(aside: Path) -> None:
        with pq.ParquetWriter(aside, pq.read_schema(path), **WRITE_OPTIONS) as writer:
            for rows in _batches(path, None):
                mask = matches(rows)
                writer.write_batch(rows if mask is None else rows.filter(pc.invert(mask)))
        sync_to_disk(aside)

    write_aside(path, write)
    sync_to_disk(path.parent)


def _batches(path: Path, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=columns)


def _columns(path: Path) -> list[str]:
    return ["instance"] if "instance" in pq.read_schema(path).names else []


def _is_of(rows: pa.RecordBatch, places: set[Place], person: Person) -> pa.Array[Any]:
    pairs = zip(rows["request_id"].to_pylist(), rows["row"].to_pylist(), strict=True)
    by_request = person.value if person.column == REQUEST_ID else None
    return pa.array([place in places or place[0] == by_request for place in pairs], pa.bool_())


def _equal(column: pa.Array[Any], value: int | float | str) -> pa.Array[Any]:
    """Which values are that one; of an array, whether any element is."""
    if pa.types.is_list(column.type):
        parts = _equal(column.flatten(), value)
        rows = pc.list_parent_indices(column)
        hit = set(rows.filter(parts).to_pylist())
        return pa.array([index in hit for index in range(len(column))], pa.bool_())
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        value = bool(value)
    return pc.fill_null(pc.equal(column, pa.scalar(value, column.type)), False)
