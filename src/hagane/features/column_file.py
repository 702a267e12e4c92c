"""`ColumnFile`: one encoded column on disk, memory-mapped, checked before it is believed.

The values come first. A column of fixed width is one array [n]. A sparse column comes in blocks of `block_rows` rows,
each of them three arrays that begin at multiples of 8 bytes: offsets [rows + 1] in the narrowest unsigned type, ids in
the column's type, weights float32. Then the numbers of the rows on which the expression erred ([e] uint64), the footer
(JSON) and a trailer of 24 bytes: the footer's length and CRC-32, and a magic. All numbers are little-endian.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.errors import DataError, Fault
from hagane.features.sparse_rows import SparseRows

FORMAT_VERSION = 2
MAGIC = b"HAGCOL\x02\n"
TRAILER = struct.Struct("<QQ8s")
ALIGNMENT = 8
CHECK_BYTES = 16 * 2**20
"""Bytes between two chances to be interrupted while a file is checked."""

Array = npt.NDArray[np.generic]


class ColumnFooter(msgspec.Struct, frozen=True, kw_only=True):
    """What a column's file says of itself."""

    format_version: int = FORMAT_VERSION
    name: str
    kind: str
    """`dense`, `id`, `sparse`, `label` or `weight`."""
    part: str = ""
    """Whose rows they are: `train`, `eval` or `test`; empty where nobody said."""
    dtype: str
    """Of the values; of a sparse column, of its ids."""
    num_rows: int
    width: int = 1
    """Values of a row: several labels have one each."""
    block_rows: int
    num_entries: tuple[int, ...] = ()
    """Entries of each block of a sparse column."""
    num_errors: int = 0
    """Rows on which the expression erred."""
    data_bytes: int
    """Bytes before the footer."""
    crc32: int
    """Of these bytes."""
    counts: dict[str, int] = {}
    """What its writer counted on the way."""


class _Block(NamedTuple):
    """Where one block of a sparse column lies: offsets and their type; first id and first weight, in elements."""

    offsets: int
    offset_dtype: np.dtype[np.generic]
    ids: int
    weights: int


