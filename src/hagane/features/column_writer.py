"""`ColumnWriter`: appends rows of one column to a file that nobody can read before it is whole."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, StorageError
from hagane.features.column_file import MAGIC, TRAILER, ColumnFile, ColumnFooter, offset_dtype, padded
from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]
COPY_BYTES = 2**20


class ColumnWriter:
    """Appends arrays [n] (`SparseRows` for the kind `sparse`, [n, width] where rows have several values).

    Rows wait in memory (`waiting_bytes`) until `flush`; the file is open only meanwhile, so that thousands of columns
    can be written side by side. `close` ends the file with the footer without which it cannot be read.

    >>> import tempfile
    >>> writer = ColumnWriter(Path(tempfile.mkdtemp()) / "x", name="x", kind="dense", dtype="float32", block_rows=8)
    >>> writer.append(np.array([1.0, 2.0]))
    >>> writer.close().values.tolist()
    [1.0, 2.0]
    """

    def __init__(
        self, path: Path, *, name: str, kind: str, dtype: str, block_rows: int, part: str = "", width: int = 1
    ) -> None:
        self.path = path
        self.width = width
        self.name, self.kind, self.part = name, kind, part
        self.dtype = np.dtype(dtype)
        self.block_rows = block_rows
        self.waiting_bytes = 0
        self.num_rows = 0
        self._arrays: list[Array] = []
        self._sparse: list[SparseRows] = []
        self._sparse_rows = 0
        self._num_entries: list[int] = []
        self._num_errors = 0
        self._waiting_errors: list[Array] = []
        self._size = self._crc = 0
        self._errors_path = path.with_name(path.name + ".errors")
        path.write_bytes(b"")

    def append(self, values: Array | SparseRows, errors: npt.NDArray[np.integer] | None = None) -> None:
        """Add rows; `errors`: which of them (from 0) erred, ascending."""
        if errors is not None and len(errors):
            self._waiting_errors.append((errors.astype(np.uint64)) + np.uint64(self.num_rows))
            self.waiting_bytes += self._waiting_errors[-1].nbytes
        if isinstance(values, SparseRows):
            self._sparse.append(SparseRows(values.offsets, values.ids.astype(self.dtype, copy=False), values.weights))
            self._sparse_rows += values.num_rows
            self.num_rows += values.num_rows
            self.waiting_bytes += self._sparse_bytes(values)
            return
        self._arrays.append(np.ascontiguousarray(values, self.dtype))
        self.num_rows += len(values)
        self.waiting_bytes += self._arrays[-1].nbytes

    def flush(self) -> None:
        """Write what waits; of a sparse column the whole blocks."""
        if self._waiting_errors:
            with self._errors_path.open("ab", buffering=0) as file:
                for errors in self._waiting_errors:
                    write_all(file, errors)
                    self._num_errors += len(errors)
            self._waiting_errors = []
        self._flush_values(last=False)

    def close(self, counts: Mapping[str, int] | None = None) -> ColumnFile:
        """Write the rest and the footer; the finished column."""
        self.flush()
        self._flush_values(last=True)
        self._append_errors()
        footer = msgspec.json.encode(ColumnFooter(
            name=self.name, kind=self.kind, part=self.part, dtype=self.dtype.str,
            num_rows=self.num_rows, width=self.width, block_rows=self.block_rows,
            num_entries=tuple(self._num_entries), num_errors=self._num_errors, data_bytes=self._size, crc32=self._crc,
            counts=dict(counts or {}),
        ))  # fmt: skip
        with self.path.open("ab", buffering=0) as file:
            write_all(file, np.frombuffer(footer + TRAILER.pack(len(footer), zlib.crc32(footer), MAGIC), np.uint8))
        return ColumnFile(self.path)

    def abandon(self) -> None:
        """Remove what was written."""
        self.path.unlink(missing_ok=True)
        self._errors_path.unlink(missing_ok=True)

    def _flush_values(self, *, last: bool) -> None:
        with self.path.open("ab", buffering=0) as file:
            for values in self._arrays:
                self._write(file, values)
            self._arrays = []
            if self.kind == "sparse":
                self._flush_sparse(file, last=last)
            self._pad(file) if last else None
        self.waiting_bytes = sum(map(self._sparse_bytes, self._sparse))

    def _flush_sparse(self, file: io.FileIO, *, last: bool) -> None:
        if not self._sparse_rows or (self._sparse_rows < self.block_rows and not last):
            return
        rows = SparseRows.concatenate(self._sparse)
        start = 0
        while rows.num_rows - start >= (1 if last else self.block_rows):
            stop = min(start + self.block_rows, rows.num_rows)
            block = rows.slice(start, stop)
            for values in (block.offsets.astype(offset_dtype(len(block.ids))), block.ids, block.weights):
                self._write(file, values)
                self._pad(file)
            self._num_entries.append(len(block.ids))
            start = stop
        left = rows.slice(start, rows.num_rows)
        self._sparse = [SparseRows(left.offsets, left.ids.copy(), left.weights.copy())] if left.num_rows else []
        self._sparse_rows = left.num_rows

    def _sparse_bytes(self, rows: SparseRows) -> int:
        return 8 * rows.num_rows + (self.dtype.itemsize + 4) * len(rows.ids)

    def _append_errors(self) -> None:
        """Put the row numbers, which have been written to a file of their own, behind the values."""
        if not self._num_errors:
            return
        with self._errors_path.open("rb") as errors, self.path.open("ab", buffering=0) as file:
            while content := errors.read(COPY_BYTES):
                self._write(file, np.frombuffer(content, np.uint8))
        self._errors_path.unlink()

    def _write(self, file: io.FileIO, values: Array) -> None:
        write_all(file, values)
        self._crc = zlib.crc32(values.data.cast("B"), self._crc) if values.nbytes else self._crc
        self._size += values.nbytes

    def _pad(self, file: io.FileIO) -> None:
        self._write(file, np.zeros(padded(self._size) - self._size, np.uint8))


def write_all(file: io.FileIO, values: Array) -> None:
    """Write all bytes to an unbuffered file, which may take them in parts. Raises StorageError."""
    content = values.data.cast("B") if values.nbytes else memoryview(b"")
    try:
        while content:
            content = content[file.write(content) :]
    except OSError as error:
        step = "make room: `hagane cache --clear` drops encoded columns; or choose another place (--workspace)"
        what = f"{file.name}: {error.strerror}"
        raise StorageError(Fault(what=what, next_step=step)) from error
