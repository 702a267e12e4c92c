"""`EncodedDictionary`: the features of each word of a dictionary, which may grow from batch to batch.

A Parquet reader hands out the dictionary of a row group as far as it has read: a column of a million distinct strings
comes with 65,536 words, then with 131,072, and so on. Only the words behind those that are known are run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]
BoolArray = npt.NDArray[np.bool_]


class EncodedWords(NamedTuple):
    """Features of words: `columns` by feature, [n] or SparseRows; `row_error` [n], None: nowhere."""

    columns: list[Array | SparseRows]
    row_error: BoolArray | None
    num_words: int


RunWords: TypeAlias = "Callable[[pa.Array[Any]], EncodedWords]"


class EncodedDictionary:
    """Features of NULL and then of every word. Several threads may share one; each word is run by one of them.

    >>> def lengths(words):
    ...     return EncodedWords([np.array([len(str(word)) for word in words])], None, len(words))
    >>> known = EncodedDictionary(lengths)
    >>> known.look_up(pa.array(["a", "bcd"])).columns[0].tolist()
    [4, 1, 3]
    """

    def __init__(self, run: RunWords) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._known: pa.Array[Any] | None = None
        self._pieces: tuple[Future[EncodedWords], ...] = ()
        """Together NULL and the words of `_known`, some perhaps still in work on another thread."""

    def look_up(self, dictionary: pa.Array[Any]) -> EncodedWords:
        """NULL first, then at least the words of `dictionary`, in its order."""
        pieces, missing = self._reserve(dictionary)
        if missing is not None:
            self._work(pieces[-1], missing)
        joined = _joined([piece.result() for piece in pieces])
        done: Future[EncodedWords] = Future()
        done.set_result(joined)
        with self._lock:
            if self._pieces[: len(pieces)] == pieces:
                self._pieces = (done, *self._pieces[len(pieces) :])
        return joined

    def _reserve(self, dictionary: pa.Array[Any]) -> tuple[tuple[Future[EncodedWords], ...], pa.Array[Any] | None]:
        """The pieces that hold the dictionary; the words of the last one where this thread is to run them."""
        with self._lock:
            num_known = 0 if self._known is None else min(len(self._known), len(dictionary))
            if self._known is None or not self._known.slice(0, num_known).equals(dictionary.slice(0, num_known)):
                self._pieces, missing = (Future(),), pa.concat_arrays([pa.nulls(1, dictionary.type), dictionary])
            elif num_known < len(dictionary):
                self._pieces, missing = (*self._pieces, Future()), dictionary.slice(num_known)
            else:
                return self._pieces, None
            self._known = dictionary
            return self._pieces, missing

    def _work(self, piece: Future[EncodedWords], words: pa.Array[Any]) -> None:
        try:
            piece.set_result(self._run(words))
        except BaseException as error:
            with self._lock:
                self._known, self._pieces = None, ()
            piece.set_exception(error)
            raise


def _joined(pieces: Sequence[EncodedWords]) -> EncodedWords:
    if len(pieces) == 1:
        return pieces[0]
    columns = [_concatenated([piece.columns[k] for piece in pieces]) for k in range(len(pieces[0].columns))]
    errors = [np.zeros(p.num_words, np.bool_) if p.row_error is None else p.row_error for p in pieces]
    is_clean = all(piece.row_error is None for piece in pieces)
    return EncodedWords(columns, None if is_clean else np.concatenate(errors), sum(piece.num_words for piece in pieces))


def _concatenated(parts: Sequence[Array | SparseRows]) -> Array | SparseRows:
    sparse = [part for part in parts if isinstance(part, SparseRows)]
    return SparseRows.concatenate(sparse) if sparse else np.concatenate([np.asarray(part) for part in parts])
