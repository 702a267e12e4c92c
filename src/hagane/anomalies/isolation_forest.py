"""`IsolationForest`: how early random cuts part a row from the others, over columns of every type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hagane.types import Column, Schema, SqlType

NUM_TREES = 100
"""As in the paper, section 5."""
SAMPLES_A_TREE = 256
LARGEST = 1e30
"""scikit-learn's trees hold thresholds in float32."""
NUM_CONTRIBUTIONS = 3
Matrix = npt.NDArray[np.float32]


class IsolationForest:
    """A forest fitted on a sample of rows. The same sample and seed give the same scores.

    Scores are those of Liu, Ting and Zhou, Isolation Forest (ICDM 2008): near 1 for rows that few cuts isolate, about
    0.4 for the rest. A number is centred on its median and divided by the distance of its quartiles, NULL is the
    median; of a text or truth value the logarithm of its share of the sample counts, so that rare ones are odd.

    >>> rows = pa.record_batch({"x": [0.0] * 63 + [9.0], "job": ["pilot"] * 63 + ["plot"]})
    >>> schema = Schema((Column("x", SqlType.FLOAT64), Column("job", SqlType.STRING)))
    >>> forest = IsolationForest(rows, schema, seed=0)
    >>> int(forest.score(rows).argmax()), forest.contributions(rows.slice(63))[0]
    (63, ('x', 'job'))
    """

    def __init__(self, sample: pa.RecordBatch, schema: Schema, *, seed: int) -> None:
        from sklearn.ensemble import IsolationForest as Forest

        self.schema = schema
        self._encoders = [_encoder(column, sample.column(column.name)) for column in schema]
        self._forest = Forest(
            n_estimators=NUM_TREES, max_samples=min(SAMPLES_A_TREE, sample.num_rows), random_state=seed, n_jobs=1
        )
        self._forest.fit(self.encode(sample))

    def score(self, rows: pa.RecordBatch) -> npt.NDArray[np.float64]:
        """[n] the score of each row, 0 to 1; the same in batches of any size."""
        return self._score(self.encode(rows))

    def contributions(self, rows: pa.RecordBatch) -> list[tuple[str, ...]]:
        """For each row up to three columns, first that whose usual value in its place would lower the score most."""
        encoded = self.encode(rows)
        scores = self._score(encoded)
        drops = np.empty_like(encoded, np.float64)
        for index, encoder in enumerate(self._encoders):
            usual = encoded.copy()
            usual[:, index] = encoder.usual
            drops[:, index] = scores - self._score(usual)
        names = self.schema.names
        ranked = np.argsort(-drops, axis=1, kind="stable")[:, :NUM_CONTRIBUTIONS]
        return [tuple(names[j] for j in order if drops[i, j] > 0) for i, order in enumerate(ranked)]

    def encode(self, rows: pa.RecordBatch) -> Matrix:
        """[n, k] the columns as the trees see them."""
        columns = [
            encoder.encode(rows.column(column.name))
            for encoder, column in zip(self._encoders, self.schema, strict=True)
        ]
        return np.ascontiguousarray(np.stack(columns, axis=1), np.float32)

    def _score(self, encoded: Matrix) -> npt.NDArray[np.float64]:
        if not len(encoded):
            return np.empty(0, np.float64)
        scores: npt.NDArray[np.float64] = -self._forest.score_samples(encoded)
        return scores


class _Number:
    """Distance from the median, in distances of the quartiles."""

    usual = 0.0

    def __init__(self, sample: pa.Array[Any]) -> None:
        values = _floats(sample)
        values = values[np.isfinite(values)]
        quartiles = np.quantile(values, [0.25, 0.5, 0.75]) if len(values) else np.zeros(3)
        self.centre = float(quartiles[1])
        with np.errstate(over="ignore"):
            scale = float(quartiles[2] - quartiles[0]) or float(np.std(values) if len(values) else 0.0)
        self.scale = scale if scale and np.isfinite(scale) else 1.0

    def encode(self, values: pa.Array[Any]) -> npt.NDArray[np.float64]:
        with np.errstate(over="ignore"):
            distance = (_floats(values) - self.centre) / self.scale
        known: npt.NDArray[np.float64] = np.nan_to_num(distance, nan=0.0, posinf=LARGEST, neginf=-LARGEST)
        return np.clip(known, -LARGEST, LARGEST)


class _Category:
    """Logarithm of the value's share of the sample; NULL is a value like any other."""

    def __init__(self, sample: pa.Array[Any]) -> None:
        counted = pc.value_counts(sample)
        order = pc.sort_indices(counted.field("counts"), sort_keys=[("", "descending")])
        self.values = counted.field("values").take(order)
        counts = counted.field("counts").take(order).to_numpy()
        shares = np.append(counts, 0.5) / max(1, len(sample))  # one that was not seen: half a row
        self.logs = np.log10(shares)
        self.usual = float(self.logs[0])

    def encode(self, values: pa.Array[Any]) -> npt.NDArray[np.float64]:
        index = pc.fill_null(pc.index_in(values, value_set=self.values), len(self.values))
        logs: npt.NDArray[np.float64] = self.logs[index.to_numpy(zero_copy_only=False)]
        return logs


def _encoder(column: Column, sample: pa.Array[Any]) -> _Number | _Category:
    return _Category(sample) if column.type in (SqlType.STRING, SqlType.BOOL) else _Number(sample)


def _floats(values: pa.Array[Any]) -> npt.NDArray[np.float64]:
    """NULL is NaN, a moment its microseconds, a date its days."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.int64())
    elif pa.types.is_date32(kind):
        values = values.cast(pa.int32())
    floats: npt.NDArray[np.float64] = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return floats


def scorable(columns: Sequence[Column]) -> Schema:
    """The columns that a forest can look at."""
    return Schema(tuple(column for column in columns if column.type in _SCORABLE))


_SCORABLE = (SqlType.INT64, SqlType.FLOAT64, SqlType.STRING, SqlType.BOOL, SqlType.TIMESTAMP, SqlType.DATE)
