"""A bundle is published only if it reproduces training: the same raw rows go both ways.

Features must be bit-equal between the encoder that made the training data (by dictionary, in blocks) and the bundle
alone (plain tensors, and for some rows raw JSON); scores must agree within the family's stated tolerance.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.table import Table
from hagane.errors import BundleError, Fault
from hagane.features.encoder import Encoder
from hagane.features.graph_ports import sparse_outputs
from hagane.features.sparse_rows import SparseRows
from hagane.features.transform import Transform
from hagane.models.family import Family, FittedModel
from hagane.models.rounding import Rounded
from hagane.workflow.instances import instances_of
from hagane.workflow.score import scores_of

SAMPLE_ROWS = 1_000
JSON_ROWS = 20


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, for the lineage."""

    num_rows: int
    num_json_rows: int
    largest_score_difference: float
    """|bundle − training path| / max(1, |training path|), the largest over all rows and classes."""
    tolerance: float


def verify_export(
    bundle: Bundle, table: Table, transform: Transform, model: FittedModel, family: Family
) -> Verification:
    """Compare both ways on a sample. Raises BundleError naming the first feature or row that differs."""
    batch = next(iter(table.batches(tuple(c.name for c in transform.columns), batch_rows=SAMPLE_ROWS, dictionary=True)))
    dense, ids, _, sparse = Encoder(transform).encode_batch(batch)
    plain = columns_data(batch, table.schema.select(tuple(c.name for c in transform.columns)))
    outputs = bundle.features(plain)
    for name, trained, features in (("dense", dense, transform.dense), ("ids", ids, transform.ids)):
        if features:
            _same_bits(trained, outputs[name], [feature.name for feature in features])
    for index, trained_rows in enumerate(sparse):
        _same_sparse(trained_rows, [outputs[name] for name in sparse_outputs(index)], transform.sparse[index].name)
    expected = np.asarray(model.predict(dense, ids, sparse), np.float64)
    served = scores_of(bundle.predict_columns(plain))
    difference = _largest_difference(expected, served)
    tolerance = max(family.relative_tolerance, model.rounding if isinstance(model, Rounded) else 0.0)
    if not difference <= tolerance:
        raise BundleError(
            Fault(
                what="the exported graph does not reproduce the trained model",
                where=family.name,
                expected=f"scores within {tolerance:g} (relative)",
                received=f"a difference of {difference:g}",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )
    num_json = _same_from_json(bundle, batch.slice(0, JSON_ROWS), served[:JSON_ROWS])
    return Verification(
        num_rows=batch.num_rows,
        num_json_rows=num_json,
        largest_score_difference=difference,
        tolerance=tolerance,
    )


def _same_bits(trained: np.ndarray, served: np.ndarray, names: list[str]) -> None:
    unsigned = {4: np.uint32, 8: np.uint64}[trained.dtype.itemsize]
    left, right = np.ascontiguousarray(trained), np.ascontiguousarray(served)
    differs = left.view(unsigned) != right.view(unsigned)
    if trained.dtype.kind == "f":
        differs &= ~(np.isnan(left) & np.isnan(right))
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise BundleError(
            Fault(
                what="a feature differs between training and the bundle",
                where=f"feature '{names[column]}', row {row}",
                expected=repr(left[row, column]),
                received=repr(right[row, column]),
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )


def _same_sparse(trained: SparseRows, served: list[np.ndarray], name: str) -> None:
    rows, ids, weights = served
    found = SparseRows.from_entries(rows, ids, weights, trained.num_rows)
    pairs = ((trained.offsets, found.offsets), (trained.ids, found.ids), (trained.weights, found.weights))
    if not all(np.array_equal(left, right) for left, right in pairs):
        raise BundleError(
            Fault(
                what="a feature differs between training and the bundle",
                where=f"feature '{name}'",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )


def _largest_difference(expected: np.ndarray, served: np.ndarray) -> float:
    if not expected.size:
        return 0.0
    return float((np.abs(expected - served) / np.maximum(1.0, np.abs(expected))).max())


def _same_from_json(bundle: Bundle, rows: pa.RecordBatch, served: np.ndarray) -> int:
    from_json = scores_of(bundle.predict(instances_of(rows), on_error="null"))
    if not np.array_equal(from_json, served, equal_nan=True):
        raise BundleError(
            Fault(
                what="raw JSON rows are predicted otherwise than the same rows from the table",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )
    return int(rows.num_rows)
