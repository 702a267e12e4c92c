"""`Encoded`: one split's feature columns on disk, memory-mapped.

It is a view of `ColumnFile`s, one a feature in the order of `Transform.features` (dense, id, sparse), one for the label
(float64 or int64) and one for the weights where there are any. The files lie in the column cache, or in a folder of
their own that `EncodedWriter` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.features.batch import Batch
from hagane.features.column_file import ColumnFile
from hagane.features.column_writer import ColumnWriter
from hagane.features.feature import Feature, FeatureKind
from hagane.features.fold_rows import Fold, FoldRows
from hagane.features.one_label_column import OneLabelColumn
from hagane.features.prefetch import prefetch
from hagane.features.row_window import RowWindow, side_by_side
from hagane.features.sparse_rows import SparseRows
from hagane.write_aside import write_aside

BLOCK_ROWS = 65_536
SPARSE_BLOCK_ROWS = 8_192
"""Rows that a sparse column holds in memory before it writes them: texts can be long."""
LEAST_FLUSH_BYTES = 8 * 2**20
FLUSH_BYTES_A_COLUMN = 16_384
HEADER_FILE = "encoded.json"
COLUMN_SUFFIX = ".column"
WEIGHT_DTYPE = "float32"

Array = npt.NDArray[np.generic]


class EncodedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What `encoded.json` holds: all that the column files do not say."""

    features: tuple[Feature, ...]
    dense_dtype: str
    label_dtype: str
    num_rows: int
    block_rows: int = BLOCK_ROWS
    weighted: bool = False
    class_weights: tuple[float, ...] | None = None
    """[c] by class, which multiply what a row weighs."""
    finite: bool = False
    """Whether dense numbers that are none (NaN, infinities) are read as 0."""
    fold: Fold | None = None
    """Which of the rows in the files these are; None: all."""


def flush_bytes(num_columns: int) -> int:
    """How many bytes of rows wait in memory, so that thousands of columns are written in runs worth opening files for.

    >>> flush_bytes(16), flush_bytes(6000)
    (8388608, 98304000)
    """
    return max(LEAST_FLUSH_BYTES, FLUSH_BYTES_A_COLUMN * num_columns)


def id_dtype(cardinality: int) -> np.dtype[np.generic]:
    """The narrowest unsigned type for ids in [0, cardinality).

    >>> id_dtype(256), id_dtype(257)
    (dtype('uint8'), dtype('uint16'))
    """
    return np.dtype(np.min_scalar_type(max(cardinality - 1, 0)))


def feature_dtype(feature: Feature, dense_dtype: str) -> np.dtype[np.generic]:
    """The type of a feature on disk; of a sparse one, that of its ids."""
    return np.dtype(dense_dtype) if feature.kind is FeatureKind.DENSE else id_dtype(feature.cardinality)


