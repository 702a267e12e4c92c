"""`ParquetAppender`: one Parquet file of many small ones, their bytes as they are.

Threads compress row groups side by side, each into a file of its own in memory; one puts them behind one another. Only
the places that the footer tells are changed: see `FileMetaData` in parquet-format's `parquet.thrift`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from hagane.data.compact_struct import CompactList, CompactStruct

MAGIC = b"PAR1"
_STRUCT = 12
_SCHEMA, _NUM_ROWS, _ROW_GROUPS, _KEY_VALUES = 2, 3, 4, 5
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7
_CHUNK_OFFSET, _CHUNK_METADATA = 2, 3
_CHUNK_PLACES = (4, 6)
"""Of the offset index and the column index; they lie behind the row groups, and are left out."""
_CHUNK_BYTES = 7
_PAGE_OFFSETS = (9, 10, 11)
"""In the metadata of a column chunk: of its data pages, its index pages, its dictionary."""


class ParquetAppender:
    """Appends whole Parquet files of one schema to a stream, which becomes one Parquet file when it is finished.

    >>> import io
    >>> import pyarrow as pa, pyarrow.parquet as pq
    >>> def file(*numbers):
    ...     stream = io.BytesIO()
    ...     pq.write_table(pa.table({"n": numbers}), stream)
    ...     return stream.getvalue()
    >>> joined = io.BytesIO()
    >>> appender = ParquetAppender(joined)
    >>> for numbers in ((1, 2), (3,)):
    ...     appender.append(file(*numbers))
    >>> appender.finish()
    >>> pq.read_table(joined)["n"].to_pylist()
    [1, 2, 3]
    """

    def __init__(
        self, stream: BinaryIO, *, template: bytes = b"", row_groups: Sequence[bytes] = (), num_rows: int = 0
    ) -> None:
        """Begin a file; or go on with one whose `template`, `row_groups` and rows an earlier appender told.

        `stream` then stands behind what these speak of.
        """
        self._stream = stream
        self.row_groups = list(row_groups)
        """Each row group as the footer tells it."""
        self.num_rows = num_rows
        self.template = template
        """The footer without rows."""
        if not template:
            stream.write(MAGIC)

    def append(self, file: bytes) -> None:
        """Add the row groups of a Parquet file. Raises ValueError where it has another schema, or is none."""
        end = len(file) - 8 - int.from_bytes(file[-8:-4], "little")
        if file[:4] != MAGIC or file[-4:] != MAGIC or end < 4:
            raise ValueError("no Parquet file")
        footer = CompactStruct.read(file[end:-8])
        groups = [group for group in footer.get(_ROW_GROUPS).items if group.get(_GROUP_ROWS)]
        num_rows = footer.get(_NUM_ROWS)
        template = _template(footer)
        self.template = self.template or template
        if template != self.template:
            raise ValueError("a file of another schema")
        shift = self._stream.tell() - 4
        stop = max((_end(group) for group in groups), default=4)
        self._stream.write(memoryview(file)[4:stop])
        self.row_groups += [_moved(group, shift) for group in groups]
        self.num_rows += num_rows

    def finish(self) -> None:
        """Write the footer. Something must have been appended."""
        footer = CompactStruct.read(self.template)
        footer.put(_NUM_ROWS, self.num_rows)
        footer.put(_ROW_GROUPS, CompactList(_STRUCT, self.row_groups, raw=True))
        written = footer.to_bytes()
        self._stream.write(written + len(written).to_bytes(4, "little") + MAGIC)


def _template(footer: CompactStruct) -> bytes:
    """The footer without its rows."""
    footer.put(_NUM_ROWS, 0)
    footer.put(_ROW_GROUPS, CompactList(_STRUCT, []))
    return footer.to_bytes()


def _end(group: CompactStruct) -> int:
    """Where the row group's last byte is followed by another's."""
    return max(_start(chunk) + int(chunk.get(_CHUNK_METADATA).get(_CHUNK_BYTES)) for chunk in group.get(_COLUMNS).items)


def _start(chunk: CompactStruct) -> int:
    metadata = chunk.get(_CHUNK_METADATA)
    return min(int(place) for field in _PAGE_OFFSETS if (place := metadata.get(field)))


def _moved(group: CompactStruct, shift: int) -> bytes:
    """The row group, told `shift` bytes further on."""
    for chunk in group.get(_COLUMNS).items:
        if chunk.get(_CHUNK_OFFSET):
            chunk.put(_CHUNK_OFFSET, chunk.get(_CHUNK_OFFSET) + shift)
        for place in _CHUNK_PLACES:
            chunk.fields.pop(place, None)
            chunk.fields.pop(place + 1, None)
        metadata = chunk.get(_CHUNK_METADATA)
        for field in _PAGE_OFFSETS:
            if metadata.get(field):
                metadata.put(field, metadata.get(field) + shift)
    if group.get(_GROUP_OFFSET):
        group.put(_GROUP_OFFSET, group.get(_GROUP_OFFSET) + shift)
    group.fields.pop(_ORDINAL, None)
    return group.to_bytes()
