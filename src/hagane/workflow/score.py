"""Raw rows through a bundle, beside their labels: what evaluation looks at is what will be served."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.table import Table
from hagane.features.label import LabelEncoding
from hagane.progress import SILENT, Progress

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Scored:
    """Labels [n] (class numbers, or values), scores [n, c] or [n], and the slice columns as text, row by row."""

    labels: Array
    scores: Array
    slices: dict[str, Array]
    num_null_labels: int
    num_row_errors: int


def score_table(bundle: Bundle, table: Table, label: LabelEncoding, *, slices: Sequence[str] = (),
                progress: Progress = SILENT) -> Scored:
    """Predict every row of `table` whose label is there."""
    schema = table.schema.select(bundle.signature.column_names)
    columns = tuple(dict.fromkeys((*schema.names, label.column, *slices)))
    labels, scores, errors, dropped = [], [], 0, 0
    texts: dict[str, list[Array]] = {name: [] for name in slices}
    with progress.phase("evaluate", total=table.num_rows) as phase:
        for batch in table.batches(columns):
            known = batch.filter(batch.column(label.column).is_valid())
            dropped += batch.num_rows - known.num_rows
            predictions = bundle.predict_columns(columns_data(known, schema))
            labels.append(label.encode(known.column(label.column)))
            scores.append(predictions.scores)
            errors += int(predictions.row_errors.sum())
            for name in slices:
                texts[name].append(_as_text(known.column(name)))
            phase.advance(batch.num_rows)
    return Scored(np.concatenate(labels), np.concatenate(scores), {n: np.concatenate(t) for n, t in texts.items()}, dropped, errors)


def _as_text(column: pa.Array) -> Array:
    text: Array = column.cast(pa.string()).fill_null("NULL").to_numpy(zero_copy_only=False)
    return text