class Encoded:
    """Read access to an encoded split: `columns` has a file a feature, then the label's; `weight` may be None."""

    def __init__(
        self,
        features: Sequence[Feature],
        columns: Sequence[ColumnFile],
        *,
        dense_dtype: str,
        weight: ColumnFile | None = None,
        class_weights: npt.NDArray[np.floating] | None = None,
        finite: bool = False,
        fold: Fold | None = None,
    ) -> None:
        *self._columns, self._label = columns
        self._weight = weight
        self._class_weights = None if class_weights is None else class_weights.astype(np.float32)
        self._sparse = [column for column in self._columns if column.is_sparse]
        self._fixed = [column for column in self._columns if not column.is_sparse]
        self._files = [*columns, *([] if weight is None else [weight])]
        assert len({file.num_rows for file in self._files}) == 1
        num_rows, block_rows = self._label.num_rows, self._label.footer.block_rows
        self._fold_rows = (
            None if fold is None else FoldRows(fold, num_rows, block_rows, lambda a, b: self._label.values[a:b])
        )
        self.header = EncodedHeader(
            features=tuple(features), dense_dtype=dense_dtype, label_dtype=self._label.dtype.name,
            num_rows=num_rows if self._fold_rows is None else len(self._fold_rows), block_rows=block_rows,
            weighted=weight is not None, finite=finite, fold=fold,
            class_weights=None if class_weights is None else tuple(map(float, class_weights)),
        )  # fmt: skip

    @classmethod
    def open(cls, folder: Path) -> Encoded:
        """What an `EncodedWriter` left in `folder`. Raises DataError when it is damaged."""
        header = msgspec.json.decode((folder / HEADER_FILE).read_bytes(), type=EncodedHeader)
        columns = [ColumnFile(column_path(folder, number)) for number in range(len(header.features) + 1)]
        weight = ColumnFile(column_path(folder, len(columns))) if header.weighted else None
        by_class = None if header.class_weights is None else np.array(header.class_weights, np.float32)
        return cls(header.features, columns, dense_dtype=header.dense_dtype, weight=weight, class_weights=by_class,
                   finite=header.finite, fold=header.fold)  # fmt: skip

    def link_to(self, folder: Path) -> None:
        """Make `folder` one that `open` reads these very rows from, in another process; no bytes are copied where the
        disk is the same. Raises OSError."""
        folder.mkdir(parents=True)
        for number, file in enumerate(self._files):
            file.link_to(column_path(folder, number))
        self.write_header(folder)

    @property
    def checksums(self) -> tuple[int, ...]:
        """CRC-32 of each column's bytes."""
        return tuple(file.footer.crc32 for file in self._files)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Dense features first, then id features, then sparse ones."""
        return self.header.features

    @property
    def num_rows(self) -> int:
        """Rows of this split."""
        return self.header.num_rows

    @property
    def block_rows(self) -> int:
        """Rows of a block; the last one may have fewer."""
        return self.header.block_rows

    @property
    def num_labels(self) -> int:
        """Values of a row's label."""
        return self._label.width

    def of_label(self, place: int) -> Encoded:
        """The same rows with one of several labels alone."""
        return self._like(self.features, [*self._columns, OneLabelColumn(self._label, place)])

    def of_features(self, features: Sequence[Feature], *, dense_dtype: str, finite: bool) -> Encoded:
        """The same rows with some of their features alone, in the order of these rows' own.

        Dense numbers are read as `dense_dtype`, rounded where it is the narrower one; where all must be `finite`, those
        that are not (or no longer) are 0.
        """
        names = {feature.name for feature in features}
        chosen = [(own, column) for own, column in zip(self.features, self._columns, strict=True) if own.name in names]
        columns = [*(column for _, column in chosen), self._label]
        return self._like([own for own, _ in chosen], columns, dense_dtype=dense_dtype, finite=finite)

    def of_fold(self, fold: Fold) -> Encoded:
        """The rows of a fold, or all others, in the order of these rows."""
        assert self.header.fold is None
        return self._like(self.features, [*self._columns, self._label], fold=fold)

    def places(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """[stop - start] the numbers that these rows have in the files."""
        rows = np.arange(start, stop)
        return rows if self._fold_rows is None else self._fold_rows.at(rows)

    def _like(self, features: Sequence[Feature], columns: Sequence[ColumnFile], **changes: Any) -> Encoded:
        """All else as it is here."""
        header = self.header
        own: dict[str, Any] = {"dense_dtype": header.dense_dtype, "finite": header.finite, "fold": header.fold,
               "weight": self._weight, "class_weights": self._class_weights}  # fmt: skip
        return Encoded(features, columns, **own | changes)

    @property
    def num_dense(self) -> int:
        """Number of dense features (d)."""
        return sum(feature.kind is FeatureKind.DENSE for feature in self.features)

    @property
    def num_ids(self) -> int:
        """Number of id features (k)."""
        return len(self._fixed) - self.num_dense

    @property
    def num_sparse(self) -> int:
        """Number of sparse features."""
        return len(self._sparse)

    @property
    def num_entries(self) -> int:
        """Entries of all sparse features together; of a fold about so many."""
        whole = sum(sum(column.footer.num_entries) for column in self._sparse)
        return whole if self._fold_rows is None else whole * self.num_rows // max(self._label.num_rows, 1)

    @property
    def has_weight(self) -> bool:
        """Whether rows have weights."""
        return self._weight is not None or self._class_weights is not None

    def weighted_by_class(self, class_weights: npt.NDArray[np.floating]) -> Encoded:
        """The same rows, each weighing `class_weights` [c] of its label times what it weighs here."""
        return self._like(self.features, [*self._columns, self._label], class_weights=class_weights)

    @property
    def row_bytes(self) -> int:
        """About how many bytes a row takes in a `Batch`."""
        entries = self.num_entries // max(self.num_rows, 1)
        dense = np.dtype(self.header.dense_dtype).itemsize * self.num_dense
        return dense + 8 * (self.num_ids + self.num_sparse + 2) + 12 * entries

    @property
    def num_blocks(self) -> int:
        """Blocks, the shorter last one counted."""
        return -(-self.num_rows // self.block_rows)

    def columns(self, block: int) -> list[Array]:
        """The block's dense features as they are stored, ids and, last, label [rows of it].

        Memory-mapped views, no copy, but of a fold.
        """
        rows = self._numbers_of(block)
        return [column.values[rows] for column in (*self._fixed, self._label)]

    def sparse(self, block: int) -> tuple[SparseRows, ...]:
        """The block's sparse features; their entries are memory-mapped views."""
        rows = self._numbers_of(block)
        if isinstance(rows, slice):
            return tuple(column.sparse(rows.start, rows.stop) for column in self._sparse)
        return tuple(column.take_sparse(rows) for column in self._sparse)

    def weight(self, block: int) -> Array | None:
        """The weights of the block's rows, None where rows have none."""
        rows = self._numbers_of(block)
        own = None if self._weight is None else self._weight.values[rows]
        return self._weights(own, self._label.values[rows])

    def block(self, block: int) -> Batch:
        """One block as row-major arrays."""
        rows = self._rows_of(block)
        return self.window([(rows.start, rows.stop)]).batch()

    def blocks(self) -> Iterator[Batch]:
        """Every block in file order, the next one being read meanwhile: data need not fit in memory."""
        return prefetch(map(self.block, range(self.num_blocks)), 1 if self.num_blocks > 1 else 0)

    def arrays(self) -> Batch:
        """All rows at once, in file order; they must fit in memory."""
        return self.take(np.empty(0, np.int64)) if not self.num_rows else Batch.concatenate(list(self.blocks()))

    def take(self, rows: npt.NDArray[np.integer]) -> Batch:
        """The rows of these numbers, in this order, as row-major arrays."""
        return self._taken(rows if self._fold_rows is None else self._fold_rows.at(rows)).batch()

    def window(self, stretches: Sequence[tuple[int, int]]) -> RowWindow:
        """The rows of these stretches [start, stop), one after another, in memory."""
        if self._fold_rows is not None:
            return self._taken(np.concatenate([np.zeros(0, np.int64), *(self.places(*each) for each in stretches)]))
        num_rows = sum(stop - start for start, stop in stretches)
        return self._rows(num_rows, lambda column: column.read(stretches), lambda column: column.read_sparse(stretches))

    def _taken(self, rows: npt.NDArray[np.integer]) -> RowWindow:
        """The rows of these numbers in the files."""
        return self._rows(len(rows), lambda column: column.values[rows], lambda column: column.take_sparse(rows))

    def _rows(
        self, num_rows: int, read: Callable[[ColumnFile], Array], read_sparse: Callable[[ColumnFile], SparseRows]
    ) -> RowWindow:
        """Rows of all columns, each read by itself."""
        reads, d = [partial(read, column) for column in self._fixed], self.num_dense
        id_type = np.result_type(np.uint8, *(column.dtype for column in self._fixed[d:]))
        label = read(self._label)
        with np.errstate(over="ignore"):  # a number beyond float32 is infinite there, as in the graph
            dense = side_by_side(reads[:d], num_rows, self.header.dense_dtype)
        if self.header.finite:
            dense[~np.isfinite(dense)] = 0
        return RowWindow(
            dense,
            side_by_side(reads[d:], num_rows, id_type),
            label,
            self._weights(None if self._weight is None else read(self._weight), label),
            tuple(read_sparse(column) for column in self._sparse),
        )

    def write_header(self, folder: Path) -> None:
        """Make `folder`, which holds the column files, one that `open` can read."""
        write_aside(folder / HEADER_FILE, msgspec.json.encode(self.header))

    def _weights(self, own: Array | None, label: Array) -> Array | None:
        if self._class_weights is None:
            return own
        by_class: Array = self._class_weights[label.astype(np.intp)]
        return by_class if own is None else by_class * own.astype(np.float32)

    def _numbers_of(self, block: int) -> slice | npt.NDArray[np.int64]:
        """The block's rows in the files."""
        rows = self._rows_of(block)
        return rows if self._fold_rows is None else self.places(rows.start, rows.stop)

    def _rows_of(self, block: int) -> slice:
        start = block * self.block_rows
        return slice(start, min(start + self.block_rows, self.num_rows))


class EncodedWriter:
    """Appends batches of any size to the columns of one folder; nothing is readable until `close`.

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
        num_labels: int = 1,
        block_rows: int = BLOCK_ROWS,
        weighted: bool = False,
    ) -> None:
        self.folder = folder
        self.header = EncodedHeader(
            features=features,
            dense_dtype=dense_dtype,
            label_dtype=label_dtype,
            num_rows=0,
            block_rows=block_rows,
            weighted=weighted,
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HEADER_FILE).unlink(missing_ok=True)
        kinds = [(f.name, str(f.kind), feature_dtype(f, dense_dtype).name) for f in features]
        kinds += [("label", "label", label_dtype)] + [("weight", "weight", WEIGHT_DTYPE)] * weighted
        self._writers = [
            ColumnWriter(column_path(folder, number), name=name, kind=kind, dtype=dtype, block_rows=block_rows,
                         width=num_labels if kind == "label" else 1)
            for number, (name, kind, dtype) in enumerate(kinds)
        ]  # fmt: skip

    def append(self, columns: Sequence[Array | SparseRows], weight: Array | None = None) -> None:
        """Add rows: an array [n] a dense or id feature in order, `SparseRows` a sparse one, then the label [n (, k)].

        `weight` [n] is given where the writer was made `weighted`.
        """
        given = [*columns, *([] if weight is None else [weight])]
        for writer, values in zip(self._writers, given, strict=True):
            writer.append(values)
        if sum(writer.waiting_bytes for writer in self._writers) >= flush_bytes(len(self._writers)):
            for writer in self._writers:
                writer.flush()

    def close(self) -> Encoded:
        """Write what waits and the header; the finished `Encoded`."""
        files = [writer.close() for writer in self._writers]
        weight = files.pop() if self.header.weighted else None
        encoded = Encoded(self.header.features, files, dense_dtype=self.header.dense_dtype, weight=weight)
        encoded.write_header(self.folder)
        return encoded

    def abandon(self) -> None:
        """Remove what was written, unless it was closed: then it stays."""
        if not (self.folder / HEADER_FILE).exists():
            for writer in self._writers:
                writer.abandon()


def column_path(folder: Path, number: int) -> Path:
    """Where column `number` of an `EncodedWriter` lies."""
    return folder / f"{number:05d}{COLUMN_SUFFIX}"