class ColumnFile:
    """Read access to one column. It stays readable when the file is removed. `ColumnWriter` makes one.

    Raises DataError for a file that is cut off, of another format, or damaged in its footer; `check` reads the rest.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.footer = read_footer(path)
        self._bytes = map_bytes(path)
        self._values_end = self.footer.data_bytes - 8 * self.footer.num_errors
        self._blocks = sparse_blocks(self.footer) if self.is_sparse else []
        expected = self._blocks.pop().offsets if self.is_sparse else padded(self.num_rows * self._row_bytes)
        if expected != self._values_end:
            raise damaged(path, f"{expected} bytes of values", f"{self._values_end} bytes")
        if self.is_sparse:
            whole = len(self._bytes) // self.dtype.itemsize * self.dtype.itemsize
            self._ids = self._bytes[:whole].view(self.dtype)
            self._weights = self._bytes[: len(self._bytes) // 4 * 4].view(np.float32)

    @property
    def num_rows(self) -> int:
        """n."""
        return self.footer.num_rows

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Of the values; of a sparse column, of its ids."""
        return np.dtype(self.footer.dtype)

    @property
    def width(self) -> int:
        """Values of a row of a column of fixed width."""
        return self.footer.width

    @property
    def _row_bytes(self) -> int:
        return self.footer.width * self.dtype.itemsize

    @property
    def is_sparse(self) -> bool:
        """Whether rows hold slots with weights instead of one value."""
        return self.footer.kind == "sparse"

    @property
    def values(self) -> Array:
        """[n] of a column of fixed width, a view of the file; [n, width] where rows have several values."""
        flat = self._bytes[: self.num_rows * self._row_bytes].view(self.dtype)
        return flat if self.footer.width == 1 else flat.reshape(self.num_rows, self.footer.width)

    @property
    def errors(self) -> npt.NDArray[np.uint64]:
        """[e]: the numbers of the rows on which the expression erred, ascending."""
        return self._bytes[self._values_end : self.footer.data_bytes].view(np.uint64)

    def sparse(self, start: int, stop: int) -> SparseRows:
        """Rows [start, stop) of a sparse column; within one block without a copy of the entries."""
        size, parts = self.footer.block_rows, []
        for block in range(start // size, -(-stop // size)):
            first = block * size
            rows = self._sparse_block(block)
            parts.append(rows.slice(max(start - first, 0), min(stop - first, rows.num_rows)))
        if not parts:
            return SparseRows(np.zeros(1, np.int64), np.empty(0, self.dtype), np.empty(0, np.float32))
        return parts[0] if len(parts) == 1 else SparseRows.concatenate(parts)

    def take_sparse(self, rows: npt.NDArray[np.integer]) -> SparseRows:
        """The rows of these numbers of a sparse column, in this order."""
        lengths = np.empty(len(rows), np.int64)
        first_id, first_weight = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        block_of, row_of = np.divmod(rows, self.footer.block_rows)
        for number in np.unique(block_of):
            block, chosen = self._blocks[number], np.flatnonzero(block_of == number)
            stored, local = self._offsets(int(number)), row_of[chosen]
            start = stored[local].astype(np.int64)
            lengths[chosen] = stored[local + 1].astype(np.int64) - start
            first_id[chosen], first_weight[chosen] = start + block.ids, start + block.weights
        offsets: npt.NDArray[np.int64] = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        entries = np.arange(offsets[-1])
        ids = self._ids[entries + np.repeat(first_id - offsets[:-1], lengths)]
        return SparseRows(offsets, ids, self._weights[entries + np.repeat(first_weight - offsets[:-1], lengths)])

    def moved_to(self, path: Path) -> None:
        """Its file has another name now."""
        self.path = path

    def link_to(self, path: Path) -> None:
        """Give the file another name: no bytes are copied where the disk is the same, and it is still there."""
        try:
            os.link(self.path, path)
        except OSError:
            self._bytes.tofile(path)

    def check(self) -> None:
        """Read all of it. Raises DataError when the bytes are not those that were written."""
        crc = 0
        for start in range(0, self.footer.data_bytes, CHECK_BYTES):
            crc = zlib.crc32(self._bytes[start : min(start + CHECK_BYTES, self.footer.data_bytes)].data, crc)
        if crc != self.footer.crc32:
            raise damaged(self.path, f"the checksum {self.footer.crc32:08x}", f"{crc:08x}")

    def read(self, stretches: Sequence[tuple[int, int]]) -> Array:
        """[n] or [n, width]: the rows of these stretches [start, stop), one after another, in memory.

        They are read, not mapped: rows of files larger than memory come in long runs and leave nothing behind, where
        a page of a mapping costs an interruption each.
        """
        num_rows = sum(stop - start for start, stop in stretches)
        out = np.empty(num_rows if self.footer.width == 1 else (num_rows, self.footer.width), self.dtype)
        size, at = self._row_bytes, 0
        try:
            with self.path.open("rb", buffering=0) as file:
                for start, stop in stretches:
                    _read_into(file.fileno(), out[at : at + stop - start], start * size)
                    at += stop - start
        except (OSError, EOFError):  # removed from the cache meanwhile: the mapping still has it
            parts = [self.values[start:stop] for start, stop in stretches]
            return np.concatenate(parts) if parts else out
        return out

    def read_sparse(self, stretches: Sequence[tuple[int, int]]) -> SparseRows:
        """The rows of these stretches of a sparse column, in memory."""
        return SparseRows.concatenate([self.sparse(start, stop) for start, stop in stretches] or [self.sparse(0, 0)])

    def _offsets(self, block: int) -> Array:
        found = self._blocks[block]
        rows = min(self.footer.block_rows, self.num_rows - block * self.footer.block_rows)
        end = found.offsets + (rows + 1) * found.offset_dtype.itemsize
        return self._bytes[found.offsets : end].view(found.offset_dtype)

    def _sparse_block(self, block: int) -> SparseRows:
        found, count = self._blocks[block], self.footer.num_entries[block]
        ids, weights = (
            values[first : first + count] for values, first in ((self._ids, found.ids), (self._weights, found.weights))
        )
        return SparseRows(self._offsets(block).astype(np.int64), ids, weights)


def _read_into(descriptor: int, out: Array, offset: int) -> None:
    content = memoryview(out.reshape(-1).view(np.uint8).data)
    while content:
        count = os.preadv(descriptor, [content], offset)
        if not count:
            raise EOFError
        content, offset = content[count:], offset + count


def padded(size: int) -> int:
    """`size` bytes rounded up to the alignment.

    >>> [padded(size) for size in (0, 1, 8, 9)]
    [0, 8, 8, 16]
    """
    return -(-size // ALIGNMENT) * ALIGNMENT


def offset_dtype(num_entries: int) -> np.dtype[np.generic]:
    """The narrowest unsigned type of a block's offsets."""
    return np.dtype(np.min_scalar_type(num_entries))


def sparse_blocks(footer: ColumnFooter) -> list[_Block]:
    """Where each block of a sparse column lies, and, as a last one, the end."""
    blocks, position = [], 0
    ids = np.dtype(footer.dtype).itemsize
    for number, count in enumerate(footer.num_entries):
        rows = min(footer.block_rows, footer.num_rows - number * footer.block_rows)
        dtype = offset_dtype(count)
        sizes = [padded(size) for size in ((rows + 1) * dtype.itemsize, count * ids, count * 4)]
        start, first_id, first_weight, end = accumulate(sizes, initial=position)
        blocks.append(_Block(start, dtype, first_id // ids, first_weight // 4))
        position = end
    blocks.append(_Block(position, np.dtype(np.uint8), 0, 0))
    return blocks


def read_footer(path: Path) -> ColumnFooter:
    """A file's footer, its length and checksum proved. Raises DataError, FileNotFoundError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size < TRAILER.size:
            raise damaged(path, f"at least {TRAILER.size} bytes", f"{size} bytes")
        file.seek(size - TRAILER.size)
        length, crc, magic = TRAILER.unpack(file.read(TRAILER.size))
        if magic != MAGIC or length > size - TRAILER.size:
            raise damaged(path, f"the end {MAGIC!r}", repr(magic))
        file.seek(size - TRAILER.size - length)
        content = file.read(length)
    if zlib.crc32(content) != crc:
        raise damaged(path, f"a footer with the checksum {crc:08x}", f"{zlib.crc32(content):08x}")
    footer = msgspec.json.decode(content, type=ColumnFooter)
    if footer.format_version != FORMAT_VERSION:
        raise damaged(path, f"format {FORMAT_VERSION}", f"format {footer.format_version}")
    if footer.data_bytes != size - TRAILER.size - length:
        raise damaged(path, f"{footer.data_bytes} bytes of data", f"{size - TRAILER.size - length} bytes")
    return footer


def map_bytes(path: Path) -> npt.NDArray[np.uint8]:
    """The file mapped into memory, read-only. Arrow's mapping holds no file descriptor, and so allows thousands."""
    with pa.memory_map(str(path)) as file:
        return np.frombuffer(file.read_buffer(), np.uint8)


def damaged(path: Path, expected: str, received: str) -> DataError:
    """The error for a file that is not what was written."""
    return DataError(
        Fault(
            what="an encoded column is damaged",
            where=str(path),
            expected=expected,
            received=received,
            next_step="encode again: run the training once more",
        )
    )
