"""`encode_batches`: a table's rows through the feature graph, batch by batch, on every core."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.split import Splits
from hagane.data.table import BATCH_ROWS, Table
from hagane.features.encoded import feature_dtype
from hagane.features.encoder import EncodedColumns, Encoder
from hagane.features.feature_errors import FeatureErrors
from hagane.features.label import EncodedLabel
from hagane.features.ordered_map import ordered_map
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.features.weight_column import WeightColumn
from hagane.usable_cores import usable_cores

BATCH_BYTES = 24 * 2**20
"""About what a batch may take, its raw columns and its features together; wide tables have shorter batches."""
RAW_BYTES = 16
"""About what a raw value takes in memory."""
LEAST_BATCH_ROWS = 1_024
SPARSE_BATCH_ROWS = 8_192
"""Texts and arrays are long."""
MOST_THREADS = 16

Array = npt.NDArray[np.generic]
R = TypeVar("R")


class EncodedBatch(NamedTuple):
    """One batch of rows as features and label, before the rows without a label are left out."""

    features: EncodedColumns
    errors: Sequence[npt.NDArray[np.bool_] | None]
    """By feature: [n] where it erred, None: nowhere."""
    label: EncodedLabel
    weight: Array | None
    """[n] float32, NaN for NULL."""
    parts: npt.NDArray[np.uint8] | None
    """[n] the part of each row; None: all are train."""
    num_rows: int


def encode_batches(
    source: Table | Splits, transform: Transform, label: Labels, weight: WeightColumn | None = None
) -> Iterator[EncodedBatch]:
    """Every batch encoded, in order."""
    return map_encoded(lambda batch: batch, source, transform, label, weight)


def map_encoded(
    function: Callable[[EncodedBatch], R],
    source: Table | Splits,
    transform: Transform,
    label: Labels,
    weight: WeightColumn | None = None,
) -> Generator[R]:
    """`function` of every encoded batch, in order; it runs on the threads that encode (which leave the interpreter)."""
    encoder, feature_errors = Encoder(transform), FeatureErrors(transform)
    weigh = None if weight is None else Encoder(weight.transform)

    def work(item: tuple[pa.RecordBatch, npt.NDArray[np.uint8] | None]) -> R:
        batch, parts = item
        weights = None if weigh is None else weigh.encode_batch(batch).dense[:, 0]
        features = encoder.encode_columns(batch)
        errors = feature_errors.find(batch, features.row_error)
        labels = label.encode_rows(batch)
        return function(EncodedBatch(features, errors, labels, weights, parts, batch.num_rows))

    threads = min(usable_cores(), MOST_THREADS)
    return ordered_map(work, _batches(source, transform, label, weight), num_threads=threads, waiting=threads + 2)


def _batches(
    source: Table | Splits, transform: Transform, label: Labels, weight: WeightColumn | None
) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.uint8] | None]]:
    columns = (*transform.columns, *(() if weight is None else weight.transform.columns))
    names = list(dict.fromkeys([*(column.name for column in columns), *label.columns]))
    rows = batch_rows(transform, len(names))
    if isinstance(source, Splits):
        yield from source.batches(names, batch_rows=rows, dictionary=True)
    else:
        yield from ((batch, None) for batch in source.batches(names, batch_rows=rows, dictionary=True))


def batch_rows(transform: Transform, num_columns: int) -> int:
    """Rows of a batch, so that what is in work stays bounded however wide the table is."""
    row_bytes = RAW_BYTES * num_columns
    row_bytes += sum(feature_dtype(feature, transform.dense_dtype).itemsize for feature in transform.features)
    most = SPARSE_BATCH_ROWS if any(feature.kind == "sparse" for feature in transform.features) else BATCH_ROWS
    return max(LEAST_BATCH_ROWS, min(most, BATCH_BYTES // row_bytes))
