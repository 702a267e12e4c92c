"""`ResultRows`: what a query answered, kept in a file and read by pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from hagane.session.rest.field_type import FieldType
from hagane.session.result import Result

PAGE_BYTES = 16 * 1024 * 1024
"""About so much JSON is sent at once where the client does not say how many rows it wants."""
_CELL_BYTES = 16
"""What JSON adds to a value."""


class ResultRows:
    """The rows of a result, whole: its file is mapped, so that they take no memory of this process's own."""

    def __init__(self, path: Path, names: tuple[str, ...], types: tuple[FieldType, ...]) -> None:
        self.path = path
        self.names, self.types = names, types
        self.table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()

    @staticmethod
    def of(result: Result, path: Path) -> ResultRows:
        """Read the result to its end, into the file `path`. Raises HaganeError where a row cannot be made."""
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, result.arrow_schema) as writer:
            write_batches(writer, result.batches())
        names = tuple(column.name for column in result.schema)
        return ResultRows(path, names, tuple(FieldType.parse(column.type) for column in result.schema))

    @property
    def num_rows(self) -> int:
        """Rows."""
        return int(self.table.num_rows)

    @property
    def num_bytes(self) -> int:
        """In memory."""
        return int(self.table.nbytes)

    def page(self, start: int, max_rows: int | None) -> pa.Table:
        """Rows from `start` on: as many as are asked for, but no more than fit into one answer."""
        size = self.num_bytes / max(1, self.num_rows) + _CELL_BYTES * max(1, len(self.names))
        fitting = max(1, int(PAGE_BYTES / size))
        return self.table.slice(start, fitting if max_rows is None else min(max_rows, fitting))

    def schema(self) -> dict[str, object]:
        """A `TableSchema`."""
        fields = [kind.resource(name) for name, kind in zip(self.names, self.types, strict=True)]
        return {"fields": fields}

    def remove(self) -> None:
        """Give the file up; who reads it just now reads it to its end."""
        self.path.unlink(missing_ok=True)


def write_batches(writer: pa.RecordBatchFileWriter, batches: Iterable[pa.RecordBatch]) -> None:
    """All of them."""
    for batch in batches:
        writer.write_batch(batch)
