"""`TextTally`: how often each string of a column occurs, batch by batch, in memory that does not grow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hagane.data.hash_values import hash_values
from hagane.statistics.column_sample import ColumnSample, Labels, SketchSize, frequent_values
from hagane.statistics.least_hashes import LeastHashes
from hagane.statistics.present_values import present_values
from hagane.types import SqlType

MOST_WAITING, MOST_WAITING_BYTES = 200_000, 16 << 20
"""Strings of batches that wait to be counted together."""
ROOM, ROOM_BYTES = 65_536, 16 << 20
"""Strings that are counted; with more of them the rarer half goes."""
_Integers = npt.NDArray[np.int64]


class TextTally:
    """Counts, extremes, lengths, frequent and distinct values of strings.

    A batch comes by its dictionary: what is to be done once a string is done once. Counts are exact as long as there
    are no more than `ROOM` strings; then each is too small by at most what went (Misra and Gries, Finding Repeated
    Elements, 1982).

    >>> tally = TextTally()
    >>> for batch in (["red", "blue", None], ["red"]):
    ...     tally.add(pa.array(batch).dictionary_encode())
    >>> tally.found()["count"], tally.sample(SketchSize(1)).frequent_sketch.values()
    (3, [('red', 2), ('blue', 1)])
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[pa.Array[Any], _Integers]] = []
        self._num_waiting = self._waiting_bytes = 0
        self._texts: pa.Array[Any] = pa.array([], pa.string())
        self._rows: _Integers = np.empty(0, np.int64)
        self._lost = 0
        """A string's count is too small by at most so many."""
        self._count = self._characters = 0
        self._min: str | None = None
        self._max: str | None = None
        self.hashes = LeastHashes()

    def add(self, array: pa.Array[Any]) -> None:
        """A batch's strings, dictionary-encoded or plain; NULL may be there."""
        encoded: Any = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        codes = present_values(encoded.indices)
        if not len(codes):
            return
        rows = np.bincount(codes, minlength=len(encoded.dictionary))
        self._count += len(codes)
        self._waiting.append((encoded.dictionary, rows))
        self._num_waiting += len(encoded.dictionary)
        self._waiting_bytes += encoded.dictionary.nbytes
        if self._num_waiting >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES:
            self._take_in()

    def _take_in(self) -> None:
        """Count what waits."""
        texts, rows = _summed(self._waiting)
        self._waiting, self._num_waiting, self._waiting_bytes = [], 0, 0
        if not len(texts):
            return
        self.hashes.add(hash_values(texts))
        self._characters += int(np.dot(pc.utf8_length(texts).to_numpy(), rows))
        extremes = pc.min_max(texts).as_py()
        self._min = extremes["min"] if self._min is None else min(self._min, extremes["min"], key=_in_utf8)
        self._max = extremes["max"] if self._max is None else max(self._max, extremes["max"], key=_in_utf8)
        if len(self._texts):
            texts, rows = _summed([(self._texts, self._rows), (texts, rows)])
        self._texts, self._rows = texts, rows
        while len(self._texts) > ROOM or (self._texts.nbytes > ROOM_BYTES and len(self._texts) > 1):
            self._let_go()

    def _let_go(self) -> None:
        """Of the rarer half, whose place in order of appearance settles ties."""
        order = np.argsort(-self._rows, kind="stable")
        kept, gone = order[: len(order) // 2], order[len(order) // 2 :]
        self._lost += int(self._rows[gone].max())
        self._texts, self._rows = self._texts.take(pa.array(kept)), self._rows[kept]

    def found(self) -> dict[str, Any]:
        """By the names that `summed_column` reads."""
        self._take_in()
        length = self._characters / self._count if self._count else None
        return {"count": self._count, "min": self._min, "max": self._max, "length": length}

    def sample(self, size: SketchSize) -> ColumnSample:
        """The sketches, of every row."""
        self._take_in()
        labels = Labels(SqlType.STRING, self._texts)
        frequent = frequent_values(labels, self._rows, self._count, size, is_sampled=False, lost=self._lost)
        num_distinct = None if self._lost else len(self._rows)
        return ColumnSample(num_distinct=num_distinct, frequent_sketch=frequent, distinct_sketch=self.hashes.sketch())


def _in_utf8(text: str) -> bytes:
    """DuckDB's order."""
    return text.encode()


def _summed(counted: list[tuple[pa.Array[Any], _Integers]]) -> tuple[pa.Array[Any], _Integers]:
    """Each string once, with its rows; without those that have none."""
    if not counted:
        return pa.array([], pa.string()), np.empty(0, np.int64)
    texts = pa.concat_arrays([texts.cast(pa.string()) for texts, _ in counted])
    encoded: Any = texts.dictionary_encode()
    rows = np.bincount(encoded.indices.to_numpy(), np.concatenate([rows for _, rows in counted]))
    is_there = rows > 0
    kept = encoded.dictionary if is_there.all() else encoded.dictionary.filter(pa.array(is_there))
    return kept, rows[is_there].astype(np.int64)
