"""`Encoded`: one split's feature columns on disk, memory-mapped, in blocks.

A folder holds `encoded.json` (format version, features, rows) and `columns.bin`. Rows come in blocks of `block_rows`
(the last one shorter); within a block each column is contiguous, in the order dense features, id features, label:
dense as float32 or float64, ids in the narrowest unsigned type that holds the cardinality, the label as float64 or
int64.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import DataError, Fault
from hagane.features.batch import Batch
from hagane.features.feature import Feature, FeatureKind

FORMAT_VERSION = 1
BLOCK_ROWS = 65_536
HEADER_FILE = "encoded.json"
COLUMNS_FILE = "columns.bin"

Array = npt.NDArray[np.generic]


class EncodedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What `encoded.json` holds."""

    format_version: int = FORMAT_VERSION
    features: tuple[Feature, ...]
    dense_dtype: str
    label_dtype: str
    num_rows: int
    block_rows: int = BLOCK_ROWS


def id_dtype(cardinality: int) -> np.dtype[np.generic]:
    """The narrowest unsigned type for ids in [0, cardinality).

    >>> id_dtype(256), id_dtype(257)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.dtype(np.min_scalar_type(max(cardinality - 1, 0)))


class Encoded:
    """Read access to an encoded split. `EncodedWriter` makes one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.header = msgspec.json.decode((folder / HEADER_FILE).read_bytes(), type=EncodedHeader)
        self._dtypes = column_dtypes(self.header)
        self._row_bytes = sum(dtype.itemsize for dtype in self._dtypes)
        size, expected = (folder / COLUMNS_FILE).stat().st_size, self._row_bytes * self.num_rows
        if size != expected:
            raise DataError(
                Fault(
                    what="encoded data are damaged",
                    where=str(folder / COLUMNS_FILE),
                    expected=f"{expected} bytes",
                    received=f"{size} bytes",
                    next_step="encode again",
                )
            )
        self._bytes: npt.NDArray[np.uint8] = (
            np.memmap(folder / COLUMNS_FILE, np.uint8, mode="r") if size else np.empty(0, np.uint8)
        )

    @property
    def features(self) -> tuple[Feature, ...]:
        """Dense features first, then id features."""
        return self.header.features

    @property
    def num_rows(self) -> int:
        """Rows of this split."""
        return self.header.num_rows

    @property
    def num_dense(self) -> int:
        """Number of dense features (d)."""
        return sum(feature.kind is FeatureKind.DENSE for feature in self.features)

    @property
    def num_ids(self) -> int:
        """Number of id features (k)."""
        return len(self.features) - self.num_dense

    @property
    def num_blocks(self) -> int:
        """Blocks on disk, the shorter last one counted."""
        return -(-self.num_rows // self.header.block_rows)

    def columns(self, block: int) -> list[Array]:
        """The block's columns as memory-mapped views, each [rows of the block], the label last. No copy."""
        start = block * self.header.block_rows
        rows = min(self.header.block_rows, self.num_rows - start)
        offset, views = start * self._row_bytes, []
        for dtype in self._dtypes:
            end = offset + rows * dtype.itemsize
            views.append(self._bytes[offset:end].view(dtype))
            offset = end
        return views

    def block(self, block: int, order: npt.NDArray[np.intp] | None = None) -> Batch:
        """One block as row-major arrays, its rows in `order` where given."""
        columns = self.columns(block)
        if order is not None:
            columns = [column[order] for column in columns]
        d, rows = self.num_dense, len(columns[-1])
        dense = np.empty((rows, d), self.header.dense_dtype)
        ids = np.empty((rows, self.num_ids), np.int64)
        for index, column in enumerate(columns[:d]):
            dense[:, index] = column
        for index, column in enumerate(columns[d:-1]):
            ids[:, index] = column
        return Batch(dense, ids, np.array(columns[-1]))

    def blocks(self) -> Iterator[Batch]:
        """Every block in file order: a pass over data that need not fit in memory."""
        return (self.block(index) for index in range(self.num_blocks))

    def arrays(self) -> Batch:
        """All rows at once, in file order; they must fit in memory."""
        parts = list(self.blocks())
        if not parts:
            return Batch(
                np.empty((0, self.num_dense), self.header.dense_dtype),
                np.empty((0, self.num_ids), np.int64),
                np.empty(0, self.header.label_dtype),
            )
        return Batch.concatenate(parts)

    def batches(self, batch_rows: int, *, seed: int, epoch: int = 0) -> Iterator[Batch]:
        """One epoch in a seeded two-level shuffle (order of blocks, then rows within each), in batches of `batch_rows`.

        Every row comes exactly once; only the epoch's last batch may be shorter.
        """
        random = np.random.default_rng((seed, epoch))
        left: Batch | None = None
        for index in random.permutation(self.num_blocks):
            start = int(index) * self.header.block_rows
            rows = min(self.header.block_rows, self.num_rows - start)
            block = self.block(int(index), random.permutation(rows))
            if left is not None:
                block = Batch.concatenate([left, block])
            full = len(block.label) // batch_rows * batch_rows
            for begin in range(0, full, batch_rows):
                yield block.slice(begin, begin + batch_rows)
            left = block.slice(full, block.num_rows)
        if left is not None and len(left.label):
            yield left


class EncodedWriter:
    """Appends batches of any size; writes whole blocks; nothing is readable until `close`.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "train"
    >>> writer = EncodedWriter(folder, (Feature(name="x", kind=FeatureKind.DENSE, columns=("x",)),))
    >>> writer.append([np.array([1.0, 2.0], np.float32), np.array([0, 1])])
    >>> writer.close().arrays().dense.tolist()
    [[1.0], [2.0]]
    """

    def __init__(
        self,
        folder: Path,
        features: tuple[Feature, ...],
        *,
        dense_dtype: str = "float32",
        label_dtype: str = "int64",
        block_rows: int = BLOCK_ROWS,
    ) -> None:
        self.folder = folder
        self.header = EncodedHeader(
            features=features, dense_dtype=dense_dtype, label_dtype=label_dtype, num_rows=0, block_rows=block_rows
        )
        self._block = [np.empty(block_rows, dtype) for dtype in column_dtypes(self.header)]
        self._filled = 0
        self._num_rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HEADER_FILE).unlink(missing_ok=True)
        self._file = open(folder / COLUMNS_FILE, "wb", buffering=0)  # noqa: SIM115 — closed by close() or abandon()

    def append(self, columns: list[Array]) -> None:
        """Add rows: one array [n] a feature in order, then the label."""
        assert len(columns) == len(self._block)
        rows, start = len(columns[-1]), 0
        while start < rows:
            count = min(rows - start, self.header.block_rows - self._filled)
            for held, column in zip(self._block, columns, strict=True):
                held[self._filled : self._filled + count] = column[start : start + count]
            self._filled += count
            start += count
            if self._filled == self.header.block_rows:
                self._flush()

    def close(self) -> Encoded:
        """Write the last block and the header; the finished `Encoded`."""
        self._flush()
        self._file.close()
        header = msgspec.structs.replace(self.header, num_rows=self._num_rows)
        partial = self.folder / (HEADER_FILE + ".partial")
        partial.write_bytes(msgspec.json.encode(header))
        partial.rename(self.folder / HEADER_FILE)
        return Encoded(self.folder)

    def abandon(self) -> None:
        """Let go of the file; after `close` it does nothing, before it the folder stays unreadable."""
        self._file.close()

    def _flush(self) -> None:
        for column in self._block if self._filled else ():
            content = memoryview(np.ascontiguousarray(column[: self._filled]).data).cast("B")
            while content:
                content = content[self._file.write(content) :]
        self._num_rows += self._filled
        self._filled = 0


def column_dtypes(header: EncodedHeader) -> list[np.dtype[np.generic]]:
    """The type of each column on disk, the label last."""
    dense = np.dtype(header.dense_dtype)
    features = [dense if f.kind is FeatureKind.DENSE else id_dtype(f.cardinality) for f in header.features]
    return [*features, np.dtype(header.label_dtype)]
