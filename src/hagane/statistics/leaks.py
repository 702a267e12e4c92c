"""`find_leaks`: columns that alone give the label away, as one known only after the fact does."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.column_data import column_data
from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.statistics.binned_score import roc_auc, variance_explained
from hagane.statistics.sample import CELL_BYTES
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import Column, SqlType

THRESHOLD = 0.98
MAX_CLASSES = 20
"""An INT64 label with more distinct values is a number, and of more classes the most frequent are looked at."""
MIN_ROWS_OF_CLASS = 10
"""In each half; a rarer class can be told apart by chance."""
_MIN_ROWS, _MAX_ROWS, _MAX_CELLS = 10_000, 500_000, 20_000_000
_MAX_BINS, _MAX_TEXT_BINS = 256, 4_096

_Codes = npt.NDArray[np.int64]


class _Target(NamedTuple):
    """What is to be predicted of every row, [n]."""

    halves: _Codes
    """0 or 1."""
    steps: _Codes
    """Class or step of the rank, from 0; -1 for a row that is not scored."""
    num_steps: int
    is_number: bool


class Leak(msgspec.Struct, frozen=True):
    """A column that is suspected to give the label away."""

    column: str
    score: float
    measure: str
    """`roc_auc` (of classes: their mean, each against the rest) or `r2` (of the label's rank)."""
    reason: str


def find_leaks(table: Table, label: str, statistics: Statistics, *, threshold: float = THRESHOLD) -> tuple[Leak, ...]:
    """The columns that alone predict the label with a score of at least `threshold`, the highest first.

    Each column is cut into bins (numbers by quantiles, other types by value, NULL a bin of its own); what the label is
    in a bin is learned on one half of the rows and scored on the other, both ways, so that a unique id, which explains
    every row it has seen, scores no better than chance. One scan, of at most half a million rows. Classes are scored by
    the area under the ROC curve, numbers by the variance that the bins explain of the label's rank (so that neither
    outliers nor scale count). A constant label has no leaks. Arrays are not looked at.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> from hagane.statistics.measure import measure_statistics
    >>> delay = [i % 61 - 20 for i in range(2_000)]
    >>> hour, late = [i % 24 for i in range(2_000)], [d > 15 for d in delay]
    >>> flights = open_table(pa.table({"delay": delay, "hour": hour, "late": late}))
    >>> [leak.column for leak in find_leaks(flights, "late", measure_statistics(flights))]
    ['delay']
    """
    candidates = [column for column in table.schema if _may_leak(column, label, statistics)]
    if not candidates or statistics[label].is_constant:
        return ()
    names = [*(column.name for column in candidates), label]
    rows = _sample(table, names, _limit(table, [statistics[name] for name in names]))
    target = _target(rows.column(-2), rows.column(-1).to_numpy(), is_number=_is_number(statistics[label]))
    if target.num_steps < 2:
        return ()
    scored = ((column.name, _score(rows.column(i), column, target)) for i, column in enumerate(candidates))
    leaks = [_leak(name, score, label, target.is_number) for name, score in scored if score >= threshold]
    return tuple(sorted(leaks, key=lambda leak: (-leak.score, leak.column)))


def _may_leak(column: Column, label: str, statistics: Statistics) -> bool:
    return column.name != label and not column.type.is_array and not statistics[column.name].is_constant


def _target(label: pa.ChunkedArray[Any], halves: _Codes, *, is_number: bool) -> _Target:
    steps, num_steps = _number_targets(label) if is_number else _class_targets(label, halves)
    return _Target(halves, steps, num_steps, is_number)


def _is_number(label: ColumnStatistics) -> bool:
    if label.type in (SqlType.FLOAT64, SqlType.TIMESTAMP, SqlType.DATE):
        return True
    return label.type is SqlType.INT64 and (label.num_distinct or 0) > MAX_CLASSES


def _limit(table: Table, columns: list[ColumnStatistics]) -> int:
    """How many rows are looked at: half a million, or as many as the memory for samples holds."""
    row_bytes = sum(CELL_BYTES + 2 * (column.mean_length or 0) for column in columns)
    return min(
        _MAX_ROWS, max(_MIN_ROWS, int(min(_MAX_CELLS // len(columns), table.engine.memory.sample_bytes / row_bytes)))
    )


def _sample(table: Table, names: list[str], limit: int) -> pa.Table:
    """About `limit` rows that have a label, and the half that each belongs to, by hash of its position.

    The columns are numbered, so that a column may have any name.
    """
    inner = ", ".join(f"{quote_name(name)} AS c{index}" for index, name in enumerate(names))
    listed = ", ".join(f"c{index}" for index in range(len(names)))
    share = min(1.0, limit / max(1, table.num_rows))
    kept = f"AND (place >> 1) <= {int(share * (2**63 - 1))}" if share < 1 else ""
    return table.query(
        f"SELECT {listed}, CAST(place & 1 AS BIGINT) AS half "
        f"FROM (SELECT {inner}, hash(row_number() OVER ()) AS place FROM data) "
        f"WHERE c{len(names) - 1} IS NOT NULL {kept}"
    )


def _class_targets(label: pa.ChunkedArray[Any], halves: _Codes) -> tuple[_Codes, int]:
    """Class of every row: 0, 1, … for those frequent enough to be scored, -1 for the rest."""
    codes = _text_codes(_flat(label))
    counts = np.stack([np.bincount(codes[halves == half], minlength=codes.max() + 1) for half in (0, 1)])
    frequent = np.flatnonzero(counts.min(axis=0) >= MIN_ROWS_OF_CLASS)
    kept = frequent[np.argsort(-counts.sum(axis=0)[frequent], kind="stable")][:MAX_CLASSES]
    classes = np.full(counts.shape[1], -1)
    classes[kept] = np.arange(len(kept))
    return classes[codes], len(kept)


def _number_targets(label: pa.ChunkedArray[Any]) -> tuple[_Codes, int]:
    """The label's rank, in as many steps as bins."""
    codes = _number_codes(_flat(label))
    return codes, int(codes.max()) + 1


def _score(values: pa.ChunkedArray[Any], column: Column, target: _Target) -> float:
    """How well the column's bins predict the target on rows that they were not learned from: the mean of both ways."""
    array = _flat(values)
    codes = _text_codes(array) if column.type in (SqlType.STRING, SqlType.BOOL) else _number_codes(array)
    used = target.steps >= 0
    shape = (int(codes.max()) + 1, 2, target.num_steps)
    place = np.ravel_multi_index((codes[used], target.halves[used], target.steps[used]), shape)
    counts = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    measure = variance_explained if target.is_number else roc_auc
    return float(np.mean([measure(counts[:, half], counts[:, 1 - half]) for half in (0, 1)]))


def _number_codes(array: pa.Array[Any]) -> _Codes:
    """Bin by quantile, [n]: 0 for NULL, then 1, 2, …"""
    type_ = SqlType.FLOAT64 if pa.types.is_floating(array.type) else SqlType.INT64
    plain = (
        array
        if type_ is SqlType.FLOAT64 or pa.types.is_int64(array.type)
        else array.view(_integer_type(array)).cast(pa.int64())
    )
    values, valid, *_ = column_data(plain, type_)
    present = ~np.isnan(values) if type_ is SqlType.FLOAT64 else np.ones(len(values), bool) if valid is None else valid
    num_bins = int(np.clip(np.sqrt(len(values)), 8, _MAX_BINS))
    ordered = np.sort(values[present])
    if not len(ordered):
        return np.zeros(len(values), np.int64)
    edges = _edges(ordered[(np.arange(1, num_bins) * len(ordered)) // num_bins])
    return np.where(present, np.searchsorted(edges, values, side="right") + 1, 0)


def _edges(quantiles: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The least values of the bins; a value that is several quantiles at once has a bin of its own."""
    edges, times = np.unique(quantiles, return_counts=True)
    frequent = edges[times > 1]
    following = np.nextafter(frequent, np.inf) if edges.dtype.kind == "f" else frequent + 1
    return np.unique(np.concatenate([edges, following]))


def _integer_type(array: pa.Array[Any]) -> pa.DataType:
    return pa.int32() if pa.types.is_date32(array.type) else pa.int64()


def _text_codes(array: pa.Array[Any]) -> _Codes:
    """Bin by value, [n]: 0 for NULL; beyond 4,096 values several share a bin."""
    encoded: Any = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    indices = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(indices < 0, 0, indices % _MAX_TEXT_BINS + 1)


def _flat(values: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    flat: pa.Array[Any] = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    return flat


def _leak(name: str, score: float, label: str, is_number: bool) -> Leak:
    told = f"R² {score:.3f} of the label's rank" if is_number else f"ROC AUC {score:.3f}"
    reason = (
        f"{name} alone predicts {label} with {told}, on rows it was not fitted to. If it is known only after {label} "
        "is, leave it out (exclude); if it is known before, the task is easy and a rule may do."
    )
    return Leak(name, score, "r2" if is_number else "roc_auc", reason)
