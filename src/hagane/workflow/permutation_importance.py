"""`permutation_importance`: by how much a model's loss grows where a column's values are shuffled among the rows.

Breiman 2001, "Random Forests", §10; Fisher, Rudin and Dominici 2019, "All models are wrong, but many are useful", §3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.data.column_data import columns_data
from hagane.data.no_rows import no_rows
from hagane.data.retype import retype
from hagane.data.table import Table
from hagane.errors import DataError, Fault, SpecError
from hagane.features.label import LabelEncoding
from hagane.progress import SILENT, Progress
from hagane.runtime.layout import ColumnData
from hagane.workflow.check_columns import check_columns
from hagane.workflow.evaluate import label_encoding, types_of
from hagane.workflow.label_rows import with_label

MOST_ROWS = 10_000
"""The first rows of the table: all of them are held at once."""
NUM_REPEATS = 5
LEAST_PROBABILITY = 1e-15


class PermutationImportance(msgspec.Struct, frozen=True, kw_only=True):
    """What shuffling does to the loss."""

    loss: str
    """`log_loss`, or `root_mean_squared_error`."""
    num_rows: int
    num_repeats: int
    base: float
    """The loss where nothing is shuffled."""
    increases: dict[str, float]
    """By column, the largest first: the mean over the repeats."""
    deviations: dict[str, float]
    """By column: between the repeats."""


def permutation_importance(
    bundle: Bundle, table: Table, *, seed: int = 42, progress: Progress = SILENT
) -> PermutationImportance:
    """Of the first `MOST_ROWS` labelled rows. The same seed shuffles likewise.

    Raises DataError where there are no rows with a label, SpecError for a model of several labels.
    """
    signature = bundle.signature
    if signature.labels:
        what = "permutation importance is of one loss, and the model has several labels"
        raise SpecError(Fault(what=what, where="--permutation"))
    columns, labels = _rows(bundle, table)
    random = np.random.default_rng(seed)
    base = _loss(bundle, columns, labels)
    found: dict[str, list[float]] = {}
    with progress.phase("shuffle", total=len(signature.names)) as phase:
        for name in signature.names:
            shuffled = (columns | {name: columns[name].take(random.permutation(len(labels)))}
                        for _ in range(NUM_REPEATS))  # fmt: skip
            found[name] = [_loss(bundle, each, labels) - base for each in shuffled]
            phase.advance(1)
    means = {name: float(np.mean(each)) for name, each in found.items()}
    return PermutationImportance(
        loss="log_loss" if signature.task == "classification" else "root_mean_squared_error",
        num_rows=len(labels),
        num_repeats=NUM_REPEATS,
        base=base,
        increases=dict(sorted(means.items(), key=lambda item: -item[1])),
        deviations={name: float(np.std(each)) for name, each in found.items()},
    )


def _rows(bundle: Bundle, table: Table) -> tuple[dict[str, ColumnData], np.ndarray]:
    """The columns, and the labels: the number of each row's class, or its value."""
    signature = bundle.signature
    check_columns(table, (*signature.names, *signature.label_sources))
    table = with_label(retype(table, types_of(signature)), signature)
    encoding = label_encoding(signature)
    assert isinstance(encoding, LabelEncoding)
    taken, count = [], 0
    for batch in table.batches((*signature.names, encoding.column)):
        taken.append(batch)
        count += batch.num_rows
        if count >= MOST_ROWS:
            break
    if not count:
        raise DataError(no_rows(table))
    rows = pa.Table.from_batches(taken).slice(0, MOST_ROWS)
    label = rows[encoding.column]
    numbers = label.to_numpy(zero_copy_only=False) if signature.task == "regression" else _numbers(label, signature)
    there = np.flatnonzero(~np.isnan(numbers.astype(np.float64)))
    if not len(there):
        raise DataError(Fault(what=f"no row has a value in {encoding.column}", where=str(encoding.column)))
    batch = rows.select(list(signature.names)).combine_chunks().to_batches()[0]
    columns = columns_data(batch, table.schema.select(signature.names))
    return {name: column.take(there) for name, column in columns.items()}, numbers[there].astype(np.float64)


def _numbers(label: pa.ChunkedArray[Any], signature: Signature) -> np.ndarray:
    places = {value: float(place) for place, value in enumerate(signature.classes)}
    return np.array([places.get(value, np.nan) for value in label.to_pylist()])


def _loss(bundle: Bundle, columns: Mapping[str, ColumnData], labels: np.ndarray) -> float:
    answers = bundle.predict_columns(columns)
    if answers.probabilities is None:
        assert answers.values is not None
        return float(np.sqrt(np.mean((answers.values - labels) ** 2)))
    said = np.take_along_axis(answers.probabilities, labels.astype(np.int64)[:, None], axis=1)
    return float(-np.log(np.maximum(said, LEAST_PROBABILITY)).mean())
